"""The admin of sign-ins, devices and security events."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from sessions_app.models import Device, SecurityEvent, Session, SessionFamily
from tests.factories import Space, signed_in_client
from tests.sessions_app.auth import family_of, is_alive, login, pass_time, refresh

pytestmark = pytest.mark.django_db
FAMILIES = "/admin/sessions_app/sessionfamily/"
DEVICES = "/admin/sessions_app/device/"
EVENTS = "/admin/sessions_app/securityevent/"


@pytest.fixture
def boss(space: Space) -> User:
    return space.make_user("u_boss", is_staff=True)


@pytest.fixture
def desk(boss: User) -> Client:
    return signed_in_client(boss)


def act(desk: Client, path: str, pk: object, **more: str) -> Any:
    return desk.post(path, {"action": "revoke", "_selected_action": str(pk), **more})


def test_one_row_per_family_with_state_and_number_of_tokens(desk: Client, alice: User) -> None:
    pair = login(alice, device={"label": "Laptop"})
    refresh(refresh(pair["refresh"])["refresh"])
    page = desk.get(FAMILIES)
    rows = {row.pk: row for row in page.context["cl"].result_list}
    assert len(rows) == 2
    row: Any = rows[family_of(pair).pk]
    assert (row.generations, row.state) == (3, "live")
    html = page.content.decode()
    assert "Laptop" in html
    assert "cookie" in html


def test_each_way_to_end_is_a_state_to_filter_by(desk: Client, alice: User) -> None:
    expired, reused = login(alice), login(alice)
    refresh(reused["refresh"])
    refresh(reused["refresh"])
    pass_time(expired, days=15)
    for state, pair in {"expired": expired, "reuse": reused}.items():
        found = desk.get(FAMILIES, {"state": state}).context["cl"].result_list
        assert [row.pk for row in found] == [family_of(pair).pk]
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert desk.get(FAMILIES, {"state": "live"}).context["cl"].result_list.count() == 1


def test_revoking_asks_first(desk: Client, alice: User, boss: User) -> None:
    pair = login(alice)
    family = family_of(pair)
    question = act(desk, FAMILIES, family.pk)
    assert "Are you sure?" in question.content.decode()
    assert is_alive(pair)
    assert act(desk, FAMILIES, family.pk, confirmed="yes").status_code == 302
    assert not is_alive(pair)
    assert refresh(pair["refresh"]).status == 401
    assert family_of(pair).revoke_reason == "staff"
    event = SecurityEvent.objects.get(kind="family_revoked")
    assert (event.actor_id, event.user_id, event.ip) == (boss.pk, alice.pk, "127.0.0.1")


def test_revoking_needs_the_permission(desk: Client, alice: User, boss: User) -> None:
    pair = login(alice)
    boss.groups.clear()
    for model in ("sessionfamily", "device"):
        viewing = Permission.objects.get(codename=f"view_{model}")
        boss.user_permissions.add(viewing)
    assert desk.get(FAMILIES).status_code == 200
    act(desk, FAMILIES, family_of(pair).pk, confirmed="yes")
    act(desk, DEVICES, family_of(pair).device_id, confirmed="yes")
    assert is_alive(pair)


def test_a_device_is_revoked_with_what_is_signed_in_on_it(desk: Client, alice: User) -> None:
    pair = login(alice)
    device = family_of(pair).device_id
    assert "Are you sure?" in act(desk, DEVICES, device).content.decode()
    act(desk, DEVICES, device, confirmed="yes")
    assert not is_alive(pair)
    assert Device.objects.get(pk=device).revoked_at
    assert SecurityEvent.objects.filter(kind="device_revoked").exists()


def test_inside_a_family_is_its_rotation_chain(desk: Client, alice: User) -> None:
    pair = login(alice)
    refresh(pair["refresh"])
    html = desk.get(f"{FAMILIES}{family_of(pair).pk}/change/").content.decode()
    assert "<td>2</td>" in html
    assert "<td>current</td>" in html
    assert "<td>used</td>" in html


def secrets_of(pair: Any) -> set[str]:
    rows = Session.objects.filter(family=family_of(pair))
    devices = Device.objects.values_list("fingerprint", flat=True)
    hashes = {value for row in rows for value in (row.refresh_token_hash, row.retry_key_hash)}
    return {pair["refresh"], pair["access"], *hashes, *devices} - {""}


def test_no_token_hash_or_fingerprint_is_shown_or_found(desk: Client, alice: User) -> None:
    pair = login(alice, device={"fingerprint": "fingerprint-of-mine"})
    pair = refresh(pair["refresh"], Idempotency_Key="attempt-1").body
    family = family_of(pair)
    event = SecurityEvent.objects.filter(family=family).latest("id")
    pages = [FAMILIES, DEVICES, EVENTS, f"{FAMILIES}{family.pk}/change/"]
    pages += [f"{DEVICES}{family.device_id}/change/", f"{EVENTS}{event.pk}/change/"]
    for path in pages:
        answer = desk.get(path)
        assert answer.status_code == 200, path
        html = answer.content.decode()
        assert not [secret for secret in secrets_of(pair) if secret in html], path
    for path in (FAMILIES, DEVICES, EVENTS):
        for secret in secrets_of(pair):
            found = desk.get(path, {"q": secret[:32]}).context["cl"].result_list
            assert not list(found), (path, secret)
        assert list(desk.get(path, {"q": alice.email}).context["cl"].result_list)


def test_the_hashes_are_not_even_loaded(desk: Client, alice: User) -> None:
    pair = login(alice)
    with CaptureQueriesContext(connection) as queries:
        desk.get(FAMILIES)
        desk.get(f"{FAMILIES}{family_of(pair).pk}/change/")
    assert not [q for q in queries if "refresh_token_hash" in q["sql"]]


@pytest.mark.parametrize("path", [FAMILIES, DEVICES, EVENTS])
def test_lists_take_the_same_queries_for_any_number_of_rows(
    desk: Client, space: Space, path: str
) -> None:
    counts = []
    desk.get(path)
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(path).status_code == 200
        counts.append(len(queries))
        for number in range(4):
            person = space.make_user(f"u_{number}-{len(counts)}")
            refresh(login(person)["refresh"])
    assert counts[0] == counts[1]


def test_a_long_chain_takes_the_same_queries(desk: Client, alice: User) -> None:
    pair = newest = login(alice)
    path, counts = f"{FAMILIES}{family_of(pair).pk}/change/", []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            desk.get(path)
        counts.append(len(queries))
        for _ in range(8):
            newest = refresh(newest["refresh"]).body
    assert counts[0] == counts[1]


@pytest.mark.parametrize("path", [FAMILIES, DEVICES, EVENTS])
def test_nothing_is_added_changed_or_deleted_by_hand(desk: Client, alice: User, path: str) -> None:
    login(alice)
    row = desk.get(path).context["cl"].result_list[0]
    assert desk.get(f"{path}add/").status_code == 403
    assert desk.post(f"{path}{row.pk}/change/", {"severity": "info"}).status_code == 403
    assert desk.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_events_have_filters(desk: Client, alice: User) -> None:
    pair = login(alice)
    refresh(pair["refresh"])
    refresh(pair["refresh"])
    found = desk.get(EVENTS, {"severity__exact": "high"}).context["cl"].result_list
    assert [event.kind for event in found] == ["refresh_reuse"]


def test_events_outlive_what_they_name(desk: Client, alice: User) -> None:
    login(alice)
    event = SecurityEvent.objects.filter(user=alice).get()
    SessionFamily.objects.filter(user=alice).delete()
    Device.objects.filter(user=alice).delete()
    User.objects.filter(pk=alice.pk).delete()
    assert desk.get(EVENTS).status_code == 200
    assert desk.get(f"{EVENTS}{event.pk}/change/").status_code == 200


def test_staff_sees_its_own_tenant_only(desk: Client, other_space: Space) -> None:
    stranger = other_space.make_user("u_eve")
    pair = login(stranger)
    for path in (FAMILIES, DEVICES, EVENTS):
        assert not desk.get(path, {"q": "u_eve"}).context["cl"].result_list
    assert desk.get(f"{FAMILIES}{family_of(pair).pk}/change/").status_code == 302
    act(desk, FAMILIES, family_of(pair).pk, confirmed="yes")
    assert is_alive(pair)


def test_staff_without_a_tenant_ends_sign_ins_of_any(space: Space, other_space: Space) -> None:
    from accounts.services import create_user

    root = create_user(
        actor=None, tenant=None, email="root@example.org",
        password="correct horse battery staple 9", is_staff=True, is_superuser=True,
    )  # fmt: skip
    desk = signed_in_client(root)
    pairs = [login(each.make_user("u_x")) for each in (space, other_space)]
    chosen = [str(family_of(pair).pk) for pair in pairs]
    body = {"action": "revoke", "_selected_action": chosen, "confirmed": "yes"}
    assert desk.post(FAMILIES, body).status_code == 302
    assert not any(is_alive(pair) for pair in pairs)
    assert SecurityEvent.objects.filter(kind="family_revoked", actor=root).count() == 2
