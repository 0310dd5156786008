"""A server that is away, slow or wrong: the model's call goes on, its turns are kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from memsync_client import InvalidValue, Memsync
from memsync_client.llm import outbox
from tests.fakes.http import Asked, Given, Loopback, serving

SESSION = {"id": "s", "scope": ["user=alice", "agent=bot"]}
APPENDED = {"session_id": "s", "turns": [], "trace_id": None, "diff": {}}
EMPTY = {"data": [], "next_cursor": None, "has_more": False}


class Server:
    """A MemSync server that can be told to misbehave."""

    def __init__(self) -> None:
        self.status = 200
        self.detail = "bad"
        self.key = ""
        self.delay = 0.0
        self.poison = ""
        self.appended: list[Asked] = []
        self.places: dict[str, str] = {}
        self.knows_session = True

    def __call__(self, asked: Asked) -> Given:
        """The answer of a well-behaved server, unless told otherwise."""
        time.sleep(self.delay)
        if self.status != 200:
            return Given({"code": "bad", "detail": self.detail}, self.status)
        if self.key and asked.headers["authorization"] != f"Bearer {self.key}":
            return Given({"code": "unauthenticated", "detail": "Who are you?"}, 401)
        if self.poison and self.poison in str(asked.body):
            return Given({"code": "bad", "detail": "bad"}, 500)
        if asked.path.endswith("/turns") and asked.method == "POST":
            self.appended.append(asked)
            return Given(APPENDED, 201)
        if asked.path == "/auth/me":
            key = asked.headers["authorization"].removeprefix("Bearer ")
            tenant = self.places.get(key, "acme")
            return Given({"kind": "key", "tenant": tenant, "project": {"slug": "app"}})
        if asked.path.endswith("/sessions"):
            return Given(SESSION, 201)
        if "/sessions/" in asked.path and asked.method == "GET":
            missing = Given({"code": "not_found", "detail": "Not here."}, 404)
            return Given(SESSION) if self.knows_session else missing
        return Given({**EMPTY, "results": []})


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def running(server: Server) -> Iterator[Loopback]:
    with serving(server) as loopback:
        yield loopback


@pytest.fixture
def alice(running: Loopback, openai: OpenAI) -> Iterator[Memsync]:
    memsync = Memsync(running.url, "ms_key").attribution("alice", "bot")
    yield memsync.llm.register(openai, timeout=1)
    memsync._memory.close()


def ask(client: OpenAI, text: str = "Hi.") -> Any:
    messages: Any = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="fake", messages=messages)


def texts(server: Server) -> list[str]:
    return [each["content"] for asked in server.appended for each in asked.body["messages"]]


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_a_server_that_is_wrong_breaks_no_call(alice, server, openai, status):
    server.status = status

    assert ask(openai).choices[0].message.content == "Hello!"


def test_a_server_that_is_away_breaks_and_delays_no_call(openai):
    memsync = Memsync("http://127.0.0.1:9", "ms_key").attribution("alice").llm.register(openai)
    before = time.monotonic()

    ask(openai), ask(openai)

    assert time.monotonic() - before < 10
    assert memsync.unsent == 2
    memsync._memory.close()


def test_a_slow_server_delays_a_call_by_its_timeout_at_most(alice, server, openai):
    server.delay = 20
    before = time.monotonic()

    ask(openai)

    assert time.monotonic() - before < 10


def test_turns_are_kept_and_sent_in_order_once_the_server_is_back(alice, server, openai):
    server.status = 503
    for number in range(3):
        ask(openai, f"number {number}")
    assert not alice.wait(0.3)
    server.status = 200

    assert alice.wait(10)
    assert [text for text in texts(server) if text != "Hello!"] == [
        "number 0",
        "number 1",
        "number 2",
    ]


def test_all_attempts_of_a_call_have_one_key_and_calls_have_their_own(
    alice, server, running, openai
):
    server.status = 500
    ask(openai, "one")
    assert not alice.wait(0.8)
    server.status = 200
    assert alice.wait(10)
    ask(openai, "two")
    assert alice.wait(10)

    keys = [asked.headers["idempotency-key"] for asked in server.appended]
    assert len(set(keys)) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
def test_turns_that_are_refused_are_let_go_and_reported(alice, server, openai, status, caplog):
    server.status, server.detail = status, "You said: My secret is 4711."
    ask(openai, "My secret is 4711.")

    assert not alice.wait(5)
    assert alice.unsent == 0
    assert alice.last_error.status == status
    assert f"refused: {status} bad" in caplog.text
    assert "4711" not in caplog.text


def test_turns_wait_for_credentials_that_work_again(alice, server, openai, caplog):
    server.status, server.detail = 401, "You said: My secret is 4711."
    ask(openai, "My secret is 4711.")
    ask(openai, "And my name is Alice.")
    assert not alice.wait(0.3)
    assert (alice.unsent, alice.last_error.status) == (2, 401)
    server.status = 200

    assert alice.wait(10)
    assert texts(server) == ["My secret is 4711.", "Hello!", "And my name is Alice.", "Hello!"]
    assert "kept: 401 bad" in caplog.text
    assert "4711" not in caplog.text


def test_another_key_sends_at_once_what_waited_for_it(alice, server, openai, monkeypatch):
    monkeypatch.setattr(outbox, "FIRST_PAUSE", 600.0)
    server.key = "ms_renewed"
    ask(openai)
    assert not alice.wait(0.3)

    assert alice.set_api_key("ms_renewed") is alice
    assert alice.wait(30)
    assert texts(server) == ["Hi.", "Hello!"]


def kept_under_a_key_that_ended(alice: Memsync, server: Server, openai: OpenAI) -> None:
    """Turns of a key that once worked wait for one that works."""
    ask(openai, "before")
    assert alice.wait(10)
    server.key = "ms_renewed"
    ask(openai, "My secret is 4711.")
    assert not alice.wait(0.3)


def test_what_waited_is_sent_under_another_key_of_the_same_project(alice, server, openai):
    kept_under_a_key_that_ended(alice, server, openai)
    alice.set_api_key("ms_renewed")

    assert alice.wait(10)
    assert "My secret is 4711." in texts(server)


def test_what_waited_is_not_sent_under_a_key_of_another_tenant(alice, server, openai, caplog):
    kept_under_a_key_that_ended(alice, server, openai)
    server.places["ms_renewed"] = "other"
    alice.set_api_key("ms_renewed")

    assert not alice.wait(10)
    assert (alice.unsent, alice.last_error.code) == (0, "other_project")
    assert "other_project" in caplog.text
    assert "4711" not in caplog.text
    ask(openai, "What is said from now on is for the other tenant.")
    assert alice.wait(10)
    assert "My secret is 4711." not in texts(server)


def test_what_waited_for_a_key_that_never_worked_is_sent_where_its_session_is(
    alice, server, openai
):
    server.key, server.knows_session = "ms_renewed", False
    ask(openai)
    assert not alice.wait(0.3)
    alice.set_api_key("ms_renewed")

    assert not alice.wait(10)
    assert (alice.unsent, alice.last_error.code, texts(server)) == (0, "other_project", [])


def test_another_key_opens_its_session_anew(alice, server, running, openai):
    ask(openai)
    assert alice.wait(10)
    alice.set_api_key("ms_renewed")
    running.asked.clear()
    ask(openai)
    assert alice.wait(10)

    assert [each for each in running.asked if each.path.endswith("/sessions")]


def test_all_calls_ask_with_another_key_once_it_is_set(alice, server, running):
    server.key = "ms_renewed"
    alice.set_api_key("ms_renewed")

    assert alice.memories.list().data == []
    with pytest.raises(InvalidValue):
        alice.set_api_key("ms_\n")
    assert alice.memories.list().data == []


def test_a_key_that_does_not_work_is_not_tried_over_and_over(alice, server, running, openai):
    server.status = 401
    ask(openai)
    assert not alice.wait(0.2)
    running.asked.clear()
    time.sleep(1.5)

    assert 0 < len(running.asked) <= 4


def test_of_turns_that_wait_for_a_key_the_newest_are_kept(alice, server, openai, monkeypatch):
    monkeypatch.setattr(outbox, "MAX_KEPT", 2)
    server.status = 401
    for number in range(4):
        ask(openai, f"number {number}")
    server.status = 200

    assert alice.wait(10)
    *on_its_way, first, _, second, _ = texts(server)  # what was let go may have been on its way
    assert (first, second) == ("number 2", "number 3")
    assert on_its_way in ([], ["number 1", "Hello!"])


def test_turns_that_were_refused_before_anybody_waited_are_reported_once(alice, server, openai):
    server.status = 403
    ask(openai)
    while alice.last_error is None or alice.unsent:
        time.sleep(0.01)

    assert not alice.wait(5)
    assert alice.wait(5)


def test_more_messages_than_one_append_takes_are_stored_in_several(alice, server, openai):
    said: Any = [{"role": "user", "content": f"number {each}"} for each in range(150)]
    openai.chat.completions.create(model="fake", messages=said)
    assert alice.wait(10)

    assert [len(asked.body["messages"]) for asked in server.appended] == [100, 51]
    assert texts(server) == [*(each["content"] for each in said), "Hello!"]


def test_a_system_without_threads_to_spare_breaks_no_call(alice, openai, monkeypatch):
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("memsync"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert ask(openai).choices[0].message.content == "Hello!"


def test_closing_sends_what_is_unsent(alice, server, openai):
    ask(openai)
    alice.close()

    assert texts(server) == ["Hi.", "Hello!"]


def test_images_are_not_stored_in_full(alice, server, openai):
    url = "data:image/png;base64," + "A" * 200_000
    parts = [{"type": "text", "text": "See?"}, {"type": "image_url", "image_url": {"url": url}}]
    messages: Any = [{"role": "user", "content": parts}]
    openai.chat.completions.create(model="fake", messages=messages)
    assert alice.wait(10)

    stored = server.appended[0].body["messages"][0]["content"]
    assert stored[0] == {"type": "text", "text": "See?"}
    assert stored[1]["image_url"]["url"] == f"[{len(url)} characters, not stored]"


def test_turns_that_the_server_chokes_on_hold_up_no_other_session(alice, server, openai):
    server.poison = "choke"
    ask(openai, "Please choke.")
    alice.reset_session()
    ask(openai, "Fine.")
    alice.wait(timeout=5)

    assert "Fine." in texts(server)
    server.poison = ""
    assert alice.wait(timeout=10) is True
    assert "Please choke." in texts(server)


def test_a_session_that_the_server_chokes_on_robs_no_other_of_recall(
    alice, server, running, openai, monkeypatch
):
    monkeypatch.setattr(outbox, "FIRST_PAUSE", 600.0)
    monkeypatch.setattr(outbox, "LONGEST_PAUSE", 600.0)
    server.poison = "choke"
    ask(openai, "Please choke.")
    assert not alice.wait(0.5)
    alice.attribution("alice", "bot").reset_session()
    ask(openai, "Fine.")
    running.asked.clear()
    ask(openai, "And what do you recall?")

    contexts = [each for each in running.asked if each.path.endswith("/context")]
    assert [each.body["query"] for each in contexts] == ["And what do you recall?"]
