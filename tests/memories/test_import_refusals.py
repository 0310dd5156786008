"""Import refuses what no export would say, names the line, and stores nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from conversations.models import AgentSession, Conversation, Turn
from memories.models import Memory, MemoryChange, Source, Trace
from tests.factories import Answer, Api, Lines, Space, make_space

ALICE = ["user=u_alice"]
NOBODY = "019e0000-0000-7000-8000-000000000000"
Row = dict[str, Any]


class File:
    """The lines of an export, to be spoilt."""

    def __init__(self, body: bytes) -> None:
        self.rows: list[Row] = [json.loads(line) for line in body.splitlines()]

    def all(self, kind: str, /, **values: Any) -> list[Row]:
        """The lines of a type that have these values."""
        found = [row for row in self.rows if row["type"] == kind]
        return [row for row in found if all(row[name] == values[name] for name in values)]

    def one(self, kind: str, /, **values: Any) -> Row:
        """The first of them."""
        return self.all(kind, **values)[0]

    def again(self, row: Row, **values: Any) -> Row:
        """A copy of a line right after it, with an id of its own."""
        copy = {**row, "id": str(uuid4()), **values}
        self.rows.insert(self.rows.index(row) + 1, copy)
        return copy

    def number(self, row: Row) -> int:
        """The place of a line in the file."""
        return next(n for n, each in enumerate(self.rows, start=1) if each is row)

    @property
    def body(self) -> Lines:
        """The file."""
        return Lines(b"".join(json.dumps(row).encode() + b"\n" for row in self.rows))


def observed(api: Api, run: str, *facts: str) -> Answer:
    api.post("/agent-sessions", {"content_session_id": run, "prompt": "p", "scope": ALICE})
    api.post(f"/agent-sessions/{run}/memory-session", {"memory_session_id": f"m-{run}"})
    body = {"memory_session_id": f"m-{run}", "type": "discovery", "title": run}
    return api.post("/observations", body | {"facts": list(facts)})


@pytest.fixture
def file(api: Api) -> File:
    """Two trees, replies, corrections, entities of which two are one, and two agents' runs."""
    trip = api.session(*ALICE, title="Trip")["id"]
    first = api.say(trip, "I live in Leeds.", "My name is Alice.")["turns"]
    reply = {"role": "user", "content": "I work at Acme Corp.", "parent_id": first[1]["id"]}
    api.post(f"/sessions/{trip}/turns", {"messages": [reply]})
    fork = api.post(f"/sessions/{trip}/fork", {"seq": 2, "title": "Fork"})["id"]
    moved = {"content": "Actually, I live in Porto now.", "parent_id": first[0]["id"]}
    api.post(f"/sessions/{fork}/turns", {"messages": [{"role": "user", **moved}]})
    api.say(fork, "Actually, I live in Faro now.", "Actually, I work at Globex Ltd now.")
    bob = api.session("user=u_bob", title="Bob")["id"]
    api.say(bob, "I live in York.", "I work at Initech Inc.", "My name is Bob.")
    seen = observed(api, "run-1", "The cache is warm.")
    api.post(f"/observations/{seen['id']}/promote")
    observed(api, "run-2", "The cache is cold.")
    entities = api.get("/entities?scope=user=u_alice")["data"]
    by_name = {entity["name"].split()[0]: entity["id"] for entity in entities}
    api.post(f"/entities/{by_name['Globex']}/merge", {"into": by_name["Acme"]})
    return File(api.get("/export").body)


def refused(target: Space, file: File) -> str:
    """The line that an import names; it must have stored nothing."""
    answer = target.api().post("/import", file.body)
    assert answer.status == 400, answer
    for model in (AgentSession, Conversation, Turn, Memory, MemoryChange, Source, Trace):
        manager = getattr(model, "unscoped", model._default_manager)
        assert not manager.filter(project=target.project).exists()
    [error] = answer["errors"]
    return str(error["field"])


