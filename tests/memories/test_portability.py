"""Export and import: a project's record moves whole, its provenance with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memories.models import Memory, MemoryChange, Source, Trace
from tests.factories import Answer, Api, Lines, Space, make_space

NDJSON = "application/x-ndjson"
SCOPE = ["org=acme", "user=u_alice"]


def told(api: Api, *messages: str | dict, session: str) -> Answer:
    said = [m if isinstance(m, dict) else {"role": "user", "content": m} for m in messages]
    answer = api.post(f"/sessions/{session}/turns", {"messages": said})
    assert answer.status == 201, answer
    return answer


def take_in(api: Api, body: bytes) -> Answer:
    return api.post("/import", Lines(body))


def lines(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in body.splitlines()]


def joined(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def trip(api: Api) -> str:
    """A tree with tools, replies, corrections, a redaction and an agent's run."""
    session = api.session(*SCOPE, title="Trip", kind="ticket", metadata={"b": 1, "a": [1e300]})[
        "id"
    ]
    told(api, "I live in Leeds.", "My name is Alice.", session=session)
    call = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f"}}],
    }
    first = told(api, call, session=session)["turns"][0]
    reply = {"role": "tool", "content": "ok", "tool_call_id": "c1", "parent_id": first["id"]}
    told(api, reply, session=session)
    fork = api.post(f"/sessions/{session}/fork", {"seq": 2, "reason": "rain"})["id"]
    told(api, "Actually, I live in Porto now.", session=fork)
    gone = told(api, "I have a dog named Rex.", session=fork)["turns"][0]["id"]
    assert api.delete(f"/sessions/{fork}/turns/{gone}").status == 200
    api.post(f"/sessions/{fork}/fork", {"seq": 1, "title": "Early"})
    api.post(
        "/agent-sessions",
        {"content_session_id": "cs-1", "prompt": "p", "scope": SCOPE},
    )
    api.post("/agent-sessions/cs-1/memory-session", {"memory_session_id": "m-1"})
    api.post(
        "/observations",
        {"memory_session_id": "m-1", "type": "discovery", "title": "t", "narrative": "n"},
    )
    return session


def test_a_second_export_is_the_same_to_the_byte(api, trip):
    target = make_space().api()
    told(target, "I like tea.", session=target.session("user=u_bob")["id"])
    first = api.get("/export")
    taken = take_in(target, first.body)
    bob_only = {row["id"] for row in target.get("/sessions?scope=user%3Du_bob")["data"]}
    for uid in bob_only:
        target.delete(f"/sessions/{uid}")
    second = target.get("/export")

    assert first.headers["Content-Type"] == NDJSON
    assert taken.status == 201, taken
    assert second.body == first.body
    assert taken["imported"]["turn"] == sum(row["type"] == "turn" for row in lines(first.body))


def test_one_tree_is_exported_with_what_rests_on_it(api, trip):
    other = api.session(*SCOPE)["id"]
    told(api, "I like tea.", session=other)
    tree = api.get(f"/export?session_id={trip}").body
    target = make_space().api()

    assert take_in(target, tree).status == 201
    assert target.get(f"/export?session_id={trip}").body == tree
    assert "tea" not in tree.decode()
    assert len(target.get(f"/sessions/{trip}/tree")["nodes"]) == 3


def test_what_was_imported_reads_as_what_was_exported(api, trip):
    target = make_space().api()
    take_in(target, api.get("/export").body)
    for path in (f"/sessions/{trip}", f"/sessions/{trip}/turns", f"/sessions/{trip}/tree"):
        assert target.get(path).body == api.get(path).body
    mine, theirs = (
        {m["id"]: (m["value"], m["sources"]) for m in a.get("/memories")["data"]}
        for a in (api, target)
    )
    assert theirs == mine != {}


def test_provenance_survives_and_state_then_is_the_same(api, trip):
    target = make_space().api()
    take_in(target, api.get("/export").body)
    ask = {"session_id": trip, "at": {"seq": 1}}

    assert target.post("/state", ask)["identity"] == api.post("/state", ask)["identity"]
    for row in Source.objects.filter(erased_at__isnull=True, turn__isnull=False):
        assert row.turn.content[row.span_start : row.span_end] == row.quote


def test_imported_words_are_found(api, trip):
    target = make_space().api()
    take_in(target, api.get("/export").body)
    found = target.call("POST", "/memory/query", {"query": "Porto", "scope": SCOPE})

    assert {hit["type"] for hit in found["results"]} == {"memory", "turn"}


def test_changes_come_after_all_of_the_projects_own(api, trip):
    target = make_space()
    told(target.api(), "I like tea.", session=target.api().session("user=u_bob")["id"])
    take_in(target.api(), api.get("/export").body)
    numbers = list(
        Trace.unscoped.filter(project=target.project, number__isnull=False)
        .order_by("number")
        .values_list("number", flat=True)
    )
    told(target.api(), "I like jam.", session=target.api().session("user=u_bob")["id"])

    assert numbers == list(range(1, len(numbers) + 1))
    assert Trace.unscoped.filter(project=target.project).latest("serial").number == numbers[-1] + 1


def test_ids_that_are_taken_refuse_the_whole_file(api, trip):
    body = api.get("/export").body
    refused = take_in(api, body)

    assert (refused.status, refused["code"]) == (409, "ids_taken")
    assert api.get("/export").body == body


def test_ids_of_another_project_neither_block_nor_show(space: Space, api, trip):
    body = api.get("/export").body

    assert take_in(make_space().api(), body).status == 201
    assert take_in(make_space().api(), body).status == 201


