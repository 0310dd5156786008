"""`llm.register` with the real `openai` package: chat completions."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI
from pydantic import BaseModel

from memsync_client import AsyncMemsync, Memsync
from tests.fakes.providers import Fail, Models, Say

QUESTION = [{"role": "user", "content": "My name is Alice and I work at Acme Corp."}]


def ask(client: OpenAI, text: str, **options: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="fake", messages=messages, **options)


def stored(memsync: Memsync) -> list[tuple[str, str]]:
    assert memsync.wait()
    return [(turn.role, turn.content) for turn in memsync.history()]


@pytest.fixture
def alice(memsync: Memsync, openai: OpenAI) -> Memsync:
    """Alice talks to the support agent; generous with time, as machines that test are slow."""
    return memsync.attribution("alice", "support").llm.register(openai, timeout=20)


def test_a_call_is_answered_as_without_memory_and_its_turns_are_stored(alice, openai, models):
    models.script = [Say("Hello Alice!")]

    answer = openai.chat.completions.create(model="fake", messages=QUESTION)

    assert answer.choices[0].message.content == "Hello Alice!"
    assert stored(alice) == [("user", QUESTION[0]["content"]), ("assistant", "Hello Alice!")]
    assert alice.sessions.show(alice.session.id).scope == ["agent=support", "user=alice"]
    assert alice.memories.list(scope={"user": "alice"}).data[0].scope == ["user=alice"]


def test_the_next_call_brings_the_history_and_the_facts(alice, openai, models):
    ask(openai, "My name is Alice and I work at Acme Corp.")
    ask(openai, "Where do I work?")

    sent = models.bodies[1]["messages"]
    assert [each["role"] for each in sent] == ["system", "user", "assistant", "user"]
    assert "Acme Corp" in sent[0]["content"]
    assert sent[1]["content"] == "My name is Alice and I work at Acme Corp."


def test_injected_text_is_never_stored(alice, openai):
    for text in ("I live in Leeds.", "Where do I live?", "Thanks."):
        ask(openai, text)

    said = stored(alice)
    assert [text for role, text in said if role == "user"] == [
        "I live in Leeds.",
        "Where do I live?",
        "Thanks.",
    ]
    assert not any("<memory>" in text for _, text in said)


def test_a_caller_that_sends_the_whole_history_has_nothing_stored_twice(alice, openai, models):
    messages: list[Any] = [{"role": "system", "content": "Be brief."}]
    for text in ("One.", "Two.", "Three."):
        messages.append({"role": "user", "content": text})
        answer = openai.chat.completions.create(model="fake", messages=messages)
        messages.append(answer.choices[0].message)

    assert [text for _, text in stored(alice)] == [
        "One.", "Hello!", "Two.", "Hello!", "Three.", "Hello!",
    ]  # fmt: skip
    assert [each["role"] for each in models.bodies[2]["messages"]].count("user") == 3


def test_the_callers_messages_are_left_as_they_are(alice, openai, models):
    ask(openai, "I live in Leeds.")
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where do I live?"},
    ]

    openai.chat.completions.create(model="fake", messages=messages)

    assert messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where do I live?"},
    ]
    assert models.bodies[1]["messages"][0]["content"].startswith("Be brief.\n\n<memory>")


def test_a_reset_cuts_the_transcript_but_not_the_facts(alice, openai, models):
    ask(openai, "I work at Acme Corp.")
    alice.reset_session()
    ask(openai, "Where do I work?")

    sent = models.bodies[1]["messages"]
    assert [each["role"] for each in sent] == ["system", "user"]
    assert "Acme Corp" in sent[0]["content"]


def test_session_only_cuts_the_facts_too(memsync, openai, models):
    memsync.attribution("alice", "support").llm.register(openai, timeout=20, session_only=True)
    ask(openai, "I work at Acme Corp.")
    ask(openai, "Where do I work?")
    memsync.reset_session()
    ask(openai, "Where do I work?")

    assert "Acme Corp" in models.bodies[1]["messages"][0]["content"]
    assert [each["role"] for each in models.bodies[2]["messages"]] == ["user"]


def test_without_attribution_nothing_is_stored_or_recalled(memsync, manager, openai, models):
    memsync.llm.register(openai)

    ask(openai, "My name is Alice.")

    assert memsync.wait()
    assert models.bodies[0]["messages"] == [{"role": "user", "content": "My name is Alice."}]
    assert manager.sessions.list().data == []


def test_a_tool_call_and_its_result_come_back_together(alice, openai, models):
    models.script = [Say(tool="weather", arguments='{"city": "Leeds"}'), Say("It rains.")]
    ask(openai, "How is the weather?")
    result = {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
    openai.chat.completions.create(model="fake", messages=[result])

    sent = models.bodies[1]["messages"]
    assert [each["role"] for each in sent[-3:]] == ["user", "assistant", "tool"]
    assert sent[-2]["tool_calls"][0]["id"] == "call_1"
    assert sent[-2]["tool_calls"][0]["function"]["arguments"] == '{"city": "Leeds"}'
    assert [role for role, _ in stored(alice)] == ["user", "assistant", "tool", "assistant"]


def test_a_call_without_its_result_is_not_brought_back(alice, openai, models):
    models.script = [Say(tool="weather"), Say("Fine.")]
    ask(openai, "How is the weather?")
    ask(openai, "Never mind.")

    assert not any("tool_calls" in each for each in models.bodies[1]["messages"])


def test_errors_pass_through_unchanged_and_store_nothing(alice, openai, models):
    models.script = [Fail(400, "no such model")]

    with pytest.raises(BadRequestError, match="no such model"):
        ask(openai, "Hello?")

    assert alice.wait()
    assert alice.history() == []


def test_a_stream_is_the_same_and_stored_once(alice, openai, models):
    models.script = [Say("Hello Alice, how are you?")]

    stream = ask(openai, "Hi.", stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    stream.close()

    assert text == "Hello Alice, how are you?"
    assert stored(alice) == [("user", "Hi."), ("assistant", text)]


def test_a_streamed_tool_call_is_stored_whole(alice, openai, models):
    models.script = [Say("Let me see.", tool="weather", arguments='{"city": "Leeds"}')]

    list(ask(openai, "How is the weather?", stream=True))

    assert alice.wait()
    call = alice.history()[-1].parts["tool_calls"][0]
    assert call["function"] == {"name": "weather", "arguments": '{"city": "Leeds"}'}


@pytest.mark.parametrize("leaving", ["close", "with", "let_go", "wait"])
def test_a_stream_whose_reader_stops_early_is_stored_once(alice, openai, models, leaving):
    models.script = [Say("Hello Alice, how are you today?")]

    stream = ask(openai, "Hi.", stream=True)
    if leaving == "with":
        with stream:
            next(stream), next(stream)
    else:
        next(stream), next(stream)
    if leaving == "close":
        stream.close()
        stream.close()
    if leaving == "let_go":
        del stream

    assert stored(alice) == [("user", "Hi."), ("assistant", "Hell")]
    assert alice.history()[-1].metadata == {"incomplete": True}


def test_a_stream_that_is_waited_for_is_not_left(alice, openai, models):
    models.script = [Say("Hello Alice, how are you?", thinks_for=2.5)]

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(copy_context().run, list, ask(openai, "Hi.", stream=True))
        assert alice.wait(20)
        answer.result()

    assert stored(alice) == [("user", "Hi."), ("assistant", "Hello Alice, how are you?")]


def test_an_image_that_was_not_stored_is_not_sent_to_the_provider_again(alice, openai, models):
    url = "data:image/png;base64," + "A" * 200_000
    image = {"type": "image_url", "image_url": {"url": url}}
    openai.chat.completions.create(
        model="fake",
        messages=[{"role": "user", "content": [{"type": "text", "text": "See?"}, image]}],
    )
    assert alice.wait(10)
    ask(openai, "And now?")

    before = models.bodies[-1]["messages"][-3]
    assert [part["type"] for part in before["content"]] == ["text", "text"]
    assert before["content"][0]["text"] == "See?"


def test_a_stream_that_breaks_raises_as_before_and_keeps_what_was_said(alice, openai, models):
    models.script = [Say("Hello Alice!", breaks_after=2)]

    with pytest.raises(Exception, match="broken"):
        list(ask(openai, "Hi.", stream=True))

    assert stored(alice) == [("user", "Hi."), ("assistant", "Hell")]


def test_the_streaming_helper_works(alice, openai, models):
    models.script = [Say("Hello Alice!")]

    with openai.chat.completions.stream(model="fake", messages=QUESTION) as stream:
        final = stream.get_final_completion()

    assert final.choices[0].message.content == "Hello Alice!"
    assert stored(alice)[-1] == ("assistant", "Hello Alice!")


class City(BaseModel):
    """What is to be parsed."""

    name: str


def test_parsed_answers_work(alice, openai, models):
    models.script = [Say('{"name": "Leeds"}')]

    answer = openai.chat.completions.parse(model="fake", messages=QUESTION, response_format=City)

    assert answer.choices[0].message.parsed == City(name="Leeds")
    assert stored(alice)[-1] == ("assistant", '{"name": "Leeds"}')


def test_raw_responses_are_stored_when_they_are_parsed(alice, openai, models):
    raw = openai.chat.completions.with_raw_response.create(model="fake", messages=QUESTION)
    assert raw.status_code == 200
    assert raw.parse() is raw.parse()

    assert [role for role, _ in stored(alice)] == ["user", "assistant"]


def test_raw_streamed_responses_are_stored_when_they_are_parsed(alice, openai):
    streaming = openai.chat.completions.with_streaming_response
    with streaming.create(model="fake", messages=QUESTION) as raw:
        assert raw.parse().choices[0].message.content == "Hello!"

    assert [role for role, _ in stored(alice)] == ["user", "assistant"]


def test_copies_of_a_registered_client_remember_too(alice, openai):
    ask(openai.with_options(timeout=30), "Hi.")

    assert stored(alice) == [("user", "Hi."), ("assistant", "Hello!")]


def test_registering_twice_stores_once(alice, openai):
    alice.llm.register(openai, timeout=20)
    ask(openai, "Hi.")

    assert stored(alice) == [("user", "Hi."), ("assistant", "Hello!")]


def test_other_clients_are_refused(memsync):
    with pytest.raises(ValueError, match="no client of the openai or anthropic package"):
        memsync.llm.register(object())


def test_async_calls_and_streams_are_stored(memsync, async_openai: AsyncOpenAI, models: Models):
    models.script = [Say("Hello!"), Say("Bye for now!")]
    memsync.attribution("alice", "support").llm.register(async_openai, timeout=20)

    async def talk() -> str:
        await async_openai.chat.completions.create(model="fake", messages=QUESTION)
        again = [{"role": "user", "content": "Bye."}]
        stream = await async_openai.chat.completions.create(
            model="fake", messages=again, stream=True
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(talk()) == "Bye for now!"
    assert [text for _, text in stored(memsync)][1:] == ["Hello!", "Bye.", "Bye for now!"]


def test_an_async_reader_that_stops_early_is_stored_once(memsync, async_openai, models):
    models.script = [Say("Hello Alice, how are you today?")]
    memsync.attribution("alice", "support").llm.register(async_openai, timeout=20)

    async def talk() -> None:
        stream = await async_openai.chat.completions.create(
            model="fake", messages=QUESTION, stream=True
        )
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()

    asyncio.run(talk())

    assert stored(memsync)[1:] == [("assistant", "Hell")]


def test_recall_delays_no_call_beyond_its_timeout(memsync, openai, monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(memsync._memory, "_open", lambda acting: answered.wait(60))
    memsync.attribution("alice", "support").llm.register(openai, timeout=0.2)

    before = time.monotonic()
    ask(openai, "Hi.")
    took = time.monotonic() - before
    answered.set()

    assert took < 30


def test_the_async_client_registers_and_waits_too(live_server, house, async_openai):
    key = house.make_key()

    async def talk() -> list[str]:
        async with AsyncMemsync(live_server.url, key) as memsync:
            memsync.attribution("alice", "support").llm.register(async_openai, timeout=20)
            await async_openai.chat.completions.create(model="fake", messages=QUESTION)
            assert await memsync.wait()
            return [turn.content for turn in await memsync.history()]

    assert asyncio.run(talk()) == [QUESTION[0]["content"], "Hello!"]