def test_the_file_itself_comes_back_to_the_byte(file: File, api: Api):
    target = make_space().api()

    assert target.post("/import", file.body).status == 201
    assert target.get("/export").body == api.get("/export").body


Spoil = Callable[[File], tuple[Row, str]]
"""It spoils a file, and tells the row and the field that an import is to name."""
SPOILS: list[Spoil] = []


def spoiling(spoil: Spoil) -> Spoil:
    """One more way to spoil a file."""
    SPOILS.append(spoil)
    return spoil


@spoiling
def parent_in_another_session(file: File) -> tuple[Row, str]:
    row = next(row for row in file.all("turn") if row["parent"])
    row["parent"] = file.one("turn", content="I live in York.")["id"]
    return row, "parent"


@spoiling
def parent_that_is_nowhere(file: File) -> tuple[Row, str]:
    row = next(row for row in file.all("turn") if row["parent"])
    row["parent"] = NOBODY
    return row, "parent"


@spoiling
def parent_that_is_itself(file: File) -> tuple[Row, str]:
    row = file.one("turn")
    row["parent"] = row["id"]
    return row, "parent"


@spoiling
def parent_that_comes_later(file: File) -> tuple[Row, str]:
    row = file.one("turn", content="I live in Leeds.")
    row["parent"] = file.one("turn", content="My name is Alice.")["id"]
    return row, "parent"


@spoiling
def parent_beyond_the_fork(file: File) -> tuple[Row, str]:
    row = file.one("turn", content="Actually, I live in Faro now.")
    row["parent"] = file.one("turn", content="I work at Acme Corp.")["id"]
    return row, "parent"


@spoiling
def parent_in_a_fork_of_its_session(file: File) -> tuple[Row, str]:
    row = file.one("turn", content="I work at Acme Corp.")
    row["parent"] = file.one("turn", content="Actually, I live in Porto now.")["id"]
    return row, "parent"


@spoiling
def turn_of_no_session(file: File) -> tuple[Row, str]:
    row = file.one("turn")
    row["conversation"] = NOBODY
    return row, "conversation"


@spoiling
def turn_out_of_line(file: File) -> tuple[Row, str]:
    row = file.one("turn", content="I work at Acme Corp.")
    row["seq"] = 4
    return row, "seq"


@spoiling
def turn_at_a_taken_place(file: File) -> tuple[Row, str]:
    row = file.one("turn", content="I work at Acme Corp.")
    row["seq"] = 2
    return row, "seq"


@spoiling
def client_id_twice(file: File) -> tuple[Row, str]:
    for content in ("I live in York.", "My name is Bob."):
        row = file.one("turn", content=content)
        row["client_id"] = "c"
    return row, "client_id"


@spoiling
def turn_after_more_changes_than_there_are(file: File) -> tuple[Row, str]:
    row = file.one("turn")
    row["appended_at"] = 1000
    return row, "appended_at"


@spoiling
def fork_of_itself(file: File) -> tuple[Row, str]:
    row = file.one("session", title="Fork")
    row["forked_from"] = row["id"]
    return row, "forked_from"


@spoiling
def fork_of_nothing(file: File) -> tuple[Row, str]:
    row = file.one("session", title="Fork")
    row["forked_from"] = None
    return row, "forked_from"


@spoiling
def fork_of_a_session_in_another_scope(file: File) -> tuple[Row, str]:
    row = file.one("session", title="Fork")
    row["scope"] = ["user=u_bob"]
    return row, "scope"


@spoiling
def fork_beyond_its_parent(file: File) -> tuple[Row, str]:
    row = file.one("session", title="Fork")
    row["fork_seq"] = 4
    return row, "fork_seq"


@spoiling
def run_in_a_session_of_another_person(file: File) -> tuple[Row, str]:
    row = file.one("agent_session")
    row["conversation"] = file.one("session", title="Bob")["id"]
    return row, "conversation"


@spoiling
def run_in_a_session_that_is_no_runs(file: File) -> tuple[Row, str]:
    row = file.one("agent_session")
    row["conversation"] = file.one("session", title="Trip")["id"]
    return row, "conversation"


