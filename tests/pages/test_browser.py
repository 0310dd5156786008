"""What only a browser can tell: the policy blocks nothing, nothing overflows, keys suffice."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from accounts import services
from accounts.models import User
from tests.factories import PASSWORD, Space, make_space
from tests.pages.conftest import HOSTILE, tell

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
QUIET = [
    *["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    *["--disable-background-networking", "--disable-component-update", "--disable-sync"],
]
OWN_PAGES = ["/conversations/", "/memories/", "/devices/", "/security/"]
ADMIN_PAGES = [
    "/admin/",
    "/admin/conversations/conversation/",
    "/admin/memories/memory/",
    "/admin/memories/uncertainty/",
    "/admin/memories/trace/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without it the tests are skipped, but not where CI promised it."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs chromium for the browser tests")
        pytest.skip("no chromium on this machine")
    # Playwright runs a loop in this thread; the ORM is used beside it, never inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def house(chromium: Browser, transactional_db: None) -> Space:
    """A tenant in which Alice has told something."""
    space = make_space()
    space.make_user("u_alice")
    tell(space.api(), "A parcel that went to Leeds")
    return space


@pytest.fixture
def visit(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Opens a browser of its own: `visit(size, **options)`; complaints gather in `page.noise`."""
    contexts = []

    def opened(size: dict[str, int], **options: Any) -> Page:
        context = chromium.new_context(viewport=size, base_url=live_server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.noise = []  # type: ignore[attr-defined]
        page.on("console", lambda message: _note(page, message))
        page.on("pageerror", lambda error: page.noise.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()


def _note(page: Any, message: Any) -> None:
    if message.type in {"error", "warning"}:
        page.noise.append(message.text)


def sign_in(page: Page, user: User, url: str = "/login/") -> None:
    """On the login page, as a person does."""
    page.goto(url)
    page.get_by_label("mail").fill(user.email or "")
    page.get_by_label("password", exact=False).fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("^(Sign|Log) in$")).click()


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def alice() -> User:
    return User.objects.get(external_id="u_alice")


def test_hostile_text_neither_runs_nor_widens_a_page(house: Space, visit: Callable[..., Any]):
    wide = "W" * 250
    title = f"<script>document.title='x'</script> {wide}"
    words = [{"role": "user", "content": f"{HOSTILE} My name is Al. {wide}", "sender": wide[:150]}]
    made = tell(house.api(), title, messages=words)
    page = visit(PHONE)
    sign_in(page, house.make_user("s_nora", is_staff=True), "/admin/login/")
    page.goto("/admin/conversations/conversation/")
    page.locator("#result_list th a").first.click()
    expect(page.locator(".turn")).to_have_count(1)
    page.wait_for_load_state()
    assert overflow(page) == 0
    page.context.clear_cookies()
    sign_in(page, alice())
    for path in ["/conversations/", f"/conversations/{made['session_id']}/", "/memories/"]:
        page.goto(path)
        assert overflow(page) == 0, path
        assert page.title() != "x"
    assert page.noise == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone_and_the_policy_blocks_nothing(
    house: Space, visit: Callable[..., Any], scheme: str
):
    page = visit(PHONE, color_scheme=scheme)
    page.goto("/")
    assert overflow(page) == 0
    sign_in(page, alice())
    page.get_by_role("link", name="A parcel that went to Leeds").click()
    page.wait_for_url(re.compile("/conversations/[0-9a-f-]{36}/"))
    for path in [page.url, *OWN_PAGES]:
        assert page.goto(path).status == 200
        assert overflow(page) == 0, path
    assert page.noise == []


def test_dark_mode_is_dark(house: Space, visit: Callable[..., Any]):
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = visit(DESK, color_scheme="light"), visit(DESK, color_scheme="dark")
    light.goto("/")
    dark.goto("/")
    assert light.evaluate(background) == "rgb(250, 249, 246)"
    assert dark.evaluate(background) == "rgb(21, 24, 26)"


def test_the_policy_blocks_nothing_in_the_admin(house: Space, visit: Callable[..., Any]):
    nora = house.make_user("s_nora", is_staff=True)
    page = visit(DESK)
    sign_in(page, nora, "/admin/login/")
    for path in ADMIN_PAGES:
        assert page.goto(path).status == 200
    page.goto("/admin/conversations/conversation/")
    page.get_by_role("link", name="A parcel that went to Leeds").click()
    expect(page.locator("mark").first).to_be_attached()
    assert page.noise == []


def test_a_memory_leads_to_its_words_and_back_without_javascript(
    house: Space, visit: Callable[..., Any]
):
    page = visit(DESK, java_script_enabled=False)
    sign_in(page, alice())
    page.get_by_role("link", name="A parcel that went to Leeds").click()
    page.locator("mark", has_text="Acme Corp").click()
    page.wait_for_url(re.compile("#turn-1-memory-"))
    page.locator(".memory", has_text="Acme Corp").get_by_role("link", name="Why?").click()
    page.get_by_role("link", name="turn 1").click()
    page.wait_for_url(re.compile("#turn-1$"))
    expect(page.locator("#turn-1")).to_be_visible()


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    house: Space, visit: Callable[..., Any]
):
    page = visit(DESK)
    sign_in(page, alice())
    page.goto("/conversations/")
    reached: list[str] = []
    while "A parcel that went to Leeds" not in reached and len(reached) < 30:
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        reached.append(focused.get_attribute("name") or focused.inner_text())
        assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid", reached
    assert reached[:9] == [
        *["Skip to the content", "MemSync", "Conversations", "Memories", "Devices", "Security"],
        *["Sign out", "q", "status"],
    ]
    assert reached[-2:] == ["Show", "A parcel that went to Leeds"]


def test_the_skip_link_leads_past_the_navigation(house: Space, visit: Callable[..., Any]):
    page = visit(DESK)
    sign_in(page, alice())
    page.goto("/conversations/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'content'")


def test_a_staff_member_without_a_tenant_signs_in_to_the_admin(
    house: Space, visit: Callable[..., Any]
):
    root = services.create_user(
        actor=None, tenant=None, email="r@example.org", password=PASSWORD, is_superuser=True
    )
    page = visit(DESK)
    sign_in(page, root, "/admin/login/")
    page.goto("/admin/memories/memory/")
    assert page.get_by_text("Acme Corp").count() == 1
    assert page.noise == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_memory_is_corrected_and_forgotten_on_a_phone_without_javascript(
    house: Space, visit: Callable[..., Any], scheme: str
):
    page = visit(PHONE, java_script_enabled=False, color_scheme=scheme)
    sign_in(page, alice())
    page.goto("/memories/")
    acme = page.locator(".entry", has_text="Acme Corp")
    acme.get_by_role("link", name="Correct").click()
    page.get_by_label("What is right").fill("W" * 300)
    page.get_by_role("button", name="Correct it").click()
    expect(page.get_by_role("status")).to_have_text("Corrected: Employer.")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".timeline > li")).to_have_count(1)
    page.go_back()
    page.get_by_role("link", name="Forget").click()
    page.get_by_label("Erase the words").check()
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_role("status")).to_contain_text("Erased")
    assert page.noise == []


def test_the_pages_that_change_a_memory_fit_a_phone(house: Space, visit: Callable[..., Any]):
    page = visit(PHONE)
    sign_in(page, alice())
    page.goto("/memories/")
    links = page.locator(".entry", has_text="Acme Corp").locator(".acts a")
    paths = [link.get_attribute("href") for link in links.all()]
    assert len(paths) == 3
    for path in paths:
        assert page.goto(path).status == 200
        assert overflow(page) == 0, path
    assert page.noise == []
