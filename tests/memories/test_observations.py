"""Observations through the API: stored under the captured id, found in three layers."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import IdempotencyKey
from conversations.models import AgentSession, MemorySessionId
from memories.models import Memory, Observation, Source
from tests.agents import CS, FULL, observe, register, run
from tests.factories import Api

# Recording


def test_an_observation_says_which_run_and_which_id(api: Api):
    session = run(api)
    made = observe(api, **FULL)

    assert made.status == 201
    assert (made["content_session_id"], made["memory_session_id"]) == (CS, "m-1")
    assert (made["session_id"], made["platform"]) == (session["session_id"], "claude")
    assert {name: made[name] for name in FULL} == FULL
    assert made["scope"] == ["user=u_bob"]
    assert api.get(f"/observations/{made['id']}").body == made.body


@pytest.mark.parametrize("given", [CS, None])
def test_nothing_is_recorded_before_the_capture(api: Api, given):
    run(api, memory_id=None)
    refused = observe(api, given)

    assert refused.status == 409
    assert refused["code"] == "memory_session_not_captured"
    assert not Observation.unscoped.exists()


def test_the_content_id_of_a_captured_run_is_no_memory_id(api: Api):
    run(api)

    assert observe(api, CS).status == 404


def test_an_unknown_id_is_not_found(api: Api):
    assert observe(api, "nobody-has-it").status == 404


def test_a_completed_run_takes_none(api: Api):
    run(api)
    api.post(f"/agent-sessions/{CS}/complete")
    refused = observe(api)

    assert (refused.status, refused["code"]) == (409, "agent_session_completed")


def test_the_same_content_is_the_same_observation(api: Api):
    run(api)
    first = observe(api, **FULL)
    again = observe(api, **FULL | {"prompt_number": 2})

    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body
    assert Observation.unscoped.count() == 1


@pytest.mark.parametrize("field", [name for name in FULL if name != "prompt_number"])
def test_any_other_content_is_another_observation(api: Api, field: str):
    run(api)
    observe(api, **FULL)
    other = ["x"] if isinstance(FULL[field], list) else "x"

    assert observe(api, **FULL | {field: other}).status == 201


def test_two_runs_may_observe_the_same(api: Api):
    run(api)
    run(api, "other", "m-2")

    assert observe(api, "m-1").status == observe(api, "m-2").status == 201


def test_a_recapture_moves_nothing(api: Api):
    run(api)
    old = observe(api, title="before")
    register(api, "m-2")
    new = observe(api, "m-2", title="after")
    late = observe(api, "m-1", title="late")

    assert api.get(f"/observations/{old['id']}").body == old.body
    assert [o["memory_session_id"] for o in (old, new, late)] == ["m-1", "m-2", "m-1"]
    assert {o["content_session_id"] for o in (old, new, late)} == {CS}
    listed = api.get(f"/agent-sessions/{CS}/observations")["data"]
    assert [o["title"] for o in listed] == ["late", "after", "before"]


def test_observations_of_two_runs_never_mix(api: Api):
    run(api, "a", "m-a")
    run(api, "b", "m-b")
    for name in ("a", "b", "a"):
        observe(api, f"m-{name}", title=f"of {name} {uuid.uuid4()}")
    for name, count in (("a", 2), ("b", 1)):
        rows = api.get(f"/agent-sessions/{name}/observations")["data"]

        assert len(rows) == count
        assert {row["content_session_id"] for row in rows} == {name}


@pytest.mark.parametrize(
    "fields",
    [
        {"type": ""},
        {"type": "Not A Type"},
        {"title": ""},
        {"title": 7},
        {"facts": "one"},
        {"facts": [1]},
        {"files_read": [None]},
        {"prompt_number": -1},
        {"prompt_number": "1"},
        {"surprise": 1},
        {"memory_session_id": ""},
    ],
)
def test_a_malformed_observation_is_refused(api: Api, fields: dict):
    run(api)

    assert observe(api, **fields).status == 400


@pytest.mark.parametrize("missing", ["memory_session_id", "type", "title"])
def test_a_missing_field_is_named(api: Api, missing: str):
    run(api)
    body = {"memory_session_id": "m-1", "type": "change", "title": "t"}
    refused = api.post("/observations", {k: v for k, v in body.items() if k != missing})

    assert refused.status == 400
    assert refused["errors"][0]["field"] == missing


# Privacy


def tables_with(word: str) -> list[str]:
    """The tables that hold a word anywhere."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT 1 FROM "{table}" AS t WHERE t::text LIKE %s', [f"%{word}%"])
            found += [table] if cursor.fetchall() else []
    return found


def test_private_words_reach_no_table(api: Api):
    secret = "hunter2"
    private = f"<private>{secret}</private>"
    run(api, prompt=f"Use {private}", title=f"t{private}", metadata={"note": private})
    made = observe(
        api,
        title=f"Kept{private}",
        subtitle=private,
        narrative=f"a {private} b <private>{secret}",
        facts=[private, f"one {private}two"],
        concepts=[private],
        files_read=[private],
        files_modified=[f"src/{private}x.py"],
    )

    assert made.status == 201
    assert (made["title"], made["narrative"], made["facts"]) == ("Kept", "a  b ", ["", "one two"])
    assert tables_with(secret) == []