@spoiling
def run_in_the_session_of_another_run(file: File) -> tuple[Row, str]:
    first, second = file.all("agent_session")
    second["conversation"] = first["conversation"]
    return second, "conversation"


@spoiling
def two_runs_of_one_content_session(file: File) -> tuple[Row, str]:
    first, second = file.all("agent_session")
    second["content_session_id"] = first["content_session_id"]
    return second, "content_session_id"


@spoiling
def run_under_the_memory_session_of_another(file: File) -> tuple[Row, str]:
    first, second = file.all("agent_session")
    second["memory_session_id"] = first["memory_session_id"]
    return second, "memory_session_id"


@spoiling
def run_whose_two_ids_are_one(file: File) -> tuple[Row, str]:
    row = file.one("agent_session")
    file.one("memory_session_id", agent_session=row["id"])["memory_session_id"] = "run-1"
    row["memory_session_id"] = "run-1"
    return row, "memory_session_id"


@spoiling
def run_with_two_current_ids(file: File) -> tuple[Row, str]:
    row = file.one("agent_session")
    known = file.one("memory_session_id", agent_session=row["id"])
    file.again(known, memory_session_id="m-other")
    return row, "memory_session_id"


@spoiling
def memory_session_of_two_runs(file: File) -> tuple[Row, str]:
    first, second = file.all("memory_session_id")
    second["memory_session_id"] = first["memory_session_id"]
    return second, "memory_session_id"


@spoiling
def observation_of_another_run(file: File) -> tuple[Row, str]:
    first, second = file.all("observation")
    first["agent_session"] = second["agent_session"]
    return first, "memory_session_id"


@spoiling
def observation_of_another_person(file: File) -> tuple[Row, str]:
    row = file.one("observation")
    row["scope"] = ["user=u_bob"]
    return row, "scope"


@spoiling
def observation_twice(file: File) -> tuple[Row, str]:
    return file.again(file.one("observation")), "content_hash"


@spoiling
def entity_merged_into_itself(file: File) -> tuple[Row, str]:
    row = file.one("entity")
    row["merged_into"] = row["id"]
    return row, "merged_into"


@spoiling
def entity_merged_into_one_of_another_person(file: File) -> tuple[Row, str]:
    row = next(row for row in file.all("entity") if row["merged_into"])
    row["merged_into"] = file.one("entity", scope=["user=u_bob"])["id"]
    return row, "merged_into"


@spoiling
def entities_merged_in_a_circle(file: File) -> tuple[Row, str]:
    row = next(row for row in file.all("entity") if row["merged_into"])
    head = file.one("entity", id=row["merged_into"])
    head["merged_into"] = row["id"]
    return min(row, head, key=file.number), "merged_into"


@spoiling
def entity_twice(file: File) -> tuple[Row, str]:
    return file.again(file.one("entity")), "normalized_name"


@spoiling
def alias_twice(file: File) -> tuple[Row, str]:
    return file.again(file.one("entity_alias")), "normalized_name"


@spoiling
def trace_in_a_session_of_another_person(file: File) -> tuple[Row, str]:
    trip = file.one("session", title="Trip")
    row = file.one("trace", conversation=trip["id"])
    row["conversation"] = file.one("session", title="Bob")["id"]
    return row, "conversation"


@spoiling
def trace_at_a_taken_place(file: File) -> tuple[Row, str]:
    first, second, *_ = file.all("trace")
    second["place"] = first["place"]
    return second, "place"


@spoiling
def trace_beyond_all_places(file: File) -> tuple[Row, str]:
    row = file.one("trace")
    row["place"] = 1000
    return row, "place"


@spoiling
def trace_that_read_a_turn_twice(file: File) -> tuple[Row, str]:
    return file.again(file.one("trace_turn")), "turn"


@spoiling
def trace_that_read_a_turn_of_another_session(file: File) -> tuple[Row, str]:
    row = file.one("trace_turn", turn=file.one("turn", content="I live in York.")["id"])
    row["turn"] = file.one("turn", content="I live in Leeds.")["id"]
    return row, "turn"


