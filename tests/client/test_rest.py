"""Every call of the API under its own name, against a live server."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import pytest

from memsync_client import AsyncMemsync, Conflict, Forbidden, Memsync, NotFound, Unauthenticated
from memsync_client.models import MemoryItem, Source
from tests.factories import PASSWORD, Space, make_space

ALICE = {"user": "u_alice"}
SAID = [
    {"role": "user", "content": "My name is Alice and I work at Acme Corp."},
    {"role": "assistant", "content": "Hello Alice!"},
]


@pytest.fixture
def session(memsync: Memsync) -> str:
    """A session in which Alice has said who she is."""
    made = memsync.sessions.create(scope=ALICE, title="Hello", metadata={"channel": "web"})
    memsync.sessions.append(made.id, SAID)
    return made.id


def test_sessions_are_created_listed_shown_and_changed(memsync, session):
    assert memsync.sessions.show(session).turn_count == 2
    assert memsync.sessions.update(session, title="Hi").title == "Hi"
    assert [
        each.id for each in memsync.sessions.list(scope=ALICE, metadata={"channel": "web"}).data
    ] == [session]
    assert memsync.sessions.list(scope=ALICE, metadata={"channel": "mail"}).data == []
    assert memsync.sessions.archive(session).status == "archived"
    assert memsync.sessions.list(scope=ALICE).data == []
    assert len(memsync.sessions.list(scope=ALICE, status=["archived", "closed"]).data) == 1


def test_an_id_of_ones_own_is_kept_and_taken_once(memsync):
    own = uuid.uuid4()

    assert memsync.sessions.create(id=own, scope=ALICE).id == str(own)
    with pytest.raises(Conflict) as raised:
        memsync.sessions.create(id=own, scope=ALICE)
    assert raised.value.code == "session_exists"


def test_an_append_gives_the_turns_and_what_was_learnt(memsync, session):
    done = memsync.sessions.append(session, [{"role": "user", "content": "I live in Leeds."}])

    [item] = [each for each in done.diff.relations + done.diff.attributes if each.value == "Leeds"]
    assert isinstance(item, MemoryItem)
    start, end = item.source.span
    assert done.turns[0].content[start:end] == item.source.quote
    assert done.turns[0].seq == 3


def test_turns_are_paged_shown_and_redacted(memsync, session):
    first = memsync.sessions.turns(session, limit=1)
    rest = memsync.sessions.turns(session, limit=1, cursor=first.next_cursor)

    assert [turn.seq for turn in first.data + rest.data] == [1, 2]
    assert [turn.seq for turn in memsync.sessions.each_turn(session, limit=1)] == [1, 2]
    assert memsync.sessions.turn(session, first.data[0].id).content == SAID[0]["content"]
    assert memsync.sessions.redact(session, first.data[0].id).turns == 1
    assert memsync.sessions.turn(session, first.data[0].id).redacted_at


def test_forks_trees_and_transcripts(memsync, session):
    fork = memsync.sessions.fork(session, seq=1, title="Other", reason="what if")

    assert (fork.forked_from, fork.fork_seq) == (session, 1)
    assert [node.level for node in memsync.sessions.tree(fork.id).nodes] == [1, 2]
    assert memsync.sessions.relations(fork.id, type="forked_from").data[0].reason == "what if"
    assert "Hello Alice!" in memsync.sessions.transcript(session, format="markdown")
    assert "Hello Alice!" not in memsync.sessions.transcript(fork.id)


def test_what_a_session_taught(memsync, session):
    assert {each.value for each in memsync.sessions.memories(session).data} >= {"Alice"}
    [name] = [each for each in memsync.sessions.diff(session).added if each.key == "name"]

    assert name.value == "Alice"
    assert isinstance(name.source, Source)
    assert name.source.seq == 1


def test_a_memory_added_twice_is_one_with_a_history_from_its_beginning(memsync):
    first, again = (
        memsync.memories.add(category="identity", key="home", value="York", scope=ALICE)
        for _ in range(2)
    )
    steps = memsync.memories.history(first.memory.id).data

    assert again.memory.id == first.memory.id
    assert [step.op for step in steps] == ["added", "reinforced"]
    assert memsync.memories.history(first.memory.id, order="desc").data == steps[::-1]


def test_the_context_of_a_session(memsync, session):
    context = memsync.sessions.context(session, query="Where does she work?", max_tokens=500)

    assert "Acme" in context


def test_facts(memsync):
    one = memsync.facts.add("I love tea.", scope=ALICE)
    many = memsync.facts.batch(SAID, scope=ALICE, metadata={"a": 1})

    assert one.diff.attributes[0].value == "tea"
    assert len(many.turn_ids) == 2
    assert memsync.sessions.show(many.session_id).metadata == {"a": 1}


def test_memories_are_written_corrected_settled_and_retracted(memsync):
    made = memsync.memories.add(category="identity", key="city", value="Leeds", scope=ALICE).memory
    better = memsync.memories.correct(made.id, value="York").memory

    assert memsync.memories.show(better.id).value == "York"
    assert memsync.memories.list(scope=ALICE, key="city").data[0].value == "York"
    assert memsync.memories.history(made.id).data
    memsync.memories.retract(better.id)
    assert list(memsync.memories.each(scope=ALICE)) == []


def test_recall_state_and_traces(memsync, session):
    found = memsync.query("Where does Alice work?", scope=ALICE, explain=True)

    assert "Acme" in found.results[0].text
    assert found.results[0].sources[0].session_id == session
    assert memsync.state(scope=["user=u_alice"]).identity[0].value == "Alice"
    assert memsync.state(session_id=session, at={"seq": 0}).identity == []
    assert memsync.traces.show(found.trace_id).kind == "recall"
    assert memsync.traces.list(kind="ingest", scope=ALICE).data
    verdict = memsync.traces.feedback(found.trace_id, id=found.results[0].id, verdict="useful")
    assert verdict.verdict == "useful"


def test_erasing_a_scope_counts_first(memsync, manager, session):
    counted = manager.erase({"user": "u_alice"})
    assert counted.dry_run
    assert memsync.sessions.show(session).id == session

    done = manager.erase(["user=u_alice"], dry_run=False)
    assert (done.counts["sessions"], done.has_more, done.left_over) == (1, False, 0)
    with pytest.raises(NotFound):
        memsync.sessions.show(session)


def test_forgetting_says_first_what_would_go(memsync, session):
    [name] = memsync.memories.list(scope=ALICE, key="name").data

    memsync.forget(ids=[name.id])
    assert memsync.memories.show(name.id).status == "live"
    memsync.forget(ids=[name.id], dry_run=False)
    assert memsync.memories.show(name.id).status == "retracted"


def test_entities(memsync, session):
    [acme] = [each for each in memsync.entities.each(scope=ALICE) if "Acme" in each.name]

    assert memsync.entities.show(acme.id).id == acme.id
    assert "ACME" in memsync.entities.add_alias(acme.id, name="ACME").aliases


def test_agent_sessions_and_observations(memsync):
    run = memsync.agent_sessions.create("run-1", prompt="Fix it.", scope=ALICE)
    assert (run.state, run.last_prompt_number) == ("NOT_CAPTURED", 1)
    captured = memsync.agent_sessions.register("run-1", "mem-1")
    seen = memsync.observations.create(
        memory_session_id="mem-1", type="change", title="Edited a.py", files_modified=["a.py"]
    )

    assert captured.memory_session_id == "mem-1"
    assert memsync.agent_sessions.resume("run-1").reason == "first_prompt"
    assert memsync.agent_sessions.force_init("run-1").force_init
    assert memsync.observations.list(q="a.py", scope=ALICE).data[0].id == seen.id
    assert memsync.observations.show(seen.id).files_modified == ["a.py"]
    assert memsync.observations.timeline(seen.id).anchor == seen.id
    assert memsync.observations.batch([seen.id]).data[0].title == "Edited a.py"
    assert memsync.agent_sessions.observations("run-1").data[0].id == seen.id
    assert memsync.agent_sessions.complete("run-1").status == "completed"
    assert [each.content_session_id for each in memsync.agent_sessions.each(scope=ALICE)] == [
        "run-1"
    ]
    assert memsync.agent_sessions.delete("run-1").observations == 1


def test_keys_are_for_management(manager, memsync):
    made = manager.keys.create(name="bot", role="agent", floor=ALICE)

    assert made.key.startswith("ms_")
    assert made.id in [each.id for each in manager.keys.each()]
    manager.keys.revoke(made.id)
    with pytest.raises(Forbidden):
        memsync.keys.list()


def test_export_and_import(manager, memsync, session, house: Space, connect):
    lines = manager.export()
    tree = manager.sessions.export(session)
    there = make_space()

    assert "My name is Alice" in lines
    assert connect(there.key).import_(tree).imported
    assert connect(there.key).sessions.show(session).title == "Hello"


def test_exports_are_read_line_by_line(manager, memsync, session, connect):
    said = [{"role": "user", "content": "One\u2028line \x85 and\nanother."}]
    memsync.sessions.append(session, said)

    assert list(manager.export_lines()) == manager.export().split("\n")[:-1]
    tree = list(manager.sessions.export_lines(session))
    assert tree == manager.sessions.export(session).split("\n")[:-1]
    assert {json.loads(line).get("content") for line in tree} >= {said[0]["content"]}
    with pytest.raises(Forbidden):
        list(memsync.export_lines())
    left = manager.export_lines()
    next(left)
    left.close()
    assert manager.sessions.show(session).id == session


def test_exports_are_read_line_by_line_when_awaited_too(live_server: Any, house: Space, session):
    async def read() -> list[str]:
        async with AsyncMemsync(live_server.url, house.key) as manager:
            return [line async for line in manager.sessions.export_lines(session)]

    assert session in str(asyncio.run(read()))


def test_a_deleted_session_is_gone(memsync, session):
    assert memsync.sessions.delete(session).turns == 2
    with pytest.raises(NotFound):
        memsync.sessions.show(session)


def test_people_sign_in_and_out(live_server: Any, house: Space):
    user = house.make_user("u_alice")
    with Memsync(live_server.url) as nobody:
        pair = nobody.auth.login(email=user.email, password=PASSWORD, session_type="cli")
        with Memsync(live_server.url, pair.access) as alice:
            assert alice.auth.me().kind == "user"
            assert [each.is_this_session for each in alice.auth.sessions().data] == [True]
            again = nobody.auth.refresh(pair.refresh)
            assert again.session.family_id == pair.session.family_id
            assert alice.auth.security_events().data
            nobody.auth.logout(again.refresh)
            with pytest.raises(Unauthenticated):
                alice.auth.me()


async def _same_names() -> None:
    blocking, awaiting = Memsync("http://x"), AsyncMemsync("http://x")
    for name in vars(blocking):
        ours, theirs = getattr(blocking, name), getattr(awaiting, name)
        assert {n for n in dir(ours) if n[0] != "_"} == {n for n in dir(theirs) if n[0] != "_"}


def test_both_clients_have_the_same_calls():
    asyncio.run(_same_names())
