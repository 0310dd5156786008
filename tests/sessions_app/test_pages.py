"""The pages around signing in, as a browser without JavaScript uses them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import User
from sessions_app import services
from sessions_app.models import Device, SecurityEvent, SessionFamily
from sessions_app.pages import FAMILY_KEY
from tests.factories import PASSWORD, Space
from tests.sessions_app.auth import is_alive, login

pytestmark = pytest.mark.django_db
NEW = "another fine long pass phrase 8"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def browser(alice: User) -> Client:
    return signed_in(alice)


def signed_in(user: User, path: str = "/login/") -> Client:
    client = Client(headers={"User-Agent": FIREFOX})
    answer = client.post(path, {"username": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def family_behind(client: Client) -> SessionFamily:
    return SessionFamily.objects.get(pk=client.session[FAMILY_KEY])


def text(answer: Any) -> str:
    """The words of a page."""
    content: str = answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_signing_in_starts_a_web_family_and_binds_the_session_to_it(
    space: Space, path: str
) -> None:
    boss = space.make_user("u_boss", is_staff=True)
    client = signed_in(boss, path)
    family = family_behind(client)
    assert (family.user_id, family.session_type) == (boss.pk, "web")
    assert not family.sessions.exists()
    assert str(family.device) == "Firefox on Linux"
    assert SecurityEvent.objects.get(kind="login_ok").family_id == family.pk
    assert client.get("/admin/").status_code == 200


def test_the_form_says_that_it_was_wrong_and_keeps_the_e_mail(alice: User) -> None:
    answer = Client().post("/login/", {"username": alice.email, "password": "wrong"})
    assert answer.status_code == 200
    assert "E-mail or password is wrong." in text(answer)
    assert f'value="{alice.email}"' in answer.content.decode()
    assert "wrong" not in re.findall(r'value="([^"]*)"', answer.content.decode())


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [("/devices/", "/devices/"), ("https://evil.example/", "/conversations/"),
     ("//evil.example", "/conversations/"), ("", "/conversations/"), ("/login/", "/login/")],
)  # fmt: skip
def test_after_signing_in_one_stays_on_this_server(alice: User, wanted: str, goes_to: str) -> None:
    body = {"username": alice.email, "password": PASSWORD, "next": wanted}
    assert Client().post("/login/", body).headers["Location"] == goes_to


def test_signing_in_needs_the_csrf_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    body = {"username": alice.email, "password": PASSWORD}
    assert client.post("/login/", body).status_code == 403


def test_the_session_key_changes_at_sign_in(alice: User) -> None:
    client = Client()
    client.cookies["sessionid"] = "a" * 32
    client.post("/login/", {"username": alice.email, "password": PASSWORD})
    assert client.session.session_key != "a" * 32


def test_the_same_browser_is_the_same_device_and_its_old_sign_in_ends(alice: User) -> None:
    client = signed_in(alice)
    first = family_behind(client)
    client.post("/login/", {"username": alice.email, "password": PASSWORD})
    second = family_behind(client)
    assert first.device_id == second.device_id
    assert SessionFamily.objects.get(pk=first.pk).revoke_reason == "logout"
    assert client.cookies["ms_device"]["httponly"]


def test_another_person_in_the_same_browser_has_another_device(
    browser: Client, space: Space
) -> None:
    before = family_behind(browser)
    bob = space.make_user("u_bob")
    browser.post("/login/", {"username": bob.email, "password": PASSWORD})
    assert family_behind(browser).user_id == bob.pk
    assert family_behind(browser).device_id != before.device_id


def test_a_session_without_a_family_is_signed_out(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/devices/").headers["Location"].startswith("/login/")


ENDINGS: list[Callable[[User], object]] = [
    lambda user: services.sign_out_all(tenant_id=user.tenant_id, user_id=user.pk),
    lambda user: services.revoke_families(actor=user, families=SessionFamily.objects.all()),
    lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    lambda user: Device.objects.update(revoked_at="2026-01-01T00:00:00Z"),
    lambda user: accounts.set_password(
        actor=None, user=User.objects.get(pk=user.pk), password=PASSWORD
    ),
]


@pytest.mark.parametrize("end", ENDINGS)
def test_the_page_session_ends_with_its_family(
    browser: Client, alice: User, end: Callable[[User], object]
) -> None:
    assert browser.get("/devices/").status_code == 200
    end(alice)
    assert browser.get("/devices/").headers["Location"] == "/login/?next=/devices/"
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert browser.get("/devices/").headers["Location"] == "/login/?next=/devices/"


def test_signing_out_asks_by_get_and_acts_by_post(browser: Client) -> None:
    family = family_behind(browser)
    assert browser.get("/logout/").status_code == 200
    assert family_behind(browser) == family
    assert browser.post("/logout/").headers["Location"] == "/login/"
    assert SessionFamily.objects.get().revoke_reason == "logout"
    assert browser.get("/devices/").status_code == 302
    assert browser.post("/logout/").status_code == 302


def test_the_admin_signs_out_the_same_way(space: Space) -> None:
    client = signed_in(space.make_user("u_boss", is_staff=True), "/admin/login/")
    client.post("/admin/logout/")
    assert SessionFamily.objects.get().revoke_reason == "logout"
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/password_change/").status_code == 302


def test_staff_only_gets_into_the_admin(alice: User) -> None:
    answer = Client().post("/admin/login/", {"username": alice.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert not SessionFamily.objects.exists()


def test_devices_shows_each_with_place_and_time_and_which_is_this(
    browser: Client, alice: User, space: Space
) -> None:
    login(alice, session_type="mobile", device={"label": "Phone", "location": "Lisbon"})
    login(space.make_user("u_bob"), device={"label": "Bob’s"})
    page = text(browser.get("/devices/"))
    assert "Phone" in page
    assert "Lisbon · 127.0.0.1" in page
    assert page.count("This one") == 1
    assert "Firefox on Linux This one" in page
    assert "Bob" not in page


def test_one_device_can_be_signed_out(browser: Client, alice: User) -> None:
    pair = login(alice)
    answer = browser.post(f"/devices/{pair['session']['family_id']}/revoke/", follow=True)
    assert "That device is signed out." in text(answer)
    assert not is_alive(pair)
    assert browser.get("/devices/").status_code == 200


def test_all_others_can_be_signed_out(browser: Client, alice: User) -> None:
    pairs = [login(alice) for _ in range(3)]
    answer = browser.post("/devices/revoke-others/", follow=True)
    assert "Signed out elsewhere: 3." in text(answer)
    assert not any(is_alive(pair) for pair in pairs)
    assert "Sign out everywhere else" not in text(answer)


def test_another_persons_device_is_not_there(browser: Client, space: Space) -> None:
    theirs = login(space.make_user("u_bob"))
    path = f"/devices/{theirs['session']['family_id']}/revoke/"
    assert browser.post(path).status_code == 404
    assert browser.get(path).status_code == 405
    assert is_alive(theirs)


def test_security_tells_in_words_and_leaves_out_routine(browser: Client, alice: User) -> None:
    pair = login(alice)
    from tests.sessions_app.auth import refresh

    refresh(pair["refresh"])
    assert "Stayed signed in" not in text(browser.get("/security/"))
    refresh(pair["refresh"])
    page = text(browser.get("/security/"))
    assert "A used token came back: signed out, it may be stolen Important" in page
    assert "Signed in" in page
    assert "From 127.0.0.1" in page
    assert "Stayed signed in" in text(browser.get("/security/?all=1"))


def test_staff_acting_on_somebody_is_shown(browser: Client, alice: User, space: Space) -> None:
    login(alice)
    boss = space.make_user("u_boss", is_staff=True)
    others = SessionFamily.objects.filter(session_type="api")
    services.revoke_families(actor=boss, families=others)
    page = text(browser.get("/security/"))
    assert "A sign-in was ended" in page
    assert "By staff" in page


def test_long_lists_have_older_pages(browser: Client, alice: User) -> None:
    for number in range(60):
        services.sign_in(user=User.objects.get(pk=alice.pk), device={"label": f"Number {number}"})
    for path in ("/devices/", "/security/"):
        page = browser.get(path).content.decode()
        [older] = re.findall(r'href="(\?before=[^"]+)"', page)
        assert browser.get(path + older).status_code == 200
        assert browser.get(path + "?before=odd").status_code == 400


@pytest.mark.parametrize("path", ["/devices/", "/security/"])
def test_pages_take_the_same_queries_for_any_number_of_rows(
    browser: Client, alice: User, path: str
) -> None:
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            browser.get(path)
        counts.append(len(queries))
        for _ in range(5):
            login(alice)
    assert counts[0] == counts[1]


def test_changing_the_password_keeps_this_browser_and_ends_the_rest(
    browser: Client, alice: User
) -> None:
    pair, before = login(alice), family_behind(browser)
    body = {"current_password": PASSWORD, "new_password": NEW, "again": NEW}
    answer = browser.post("/password/", body, follow=True)
    assert "Your password is changed." in text(answer)
    assert not is_alive(pair)
    assert family_behind(browser) != before
    assert browser.get("/devices/").status_code == 200
    assert SessionFamily.objects.get(pk=before.pk).revoke_reason == "password_changed"


@pytest.mark.parametrize(
    ("change", "says"),
    [({"current_password": "wrong"}, "It is wrong."),
     ({"again": "x"}, "The two new passwords differ."),
     ({"new_password": "short", "again": "short"}, "at least 10 characters"),
     ({"new_password": ""}, "This field is required.")],
)  # fmt: skip
def test_a_refused_password_says_why(
    browser: Client, alice: User, change: dict[str, str], says: str
) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW, "again": NEW} | change
    answer = browser.post("/password/", body)
    assert says in text(answer)
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)
    assert NEW not in answer.content.decode()


def test_guessing_the_current_password_is_stopped(browser: Client) -> None:
    body = {"current_password": "guess", "new_password": NEW, "again": NEW}
    statuses = [browser.post("/password/", body).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]


@pytest.mark.parametrize("path", ["/login/", "/logout/", "/password/", "/devices/", "/security/"])
def test_pages_need_no_script_and_have_a_strict_policy(browser: Client, path: str) -> None:
    answer = browser.get(path)
    html = answer.content.decode()
    assert "<script" not in html
    assert " style=" not in html
    assert "no-store" in answer.headers["Cache-Control"]
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert html.count("<h1") == 1


def test_use_is_noted_at_most_once_a_minute(browser: Client) -> None:
    def note() -> Any:
        browser.get("/devices/")
        return SessionFamily.objects.get().last_used_at

    first = note()
    assert note() == first
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sessions_app_sessionfamily SET last_used_at = now() - interval '1 hour'"
        )
    assert note() > first


def test_staff_without_a_tenant_uses_the_same_pages() -> None:
    root = accounts.create_user(
        actor=None,
        tenant=None,
        email="root@example.org",
        password=PASSWORD,
        is_staff=True,
        is_superuser=True,
    )
    client = signed_in(root)
    assert client.get("/devices/").status_code == 200
    assert client.get("/security/").status_code == 200
    assert client.get("/admin/").status_code == 200
    body = {"current_password": PASSWORD, "new_password": NEW, "again": NEW}
    assert client.post("/password/", body).headers["Location"] == "/devices/"
    assert client.get("/devices/").status_code == 200
    client.post("/logout/")
    assert client.get("/admin/").status_code == 302
    answer = client.post("/login/", {"username": root.email, "password": NEW})
    assert answer.headers["Location"] == "/admin/"
