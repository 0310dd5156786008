"""`POST /auth/login` for every kind of client, and `GET /auth/me`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.models import User
from sessions_app.models import Device, SecurityEvent, Session, SessionFamily
from tests.factories import PASSWORD, Space
from tests.sessions_app import hashers
from tests.sessions_app.auth import bearer, family_of, get, is_alive, login, post, refresh

pytestmark = pytest.mark.django_db

ORIGIN = {"Origin": "http://testserver", "X-Requested-With": "fetch"}


def test_login_answers_a_pair_and_says_what_it_started(alice: User) -> None:
    told = {"fingerprint": "fp-1", "label": "Alice’s laptop", "location": "Lisbon"}
    body = login(alice, session_type="cli", device=told)
    assert set(body) == {"access", "refresh", "token_type", "expires_in", "session"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    session = body["session"]
    assert session["id"] == session["family_id"]
    assert session["session_type"] == "cli"
    assert session["device"]["label"] == "Alice’s laptop"
    assert session["device"]["location"] == "Lisbon"
    assert session["device"]["ip"] == "127.0.0.1"
    assert "fingerprint" not in session["device"]
    times = [datetime.fromisoformat(session[name]) for name in ("created_at", "expires_at")]
    assert times[1] - times[0] == timedelta(days=14)


def test_the_default_session_type_is_api(alice: User) -> None:
    assert login(alice)["session"]["session_type"] == "api"


def test_the_e_mail_is_taken_in_any_case_and_with_spaces_around(alice: User) -> None:
    email = f"  {(alice.email or '').upper()} "
    assert post("login", {"email": email, "password": PASSWORD}).status == 200


def test_the_same_fingerprint_is_the_same_device(alice: User, space: Space) -> None:
    bob = space.make_user("u_bob")
    first = login(alice, device={"fingerprint": "fp", "label": "Laptop"})
    second = login(alice, device={"fingerprint": "fp"})
    other = login(bob, device={"fingerprint": "fp"})
    ids = [pair["session"]["device"]["id"] for pair in (first, second, other)]
    assert ids[0] == ids[1] != ids[2]
    assert second["session"]["device"]["label"] == "Laptop"
    assert first["session"]["family_id"] != second["session"]["family_id"]


def test_without_a_fingerprint_every_sign_in_is_a_device_of_its_own(alice: User) -> None:
    login(alice)
    login(alice)
    assert Device.objects.count() == 2


def test_signing_in_on_a_revoked_device_revives_nothing_on_it(alice: User) -> None:
    before = login(alice, device={"fingerprint": "fp"})
    Device.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert not is_alive(before)
    after = login(alice, device={"fingerprint": "fp"})
    assert is_alive(after)
    assert not is_alive(before)
    assert refresh(before["refresh"]).status == 401
    assert is_alive(after)


REFUSED = ["unknown", "wrong", "inactive", "no password", "no tenant"]


def refused(how: str, alice: User) -> Any:
    email = alice.email
    if how == "unknown":
        email = "nobody@example.org"
    elif how == "inactive":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    elif how == "no password":
        User.objects.filter(pk=alice.pk).update(password="!unusable")
    elif how == "no tenant":
        email = "root@example.org"
        accounts.create_user(actor=None, tenant=None, email=email, password=PASSWORD, is_staff=True)
    return post("login", {"email": email, "password": "wrong" if how == "wrong" else PASSWORD})


def test_every_refusal_looks_the_same(alice: User) -> None:
    answers = [refused(how, alice) for how in REFUSED]
    assert {answer.status for answer in answers} == {401}
    bodies = [{**answer.body, "request_id": ""} for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["code"] == "bad_credentials"
    assert not SessionFamily.objects.exists()


@pytest.mark.parametrize("how", REFUSED)
def test_every_refusal_costs_one_hash(space: Space, settings: Any, how: str) -> None:
    settings.PASSWORD_HASHERS = [
        "tests.sessions_app.hashers.CountingHasher",
        "tests.sessions_app.hashers.OlderHasher",
    ]
    alice = space.make_user()
    if how == "no tenant":
        refused(how, alice)
        hashers.hashed.clear()
        post("login", {"email": "root@example.org", "password": PASSWORD})
    else:
        hashers.hashed.clear()
        refused(how, alice)
    assert len(hashers.hashed) == 1


def test_an_older_hash_is_replaced_and_ends_no_sign_in(space: Space, settings: Any) -> None:
    older, newer = (
        f"tests.sessions_app.hashers.{name}" for name in ("OlderHasher", "CountingHasher")
    )
    settings.PASSWORD_HASHERS = [older]
    alice = space.make_user()
    pair = login(alice)
    settings.PASSWORD_HASHERS = [newer, older]
    login(alice)
    assert User.objects.get(pk=alice.pk).password.startswith("counting$")
    assert is_alive(pair)
    assert is_alive(login(alice))


def test_failures_are_recorded_without_what_was_typed(alice: User) -> None:
    post("login", {"email": alice.email, "password": "hunter2-secret"})
    post("login", {"email": "nobody-secret@example.org", "password": "x"})
    events = SecurityEvent.objects.filter(kind="login_failed").order_by("id")
    assert [event.user_id for event in events] == [alice.pk, None]
    assert "secret" not in "".join(str(vars(event)) for event in events)


@pytest.mark.parametrize(
    "change",
    [{"email": None}, {"email": 5}, {"email": "e" * 255}, {"password": None},
     {"password": "x" * 1001}, {"session_type": "tv"}, {"device": "mine"}, {"sid": "x"},
     {"device": {"id": "x"}}, {"device": {"label": "a\u202eb"}},
     {"device": {"fingerprint": "f" * 129}}],
    ids=str,
)  # fmt: skip
def test_a_malformed_login_is_a_bad_request(alice: User, change: dict[str, Any]) -> None:
    body = {"email": alice.email, "password": PASSWORD} | change
    assert post("login", body).status == 400


def test_a_form_is_no_login(alice: User) -> None:
    answer = Client().post("/auth/login", {"email": alice.email, "password": PASSWORD})
    assert answer.status_code == 415
    assert answer.headers["Cache-Control"] == "no-store"


def test_me_shows_a_person(alice: User, space: Space) -> None:
    pair = login(alice)
    assert get("me", pair["access"]).body == {
        "kind": "user",
        "id": str(alice.pk),
        "role": "user",
        "tenant": space.tenant.slug,
        "floor": ["user=u_alice"],
        "sid": pair["session"]["family_id"],
    }


def test_me_shows_a_key(space: Space) -> None:
    key = space.make_key("agent", "org=acme")
    body = Client().get("/auth/me", headers={"API-KEY": key}).json()
    assert (body["kind"], body["role"], body["floor"]) == ("key", "agent", ["org=acme"])
    assert body["project"] == {"id": str(space.project.pk), "slug": "app"}


@pytest.mark.parametrize("path", ["me", "sessions", "security-events"])
def test_without_credentials_it_is_401(db: None, path: str) -> None:
    answer = Client().get(f"/auth/{path}")
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "no-store"


def test_keys_have_no_sign_ins(space: Space) -> None:
    for path in ("sessions", "security-events"):
        assert Client().get(f"/auth/{path}", headers={"API-KEY": space.key}).status_code == 403
    for path in ("logout", "logout-all", "password", f"sessions/{space.tenant.pk}/revoke"):
        assert post(path, {}, API_KEY=space.key).status == 403
        assert post(path, {}, **bearer(space.key)).status == 403


class TestWeb:
    """The refresh token in a cookie."""

    @pytest.fixture
    def browser(self, alice: User) -> Client:
        client = Client(raise_request_exception=False)
        answer = post("login", self.credentials(alice), client=client)
        assert answer.status == 200
        assert "refresh" not in answer.body
        return client

    @staticmethod
    def credentials(alice: User) -> dict[str, Any]:
        return {"email": alice.email, "password": PASSWORD, "session_type": "web"}

    def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(self, browser: Client) -> None:
        cookie = browser.cookies["ms_refresh"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        assert "14 Dec" in cookie["expires"] or cookie["expires"]

    def test_over_tls_it_is_bound_to_the_host(self, alice: User) -> None:
        client = Client()
        client.post(
            "/auth/login", self.credentials(alice), content_type="application/json", secure=True
        )
        cookie = client.cookies["__Host-ms_refresh"]
        assert cookie["secure"]
        assert cookie["path"] == "/"

    def test_it_refreshes_with_header_and_origin(self, browser: Client) -> None:
        old = browser.cookies["ms_refresh"].value
        answer = post("refresh", client=browser, **ORIGIN)
        assert answer.status == 200
        assert "refresh" not in answer.body
        assert browser.cookies["ms_refresh"].value != old
        assert is_alive(answer.body)

    @pytest.mark.parametrize(
        "headers",
        [{}, {"Origin": "http://testserver"}, {"X-Requested-With": "fetch"},
         ORIGIN | {"Origin": "http://evil.example"}, ORIGIN | {"Origin": "null"},
         ORIGIN | {"Origin": "https://testserver"}, ORIGIN | {"Origin": "http://testserver.evil"}],
        ids=str,
    )  # fmt: skip
    @pytest.mark.parametrize("path", ["refresh", "logout"])
    def test_what_another_site_could_send_is_refused(
        self, browser: Client, path: str, headers: dict[str, str]
    ) -> None:
        answer = post(path, client=browser, **headers)
        assert (answer.status, answer["code"]) == (403, "cross_site")
        assert post("refresh", client=browser, **ORIGIN).status == 200

    def test_another_site_cannot_sign_somebody_in(self, alice: User) -> None:
        answer = post("login", self.credentials(alice), Origin="http://evil.example")
        assert answer.status == 403

    def test_a_trusted_origin_is_one_of_ours(self, browser: Client, settings: Any) -> None:
        settings.CSRF_TRUSTED_ORIGINS = ["https://app.example.org"]
        headers = ORIGIN | {"Origin": "https://app.example.org"}
        assert post("refresh", client=browser, **headers).status == 200

    def test_cookie_and_body_at_once_are_refused(self, browser: Client) -> None:
        answer = post("refresh", {"refresh": "x"}, client=browser, **ORIGIN)
        assert (answer.status, answer["code"]) == (400, "two_credentials")

    def test_logout_ends_it_and_takes_the_cookie_back(self, browser: Client) -> None:
        assert post("logout", client=browser, **ORIGIN).status == 204
        assert browser.cookies["ms_refresh"].value == ""
        assert SessionFamily.objects.get().revoke_reason == "logout"

    def test_a_dead_cookie_is_taken_back(self, browser: Client) -> None:
        SessionFamily.objects.update(revoked_at="2026-01-01T00:00:00Z", revoke_reason="staff")
        assert post("refresh", client=browser, **ORIGIN).status == 401
        assert browser.cookies["ms_refresh"].value == ""

    def test_nothing_of_the_cookie_is_stored(self, browser: Client) -> None:
        token = browser.cookies["ms_refresh"].value
        assert token not in str(Session.objects.values())
        assert family_of(post("refresh", client=browser, **ORIGIN).body).session_type == "web"


def test_no_secret_is_logged(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        pair = login(alice)
        newest = refresh(pair["refresh"], Idempotency_Key="attempt-of-mine").body
        refresh(pair["refresh"])
        post("login", {"email": alice.email, "password": "hunter2-secret"})
        get("me", newest["access"] + "x")
    secrets = [PASSWORD, "hunter2-secret", "attempt-of-mine"]
    secrets += [each[name] for each in (pair, newest) for name in ("access", "refresh")]
    assert not [secret for secret in secrets if secret in caplog.text]
