"""The pages and the admin as the web process runs them: as a role that owns nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth.models import update_last_login
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.test import Client

from accounts.models import ApiKey, User
from accounts.services import create_user
from memsync.embedded import BASE_DIR
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


def test_staff_of_a_tenant_make_people_staff_and_read_what_they_did(space: Space) -> None:
    boss = space.make_user("u_boss", is_staff=True)
    email = "new@example.org"

    def use() -> list[int]:
        client = Client()
        client.post("/admin/login/", {"username": boss.email, "password": PASSWORD})
        fields = {"tenant": str(space.tenant.pk), "email": email, "password": NEW, "role": "user"}
        made = client.post("/admin/accounts/user/add/", {**fields, "is_staff": "on"})
        user = User.objects.raw("SELECT * FROM memsync_find_user_by_email(%s)", [email])[0]
        history = client.get(f"/admin/accounts/user/{user.pk}/history/")
        return [made.status_code, history.status_code, client.get("/admin/").status_code]

    assert as_web(use) == [302, 200, 200]
    user = User.objects.get(email=email)
    assert user.groups.get().name == "Staff"
    assert user.has_perm("conversations.view_conversation")


#: Signs in to the admin of a web process of its own, and says what its lists show.
READ_ADMIN = """
import json, sys
import django, pytest  # pytest: for the settings, so that passwords hash alike
django.setup()
from django.conf import settings
from django.test import Client
assert settings.PROCESS == "web"
email, password, *paths = sys.argv[1:]
client = Client(headers={"host": "localhost"})
client.post("/admin/login/", {"username": email, "password": password})
pages = [client.get(path) for path in paths]
print(json.dumps([[page.status_code, page.content.decode()] for page in pages]))
"""


def admin_of_the_web_process(email: str, *paths: str) -> list[tuple[int, str]]:
    """(status, page) of each path, as a process reads them that connects as the runtime role."""
    database = connection.settings_dict
    url = f"postgresql:///{database['NAME']}?host={database['HOST']}&user={database['USER']}"
    environ = os.environ | {
        "DATABASE_URL": f"{url}&port={database['PORT'] or 5432}",
        "DJANGO_SETTINGS_MODULE": "memsync.settings",
        "MEMSYNC_PROCESS": "web",
    }
    command = [sys.executable, "-c", READ_ADMIN, email, PASSWORD, *paths]
    done = subprocess.run(
        command, env=environ, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True, check=True
    )
    return [(status, page) for status, page in json.loads(done.stdout)]


@pytest.fixture
def titles(space: Space, other_space: Space) -> list[str]:
    """Of a conversation of each tenant."""
    titles = ["first of all", "second of all"]
    for one, title in zip((space, other_space), titles, strict=True):
        one.api().session(title=title)
    return titles


def test_staff_without_a_tenant_read_the_rows_of_all(titles: list[str]) -> None:
    email = "root@example.org"
    create_user(actor=None, tenant=None, email=email, password=PASSWORD, is_superuser=True)
    models = ["accounts/user", "accounts/tenant", "memories/memory", "accounts/auditevent"]
    paths = ["conversations/conversation", *models]
    (_, page), *others = admin_of_the_web_process(email, *(f"/admin/{path}/" for path in paths))

    assert [title in page for title in titles] == [True, True]
    assert [status for status, _ in others] == [200] * len(models)


def test_staff_of_a_tenant_read_its_rows_alone(space: Space, titles: list[str]) -> None:
    boss = space.make_user("u_boss", is_staff=True)
    [(_, page)] = admin_of_the_web_process(boss.email, "/admin/conversations/conversation/")

    assert [title in page for title in titles] == [True, False]
