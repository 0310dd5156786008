"""`manage.py check_orphans` says 0, and says so when it is not."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from tests.factories import Api


def check(*options: str) -> dict:
    out = StringIO()
    call_command("check_orphans", "--json", *options, stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def observed(api: Api) -> Api:
    """Two runs with an observation each."""
    for name in ("a", "b"):
        scope = ["user=u_bob"]
        api.post("/agent-sessions", {"content_session_id": name, "prompt": "p", "scope": scope})
        for memory_id in (f"m-{name}", f"m-{name}-2"):
            path = f"/agent-sessions/{name}/memory-session"
            api.post(path, {"memory_session_id": memory_id})
        body = {"memory_session_id": f"m-{name}", "type": "change", "title": "t"}
        assert api.post("/observations", body).status == 201
    return api


def test_there_are_no_orphans_after_a_recapture_and_a_delete(observed: Api):
    assert check() == {"orphans": 0}
    assert observed.call("DELETE", f"/api/v1/{observed.ctx}/agent-sessions/a").status == 200
    assert check("--details") == {"orphans": 0, "references": {}}


@pytest.mark.parametrize(
    ("statement", "reference"),
    [
        (
            "DELETE FROM conversations_agentsession WHERE content_session_id = 'a'",
            "memories.Observation.agent_session",
        ),
        (
            "UPDATE memories_observation SET memory_session_id = 'm-b-2'",
            "memories.Observation.memory_session_id",
        ),
        (
            "UPDATE conversations_agentsession SET memory_session_id = 'nowhere'",
            "conversations.AgentSession.memory_session_id",
        ),
        ("DELETE FROM conversations_conversation", "conversations.Turn.conversation"),
    ],
)
def test_what_slipped_past_the_foreign_keys_is_counted(observed: Api, statement, reference):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # as a careless restore does
        cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")
    found = check("--details")

    assert found["orphans"] >= 1
    assert reference in found["references"]
