"""The content security policy allows nothing inline, so no page may hold any."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from memsync.common.admin import TenantBoundAdmin
from tests.pages.conftest import Told, recalled

PAGES = ["/", "/login/", "/conversations/", "/memories/", "/devices/", "/security/", "/nowhere"]


class Inline(HTMLParser):
    """Collects what a policy without 'unsafe-inline' would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Handlers, style attributes, style elements, addresses that are scripts."""
        for name, value in attrs:
            is_code = (value or "").strip().lower().startswith(("javascript:", "data:text"))
            if name == "style" or name.startswith("on") or is_code:
                self.found.append(f"<{tag} {name}={value!r}>")
        self.inside = tag if tag in {"script", "style"} else ""

    def handle_data(self, data: str) -> None:
        """The text of a script or style element."""
        if self.inside and data.strip():
            self.found.append(f"<{self.inside}>{data[:80]}")

    def handle_endtag(self, tag: str) -> None:
        """Out of it."""
        self.inside = ""


def inline_in(page: str) -> list[str]:
    """What is inline in a page."""
    parser = Inline()
    parser.feed(page)
    return parser.found


@pytest.mark.parametrize(
    "page",
    [
        "<p style='x'>",
        "<a onclick=x>",
        "<script>x</script>",
        "<style>x</style>",
        "<a href=' JavaScript:x'>",
    ],
)
def test_the_check_finds_each_kind(page: str):
    assert inline_in(page)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_anything_inline(told: Told, path: str):
    for client in (told.browser, Client()):
        response = client.get(path, follow=True)
        assert inline_in(response.content.decode()) == []
        assert response.headers["Content-Security-Policy"] == settings.SECURE_CSP


def test_the_transcript_holds_nothing_inline(told: Told):
    assert inline_in(told.page(told.url)) == []


def admin_pages(told: Told) -> Iterator[str]:
    """The list, the form for a new row and a row, of each model in the admin."""
    yield reverse("admin:index")
    yield reverse("admin:accounts_user_password", args=[told.alice.pk])
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_add")
        if isinstance(model_admin, TenantBoundAdmin) and (row := first_of(model)):
            yield reverse(f"{name}_change", args=[row.pk])


def first_of(model: type[Model]) -> Model | None:
    """Some row of a model; the desk, a proxy, lists few of them and has a test of its own."""
    return None if model._meta.proxy else model._base_manager.order_by("pk").last()


def test_no_admin_page_holds_anything_inline(told: Told, root: Client):
    recalled(told)
    looked = 0
    for path in admin_pages(told):
        response = root.get(path)
        assert response.status_code in {200, 403}, path
        assert inline_in(response.content.decode()) == [], path
        looked += response.status_code == 200
    assert looked > 25
