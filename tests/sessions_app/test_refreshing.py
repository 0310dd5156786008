"""Refreshing, one request after another: the table of docs/security.md through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import update_user
from sessions_app.models import Device, SecurityEvent, Session, SessionFamily
from sessions_app.services import refresh as refresh_service
from tests.sessions_app.auth import (
    family_of,
    get,
    is_alive,
    login,
    pass_time,
    post,
    refresh,
    without_triggers,
)

pytestmark = pytest.mark.django_db

SECRET = ("refresh", "access")


def events(kind: str = "") -> list[SecurityEvent]:
    rows = SecurityEvent.objects.order_by("id")
    return list(rows.filter(kind=kind) if kind else rows)


def test_a_refresh_answers_a_new_pair_of_the_same_family_with_the_same_end(alice: User) -> None:
    first = login(alice)
    second = refresh(first["refresh"])
    assert second.status == 200
    assert second["session"] | {"device": 0} == first["session"] | {"device": 0}
    assert {second[name] for name in SECRET}.isdisjoint(first[name] for name in SECRET)
    assert second["expires_in"] == 300
    assert second.headers["Cache-Control"] == "no-store"


def test_the_chain_is_kept_and_only_the_newest_is_current(alice: User) -> None:
    pair = login(alice)
    for _ in range(3):
        pair = refresh(pair["refresh"]).body
    rows = family_of(pair).sessions.order_by("generation")
    assert [row.generation for row in rows] == [1, 2, 3, 4]
    assert [row.is_current for row in rows] == [False, False, False, True]
    assert [row.is_active for row in rows] == [False, False, False, True]
    assert [row.parent_id for row in rows] == [None, *[row.pk for row in rows][:3]]
    assert {row.expires_at for row in rows} == {family_of(pair).expires_at}
    assert all(len(row.refresh_token_hash) == 64 for row in rows)


def test_no_token_is_in_any_row(alice: User) -> None:
    pair = login(alice)
    pair = refresh(pair["refresh"], Idempotency_Key="attempt-of-mine").body
    with connection.cursor() as cursor:
        for table in ("session", "sessionfamily", "device", "securityevent"):
            cursor.execute(
                f"SELECT coalesce(string_agg(t::text, ''), '') FROM sessions_app_{table} t"
            )
            stored = cursor.fetchone()[0]
            for secret in (pair["refresh"], pair["access"], "attempt-of-mine"):
                assert secret not in stored
                assert secret.rsplit(".", 1)[-1] not in stored


@pytest.mark.parametrize("steps_back", [1, 2, 3])
def test_a_used_token_ends_the_family_and_raises_the_alarm(alice: User, steps_back: int) -> None:
    pairs = [login(alice)]
    for _ in range(3):
        pairs.append(refresh(pairs[-1]["refresh"]).body)
    stolen = pairs[-1 - steps_back]["refresh"]
    answer = refresh(stolen)
    assert (answer.status, answer["code"]) == (401, "refresh_token_invalid")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    family = family_of(pairs[0])
    assert family.revoke_reason == "reuse"
    assert not family.sessions.filter(is_active=True).exists()
    assert not any(is_alive(pair) for pair in pairs)
    assert refresh(pairs[-1]["refresh"]).status == 401
    [alarm] = events("refresh_reuse")
    assert (alarm.severity, alarm.user_id, alarm.family_id) == ("high", alice.pk, family.pk)
    assert alarm.detail["generation"] == 4 - steps_back
    assert alarm.detail["current_generation"] == 4
    assert alarm.detail["last_ip"] == "127.0.0.1"


def test_the_alarm_ends_one_family_and_no_other(alice: User) -> None:
    other, pair = login(alice), login(alice)
    refresh(pair["refresh"])
    refresh(pair["refresh"])
    assert is_alive(other)
    assert refresh(other["refresh"]).status == 200


@pytest.mark.django_db(transaction=True)
def test_the_alarm_survives_its_own_error_response(alice: User) -> None:
    pair = login(alice)
    newest = refresh(pair["refresh"]).body
    assert refresh(pair["refresh"]).status == 401
    assert family_of(pair).revoked_at
    assert len(events("refresh_reuse")) == 1
    assert refresh(newest["refresh"]).status == 401


def test_a_token_tried_after_the_end_is_noted_once_a_minute(alice: User) -> None:
    pair = login(alice)
    refresh(pair["refresh"])
    for _ in range(4):
        assert refresh(pair["refresh"]).status == 401
    assert len(events("refresh_reuse")) == 1
    assert len(events("refresh_after_revoke")) == 1


def test_a_genuine_token_whose_row_is_gone_raises_the_alarm(alice: User) -> None:
    pair = login(alice)
    newest = refresh(pair["refresh"]).body
    with without_triggers():
        Session.objects.filter(generation=2).update(parent=None)
        Session.objects.filter(generation=1).delete()
    assert refresh(pair["refresh"]).status == 401
    assert family_of(pair).revoke_reason == "reuse"
    assert not is_alive(newest)


def move_rotation_back(**span: float) -> None:
    with without_triggers():
        Session.objects.update(rotated_at=F("rotated_at") - timedelta(**span))


def unusable(pair: Any, how: str, alice: User) -> str:
    """A refresh token that is refused for this reason."""
    token: str = pair["refresh"]
    if how == "reused":
        refresh(token)
    elif how == "logged out":
        post("logout", Authorization=f"Bearer {pair['access']}")
    elif how == "expired":
        pass_time(pair, days=14, seconds=1)
    elif how == "inactive":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    elif how == "device":
        Device.objects.update(revoked_at="2026-01-01T00:00:00Z")
    elif how == "forged":
        token += "A"
    elif how == "nonsense":
        token = "nonsense"
    return token


REASONS = ["reused", "logged out", "expired", "inactive", "device", "forged", "nonsense"]


def test_every_refusal_looks_the_same(alice: User) -> None:
    answers = []
    for how in REASONS:
        token = unusable(login(alice), how, alice)
        answers.append(refresh(token))
        User.objects.filter(pk=alice.pk).update(is_active=True)
    assert {answer.status for answer in answers} == {401}
    bodies = [{**answer.body, "request_id": ""} for answer in answers]
    assert all(body == bodies[0] for body in bodies), bodies
    names = [sorted(answer.headers) for answer in answers]
    assert all(name == names[0] for name in names)


@pytest.mark.parametrize(("seconds", "status"), [(-10, 200), (1, 401)])
def test_the_end_is_14_days_after_signing_in_by_the_database_clock(
    alice: User, seconds: int, status: int
) -> None:
    pair = login(alice)
    rotated = refresh(pair["refresh"]).body
    pass_time(rotated, days=14, seconds=seconds)
    assert refresh(rotated["refresh"]).status == status
    assert not events("refresh_reuse")


def test_rotation_never_moves_the_end(alice: User) -> None:
    pair = login(alice)
    family = family_of(pair)
    assert family.expires_at - family.created_at == timedelta(days=14)
    pass_time(pair, days=13)
    late = refresh(pair["refresh"])
    assert late.status == 200
    assert family_of(pair).expires_at == family.expires_at - timedelta(days=13)


def test_an_access_token_does_not_outlive_its_family(alice: User) -> None:
    pair = login(alice)
    pass_time(pair, days=13, hours=23, minutes=59)
    rotated = refresh(pair["refresh"]).body
    assert 55 <= rotated["expires_in"] <= 60
    pass_time(rotated, minutes=1)
    assert not is_alive(rotated)


def test_deactivation_by_a_bare_update_ends_all_and_reactivation_revives_nothing(
    alice: User,
) -> None:
    pair = login(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not is_alive(pair)
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert not is_alive(pair)
    assert refresh(pair["refresh"]).status == 401
    assert family_of(pair).revoke_reason == "sessions_ended"
    assert is_alive(login(alice))


def test_saving_a_stale_person_revives_nothing(alice: User) -> None:
    stale = User.objects.get(pk=alice.pk)
    pair = login(alice)
    update_user(actor=None, user=alice, is_active=False)
    stale.save()  # active again, and with the old sessions_valid_after
    assert not is_alive(pair)
    assert refresh(pair["refresh"]).status == 401


def test_a_refused_refresh_of_an_inactive_person_says_so_on_the_family(alice: User) -> None:
    pair = login(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert refresh(pair["refresh"]).status == 401
    assert family_of(pair).revoke_reason == "user_inactive"
    assert events("family_revoked")[0].detail == {"reason": "user_inactive"}


def test_the_same_attempt_gets_the_same_pair_again(alice: User) -> None:
    pair = login(alice)
    first = refresh(pair["refresh"], Idempotency_Key="a-1")
    again = refresh(pair["refresh"], Idempotency_Key="a-1")
    assert (first.status, again.status) == (200, 200)
    assert [first[name] for name in SECRET] == [again[name] for name in SECRET]
    assert Session.objects.count() == 2
    assert len(events("refresh_retry")) == 1
    assert is_alive(again.body)
    assert refresh(again["refresh"]).status == 200


def test_the_pair_can_be_repeated_after_keys_were_rotated(alice: User, settings: Any) -> None:
    pair = login(alice)
    first = refresh(pair["refresh"], Idempotency_Key="a-1")
    settings.JWT_KEYS = {**settings.JWT_KEYS, "next": "n" * 48}
    settings.TOKEN_PEPPERS = {**settings.TOKEN_PEPPERS, 99: "p" * 48}
    again = refresh(pair["refresh"], Idempotency_Key="a-1")
    assert [first[name] for name in SECRET] == [again[name] for name in SECRET]


@pytest.mark.parametrize("attempt", ["a-2", None])
def test_without_the_key_of_the_attempt_a_retry_is_reuse(alice: User, attempt: str | None) -> None:
    pair = login(alice)
    refresh(pair["refresh"], Idempotency_Key="a-1")
    headers = {"Idempotency_Key": attempt} if attempt else {}
    assert refresh(pair["refresh"], **headers).status == 401
    assert family_of(pair).revoke_reason == "reuse"


def test_a_retry_after_the_new_token_was_used_is_reuse(alice: User) -> None:
    pair = login(alice)
    second = refresh(pair["refresh"], Idempotency_Key="a-1")
    refresh(second["refresh"])
    assert refresh(pair["refresh"], Idempotency_Key="a-1").status == 401
    assert family_of(pair).revoke_reason == "reuse"


@pytest.mark.parametrize(("seconds", "status"), [(50, 200), (61, 401)])
def test_a_retry_is_answered_for_60_seconds(alice: User, seconds: int, status: int) -> None:
    pair = login(alice)
    refresh(pair["refresh"], Idempotency_Key="a-1")
    move_rotation_back(seconds=seconds)
    assert refresh(pair["refresh"], Idempotency_Key="a-1").status == status


def test_retries_do_not_extend_their_own_window(alice: User) -> None:
    pair = login(alice)
    refresh(pair["refresh"], Idempotency_Key="a-1")
    move_rotation_back(seconds=40)
    assert refresh(pair["refresh"], Idempotency_Key="a-1").status == 200
    move_rotation_back(seconds=25)
    assert refresh(pair["refresh"], Idempotency_Key="a-1").status == 401


def test_a_retry_of_a_revoked_family_gets_nothing(alice: User) -> None:
    pair = login(alice)
    second = refresh(pair["refresh"], Idempotency_Key="a-1").body
    post("logout", Authorization=f"Bearer {second['access']}")
    assert refresh(pair["refresh"], Idempotency_Key="a-1").status == 401


@pytest.mark.parametrize("key", ["x" * 256, "two words", "ümlaut", ""])
def test_a_malformed_attempt_key_is_a_bad_request(alice: User, key: str) -> None:
    pair = login(alice)
    answer = refresh(pair["refresh"], Idempotency_Key=key)
    assert (answer.status, answer["code"]) == (400, "bad_idempotency_key")
    assert refresh(pair["refresh"]).status == 200


def test_within_the_race_window_the_direct_parent_is_a_conflict(alice: User, settings: Any) -> None:
    settings.REFRESH_RACE_WINDOW_MS = 30_000
    pair = login(alice)
    newest = refresh(pair["refresh"]).body
    late = refresh(pair["refresh"])
    assert (late.status, late["code"], late.headers["Retry-After"]) == (
        409,
        "refresh_conflict",
        "1",
    )
    assert "access" not in late.body
    assert is_alive(newest)
    pass_time(pair, seconds=30)
    assert refresh(pair["refresh"]).status == 401
    assert not is_alive(newest)


def test_the_race_window_is_for_the_direct_parent_only(alice: User, settings: Any) -> None:
    settings.REFRESH_RACE_WINDOW_MS = 60_000
    pair = login(alice)
    refresh(refresh(pair["refresh"])["refresh"])
    assert refresh(pair["refresh"]).status == 401
    assert family_of(pair).revoke_reason == "reuse"


def test_other_software_than_before_is_worth_an_event(alice: User) -> None:
    pair = login(alice)
    refresh(pair["refresh"], User_Agent="Firefox/1")
    [event] = events("device_mismatch")
    assert event.user_agent == "Firefox/1"
    assert Device.objects.get().user_agent == "Firefox/1"


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"refresh": None}, 400), ({"refresh": 5}, 400), ({"refresh": "x" * 3000}, 400),
     ({"refresh": "x", "more": 1}, 400), ({"refresh": ""}, 400), ([], 400)],
)  # fmt: skip
def test_a_malformed_body_is_a_bad_request(db: None, body: Any, status: int) -> None:
    assert post("refresh", body).status == status


def test_an_old_access_token_does_not_stand_in_the_way(alice: User) -> None:
    pair = login(alice)
    headers = {"Authorization": "Bearer expired.or.odd"}
    assert post("refresh", {"refresh": pair["refresh"]}, **headers).status == 200


def test_ending_a_family_costs_the_same_for_any_number_of_generations(alice: User) -> None:
    counts = []
    for generations in (2, 40):
        pair = login(alice)
        newest = pair
        for _ in range(generations):
            newest = refresh(newest["refresh"]).body
        with CaptureQueriesContext(
            connection,
        ) as queries:
            refresh(pair["refresh"])
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_refresh_takes_a_bounded_number_of_statements(alice: User) -> None:
    token = login(alice)["refresh"]
    with CaptureQueriesContext(connection) as queries:
        refresh_service(token=token)
    assert len(queries) <= 18, [query["sql"][:80] for query in queries]


def test_a_get_is_not_allowed(db: None) -> None:
    assert Client().get("/auth/refresh").status_code == 405


def test_the_list_shows_when_a_sign_in_was_last_used(alice: User) -> None:
    pair = login(alice)
    pass_time(pair, hours=1)
    before = get("sessions", login(alice)["access"]).body["data"]
    refresh(pair["refresh"])
    after = get("sessions", login(alice)["access"]).body["data"]
    family = pair["session"]["family_id"]
    at = [row["last_used_at"] for rows in (before, after) for row in rows if row["id"] == family]
    assert at[0] < at[1]


def test_nobody_finds_a_family_by_the_id_of_another_person(alice: User) -> None:
    pair = login(alice)
    with without_triggers():
        SessionFamily.objects.update(user_id=SessionFamily.objects.get().device_id)
    assert refresh(pair["refresh"]).status == 401