@spoiling
def memory_superseded_by_itself(file: File) -> tuple[Row, str]:
    row = file.one("memory", value="Leeds")
    row["superseded_by"] = row["id"]
    return row, "superseded_by"


@spoiling
def memories_superseded_in_a_circle(file: File) -> tuple[Row, str]:
    row = file.one("memory", value="Porto")
    row["superseded_by"] = file.one("memory", value="Leeds")["id"]
    return file.one("memory", value="Leeds"), "superseded_by"


@spoiling
def memory_superseded_by_nothing(file: File) -> tuple[Row, str]:
    row = file.one("memory", value="Leeds")
    row["superseded_by"] = NOBODY
    return row, "superseded_by"


@spoiling
def memory_superseded_by_one_of_another_key(file: File) -> tuple[Row, str]:
    row = file.one("memory", value="Leeds")
    row["superseded_by"] = file.one("memory", value="Alice")["id"]
    return row, "superseded_by"


@spoiling
def memory_superseded_by_one_of_another_scope(file: File) -> tuple[Row, str]:
    row = file.one("memory", value="Leeds")
    row["superseded_by"] = file.one("memory", value="York")["id"]
    return row, "superseded_by"


@spoiling
def live_memory_that_was_superseded(file: File) -> tuple[Row, str]:
    row = file.one("memory", value="Faro")
    row["superseded_by"] = file.again(row, status="closed")["id"]
    return row, "superseded_by"


@spoiling
def two_live_values_of_one_key(file: File) -> tuple[Row, str]:
    return file.again(file.one("memory", value="Faro")), "key"


@spoiling
def memory_of_an_entity_in_another_scope(file: File) -> tuple[Row, str]:
    row = file.one("memory", value="Acme Corp")
    row["object"] = file.one("entity", scope=["user=u_bob"])["id"]
    return row, "object"


@spoiling
def memory_without_a_source(file: File) -> tuple[Row, str]:
    row = file.one("memory", value="York")
    file.rows.remove(file.one("source", memory=row["id"]))
    return row, "id"


@spoiling
def span_beyond_the_turn(file: File) -> tuple[Row, str]:
    row = file.one("source", memory=file.one("memory", value="York")["id"])
    row["span_start"], row["span_end"] = 500, 504
    return row, "quote"


@spoiling
def span_beyond_the_observation(file: File) -> tuple[Row, str]:
    row = file.one("source", kind="observation")
    row["span_start"], row["span_end"] = 500, 500 + len(row["quote"])
    return row, "quote"


@spoiling
def quote_that_the_observation_does_not_say(file: File) -> tuple[Row, str]:
    row = file.one("source", kind="observation")
    row["quote"] = row["quote"].replace("warm", "hot!")
    return row, "quote"


@spoiling
def span_that_ends_before_it_starts(file: File) -> tuple[Row, str]:
    row = file.one("source", kind="turn")
    row["span_start"], row["span_end"] = 5, 3
    return row, "quote"


@spoiling
def span_before_the_text(file: File) -> tuple[Row, str]:
    row = file.one("source", kind="turn")
    row["span_start"] = -1
    return row, "quote"


@spoiling
def source_of_a_kind_it_is_not(file: File) -> tuple[Row, str]:
    row = file.one("source", kind="turn")
    row["kind"] = "observation"
    return row, "kind"


@spoiling
def source_in_the_words_of_another_person(file: File) -> tuple[Row, str]:
    row = file.one("source", memory=file.one("memory", value="York")["id"])
    leeds = file.one("source", memory=file.one("memory", value="Leeds")["id"])
    for name in ("turn", "quote", "span_start", "span_end"):
        row[name] = leeds[name]
    return row, "turn"


@spoiling
def source_of_a_trace_in_another_scope(file: File) -> tuple[Row, str]:
    row = file.one("source", memory=file.one("memory", value="York")["id"])
    row["trace"] = file.one("trace", scope=ALICE)["id"]
    return row, "trace"


