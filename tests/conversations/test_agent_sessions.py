"""Agent sessions through the API: get-or-create, prompts, complete, lists."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import AgentSession, Conversation, MemorySessionId, Turn
from tests.agents import CS, RUN, create, register
from tests.factories import Api, Space

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


# Create


def test_a_new_run_is_not_captured_and_has_a_conversation(api: Api):
    made = create(api, prompt="Fix the login bug")

    assert made.status == 201
    assert made["memory_session_id"] is None
    assert made["state"] == "NOT_CAPTURED"
    assert (made["last_prompt_number"], made["force_init"], made["status"]) == (1, False, "active")
    session = api.get(f"/sessions/{made['session_id']}")
    assert (session["kind"], session["scope"]) == ("agent", ["user=u_bob"])
    assert session["user"] == made["user"] == "u_bob"


def test_a_prompt_is_a_numbered_turn_of_the_runs_conversation(api: Api):
    made = create(api, prompt="Fix the login bug")
    create(api, prompt="Now write a test")

    turns = api.get(f"/sessions/{made['session_id']}/turns")["data"]
    assert [(t["role"], t["content"], t["metadata"]) for t in turns] == [
        ("user", "Fix the login bug", {"prompt_number": 1}),
        ("user", "Now write a test", {"prompt_number": 2}),
    ]


def test_create_is_get_or_create_and_keeps_a_captured_id(api: Api):
    first = create(api)
    register(api, "sdk-gen-abc123")
    again = create(api)

    assert again.status == 200
    assert (again["id"], again["session_id"]) == (first["id"], first["session_id"])
    assert again["memory_session_id"] == "sdk-gen-abc123"
    assert AgentSession.unscoped.count() == Conversation.unscoped.count() == 1


def test_a_repeated_create_fills_only_what_is_empty(api: Api):
    create(api)
    filled = create(api, title="Login", metadata={"cwd": "/src"})
    kept = create(api, title="Other", metadata={"cwd": "/other"})

    assert (filled["title"], filled["metadata"]) == ("Login", {"cwd": "/src"})
    assert (kept["title"], kept["metadata"]) == ("Login", {"cwd": "/src"})


def test_the_same_content_id_on_another_platform_is_another_run(api: Api):
    claude, codex = create(api), create(api, platform="codex")

    assert codex.status == 201
    assert claude["id"] != codex["id"]
    assert api.get(f"{RUN}?platform=codex")["id"] == codex["id"]
    assert api.get(RUN)["id"] == claude["id"]
    assert api.get(f"{RUN}?platform=cursor").status == 404


def test_each_prompt_counts_one_and_a_call_without_none(api: Api):
    with time_machine.travel(NOW, tick=False):
        numbers = [
            create(api, **fields)["last_prompt_number"]
            for fields in ({"prompt": "a"}, {}, {"prompt": "b"}, {"prompt": "a"})
        ]

    assert numbers == [1, 1, 2, 3]


@pytest.mark.parametrize(("seconds", "number", "skipped"), [(9, 1, "duplicate"), (10, 2, None)])
def test_an_identical_prompt_within_ten_seconds_is_not_counted(api: Api, seconds, number, skipped):
    with time_machine.travel(NOW, tick=False) as clock:
        create(api, prompt="Fix it")
        clock.shift(timedelta(seconds=seconds))
        again = create(api, prompt="Fix it")

    assert again.status == 200
    assert (again["last_prompt_number"], again["skipped"]) == (number, skipped)
    assert Turn.unscoped.count() == number


def test_a_repeated_create_must_fit_the_runs_scope(api: Api):
    create(api)

    assert create(api, scope=["user=u_eve"]).status == 403
    assert create(api, scope=["user=u_eve"])["code"] == "scope_conflict"
    assert create(api, scope=["user=u_bob", "agent=coder"]).status == 200


def test_an_agent_may_repeat_its_own_create(space: Space):
    bob = space.api(space.make_key("agent", "user=u_bob"))
    first = create(bob, scope=["agent=coder"])
    again = create(bob, scope=["agent=coder"])

    assert (first.status, again.status) == (201, 200)
    assert again["scope"] == ["agent=coder", "user=u_bob"]


def test_a_content_id_taken_out_of_reach_is_not_found(space: Space, api: Api):
    create(api)
    eve = space.api(space.make_key("agent", "user=u_eve"))

    assert create(eve, scope=["user=u_eve"]).status == 404
    assert eve.get(RUN).status == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"content_session_id": ""},
        {"content_session_id": "a/b"},
        {"content_session_id": ".."},
        {"content_session_id": "a\nb"},
        {"content_session_id": "x" * 201},
        {"content_session_id": 7},
        {"platform": "Not A Platform"},
        {"prompt": 7},
        {"metadata": []},
        {"surprise": 1},
        {"scope": ["nonsense"]},
    ],
)
def test_a_malformed_create_is_refused_and_stores_nothing(api: Api, fields: dict):
    assert api.post("/agent-sessions", {"content_session_id": CS} | fields).status == 400
    assert not AgentSession.unscoped.exists()


def test_a_private_prompt_leaves_no_words_and_is_said_to_be_skipped(api: Api):
    made = create(api, prompt="<private>the key is hunter2</private>")
    part = create(api, CS + "b", prompt="Use <private>hunter2</private>this", title="<private>x")

    assert (made["skipped"], made["last_prompt_number"]) == ("private", 1)
    assert [turn.content for turn in Turn.unscoped.order_by("serial")] == ["", "Use this"]
    assert part["title"] == ""


def test_reading_creates_nothing(api: Api):
    for path in (RUN, f"{RUN}/resume", f"{RUN}/observations"):
        assert api.get(path).status == 404

    assert not AgentSession.unscoped.exists()


# Complete


def test_complete_is_idempotent(api: Api):
    create(api)
    first, again = api.post(f"{RUN}/complete"), api.post(f"{RUN}/complete", {})

    assert (first.status, first["status"]) == (200, "completed")
    assert again["completed_at"] == first["completed_at"]


def test_a_completed_run_takes_no_other_memory_id(api: Api):
    create(api)
    register(api, "m-1")
    api.post(f"{RUN}/complete")

    assert register(api, "m-2")["code"] == "agent_session_completed"
    assert register(api, "m-1").status == 200


def test_only_a_new_prompt_opens_a_completed_run_again(api: Api):
    with time_machine.travel(NOW, tick=False):
        create(api, prompt="one")
        api.post(f"{RUN}/complete")

        assert create(api)["status"] == "completed"
        assert create(api, prompt="one")["status"] == "completed"
        reopened = create(api, prompt="two")
    assert (reopened["status"], reopened["completed_at"]) == ("active", None)


@pytest.mark.parametrize("action", ["force-init", "complete"])
def test_actions_take_no_fields(api: Api, action: str):
    create(api)

    assert api.post(f"{RUN}/{action}", {"surprise": 1}).status == 400
    assert api.post(f"{RUN}/{action}?surprise=1").status == 400


# Lists, reach


def test_the_list_filters(api: Api):
    create(api)
    create(api, "second", platform="codex")
    register(api, "m-1")
    register(api, "m-2")
    api.post(f"{RUN}/complete")

    def listed(query: str) -> list[str]:
        return [row["content_session_id"] for row in api.get(f"/agent-sessions?{query}")["data"]]

    assert listed("") == ["second", CS]
    assert listed("order=asc") == [CS, "second"]
    assert listed("platform=codex") == ["second"]
    assert listed("state=CAPTURED") == listed("status=completed") == [CS]
    assert listed("state=NOT_CAPTURED") == ["second"]
    assert listed("memory_session_id=m-1") == listed("memory_session_id=m-2") == [CS]
    assert listed(f"content_session_id={CS}") == [CS]
    assert listed("scope=user%3Du_eve") == []


@pytest.mark.parametrize("query", ["state=MAYBE", "status=x", "surprise=1", "limit=0", "cursor=x"])
def test_the_list_refuses_what_it_does_not_know(api: Api, query: str):
    assert api.get(f"/agent-sessions?{query}").status == 400


def test_the_list_pages_and_its_queries_do_not_grow(api: Api):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert api.get("/agent-sessions").status == 200
        return len(captured)

    create(api, "run-0")
    register(api, "m-0", "run-0")
    few = queries()
    for number in range(1, 7):
        create(api, f"run-{number}")
        register(api, f"m-{number}", f"run-{number}")
    first = api.get("/agent-sessions?limit=4")
    second = api.get(f"/agent-sessions?limit=4&cursor={first['next_cursor']}")

    assert queries() == few
    assert [len(first["data"]), len(second["data"])] == [4, 3]
    assert (first["has_more"], second["has_more"]) == (True, False)


def test_a_person_reads_own_runs_and_writes_none(space: Space, api: Api):
    create(api)
    bob, eve = (space.api_of(space.make_user(name)) for name in ("u_bob", "u_eve"))

    assert bob.get(RUN).status == 200
    assert eve.get(RUN).status == 404
    assert create(bob, "new").status == 403
    assert register(bob, "m-1").status == 403
    assert bob.call("DELETE", f"/api/v1/app{RUN}").status == 403


def test_a_supervisor_reads_and_writes_nothing(space: Space, api: Api):
    create(api)
    supervisor = space.api(space.make_key("supervisor"))

    assert supervisor.get(RUN).status == 200
    assert create(supervisor, "new").status == 403
    for path in ("memory-session", "force-init", "complete"):
        assert supervisor.post(f"{RUN}/{path}", {"nonsense": 1}).status == 403
        assert supervisor.post(f"/agent-sessions/nowhere/{path}").status == 404


def test_an_agent_writes_only_within_its_floor(space: Space, api: Api):
    create(api, scope=["org=acme"])
    wide = space.api(space.make_key("agent", "org=acme", "user=u_bob"))

    assert wide.get(RUN).status == 200
    assert register(wide, "m-1").status == 403


def test_a_create_with_an_idempotency_key_is_answered_again(api: Api):
    key = uuid.uuid4().hex
    body = {"content_session_id": CS, "prompt": "one", "scope": ["user=u_bob"]}
    first = api.post("/agent-sessions", body, Idempotency_Key=key)
    again = api.post("/agent-sessions", body, Idempotency_Key=key)

    assert (first.status, again.status) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body


def test_the_history_row_is_in_the_same_project(api: Api):
    create(api)
    register(api, "m-1")

    assert MemorySessionId.objects.get().project_id == AgentSession.unscoped.get().project_id
