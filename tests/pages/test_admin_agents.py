"""Staff see coding agents' runs with their capture state and the ids they had."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import AgentSession
from tests.factories import PASSWORD, Api, Space

LIST = "/admin/conversations/agentsession/"


@pytest.fixture
def staff(space: Space) -> Client:
    user = space.make_user("staff", is_staff=True)
    client = Client()
    client.post("/admin/login/", {"username": user.email, "password": PASSWORD})
    return client


def run(api: Api, name: str, *memory_ids: str) -> None:
    body = {"content_session_id": name, "prompt": "p", "scope": ["user=u_bob"]}
    api.post("/agent-sessions", body)
    for memory_id in memory_ids:
        path = f"/agent-sessions/{name}/memory-session"
        assert api.post(path, {"memory_session_id": memory_id}).status == 200


def test_the_list_shows_the_capture_state(staff: Client, api: Api):
    run(api, "run-a", "m-1")
    run(api, "run-b")
    page = staff.get(LIST).content.decode()

    assert page.count("NOT_CAPTURED") >= 2  # the row and the filter
    assert "run-a" in page
    assert "run-b" in page
    assert "run-b" not in staff.get(f"{LIST}?captured=1").content.decode()


def test_a_run_shows_the_history_of_its_ids(staff: Client, api: Api):
    run(api, "run-a", "m-first", "m-second")
    page = staff.get(f"{LIST}{AgentSession.unscoped.get().pk}/change/").content.decode()

    assert page.index("m-first") < page.rindex("m-second")
    assert "superseded at" in page.lower()


def test_runs_of_other_tenants_are_not_shown(staff: Client, other_space: Space):
    run(other_space.api(), "run-x", "m-x")
    row = AgentSession.unscoped.get()

    assert "run-x" not in staff.get(LIST).content.decode()
    assert staff.get(f"{LIST}{row.pk}/change/").status_code == 404


def test_the_lists_queries_do_not_grow_with_its_rows(staff: Client, api: Api):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            staff.get(LIST)
        return len(captured)

    run(api, "run-0", "m-0")
    few = queries()
    for number in range(1, 6):
        run(api, f"run-{number}", f"m-{number}")

    assert queries() == few
