"""`llm.register` with the real `openai` package: responses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import APIError, AsyncOpenAI, OpenAI

from memsync_client import Memsync
from tests.fakes.providers import Models, Say


def stored(memsync: Memsync) -> list[tuple[str, str]]:
    assert memsync.wait()
    return [(turn.role, turn.content) for turn in memsync.history()]


@pytest.fixture
def alice(memsync: Memsync, openai: OpenAI) -> Memsync:
    """Alice talks to the support agent."""
    return memsync.attribution("alice", "support").llm.register(openai, timeout=20)


def test_text_input_is_answered_and_stored(alice, openai, models):
    answer = openai.responses.create(model="fake", input="My name is Alice.")

    assert answer.output_text == "Hello!"
    assert stored(alice) == [("user", "My name is Alice."), ("assistant", "Hello!")]


def test_history_and_facts_are_brought_along(alice, openai, models):
    openai.responses.create(model="fake", input="I work at Acme Corp.")
    openai.responses.create(model="fake", input="Where do I work?", instructions="Be brief.")

    sent = models.bodies[1]
    assert sent["instructions"].startswith("Be brief.\n\n<memory>")
    assert "Acme Corp" in sent["instructions"]
    assert sent["input"] == [
        {"role": "user", "content": "I work at Acme Corp."},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Where do I work?"},
    ]


def test_a_provider_that_keeps_the_history_gets_facts_only(alice, openai, models):
    openai.responses.create(model="fake", input="I work at Acme Corp.")
    openai.responses.create(model="fake", input="Where?", previous_response_id="resp_1")

    assert models.bodies[1]["input"] == "Where?"


def test_function_calls_go_round(alice, openai, models):
    models.script = [Say(tool="weather", arguments='{"city": "Leeds"}'), Say("It rains.")]
    items: list[Any] = [{"role": "user", "content": "How is the weather?"}]
    items += openai.responses.create(model="fake", input=items).output
    items.append({"type": "function_call_output", "call_id": "call_1", "output": "rain"})
    openai.responses.create(model="fake", input=items)

    assert [role for role, _ in stored(alice)] == ["user", "assistant", "tool", "assistant"]
    assert [each.get("type", "message") for each in models.bodies[1]["input"]] == [
        "message",
        "function_call",
        "function_call_output",
    ]


def test_a_stored_function_call_comes_back_in_this_form(alice, openai, models):
    models.script = [Say(tool="weather"), Say("It rains.")]
    openai.responses.create(model="fake", input="How is the weather?")
    result = {"type": "function_call_output", "call_id": "call_1", "output": "rain"}
    openai.responses.create(model="fake", input=[result])

    assert models.bodies[1]["input"][1] == {
        "type": "function_call",
        "call_id": "call_1",
        "name": "weather",
        "arguments": "{}",
    }


def test_a_stream_is_stored_once(alice, openai, models):
    models.script = [Say("Hello Alice, how are you?")]

    events = list(openai.responses.create(model="fake", input="Hi.", stream=True))

    assert events[-1].type == "response.completed"
    assert stored(alice) == [("user", "Hi."), ("assistant", "Hello Alice, how are you?")]


def test_a_stream_left_early_keeps_what_was_read(alice, openai, models):
    models.script = [Say("Hello Alice, how are you?")]

    with openai.responses.stream(model="fake", input="Hi.") as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break

    assert stored(alice) == [("user", "Hi."), ("assistant", "Hell")]


def test_a_broken_stream_raises_as_before(alice, openai, models):
    models.script = [Say("Hello Alice!", breaks_after=0)]

    with pytest.raises(APIError, match="broken"):
        list(openai.responses.create(model="fake", input="Hi.", stream=True))

    assert alice.wait()
    assert alice.history() == []


def test_async_responses_are_stored(memsync, async_openai: AsyncOpenAI, models: Models):
    memsync.attribution("alice", "support").llm.register(async_openai, timeout=20)

    async def talk() -> None:
        await async_openai.responses.create(model="fake", input="One.")
        async for _ in await async_openai.responses.create(model="fake", input="Two.", stream=True):
            pass

    asyncio.run(talk())

    assert [text for _, text in stored(memsync)] == ["One.", "Hello!", "Two.", "Hello!"]
