"""The pages and the admin as the web process runs them: as a role that owns nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import update_last_login
from django.contrib.auth.signals import user_logged_in
from django.test import Client

from accounts.models import ApiKey, User
from sessions_app.models import SessionFamily
from tests.factories import PASSWORD, Space
from tests.sessions_app.auth import crowd, family_of, is_alive, login

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "another fine long pass phrase 8"


def as_web(work: Any) -> Any:
    """Do it in a thread whose connection has the runtime role."""
    with crowd(1) as together:
        [result] = together(lambda _: work())
    return result


def test_a_person_uses_every_page(alice: User) -> None:
    def use() -> list[int]:
        client = Client()
        credentials = {"username": alice.email, "password": PASSWORD}
        statuses = [client.post("/login/", {**credentials, "password": "wrong"}).status_code]
        statuses.append(client.post("/login/", credentials).status_code)
        other = login(alice)["session"]["family_id"]
        statuses += [client.get(f"/{name}/").status_code for name in ("devices", "security")]
        statuses.append(client.post(f"/devices/{other}/revoke/").status_code)
        statuses.append(client.post("/devices/revoke-others/").status_code)
        change = {"current_password": PASSWORD, "new_password": NEW, "again": NEW}
        statuses.append(client.post("/password/", change).status_code)
        statuses.append(client.get("/devices/").status_code)
        statuses.append(client.post("/logout/").status_code)
        statuses.append(client.get("/devices/").status_code)
        return statuses

    assert as_web(use) == [200, 302, 200, 200, 302, 302, 302, 200, 302, 302]
    assert not SessionFamily.objects.filter(revoked_at=None).exists()


def test_staff_uses_the_admin(space: Space, alice: User) -> None:
    boss = space.make_user("u_boss", is_staff=True)

    def use() -> tuple[list[int], Any]:
        client = Client()
        credentials = {"username": boss.email, "password": PASSWORD}
        statuses = [client.post("/admin/login/", credentials).status_code]
        pair = login(alice)
        for model in ("sessionfamily", "device", "securityevent"):
            statuses.append(client.get(f"/admin/sessions_app/{model}/").status_code)
        family = pair["session"]["family_id"]
        action = {"action": "revoke", "_selected_action": family, "confirmed": "yes"}
        statuses.append(client.post("/admin/sessions_app/sessionfamily/", action).status_code)
        key = {"project": str(space.project.pk), "name": "Bot", "role": "agent", "floor": "a=b"}
        statuses.append(client.post("/admin/accounts/apikey/add/", key).status_code)
        statuses.append(client.get("/admin/accounts/apikey/").status_code)
        statuses.append(client.post("/admin/logout/").status_code)
        return statuses, (pair, is_alive(pair))

    statuses, (pair, lives) = as_web(use)
    assert statuses == [302, 200, 200, 200, 302, 200, 200, 302]
    assert not lives
    assert family_of(pair).revoke_reason == "staff"
    assert ApiKey.objects.filter(name="Bot").exists()


def test_signing_in_notes_the_time_without_djangos_signal(alice: User) -> None:
    connected = [reference() for _, reference, *_ in user_logged_in.receivers]
    assert update_last_login not in connected
    login(alice)
    assert User.objects.get(pk=alice.pk).last_login
