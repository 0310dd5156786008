"""Ending sign-ins: sign-out, from elsewhere, all at once, by a new password. All at once dead."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import set_password
from sessions_app import services
from sessions_app.models import Device, SecurityEvent, SessionFamily
from tests.factories import PASSWORD, Space
from tests.sessions_app.auth import (
    bearer,
    family_of,
    get,
    is_alive,
    login,
    pass_time,
    post,
    refresh,
)

pytestmark = pytest.mark.django_db
NEW = "another fine long pass phrase 8"


def is_dead(pair: Any) -> bool:
    return not is_alive(pair) and refresh(pair["refresh"]).status == 401


def test_logout_by_access_token(alice: User) -> None:
    pair, other = login(alice), login(alice)
    answer = post("logout", {}, **bearer(pair["access"]))
    assert (answer.status, answer.body) == (204, None)
    assert answer.headers["Cache-Control"] == "no-store"
    assert is_dead(pair)
    assert is_alive(other)
    assert family_of(pair).revoke_reason == "logout"
    assert SecurityEvent.objects.filter(kind="logout", family=family_of(pair)).count() == 1


def test_logout_by_refresh_token_even_a_used_one(alice: User) -> None:
    pair = login(alice)
    newest = refresh(pair["refresh"]).body
    assert post("logout", {"refresh": pair["refresh"]}).status == 204
    assert is_dead(newest)
    assert family_of(pair).revoke_reason == "logout"


def test_logout_with_an_expired_access_token_and_a_refresh_token(alice: User) -> None:
    pair = login(alice)
    headers = bearer("expired.access.token")
    assert post("logout", {"refresh": pair["refresh"]}, **headers).status == 204
    assert is_dead(pair)


def test_logging_out_twice_is_no_error(alice: User) -> None:
    pair = login(alice)
    assert post("logout", {"refresh": pair["refresh"]}).status == 204
    assert post("logout", {"refresh": pair["refresh"]}).status == 204
    assert post("logout", **bearer(pair["access"])).status == 401
    assert SecurityEvent.objects.filter(kind="logout").count() == 1


@pytest.mark.parametrize("body", [{}, {"refresh": "odd"}])
def test_logout_of_nobody_is_401(db: None, body: Any) -> None:
    assert post("logout", body).status == 401


@pytest.mark.parametrize("keep", [True, False])
def test_logout_all(alice: User, space: Space, keep: bool) -> None:
    pairs = [login(alice) for _ in range(3)]
    stranger = login(space.make_user("u_bob"))
    answer = post("logout-all", {"keep_current": keep}, **bearer(pairs[0]["access"]))
    assert answer.status == 204
    assert [is_alive(pair) for pair in pairs] == [keep, False, False]
    assert is_alive(stranger)
    assert SecurityEvent.objects.filter(kind="logout_all").count() == (2 if keep else 3)


def test_logout_all_ends_the_caller_too_by_default(alice: User) -> None:
    pair = login(alice)
    assert post("logout-all", **bearer(pair["access"])).status == 204
    assert is_dead(pair)


def test_who_has_been_ended_meanwhile_ends_no_others(alice: User) -> None:
    pair, other = login(alice), login(alice)
    sid = family_of(pair).pk
    services.revoke_families(actor=alice, families=SessionFamily.objects.filter(pk=sid))
    with pytest.raises(Exception, match="credentials"):
        services.sign_out_all(tenant_id=alice.tenant_id, user_id=alice.pk, keep=sid)
    assert is_alive(other)


def test_ending_all_costs_the_same_for_any_number(alice: User) -> None:
    counts = []
    for number in (1, 12):
        pairs = [login(alice) for _ in range(number)]
        with CaptureQueriesContext(connection) as queries:
            post("logout-all", **bearer(pairs[0]["access"]))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_list_shows_what_is_live_and_which_is_this(alice: User, space: Space) -> None:
    login(space.make_user("u_bob"))
    ended, expired, device_gone = login(alice), login(alice), login(alice)
    post("logout", **bearer(ended["access"]))
    pass_time(expired, days=15)
    Device.objects.filter(pk=device_gone["session"]["device"]["id"]).update(
        revoked_at="2026-01-01T00:00:00Z"
    )
    one = login(alice, session_type="mobile", device={"label": "Phone"})
    two = login(alice)
    body = get("sessions", two["access"]).body
    assert set(body) == {"data", "next_cursor", "has_more"}
    shown = [(row["id"], row["is_this_session"]) for row in body["data"]]
    assert shown == [(two["session"]["id"], True), (one["session"]["id"], False)]
    assert body["data"][1]["device"]["label"] == "Phone"
    assert {"session_type", "created_at", "last_used_at", "expires_at"} <= set(body["data"][0])


def test_the_list_has_pages(alice: User) -> None:
    pairs = [login(alice) for _ in range(5)]
    access, seen, cursor = pairs[0]["access"], [], None
    for _ in range(3):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        body = get("sessions", access, **query).body
        seen += [row["id"] for row in body["data"]]
        cursor = body["next_cursor"]
    assert seen == [pair["session"]["id"] for pair in reversed(pairs)]
    assert cursor is None
    assert get("sessions", access, cursor="odd").status == 400
    assert get("sessions", access, limit=0).status == 400
    assert get("sessions", access, mine="yes").status == 400


@pytest.mark.parametrize("path", ["sessions", "security-events"])
def test_lists_take_the_same_queries_for_any_number_of_rows(alice: User, path: str) -> None:
    access, counts = login(alice)["access"], []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert get(path, access).status == 200
        counts.append(len(queries))
        for _ in range(6):
            login(alice)
    assert counts[0] == counts[1]


def test_revoking_one_from_another(alice: User) -> None:
    here, there = login(alice), login(alice)
    path = f"sessions/{there['session']['family_id']}/revoke"
    assert post(path, **bearer(here["access"])).status == 204
    assert is_dead(there)
    assert is_alive(here)
    assert post(path, **bearer(here["access"])).status == 204
    assert SecurityEvent.objects.filter(kind="family_revoked").count() == 1


@pytest.mark.parametrize("which", ["foreign", "other tenant", "random", "odd"])
def test_what_is_not_ones_own_is_not_there(
    alice: User, space: Space, other_space: Space, which: str
) -> None:
    owner = {"foreign": space, "other tenant": other_space}.get(which)
    theirs = login(owner.make_user("u_bob")) if owner else None
    wanted = theirs["session"]["family_id"] if theirs else str(uuid.uuid4())
    wanted = "odd" if which == "odd" else wanted
    answer = post(f"sessions/{wanted}/revoke", **bearer(login(alice)["access"]))
    assert (answer.status, answer["code"]) == (404, "not_found")
    assert theirs is None or is_alive(theirs)


def test_events_are_ones_own_newest_first_with_their_device(alice: User, space: Space) -> None:
    login(space.make_user("u_bob"))
    login(alice, device={"label": "Laptop"})
    post("login", {"email": alice.email, "password": "wrong"})
    pair = login(alice)
    body = get("security-events", pair["access"]).body
    assert [row["kind"] for row in body["data"]] == ["login_ok", "login_failed", "login_ok"]
    oldest, failed = body["data"][2], body["data"][1]
    assert oldest["device"]["label"] == "Laptop"
    assert failed["device"] is None
    assert {"id", "kind", "at", "ip", "device", "detail"} <= set(oldest)
    assert get("security-events", pair["access"], limit=1).body["has_more"]


def test_a_new_password_ends_everything_at_once(alice: User) -> None:
    here, there = login(alice), login(alice)
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert post("password", body, **bearer(here["access"])).status == 204
    assert is_dead(here)
    assert is_dead(there)
    assert family_of(here).revoke_reason == "password_changed"
    assert post("login", {"email": alice.email, "password": PASSWORD}).status == 401
    assert post("login", {"email": alice.email, "password": NEW}).status == 200
    assert SecurityEvent.objects.filter(kind="password_changed", user=alice).count() == 1


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [({"current_password": "wrong", "new_password": NEW}, "current_password", "wrong_password"),
     ({"current_password": PASSWORD, "new_password": "short"}, "new_password", "weak"),
     ({"current_password": PASSWORD, "new_password": "password1234"}, "new_password", "weak"),
     ({"current_password": PASSWORD}, "new_password", "required")],
)  # fmt: skip
def test_a_refused_password_changes_nothing(alice: User, body: Any, field: str, code: str) -> None:
    pair = login(alice)
    answer = post("password", body, **bearer(pair["access"]))
    assert answer.status == 400
    assert [(error["field"], error["code"]) for error in answer["errors"]] == [(field, code)]
    assert is_alive(pair)
    assert login(alice)


@pytest.mark.django_db(transaction=True)
def test_a_refused_password_is_counted_and_recorded(alice: User) -> None:
    pair = login(alice)
    wrong = {"current_password": "wrong", "new_password": NEW}
    for _ in range(11):
        answer = post("password", wrong, **bearer(pair["access"]))
    assert answer.status == 429
    assert SecurityEvent.objects.filter(kind="password_refused", user=alice).count() == 10


def test_a_password_set_by_staff_or_by_hand_ends_everything(alice: User) -> None:
    pair = login(alice)
    set_password(actor=None, user=User.objects.get(pk=alice.pk), password=PASSWORD)
    assert is_dead(pair)
    pair = login(alice)
    User.objects.filter(pk=alice.pk).update(password="md5$x$y")
    assert is_dead(pair)


def test_staff_ends_families_and_is_named(alice: User, space: Space) -> None:
    boss = space.make_user("u_boss", is_staff=True)
    pair = login(alice)
    families = SessionFamily.objects.filter(user=alice)
    assert services.revoke_families(actor=boss, families=families) == 1
    assert is_dead(pair)
    event = SecurityEvent.objects.get(kind="family_revoked")
    assert (event.actor_id, event.user_id) == (boss.pk, alice.pk)


def test_staff_ends_devices_with_all_that_is_signed_in_on_them(alice: User, space: Space) -> None:
    boss = space.make_user("u_boss", is_staff=True)
    on_it = [login(alice, device={"fingerprint": "fp"}) for _ in range(2)]
    beside = login(alice)
    devices = Device.objects.filter(fingerprint="fp")
    assert services.revoke_devices(actor=boss, devices=devices) == 1
    assert all(is_dead(pair) for pair in on_it)
    assert is_alive(beside)
    assert services.revoke_devices(actor=boss, devices=devices) == 0


def test_staff_of_another_tenant_ends_nothing(alice: User, other_space: Space) -> None:
    stranger = other_space.make_user("u_boss", is_staff=True)
    pair = login(alice)
    assert services.revoke_families(actor=stranger, families=SessionFamily.objects.all()) == 0
    assert services.revoke_devices(actor=stranger, devices=Device.objects.all()) == 0
    assert is_alive(pair)


def test_the_access_check_is_one_query_for_person_and_family(alice: User) -> None:
    access = login(alice)["access"]
    with CaptureQueriesContext(connection) as queries:
        Client().get("/auth/me", headers=bearer(access))
    reads = [query for query in queries if "memsync_find_signed_in" in query["sql"]]
    assert len(reads) == 1
    assert len([q for q in queries if "accounts_user" in q["sql"]]) == 0
