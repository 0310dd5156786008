"""`manage.py prune_sessions`: what is over goes, what the alarm needs stays."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session as PageSession
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.models import User
from memsync.common.tenancy import tenant_scope
from sessions_app.models import (
    ROUTINE,
    Device,
    EventKind,
    SecurityEvent,
    Session,
    SessionFamily,
    ThrottleBucket,
)
from tests.factories import signed_in_client
from tests.sessions_app.auth import family_of, is_alive, login, pass_time, post, refresh

pytestmark = pytest.mark.django_db


def prune() -> Any:
    out = StringIO()
    call_command("prune_sessions", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_families_go_when_their_14_days_are_over_with_all_that_was_theirs(alice: User) -> None:
    pair = login(alice)
    refresh(refresh(pair["refresh"])["refresh"])
    pass_time(pair, days=14, seconds=1)
    before = SecurityEvent.objects.count()
    assert prune() == {
        "families": 1,
        "devices": 1,
        "page_sessions": 0,
        "throttle": 0,
        "routine_events": 0,
    }
    for model in (SessionFamily, Session, Device):
        assert not model.objects.exists()  # type: ignore[attr-defined]
    assert SecurityEvent.objects.count() == before
    assert refresh(pair["refresh"]).status == 401


def test_what_is_not_over_stays_and_the_alarm_still_sees(alice: User) -> None:
    pair = login(alice)
    newest = refresh(pair["refresh"]).body
    pass_time(newest, days=13, hours=23)
    assert prune()["families"] == 0
    assert Session.objects.count() == 2
    assert refresh(pair["refresh"]).status == 401
    assert family_of(pair).revoke_reason == "reuse"


def test_a_revoked_family_stays_until_its_end(alice: User) -> None:
    pair = login(alice)
    post("logout", {"refresh": pair["refresh"]})
    assert prune()["families"] == 0
    refresh(pair["refresh"])
    assert SecurityEvent.objects.filter(kind="refresh_after_revoke").exists()


def test_a_device_in_use_stays(alice: User) -> None:
    device = {"fingerprint": "fp"}
    old, new = login(alice, device=device), login(alice, device=device)
    pass_time(old, days=15)
    assert prune() == {
        "families": 1,
        "devices": 0,
        "page_sessions": 0,
        "throttle": 0,
        "routine_events": 0,
    }
    assert is_alive(new)


def test_more_than_a_batch_goes(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.services.pruning.BATCH", 2)
    for _ in range(5):
        pass_time(login(alice), days=15)
    assert prune()["families"] == 5


def test_old_page_sessions_and_throttle_rows_go(alice: User) -> None:
    signed_in_client(alice)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_session SET expire_date = now() - interval '1 day'")
        cursor.execute(
            "UPDATE sessions_app_throttlebucket SET last_at = now() - interval '16 minutes'"
        )
    pruned = prune()
    assert (pruned["page_sessions"], pruned["throttle"]) == (1, 2)
    assert not PageSession.objects.exists()
    assert not ThrottleBucket.objects.exists()


def test_a_second_time_there_is_nothing_to_do(alice: User) -> None:
    pass_time(login(alice), days=15)
    prune()
    assert set(prune().values()) == {0}


def event(kind: str, days: int) -> SecurityEvent:
    """An event that lies so many days back."""
    return SecurityEvent.objects.create(kind=kind, at=timezone.now() - timedelta(days=days))


def test_routine_events_go_after_90_days_and_all_others_stay(db: None) -> None:
    old = {kind: event(kind, 91) for kind in EventKind.values}
    young = event("refresh_rotated", 89)
    assert prune()["routine_events"] == len(ROUTINE)

    left = set(SecurityEvent.objects.values_list("pk", flat=True))
    assert left == {row.pk for kind, row in old.items() if kind not in ROUTINE} | {young.pk}


@pytest.mark.parametrize(
    ("kind", "days"), [("refresh_rotated", 89), ("refresh_reuse", 91), ("login_failed", 9000)]
)
def test_the_database_lets_nobody_delete_another_event(kind: str, days: int) -> None:
    row = event(kind, days)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SecurityEvent.objects.filter(pk=row.pk)._raw_delete("default")


def test_not_even_an_old_routine_event_is_changed() -> None:
    row = event("refresh_rotated", 91)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SecurityEvent.objects.filter(pk=row.pk).update(kind="refresh_reuse")


def test_the_running_server_deletes_no_event_at_all(alice: User) -> None:
    row = event("refresh_rotated", 91)
    with pytest.raises(ProgrammingError, match="permission denied"), tenant_scope(alice.tenant_id):
        SecurityEvent.objects.filter(pk=row.pk)._raw_delete("default")
