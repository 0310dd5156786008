"""The sign-in throttle: exact, shared by all processes, and counted before hashing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from memsync.common.context import RequestFacts, client_ip
from sessions_app.models import SecurityEvent, ThrottleBucket
from sessions_app.throttle import SignInThrottled, _network, counted_attempt
from tests.factories import PASSWORD, Space
from tests.sessions_app import hashers
from tests.sessions_app.auth import crowd, login, post

pytestmark = pytest.mark.django_db


def fail(email: str | None, times: int = 1, ip: str = "192.0.2.1") -> list[int]:
    body = {"email": email, "password": "wrong"}
    return [post("login", body, client=at(ip)).status for _ in range(times)]


def at(ip: str) -> Client:
    return Client(REMOTE_ADDR=ip)


def succeed(alice: User, ip: str = "192.0.2.1") -> Any:
    return post("login", {"email": alice.email, "password": PASSWORD}, client=at(ip))


def pass_minutes(minutes: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sessions_app_throttlebucket SET last_at = last_at - %s * interval '1 minute',"
            " refused_at = refused_at - %s * interval '1 minute', attempts ="
            " (SELECT array_agg(a - %s * interval '1 minute') FROM unnest(attempts) a)",
            [minutes] * 3,
        )


def test_after_ten_failures_an_account_waits_even_with_the_right_password(alice: User) -> None:
    assert fail(alice.email, 11) == [401] * 10 + [429]
    answer = succeed(alice)
    assert (answer.status, answer["code"]) == (429, "sign_in_throttled")
    assert 895 <= int(answer.headers["Retry-After"]) <= 900


def test_it_is_a_sliding_window(alice: User) -> None:
    fail(alice.email, 5)
    pass_minutes(10)
    fail(alice.email, 5)
    assert fail(alice.email) == [429]
    pass_minutes(5.1)
    assert fail(alice.email, 6) == [401] * 5 + [429]


def test_waiting_as_long_as_told_is_enough(alice: User) -> None:
    fail(alice.email, 10)
    wait = int(succeed(alice).headers["Retry-After"])
    pass_minutes(wait / 60)
    assert succeed(alice).status == 200


def test_refusals_do_not_prolong_the_wait(alice: User) -> None:
    fail(alice.email, 10)
    pass_minutes(14)
    fail(alice.email, 30)
    pass_minutes(1.1)
    assert succeed(alice).status == 200


def test_success_is_not_counted(alice: User) -> None:
    fail(alice.email, 9)
    assert [succeed(alice).status for _ in range(5)] == [200] * 5
    assert fail(alice.email, 2) == [401, 429]


def test_other_addresses_and_accounts_are_not_held_up(alice: User, space: Space) -> None:
    bob = space.make_user("u_bob")
    fail(alice.email, 11)
    assert succeed(alice, ip="192.0.2.2").status == 200
    assert succeed(bob).status == 200


def test_an_address_has_a_hundred_failures_over_all_accounts(alice: User) -> None:
    for number in range(100):
        assert fail(f"n{number}@example.org") == [401]
    assert fail("n100@example.org") == [429]
    assert succeed(alice).status == 429
    assert succeed(alice, ip="192.0.2.2").status == 200


def test_who_is_refused_for_an_account_does_not_use_up_the_address(alice: User) -> None:
    fail(alice.email, 150)
    assert fail("somebody@example.org") == [401]


def test_unknown_people_are_throttled_alike(alice: User) -> None:
    assert fail("nobody@example.org", 11) == [401] * 10 + [429]


@pytest.mark.parametrize("disguise", [str.upper, str.title, lambda text: f" {text} "])
def test_writing_the_e_mail_differently_is_the_same_account(alice: User, disguise: Any) -> None:
    fail(alice.email, 10)
    assert fail(disguise(alice.email)) == [429]


def test_letters_that_look_alike_to_the_database_are_no_other_account(space: Space) -> None:
    alice = space.make_user("u_kim")
    fail(alice.email, 10)
    with_kelvin = (alice.email or "").replace("k", "\u212a")  # lower() makes it a k
    assert fail(with_kelvin) == [429]
    with_dotted = (alice.email or "").replace("i", "\u0130")
    assert fail(with_dotted) == [401]
    assert post("login", {"email": with_dotted, "password": PASSWORD}).status == 401


def test_it_refuses_before_hashing(space: Space, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.sessions_app.hashers.CountingHasher"]
    alice = space.make_user()
    fail(alice.email, 10)
    hashers.hashed.clear()
    assert fail(alice.email) == [429]
    assert not hashers.hashed


def test_pages_and_admin_share_the_limiter(space: Space) -> None:
    boss = space.make_user("u_boss", is_staff=True)
    wrong = {"username": boss.email, "password": "wrong"}
    statuses = []
    for number in range(11):
        path = ["/login/", "/admin/login/"][number % 2]
        statuses.append(at("192.0.2.1").post(path, wrong).status_code)
    assert statuses == [200] * 10 + [429]
    right = {"username": boss.email, "password": PASSWORD}
    for path in ("/login/", "/admin/login/"):
        answer = at("192.0.2.1").post(path, right)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 800
        assert "Too many failed tries. Wait 15 minutes" in answer.content.decode()
    assert succeed(boss).status == 429


def test_a_guessed_current_password_is_throttled_too(alice: User) -> None:
    pair = login(alice)
    guess = {"current_password": "guess", "new_password": "another good one 77"}
    headers = {"Authorization": f"Bearer {pair['access']}"}
    statuses = [post("password", guess, **headers).status for _ in range(11)]
    assert statuses == [400] * 10 + [429]


def test_one_event_tells_of_many_refusals(alice: User) -> None:
    fail(alice.email, 30)
    assert SecurityEvent.objects.filter(kind="login_throttled").count() == 1
    assert SecurityEvent.objects.filter(kind="login_failed").count() == 10


def test_neither_e_mail_nor_address_is_kept(alice: User) -> None:
    fail(alice.email)
    kept = str(list(ThrottleBucket.objects.values()))
    assert "192.0.2.1" not in kept
    assert str(alice.email) not in kept


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [24])
def test_of_parallel_guesses_exactly_ten_get_through(alice: User, size: int) -> None:
    with crowd(size) as together:
        statuses = Counter(together(lambda _: fail(alice.email)[0]))
    assert statuses == {401: 10, 429: size - 10}


@pytest.mark.django_db(transaction=True)
def test_parallel_successes_leave_nothing_behind(alice: User) -> None:
    with crowd(8) as together:
        for _ in range(3):
            assert set(together(lambda _: succeed(alice).status)) == {200}
    assert [bucket.attempts for bucket in ThrottleBucket.objects.all()] == [[], []]


@pytest.mark.parametrize(
    ("ip", "network"),
    [(None, ""), ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"),
     ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::1", "2001:db8:1:2::/64")],
)  # fmt: skip
def test_who_draws_from_one_network_is_one(ip: str | None, network: str) -> None:
    assert _network(ip) == network


def test_without_an_address_it_still_counts(db: None) -> None:
    for _ in range(10):
        with pytest.raises(ZeroDivisionError), counted_attempt("a@example.org"):
            raise ZeroDivisionError
    with pytest.raises(SignInThrottled), counted_attempt("a@example.org"):
        pass


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [(0, "198.51.100.1", "192.0.2.1"), (1, "198.51.100.1", "198.51.100.1"),
     (1, "203.0.113.9, 198.51.100.1", "198.51.100.1"),
     (2, "203.0.113.9, 198.51.100.1", "203.0.113.9"), (2, "198.51.100.1", "192.0.2.1"),
     (1, "unknown", None), (1, "198.51.100.1:4711", None), (1, "", "192.0.2.1"),
     (1, "fe80::1%eth0", "fe80::1")],
)  # fmt: skip
def test_the_client_is_the_peer_unless_proxies_are_trusted(
    rf: Any, settings: Any, proxies: int, forwarded: str, expected: str | None
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded})
    assert client_ip(request) == expected
    assert RequestFacts(ip=expected).ip == expected


def test_an_odd_forwarded_address_is_no_error(alice: User, settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    body = {"email": alice.email, "password": PASSWORD}
    answer = post("login", body, X_Forwarded_For="unknown")
    assert answer.status == 200
    assert answer["session"]["device"]["ip"] is None
