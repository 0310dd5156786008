"""LangGraph's checkpointer on a live server: its own conformance suite, and real graphs."""

from __future__ import annotations

import asyncio
import operator
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from conversations.models import Checkpoint, CheckpointWrite, Turn
from memsync_client import AsyncMemsync, Forbidden, InvalidValue, Memsync, ValidationError
from memsync_client.adapters import langgraph as adapter
from memsync_client.adapters.langgraph import MemsyncSaver
from tests.factories import Space

ALICE = {"user": "u_alice"}
METADATA: Any = {"source": "loop", "step": 0, "parents": {}}


class Asked(TypedDict):
    asked: Annotated[list[str], operator.add]


def asking() -> Any:
    """A graph that greets, then stops to ask a person."""

    def greet(state: Asked) -> Any:
        return {"asked": ["hello"]}

    def confirm(state: Asked) -> Any:
        return {"asked": [interrupt("really?")]}

    builder: Any = StateGraph(Asked)
    builder.add_node("greet", greet)
    builder.add_node("confirm", confirm)
    builder.add_edge(START, "greet")
    builder.add_edge("greet", "confirm")
    builder.add_edge("confirm", END)
    return builder


def thread(name: str = "t", **named: str) -> Any:
    return {"configurable": {"thread_id": name, "checkpoint_ns": "", **named}}


def checkpoint(**values: Any) -> Any:
    return empty_checkpoint() | {"channel_values": values}


@pytest.fixture
def saver(memsync: Memsync) -> MemsyncSaver:
    return MemsyncSaver(memsync, scope=ALICE)


@pytest.mark.parametrize("kind", ["blocking client", "async client"])
def test_it_passes_the_whole_conformance_suite(live_server: Any, house: Space, kind: str):
    key = house.make_key()

    @checkpointer_test(name=kind)
    async def savers() -> Any:
        scope = {"user": uuid.uuid4().hex}
        if kind == "async client":
            async with AsyncMemsync(live_server.url, key) as client:
                yield MemsyncSaver(async_client=client, scope=scope)
        else:
            with Memsync(live_server.url, key) as client:
                yield MemsyncSaver(client, scope=scope)

    report = asyncio.run(validate(savers))
    failures = {name: each.failures for name, each in report.results.items() if each.failures}

    assert failures == {}
    assert report.passed_all_base()
    assert report.passed_all()
    assert all(each.detected and each.tests_passed for each in report.results.values())


def test_a_graph_stops_for_a_person_goes_on_and_is_travelled_back(saver: MemsyncSaver):
    graph = asking().compile(checkpointer=saver)
    stopped = graph.invoke({"asked": ["hi"]}, thread())
    done = graph.invoke(Command(resume="yes"), thread())
    before = next(e for e in graph.get_state_history(thread()) if e.next == ("confirm",))
    fork = graph.update_state(before.config, {"asked": ["edited"]}, as_node="greet")
    asked_again = graph.invoke(None, fork)
    other = graph.invoke(Command(resume="no"), thread())
    ends = [each.values["asked"] for each in graph.get_state_history(thread()) if not each.next]

    assert [each.value for each in stopped["__interrupt__"]] == ["really?"]
    assert [each.value for each in asked_again["__interrupt__"]] == ["really?"]
    assert done["asked"] == ["hi", "hello", "yes"]
    assert other["asked"] == ["hi", "hello", "edited", "no"]
    assert ends == [other["asked"], done["asked"]]


def test_the_same_graph_runs_awaited(live_server: Any, house: Space):
    key = house.make_key()

    async def run() -> Any:
        async with AsyncMemsync(live_server.url, key) as client:
            graph = asking().compile(checkpointer=MemsyncSaver(async_client=client, scope=ALICE))
            await graph.ainvoke({"asked": ["hi"]}, thread())
            return await graph.ainvoke(Command(resume="yes"), thread())

    assert asyncio.run(run())["asked"] == ["hi", "hello", "yes"]


def test_another_process_goes_on_where_the_first_stopped(
    live_server: Any, house: Space, connect: Callable[..., Memsync]
):
    key = house.make_key()
    first = f"""
        from tests.client.test_adapter_langgraph import *
        saver = MemsyncSaver(Memsync({live_server.url!r}, {key!r}), scope=ALICE)
        asking().compile(checkpointer=saver).invoke({{"asked": ["hi"]}}, thread())
    """
    script = "import django; django.setup()\n" + textwrap.dedent(first)
    environ = os.environ | {"PYTHONPATH": ".:client/src"}
    subprocess.run([sys.executable, "-c", script], env=environ, check=True, timeout=180)
    graph = asking().compile(checkpointer=MemsyncSaver(connect(key), scope=ALICE))

    assert graph.invoke(Command(resume="yes"), thread())["asked"] == ["hi", "hello", "yes"]


def test_state_is_no_turn_and_nothing_recalls_it(saver: MemsyncSaver, memsync: Memsync):
    asking().compile(checkpointer=saver).invoke({"asked": ["Zanzibar"]}, thread())

    assert Turn.unscoped.count() == 0
    assert memsync.query("Zanzibar", scope=ALICE).results == []


