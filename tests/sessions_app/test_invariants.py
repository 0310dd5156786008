"""What the database refuses, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F

from accounts.models import User
from memsync.common.ids import uuid7
from memsync.common.tenancy import tenant_scope
from sessions_app.models import Device, SecurityEvent, Session, SessionFamily, ThrottleBucket
from tests.factories import Space
from tests.sessions_app.auth import become_runtime, family_of, login, refresh

pytestmark = pytest.mark.django_db


def copy_of(row: Session, **changes: Any) -> Session:
    fields = {field.attname: getattr(row, field.attname) for field in Session._meta.fields}
    fields |= {"id": uuid7(), "refresh_token_hash": "f" * 64, "generation": 99}
    return Session(**fields | {"is_current": False, "is_active": False} | changes)


REFUSED: dict[str, Callable[[Session], object]] = {
    "a second current token": lambda row: copy_of(row, is_current=True, is_active=True).save(),
    "a hash twice": lambda row: copy_of(row, refresh_token_hash=row.refresh_token_hash).save(),
    "a generation twice": lambda row: copy_of(row, generation=row.generation).save(),
    "generation 0": lambda row: copy_of(row, generation=0).save(),
    "current but not active": lambda row: change(Session, is_active=False),
    "rotated but current": lambda row: change(Session, rotated_at=row.created_at),
    "a token of another family": lambda row: change(Session, family_id=uuid7()),
    "a token moved in time": lambda row: change(Session, expires_at=F("expires_at")),
    "another hash": lambda row: change(Session, refresh_token_hash="e" * 64),
    "a longer family": lambda row: change(
        SessionFamily, expires_at=F("expires_at") + timedelta(seconds=1)
    ),
    "a shorter family": lambda row: change(
        SessionFamily, expires_at=F("expires_at") - timedelta(days=1)
    ),
    "another type": lambda row: change(SessionFamily, session_type="web"),
    "revoked for no reason": lambda row: change(SessionFamily, revoked_at=row.created_at),
    "an edited event": lambda row: change(SecurityEvent, severity="high"),
    "a deleted event": lambda row: SecurityEvent.objects.all().delete(),
    "another fingerprint": lambda row: change(Device, fingerprint="x"),
}


def change(model: Any, **values: Any) -> None:
    model.objects.update(**values)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_the_database_refuses(alice: User, name: str) -> None:
    login(alice)
    row = Session.objects.get()
    if name == "a token moved in time":
        values = {"expires_at": row.expires_at - timedelta(seconds=1)}
        attempt: Callable[[Session], object] = lambda _: change(Session, **values)  # noqa: E731
    else:
        attempt = REFUSED[name]
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt(row)


def test_a_family_lives_14_days_at_most(alice: User) -> None:
    family = family_of(login(alice))
    family.pk, family._state.adding = uuid7(), True
    family.expires_at += timedelta(microseconds=1)
    with pytest.raises(IntegrityError, match="family_lives_14_days_at_most"), transaction.atomic():
        family.save()


def test_what_was_revoked_or_used_stays_so(alice: User) -> None:
    pair = login(alice)
    refresh(pair["refresh"])
    refresh(pair["refresh"])
    for model, values in [
        (SessionFamily, {"revoked_at": None, "revoke_reason": ""}),
        (Session, {"is_active": True}),
        (Session, {"rotated_at": None}),
    ]:
        with pytest.raises(IntegrityError, match="stays so"), transaction.atomic():
            change(model, **values)


def test_nobody_gets_a_device_or_family_of_somebody_else(alice: User, space: Space) -> None:
    mine, theirs = family_of(login(alice)), family_of(login(space.make_user("u_bob")))
    row = Session.objects.get(family=mine)
    for changes in ({"family_id": theirs.pk}, {"device_id": theirs.device_id}):
        with pytest.raises(IntegrityError), transaction.atomic():
            copy_of(row, **changes).save()


def test_the_end_of_a_persons_sessions_never_moves_back(alice: User) -> None:
    User.objects.update(is_active=False)
    ended = User.objects.get().sessions_valid_after
    User.objects.update(is_active=True, sessions_valid_after=None)
    assert User.objects.get().sessions_valid_after == ended


def test_other_tenants_sign_ins_do_not_exist_for_the_runtime_role(
    alice: User, other_space: Space
) -> None:
    login(alice)
    for model in (Device, SessionFamily, Session, SecurityEvent):
        with tenant_scope(other_space.tenant.pk):
            assert not model.objects.exists()  # type: ignore[attr-defined]
        with tenant_scope(alice.tenant_id):
            assert model.objects.exists()  # type: ignore[attr-defined]


def test_the_runtime_role_sees_nothing_without_a_tenant_and_no_throttle_at_all(
    alice: User,
) -> None:
    login(alice)
    become_runtime()
    for model in (Device, SessionFamily, Session, SecurityEvent, User):
        assert not model.objects.exists()  # type: ignore[attr-defined]
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        list(ThrottleBucket.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


@pytest.mark.parametrize("table", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_runtime_role_may_only_append_events(alice: User, table: str) -> None:
    login(alice)
    statement = {
        "UPDATE": "UPDATE sessions_app_securityevent SET kind = 'x'",
        "DELETE": "DELETE FROM sessions_app_securityevent",
        "TRUNCATE": "TRUNCATE sessions_app_securityevent",
    }[table]
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        tenant_scope(alice.tenant_id),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