def test_a_private_prompt_gets_no_observations_and_a_missing_one_does(api: Api):
    run(api, prompt="<private>all of it</private>")
    refused = observe(api, prompt_number=1)

    assert (refused.status, refused["code"]) == (409, "private_prompt")
    assert observe(api, prompt_number=2).status == 201
    assert observe(api, title="without a number").status == 201


# Integrity


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE memories_observation SET memory_session_id = 'nobody-has-it'",
        "UPDATE memories_observation SET memory_session_id = 'm-2'",
        "UPDATE memories_observation SET agent_session_id ="
        " (SELECT max(pk) FROM conversations_agentsession)",
        "DELETE FROM conversations_memorysessionid WHERE memory_session_id = 'm-1'",
        "DELETE FROM conversations_agentsession WHERE content_session_id = 'user-session-123'",
    ],
)
def test_the_database_keeps_an_observation_with_its_run_and_id(api: Api, statement: str):
    run(api)
    run(api, "other", "m-2")
    observe(api)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_an_observation_under_another_runs_id_is_refused_by_the_database(api: Api):
    run(api)
    run(api, "other", "m-2")
    observe(api)
    row = Observation.unscoped.get()
    row.pk, row.uid, row.memory_session_id, row.content_hash = None, uuid.uuid4(), "m-2", "x"
    with pytest.raises(IntegrityError, match="same_scope"), transaction.atomic():
        row.save(force_insert=True)


# Deleting


def test_a_deleted_run_takes_its_observations_with_it_and_no_others(api: Api):
    session = run(api, prompt="one")
    observe(api)
    run(api, "other", "m-2")
    kept = observe(api, "m-2")
    deleted = api.call("DELETE", f"/api/v1/{api.ctx}/agent-sessions/{CS}")

    assert deleted.status == 200
    assert (deleted["agent_sessions"], deleted["observations"]) == (1, 1)
    assert api.get(f"/agent-sessions/{CS}").status == 404
    assert api.get(f"/sessions/{session['session_id']}").status == 404
    assert [row.uid for row in Observation.unscoped.all()] == [uuid.UUID(kept["id"])]
    assert list(MemorySessionId.objects.values_list("memory_session_id", flat=True)) == ["m-2"]


def test_a_deleted_runs_ids_are_free_again(api: Api):
    run(api)
    api.call("DELETE", f"/api/v1/{api.ctx}/agent-sessions/{CS}")

    assert run(api).status == 201
    assert AgentSession.unscoped.get().memory_session_id == "m-1"


def test_deleting_the_conversation_deletes_the_run(api: Api):
    session = run(api, prompt="one")
    observe(api)
    deleted = api.call("DELETE", f"/api/v1/{api.ctx}/sessions/{session['session_id']}")

    assert (deleted["agent_sessions"], deleted["observations"]) == (1, 1)
    assert api.get(f"/agent-sessions/{CS}").status == 404


def test_a_living_fork_of_the_prompts_refuses_the_delete_unless_it_goes_too(api: Api):
    session = run(api, prompt="one")
    assert api.post(f"/sessions/{session['session_id']}/fork", {}).status == 201
    path = f"/api/v1/{api.ctx}/agent-sessions/{CS}"

    assert api.call("DELETE", path)["code"] == "has_forks"
    assert api.get(f"/agent-sessions/{CS}").status == 200
    assert api.call("DELETE", f"{path}?cascade=true")["sessions"] == 2


def test_a_deleted_run_leaves_no_words_in_stored_answers(api: Api):
    body = {"content_session_id": CS, "title": "hunter2", "scope": ["user=u_bob"]}
    api.post("/agent-sessions", body, Idempotency_Key="k-1")
    register(api, "m-1")
    seen = {"memory_session_id": "m-1", "type": "change", "title": "hunter2"}
    api.post("/observations", seen, Idempotency_Key="k-2")
    api.call("DELETE", f"/api/v1/{api.ctx}/agent-sessions/{CS}")

    assert IdempotencyKey.objects.count() == 2
    assert not IdempotencyKey.objects.filter(response_body__contains="hunter2").exists()


def test_what_was_promoted_from_a_deleted_observation_alone_is_erased(api: Api):
    run(api)
    made = observe(api, facts=["The build host is called hunter2."])
    promoted = api.post(f"/observations/{made['id']}/promote")
    assert promoted.status == 200, promoted
    api.call("DELETE", f"/api/v1/{api.ctx}/agent-sessions/{CS}")
    memory, source = Memory.unscoped.get(), Source.objects.get()

    assert (memory.status, memory.value) == ("erased", "")
    assert (source.observation_id, source.quote) == (None, "")
    assert source.erased_at is not None
    assert tables_with("hunter2") == []


def test_what_another_observation_supports_too_lives_on(api: Api):
    run(api)
    run(api, "other", "m-2")
    for memory_id in ("m-1", "m-2"):
        made = observe(api, memory_id, facts=["The build host is called leeds."])
        api.post(f"/observations/{made['id']}/promote")
    deleted = api.call("DELETE", f"/api/v1/{api.ctx}/agent-sessions/{CS}")

    assert (deleted["memories"], deleted["memories_kept"]) == (0, 1)
    assert Memory.unscoped.get().status == "live"