def test_an_id_out_of_reach_is_answered_as_unknown(space: Space, api, trip):
    floored = space.api(space.make_key("management", "org=other"))

    assert take_in(floored, api.get("/export").body).status == 404


def test_people_export_their_own_and_import_nothing(space: Space, api, trip):
    told(api, "I like jam.", session=api.session("user=u_bob")["id"])
    alice = space.api_of(space.make_user("u_alice"))
    own = alice.get("/export")

    assert own.status == 200
    assert "Leeds" in own.body.decode()
    assert "jam" not in own.body.decode()
    assert take_in(alice, own.body).status == 403


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_only_management_keys_move_projects(space: Space, api, trip, role):
    caller = space.api(space.make_key(role, "user=u_alice"))

    assert caller.get("/export").status == 403
    assert take_in(caller, api.get("/export").body).status == 403


def test_a_key_with_a_floor_exports_and_imports_within_it(space: Space, api, trip):
    told(api, "I like jam.", session=api.session("org=other")["id"])
    floored = space.api(space.make_key("management", "org=acme"))
    target = make_space()
    beyond = target.api(target.make_key("management", "org=other"))

    assert "jam" not in floored.get("/export").body.decode()
    assert take_in(beyond, floored.get("/export").body).status == 403


def broken(rows: list[dict], kind: str, **changes: Any) -> bytes:
    index = next(i for i, row in enumerate(rows) if row["type"] == kind)
    rows[index] = {**rows[index], **changes}
    return joined(rows)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("turn", {"seq": 7}),
        ("turn", {"role": "robot"}),
        ("turn", {"content": 5}),
        ("turn", {"content": "Somebody said something else."}),
        ("turn", {"created_at": "2026-01-01T00:00:00"}),
        ("turn", {"id": "x"}),
        ("turn", {"extra": 1}),
        ("turn", {"appended_at": -1}),
        ("turn", {"appended_at": 2**53}),
        ("turn", {"seq": 1.0}),
        ("turn", {"seq": True}),
        ("turn", {"hidden_items": {}}),
        ("turn", {"hidden_items": [[]]}),
        ("session", {"speakers": {}}),
        ("session", {"speakers": [{}]}),
        ("session", {"members": [1]}),
        ("observation", {"facts": [{}]}),
        ("change", {"after": "x"}),
        ("memory", {"importance": "nan"}),
        ("memory", {"confidence": True}),
        ("session", {"scope": ["Bad"]}),
        ("session", {"fork_seq": 3}),
        ("session", {"metadata": []}),
        ("source", {"span_end": 3}),
        ("source", {"quote": "invented"}),
        ("source", {"memory": "019e0000-0000-7000-8000-000000000000"}),
        ("trace", {"place": 40}),
        ("memory", {"confidence": 2}),
        ("memory", {"category": "gossip"}),
        ("nonsense", {}),
    ],
)
def test_what_no_export_would_say_is_refused_whole(api, trip, kind, changes):
    rows = lines(api.get("/export").body)
    if kind == "nonsense":
        rows.append({"type": "nonsense", "id": "x"})
        body = joined(rows)
    else:
        body = broken(rows, kind, **changes)
    target = make_space()
    refused = take_in(target.api(), body)

    assert refused.status == 400, refused
    assert not Memory.unscoped.filter(project=target.project).exists()
    assert target.api().get("/sessions")["data"] == []


def test_a_fork_must_have_its_parents_scope_and_come_after_it(api, trip):
    rows = lines(api.get("/export").body)
    forks = [row for row in rows if row["type"] == "session" and row["forked_from"]]
    forks[0]["scope"] = ["user=u_mallory"]

    assert take_in(make_space().api(), joined(rows)).status == 400
    rows = lines(api.get("/export").body)
    sessions = [row for row in rows if row["type"] == "session"]
    rest = [row for row in rows if row["type"] != "session"]
    backwards = [rest[0], *sessions[::-1], *rest[1:]]
    assert take_in(make_space().api(), joined(backwards)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        *[b"", b"{}\n", b"[1]\n", b"nonsense\n", b'{"type":"memsync"}\n'],
        b'{"type":"memsync","version":1}\n{"type":[]}\n',
    ],
)
def test_what_is_no_export_is_refused(api, body):
    assert take_in(api, body).status == 400


def test_an_import_takes_json_lines_only(api, trip):
    assert api.post("/import", {"type": "memsync", "version": 1}).status == 415


def test_a_live_value_in_the_way_refuses_the_file(api, trip):
    target = make_space().api()
    told(target, "I live in York.", session=target.session(*SCOPE)["id"])
    refused = take_in(target, api.get("/export").body)

    assert (refused.status, refused["code"]) == (409, "import_conflict")
    assert [m["value"] for m in target.get("/memories")["data"]] == ["York"]


def test_an_import_can_be_repeated_under_a_key(api, trip):
    target = make_space().api()
    body = Lines(api.get("/export").body)
    answers = [target.post("/import", body, Idempotency_Key="k1") for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert MemoryChange.objects.exists()


def test_commands_move_a_project_of_any_size(space: Space, api, trip, tmp_path):
    from django.core.management import call_command

    file, target = tmp_path / "project.jsonl", make_space()
    call_command("export_project", file, tenant=space.tenant.slug, project="app")
    call_command("import_project", file, tenant=target.tenant.slug, project="app")

    assert file.read_bytes() == api.get("/export").body == target.api().get("/export").body