@spoiling
def source_twice(file: File) -> tuple[Row, str]:
    return file.again(file.one("source", kind="turn")), "span_end"


@spoiling
def history_that_ends_elsewhere(file: File) -> tuple[Row, str]:
    memory = file.one("memory", value="York")
    row = file.one("change", memory=memory["id"])
    row["after"] = row["after"] | {"value": "Hull"}
    return row, "after"


@spoiling
def row_that_its_history_does_not_end_in(file: File) -> tuple[Row, str]:
    memory = file.one("memory", value="York")
    memory["confidence"] = 0.1234
    return file.one("change", memory=memory["id"]), "after"


@spoiling
def history_with_a_hole(file: File) -> tuple[Row, str]:
    memory = file.one("memory", value="Leeds")
    file.rows.remove(file.one("change", memory=memory["id"], op="added"))
    return file.one("change", memory=memory["id"]), "before"


@spoiling
def memory_without_a_history(file: File) -> tuple[Row, str]:
    memory = file.one("memory", value="York")
    for row in file.all("change", memory=memory["id"]):
        file.rows.remove(row)
    return memory, "id"


@spoiling
def change_of_a_trace_in_another_scope(file: File) -> tuple[Row, str]:
    row = file.one("change", memory=file.one("memory", value="York")["id"])
    row["trace"], row["position"] = file.one("trace", scope=ALICE)["id"], 100
    return row, "trace"


@spoiling
def change_of_a_trace_without_a_place(file: File) -> tuple[Row, str]:
    places = [trace for trace in file.all("trace") if trace["place"]]
    last = max(places, key=lambda trace: trace["place"])
    turns = [turn for turn in file.all("turn") if turn["appended_at"] == last["place"]]
    changes = file.all("change", trace=last["id"])
    assert changes
    for turn in turns:
        turn["appended_at"] -= 1
    last["place"] = None
    return changes[0], "trace"


@spoiling
def changes_at_one_position(file: File) -> tuple[Row, str]:
    memory = file.one("memory", value="Porto")
    by_trace = file.all("change", trace=file.one("change", memory=memory["id"])["trace"])
    by_trace[1]["position"] = by_trace[0]["position"]
    return by_trace[1], "position"


@spoiling
def correction_of_what_something_else_replaced(file: File) -> tuple[Row, str]:
    row = file.one("change", memory=file.one("memory", value="Porto")["id"], op="corrected")
    row["before"] = {"memory_id": file.one("memory", value="York")["id"]}
    return row, "before"


@spoiling
def corrections_in_a_circle(file: File) -> tuple[Row, str]:
    row = file.one("change", memory=file.one("memory", value="Porto")["id"], op="corrected")
    row["before"] = {"memory_id": file.one("memory", value="Faro")["id"]}
    return row, "before"


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
def test_what_does_not_fit_is_refused_whole_and_its_line_named(file: File, spoil: Spoil):
    row, field = spoil(file)

    assert refused(make_space(), file) == f"line {file.number(row)}: {field}"


def test_an_id_given_twice_is_refused_at_its_second_line(file: File):
    row = file.again(file.one("turn"))
    row["id"] = file.one("turn")["id"]

    assert refused(make_space(), file) == f"line {file.number(row)}: id"


def test_a_correction_cannot_name_a_memory_that_the_project_holds(file: File):
    target = make_space()
    bob = target.api().session("user=u_carol")["id"]
    target.api().say(bob, "I live in Turin.")
    [held] = target.api().get("/memories")["data"]
    row = file.one("change", memory=file.one("memory", value="Porto")["id"], op="corrected")
    old = file.one("memory", value="Leeds")
    row["before"] = {"memory_id": held["id"]}
    old["superseded_by"] = None
    answer = target.api().post("/import", file.body)

    assert (answer.status, answer["code"]) == (409, "ids_taken")
    assert [row["value"] for row in target.api().get("/memories")["data"]] == ["Turin"]
