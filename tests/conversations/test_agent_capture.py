"""The two ids of a run: captured, recaptured, resumed (claude-mem's rules)."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from tests.agents import CS, RUN, create, register, resume
from tests.factories import Api, Space


def test_registering_captures(api: Api):
    create(api)
    captured = register(api, "sdk-gen-abc123")

    assert captured.status == 200
    assert (captured["state"], captured["memory_session_id"]) == ("CAPTURED", "sdk-gen-abc123")
    [one] = captured["memory_session_ids"]
    assert (one["memory_session_id"], one["reason"]) == ("sdk-gen-abc123", "registered")


def test_registering_the_same_id_again_changes_nothing(api: Api):
    create(api)
    first, again = register(api, "m-1"), register(api, "m-1")

    assert again.status == 200
    assert again["memory_session_ids"] == first["memory_session_ids"]


def test_a_recapture_keeps_a_history(api: Api):
    create(api)
    register(api, "m-1")
    body = register(api, "m-2").body
    history = [(h["memory_session_id"], h["superseded_at"]) for h in body["memory_session_ids"]]

    assert body["memory_session_id"] == "m-2"
    assert [name for name, _ in history] == ["m-1", "m-2"]
    assert history[0][1] is not None
    assert history[1][1] is None


def test_an_older_id_of_the_run_may_become_current_again(api: Api):
    create(api)
    for name in ("m-1", "m-2", "m-1"):
        body = register(api, name).body

    assert body["memory_session_id"] == "m-1"
    assert [one["superseded_at"] is None for one in body["memory_session_ids"]] == [True, False]


@pytest.mark.parametrize("taken", ["m-1", "m-2"])
def test_another_sessions_id_is_refused_also_when_superseded(api: Api, taken: str):
    create(api)
    create(api, "other")
    register(api, "m-1")
    register(api, "m-2")
    refused = register(api, taken, "other")

    assert refused.status == 409
    assert refused["code"] == "memory_session_taken"
    assert api.get("/agent-sessions/other")["state"] == "NOT_CAPTURED"


def test_the_same_memory_id_may_be_in_two_projects(api: Api, other_space: Space):
    for one in (api, other_space.api()):
        create(one)
        assert register(one, "m-1").status == 200


def test_the_content_id_is_no_memory_id(api: Api):
    create(api)

    assert register(api, CS).status == 400
    assert api.get(RUN)["state"] == "NOT_CAPTURED"


def test_an_id_is_made_up_on_request_and_only_once(api: Api):
    create(api, platform="gemini")
    path = f"{RUN}/memory-session?platform=gemini"
    first, again = api.post(path, {}), api.post(path)

    assert first["state"] == "CAPTURED"
    assert first["memory_session_id"].startswith("gemini-")
    assert CS not in first["memory_session_id"]
    assert first["memory_session_ids"][0]["reason"] == "synthesized"
    assert again["memory_session_id"] == first["memory_session_id"]


def test_after_force_init_a_made_up_id_is_a_new_one(api: Api):
    create(api)
    old = register(api, None)["memory_session_id"]
    api.post(f"{RUN}/force-init")
    new = register(api, None)

    assert new["memory_session_id"] != old
    assert new["force_init"] is False


def test_a_captured_id_is_never_null_again(api: Api):
    create(api)
    register(api, "m-1")
    for act in (lambda: create(api), lambda: register(api, None)):
        assert act()["memory_session_id"] == "m-1"
    api.post(f"{RUN}/force-init")
    api.post(f"{RUN}/complete")

    assert api.get(RUN)["memory_session_id"] == "m-1"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conversations_agentsession SET memory_session_id = NULL",
        "UPDATE conversations_agentsession SET memory_session_id = 'not-in-its-history'",
        "UPDATE conversations_agentsession SET memory_session_id = content_session_id",
        "UPDATE conversations_agentsession SET content_session_id = 'x'",
        "UPDATE conversations_memorysessionid SET memory_session_id = 'x'",
        "UPDATE conversations_memorysessionid SET superseded_at = NULL",
        "INSERT INTO conversations_memorysessionid (id, tenant_id, project_id, agent_session_id,"
        " memory_session_id, reason, captured_at, superseded_at)"
        " SELECT gen_random_uuid(), tenant_id, project_id, agent_session_id, memory_session_id,"
        " 'registered', now(), now() FROM conversations_memorysessionid",
    ],
)
def test_the_database_refuses_what_breaks_the_ids(api: Api, statement: str):
    create(api)
    register(api, "m-1")
    register(api, "m-2")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("bad", ["", 7, "x" * 201, "a\nb"])
def test_a_malformed_memory_id_is_refused(api: Api, bad):
    create(api)

    assert register(api, bad).status == 400


# Resume


@pytest.mark.parametrize(
    ("prompts", "captured", "forced", "reason"),
    [
        (0, False, False, "not_captured"),
        (2, False, False, "not_captured"),
        (2, False, True, "not_captured"),
        (0, True, False, "first_prompt"),
        (1, True, False, "first_prompt"),
        (1, True, True, "force_init"),
        (2, True, True, "force_init"),
        (2, True, False, "continuation"),
    ],
)
def test_resume_needs_a_captured_id_a_second_prompt_and_no_force_init(
    api: Api, prompts: int, captured: bool, forced: bool, reason: str
):
    create(api)
    for number in range(prompts):
        create(api, prompt=f"prompt {number}")
    if captured:
        register(api, "m-1")
    if forced:
        api.post(f"{RUN}/force-init")

    assert resume(api) == {"resume": "m-1" if reason == "continuation" else None, "reason": reason}


def test_force_init_lasts_until_the_next_registration(api: Api):
    create(api, prompt="one")
    create(api, prompt="two")
    register(api, "m-1")
    assert api.post(f"{RUN}/force-init")["force_init"] is True
    for _ in range(2):
        assert resume(api)["reason"] == "force_init"
    create(api, prompt="three")
    assert resume(api)["resume"] is None

    register(api, "m-2")

    assert resume(api) == {"resume": "m-2", "reason": "continuation"}


def test_the_lifecycle_of_the_document(api: Api):
    states = [create(api, prompt="one")["state"]]
    states.append(register(api, "sdk-gen-abc123")["state"])
    assert resume(api)["resume"] is None
    create(api, prompt="two")

    assert states == ["NOT_CAPTURED", "CAPTURED"]
    assert resume(api)["resume"] == "sdk-gen-abc123"
