"""Refreshing at the same moment as other things, on real PostgreSQL, with a connection a thread.

`MEMSYNC_RACE_ROUNDS` makes it go on for longer.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from accounts.models import User
from accounts.services import set_password, update_user
from memsync.common.errors import Problem
from sessions_app import services
from sessions_app.models import SecurityEvent, Session, SessionFamily
from sessions_app.services import endings
from tests.factories import PASSWORD
from tests.sessions_app.auth import (
    bearer,
    become_runtime,
    crowd,
    family_of,
    is_alive,
    login,
    post,
    refresh,
)

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("MEMSYNC_RACE_ROUNDS", "200"))
LOCK_TIMEOUT = endings.LOCK_TIMEOUT


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a lock waits as long as a busy machine takes."""
    monkeypatch.setattr(endings, "LOCK_TIMEOUT", "120s")


def current_rows(family: SessionFamily) -> int:
    return Session.objects.filter(family=family, is_current=True).count()


def by_service(token: str) -> int:
    """The status that the API answers, without the cost of a request around it."""
    try:
        services.refresh(token=token)
    except Problem as problem:
        return int(problem.status)
    return 200


def by_api(token: str) -> int:
    return refresh(token).status


@pytest.mark.parametrize(("ask", "rounds"), [(by_service, ROUNDS), (by_api, ROUNDS // 10)])
def test_of_twenty_parallel_refreshes_exactly_one_wins(
    alice: User, ask: Callable[[str], int], rounds: int
) -> None:
    with crowd(20) as together:
        for _ in range(rounds):
            signed_in = services.sign_in(user=User.objects.get(pk=alice.pk))
            token = signed_in.refresh
            statuses = Counter(together(lambda _, token=token: ask(token)))
            assert statuses[200] == 1, statuses
            assert set(statuses) <= {200, 401, 409}, statuses
            family = SessionFamily.objects.get(pk=signed_in.family.pk)
            rows = Session.objects.filter(family=family)
            assert rows.count() == 2
            assert current_rows(family) == (0 if family.revoked_at else 1)
            assert bool(family.revoked_at) == bool(statuses[401])


def test_two_overlapping_refreshes_leave_the_winner_signed_in(alice: User) -> None:
    """The loser waits for the lock that the winner holds: no alarm, whatever the timing."""
    winner = login(alice)
    family = family_of(winner)
    with psycopg.connect(dsn()) as holder:
        holder.execute(
            "SELECT FROM sessions_app_sessionfamily WHERE id = %s FOR UPDATE", [family.pk]
        )
        answers: list[Any] = []
        threads = [
            threading.Thread(target=in_thread(lambda: answers.append(refresh(winner["refresh"]))))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        wait_for_waiting(4)
        holder.rollback()
        for thread in threads:
            thread.join()
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert {answer.body.get("code") for answer in answers} == {None, "refresh_conflict"}
    [new] = [answer.body for answer in answers if answer.status == 200]
    assert is_alive(new)
    assert refresh(new["refresh"]).status == 200
    assert SecurityEvent.objects.filter(kind="refresh_race").count() == 3
    assert not SecurityEvent.objects.filter(kind="refresh_reuse").exists()


def test_who_waits_too_long_for_the_lock_is_told_to_come_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "LOCK_TIMEOUT", LOCK_TIMEOUT)
    pair = login(alice)
    with psycopg.connect(dsn()) as holder:
        holder.execute(
            "SELECT FROM sessions_app_sessionfamily WHERE id = %s FOR UPDATE",
            [family_of(pair).pk],
        )
        answer = refresh(pair["refresh"])
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert refresh(pair["refresh"]).status == 200


def log_out(alice: User, pair: Any) -> None:
    assert post("logout", **bearer(pair["access"])).status in {204, 401}


def revoke_by_staff(alice: User, pair: Any) -> None:
    families = SessionFamily.objects.filter(user=alice)
    services.revoke_families(actor=alice, families=families)


def change_password(alice: User, pair: Any) -> None:
    user = services.find_by_id(alice.pk)
    assert user
    words = [PASSWORD, PASSWORD + "!"]
    if not user.check_password(PASSWORD):
        words.reverse()
    services.change_password(user=user, current=words[0], new=words[1])


def set_password_by_staff(alice: User, pair: Any) -> None:
    set_password_in_tenant(alice)


def deactivate(alice: User, pair: Any) -> None:
    with services.tenant_or_owner(alice.tenant_id):
        update_user(actor=None, user=alice, is_active=False)


def log_out_everywhere(alice: User, pair: Any) -> None:
    services.sign_out_all(tenant_id=alice.tenant_id, user_id=alice.pk)


ENDINGS = [
    log_out,
    revoke_by_staff,
    change_password,
    set_password_by_staff,
    deactivate,
    log_out_everywhere,
]


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_nothing_lives_after_an_ending_that_raced_with_a_refresh(
    alice: User, end: Callable[[User, Any], None]
) -> None:
    outcomes: Counter[int] = Counter()
    with crowd(2) as together:
        for _ in range(max(10, ROUNDS // 8)):
            User.objects.filter(pk=alice.pk).update(is_active=True)
            signed_in = services.sign_in(user=User.objects.get(pk=alice.pk))
            pair = {"access": signed_in.access, "refresh": signed_in.refresh}

            def race(number: int, pair: Any = pair) -> Any:
                return end(alice, pair) if number else refresh(pair["refresh"])

            answer, _ = together(race)
            outcomes[answer.status] += 1
            User.objects.filter(pk=alice.pk).update(is_active=True)
            alive = [answer.body] if answer.status == 200 else []
            for possible in [pair, *alive]:
                assert not is_alive(possible)
                assert refresh(possible["refresh"]).status == 401
            assert not Session.objects.filter(is_active=True).exists()
    assert set(outcomes) <= {200, 401}, outcomes


def test_a_sign_in_that_races_with_a_password_change_does_not_outlive_it(alice: User) -> None:
    """Whoever signs in with the old password at that moment is refused, or ended."""
    with crowd(2) as together:
        for _ in range(max(10, ROUNDS // 8)):
            old = User.objects.get(pk=alice.pk)

            def race(number: int, old: User = old) -> Any:
                if number:
                    return set_password_in_tenant(old)
                with suppress(services.BadCredentials):
                    return services.sign_in(user=old)

            signed_in, _ = together(race)
            if signed_in:
                assert not is_alive({"access": signed_in.access})


def set_password_in_tenant(user: User) -> None:
    with services.tenant_or_owner(user.tenant_id):
        fresh = User.objects.get(pk=user.pk)
        set_password(actor=None, user=fresh, password=PASSWORD)


def test_the_process_killed_between_update_and_commit_leaves_the_old_token_good(
    alice: User,
) -> None:
    """The refresh has used up the row and is about to touch the device when its backend dies."""
    pair = login(alice)
    with psycopg.connect(dsn()) as holder:
        holder.execute("SELECT FROM sessions_app_device FOR UPDATE")
        answers: list[Any] = []
        work = in_thread(lambda: answers.append(refresh(pair["refresh"])))
        thread = threading.Thread(target=work)
        thread.start()
        [pid] = wait_for_waiting(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        thread.join()
        holder.rollback()
    assert [answer.status for answer in answers] == [503]
    assert Session.objects.get().is_current
    again = refresh(pair["refresh"])
    assert again.status == 200
    assert is_alive(again.body)


def dsn() -> str:
    """The test database, for a connection that Django knows nothing of."""
    parts = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return " ".join(f"{name}={parts[name]}" for name in names if parts.get(name))


def in_thread(work: Callable[[], Any]) -> Callable[[], None]:
    """`work` as in the web process, leaving no connection behind."""

    def run() -> None:
        become_runtime()
        try:
            work()
        finally:
            connections.close_all()

    return run


def wait_for_waiting(number: int) -> list[int]:
    """The backends that wait for a lock, once there are that many."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if len(pids := [row[0] for row in cursor.fetchall()]) == number:
                return pids
        time.sleep(0.02)
    raise AssertionError("they do not wait")