def test_a_put_that_is_repeated_is_stored_once(saver: MemsyncSaver):
    state = checkpoint(words="x")
    stored = [saver.put(thread(), state, METADATA, {}) for _ in range(2)]
    for _ in range(2):
        saver.put_writes(stored[0], [("ch", "value")], "task")
    found = saver.get_tuple(thread())

    assert stored[0] == stored[1]
    assert found is not None
    assert found.pending_writes == [("task", "ch", "value")]
    assert (Checkpoint.unscoped.count(), CheckpointWrite.unscoped.count()) == (1, 1)


def test_two_writers_of_one_thread_lose_nothing(connect: Callable[..., Memsync]):
    savers = [MemsyncSaver(connect(), scope=ALICE) for _ in range(2)]

    def work(saver: MemsyncSaver) -> list[str]:
        made = [saver.put(thread(), checkpoint(n=n), METADATA, {}) for n in range(8)]
        return [each["configurable"]["checkpoint_id"] for each in made]

    with ThreadPoolExecutor(2) as pool:
        ids = [each for made in pool.map(work, savers) for each in made]
    listed = [each.checkpoint["id"] for each in savers[0].list(thread())]

    assert listed == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    "value",
    [bytes(range(256)), {"a": [1, None]}, {1, 2}, uuid.UUID(int=7), "\x00 \ud7ff 😀", 2**63],
)
def test_values_come_back_as_they_were(saver: MemsyncSaver, value: Any):
    stored = saver.put(thread(), checkpoint(value=value), METADATA, {})
    saver.put_writes(stored, [("ch", value)], "task")
    found = saver.get_tuple(thread())

    assert found is not None
    assert found.checkpoint["channel_values"] == {"value": value}
    assert found.pending_writes == [("task", "ch", value)]


def test_five_mebibytes_fit_and_eight_are_refused_clearly(saver: MemsyncSaver):
    big = os.urandom(5 * 1024 * 1024)
    saver.put(thread(), checkpoint(big=big), METADATA, {})
    with pytest.raises(ValidationError) as raised:
        saver.put(thread("over"), checkpoint(big=big + big), METADATA, {})
    found = saver.get_tuple(thread())

    assert (raised.value.status, raised.value.code) == (413, "too_large")
    assert found is not None
    assert found.checkpoint["channel_values"]["big"] == big
    assert saver.get_tuple(thread("over")) is None


def test_a_thread_of_another_scope_is_another_thread(house: Space, connect, saver: MemsyncSaver):
    saver.put(thread(), checkpoint(who="alice"), METADATA, {})
    bob = connect(house.make_key("agent", "user=u_bob"))
    theirs = MemsyncSaver(bob)

    assert theirs.get_tuple(thread()) is None
    assert list(theirs.list(None)) == []
    with pytest.raises(Forbidden):
        MemsyncSaver(bob, scope=ALICE).get_tuple(thread())


def test_a_filter_tells_a_number_from_its_text(saver: MemsyncSaver):
    for step in (1, "1"):
        saver.put(thread(), checkpoint(), METADATA | {"step": step}, {})

    assert [t.metadata["step"] for t in saver.list(thread(), filter={"step": 1}, limit=1)] == [1]
    assert [t.metadata["step"] for t in saver.list(thread(), filter={"step": "1"})] == ["1"]


def test_blocking_twins_copy_prune_and_delete(saver: MemsyncSaver):
    for step in range(3):
        saver.put(thread(), checkpoint(), METADATA | {"step": step, "run_id": f"r{step}"}, {})
    saver.copy_thread("t", "copy")
    saver.prune(["t"])
    saver.delete_for_runs(["r0"])

    assert [each.metadata["step"] for each in saver.list(thread())] == [2]
    assert [each.metadata["step"] for each in saver.list(thread("copy"))] == [2, 1]
    saver.delete_thread("copy")
    assert list(saver.list(thread("copy"))) == []


def test_a_thread_with_delta_channels_is_not_pruned_to_what_nobody_can_read(saver: MemsyncSaver):
    deltas = METADATA | {"counters_since_delta_snapshot": {"messages": (3, 3)}}
    for _ in range(2):
        saver.put(thread(), checkpoint(), deltas, {})
    with pytest.raises(InvalidValue, match="delta channels"):
        saver.prune(["t"])

    assert len(list(saver.list(thread()))) == 2
    saver.prune(["t"], strategy="delete")
    assert list(saver.list(thread())) == []


def test_wrong_use_is_refused_before_any_request(live_server: Any):
    with pytest.raises(InvalidValue):
        MemsyncSaver()
    awaited = MemsyncSaver(async_client=AsyncMemsync(live_server.url, "none"))
    with pytest.raises(InvalidValue, match="async"):
        awaited.get_tuple(thread())
    with pytest.raises(InvalidValue, match="keep_latest"):
        MemsyncSaver(Memsync(live_server.url, "none")).prune(["t"], strategy="all")


def test_the_example_of_the_module_runs(monkeypatch, live_server: Any, house: Space):
    monkeypatch.setenv("MEMSYNC_URL", live_server.url)
    monkeypatch.setenv("MEMSYNC_API_KEY", house.make_key())
    example = textwrap.dedent((adapter.__doc__ or "").partition("any other:\n")[2])
    names: dict[str, Any] = {"builder": asking()}
    exec(compile(example, "example", "exec"), names)  # noqa: S102

    assert isinstance(names["saver"], BaseCheckpointSaver)
    assert names["saver"].get_tuple(thread("chat-1")) is not None
    names["saver"].client.close()
