"""A process that forks: the child has connections, locks and turns of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai import OpenAI

from memsync_client import AsyncMemsync, Memsync
from tests.client.test_outbox import Server, ask, texts
from tests.fakes.http import Asked, Given, Loopback, serving
from tests.fakes.providers import Models

SECONDS = 30.0
_fork = multiprocessing.get_context("fork")


class Child:
    """Does some work in a forked process; `result` waits for what it gives."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._results, theirs = _fork.Pipe(duplex=False)
        self._process = _fork.Process(target=lambda: theirs.send(work()))
        self._process.start()

    def result(self) -> Any:
        """What the work gave; fails when it hangs or raised."""
        try:
            assert self._results.poll(SECONDS), "the child hangs, or has failed"
            return self._results.recv()
        finally:
            self._process.kill()
            self._process.join()


def talk(memsync: Memsync, openai: OpenAI, text: str) -> bool:
    """Say something over a client of the model that the child makes: theirs do not outlive a fork.

    Whether it was stored.
    """
    own = OpenAI(base_url=openai.base_url, api_key="none", max_retries=0)
    memsync.llm.register(own, timeout=20)
    ask(own, text)
    return memsync.wait()


@pytest.fixture
def server() -> Server:
    """A MemSync server that can be told to misbehave."""
    return Server()


@pytest.fixture
def alice(server: Server, openai: OpenAI) -> Iterator[Memsync]:
    """A client of it, and its registered model."""
    with serving(server) as running:
        memsync = Memsync(running.url, "ms_key").attribution("alice", "bot")
        yield memsync.llm.register(openai, timeout=1)
        memsync._memory.close()


def test_children_and_their_parent_store_each_turn_once(memsync, manager, openai):
    memsync.attribution("alice", "bot").llm.register(openai, timeout=20)
    ask(openai, "I am the parent.")
    session = memsync.session.id

    said = [f"I am child {number}." for number in range(3)]
    children = [Child(lambda text=text: talk(memsync, openai, text)) for text in said]
    ask(openai, "I am still the parent.")

    assert [child.result() for child in children] == [True, True, True]
    assert memsync.wait()
    turns = [turn for turn in manager.sessions.each_turn(session) if turn.role == "user"]
    assert sorted(turn.content for turn in turns) == [
        "I am child 0.",
        "I am child 1.",
        "I am child 2.",
        "I am still the parent.",
        "I am the parent.",
    ]


def test_what_waits_in_the_parent_stays_the_parents(alice, server, openai):
    server.poison = "parent"
    ask(openai, "I am the parent.")
    assert not alice.wait(0.3)

    def in_child() -> tuple[int, bool]:
        waiting = alice.unsent
        return waiting, talk(alice.reset_session(), openai, "I am the child.")

    assert Child(in_child).result() == (0, True)
    assert alice.unsent == 1
    server.poison = ""
    assert alice.wait(10)
    assert sorted(texts(server)) == ["Hello!", "Hello!", "I am the child.", "I am the parent."]


def test_what_was_refused_in_the_parent_is_told_there(alice, server, openai):
    server.status = 403
    ask(openai)
    while alice.last_error is None or alice.unsent:
        threading.Event().wait(0.01)

    assert Child(lambda: (alice.wait(5), alice.last_error)).result() == (True, None)
    assert not alice.wait(5)


def test_locks_that_a_thread_of_the_parent_holds_are_free_in_the_child(alice, server, openai):
    held, forked = threading.Event(), threading.Event()

    def hold() -> None:
        with alice._memory.outbox._changed, alice._scopes._lock, alice.llm._lock:
            held.set()
            forked.wait(SECONDS)

    def in_child() -> bool:
        return talk(alice.attribution("bob", "bot"), openai, "I am the child.")

    holding = threading.Thread(target=hold)
    holding.start()
    assert held.wait(SECONDS)
    child = Child(in_child)
    forked.set()
    holding.join()

    assert child.result() is True
    assert "I am the child." in texts(server)


def test_a_stream_that_the_parent_reads_is_stored_by_the_parent_alone(
    alice, server, openai, models: Models
):
    messages: Any = [{"role": "user", "content": "Hi."}]
    stream = openai.chat.completions.create(model="fake", messages=messages, stream=True)
    next(iter(stream))

    def leave() -> bool:
        nonlocal stream
        del stream
        return alice.wait(10)

    assert Child(leave).result() is True
    assert server.appended == []
    assert "".join(each.choices[0].delta.content or "" for each in stream)
    assert alice.wait(10)
    assert len(server.appended) == 1


def echo(asked: Asked) -> Given:
    """An answer that says what was asked."""
    return Given({"trace_id": asked.body["query"], "results": []})


def asked_often(client: Memsync, name: str) -> bool:
    """Whether each of many questions gets its own answer."""
    return all(client.query(f"{name} {n}").trace_id == f"{name} {n}" for n in range(30))


@pytest.fixture
def echoing() -> Iterator[Loopback]:
    """A server that says what was asked."""
    with serving(echo) as running:
        yield running


def test_a_child_asks_over_connections_of_its_own(echoing):
    with Memsync(echoing.url, "ms_key", retries=0) as client:
        assert asked_often(client, "before")
        children = [Child(lambda name=name: asked_often(client, name)) for name in ("one", "two")]

        assert asked_often(client, "parent")
        assert [child.result() for child in children] == [True, True]


def test_a_child_awaits_over_connections_of_its_own(echoing):
    async def often(client: AsyncMemsync, name: str) -> bool:
        answers = [await client.query(f"{name} {n}") for n in range(30)]
        return [answer.trace_id for answer in answers] == [f"{name} {n}" for n in range(30)]

    client = AsyncMemsync(echoing.url, "ms_key", retries=0)

    async def parent() -> bool:
        assert await often(client, "before")
        child = Child(lambda: asyncio.new_event_loop().run_until_complete(often(client, "child")))
        return await often(client, "parent") and child.result()

    assert asyncio.run(parent())
