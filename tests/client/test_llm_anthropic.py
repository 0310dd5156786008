"""`llm.register` with the real `anthropic` package."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic, BadRequestError
from openai import OpenAI

from memsync_client import Memsync
from tests.fakes.providers import Fail, Say

GIVEN: dict[str, Any] = {"model": "fake", "max_tokens": 100}


def said(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def stored(memsync: Memsync) -> list[tuple[str, str]]:
    assert memsync.wait()
    return [(turn.role, turn.content) for turn in memsync.history()]


@pytest.fixture
def alice(memsync: Memsync, anthropic: Anthropic) -> Memsync:
    """Alice talks to the support agent."""
    return memsync.attribution("alice", "support").llm.register(anthropic, timeout=20)


def test_a_call_is_answered_and_stored(alice, anthropic):
    answer = anthropic.messages.create(messages=said("My name is Alice."), **GIVEN)

    assert answer.content[0].text == "Hello!"
    assert stored(alice) == [("user", "My name is Alice."), ("assistant", "Hello!")]


def test_history_and_facts_are_brought_along(alice, anthropic, models):
    anthropic.messages.create(messages=said("I work at Acme Corp."), **GIVEN)
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    anthropic.messages.create(messages=said("Where do I work?"), system=system, **GIVEN)

    sent = models.bodies[1]
    assert sent["system"][0] == system[0]
    assert "Acme Corp" in sent["system"][1]["text"]
    assert [each["role"] for each in sent["messages"]] == ["user", "assistant", "user"]


def test_an_answer_that_the_caller_began_is_stored_whole_and_its_question_too(
    alice, anthropic, models
):
    models.script = [Say('"Leeds"}'), Say("Rain.")]
    began = [*said("Where do I live? As JSON."), {"role": "assistant", "content": '{"home": '}]
    anthropic.messages.create(messages=began, **GIVEN)
    anthropic.messages.create(messages=said("And the weather?"), **GIVEN)

    assert stored(alice)[:2] == [
        ("user", "Where do I live? As JSON."),
        ("assistant", '{"home": "Leeds"}'),
    ]
    assert models.bodies[0]["messages"][-1] == began[-1]


def test_tools_go_round_with_the_callers_history(alice, anthropic, models):
    models.script = [Say("I look.", tool="weather", arguments='{"city": "Leeds"}'), Say("Rain.")]
    messages = said("How is the weather?")
    first = anthropic.messages.create(messages=messages, **GIVEN)
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "rain"}
    messages += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result, {"type": "text", "text": "Well?"}]},
    ]
    anthropic.messages.create(messages=messages, **GIVEN)

    assert stored(alice) == [
        ("user", "How is the weather?"),
        ("assistant", "I look."),
        ("tool", "rain"),
        ("user", "Well?"),
        ("assistant", "Rain."),
    ]
    assert len(models.bodies[1]["messages"]) == 3


def test_a_stored_tool_use_comes_back_beside_its_result(alice, anthropic, models):
    models.script = [Say(tool="weather", arguments='{"city": "Leeds"}'), Say("Rain.")]
    anthropic.messages.create(messages=said("How is the weather?"), **GIVEN)
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "rain"}
    anthropic.messages.create(messages=[{"role": "user", "content": [result]}], **GIVEN)

    use = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Leeds"}}
    assert models.bodies[1]["messages"][1] == {"role": "assistant", "content": [use]}


def test_a_session_goes_on_with_another_provider(alice, anthropic, openai: OpenAI, models):
    models.script = [Say(tool="weather"), Say("Rain.")]
    alice.llm.register(openai, timeout=20)
    openai.chat.completions.create(model="fake", messages=said("How is the weather?"))
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "rain"}
    anthropic.messages.create(messages=[{"role": "user", "content": [result]}], **GIVEN)

    kinds = [each["content"][0]["type"] for each in models.bodies[1]["messages"]]
    assert kinds == ["text", "tool_use", "tool_result"]


def test_streams_are_stored_once(alice, anthropic, models):
    models.script = [Say("One, two."), Say("Three, four.", tool="weather", arguments='{"a": 1}')]

    list(anthropic.messages.create(messages=said("Count."), stream=True, **GIVEN))
    with anthropic.messages.stream(messages=said("Go on."), **GIVEN) as stream:
        final = stream.get_final_message()

    assert final.content[1].input == {"a": 1}
    assert [text for _, text in stored(alice)] == ["Count.", "One, two.", "Go on.", "Three, four."]
    call = alice.history()[-1].parts["tool_calls"][0]
    assert call["function"] == {"name": "weather", "arguments": '{"a": 1}'}


def test_a_stream_left_early_keeps_what_was_read(alice, anthropic, models):
    models.script = [Say("One, two, three.")]

    with anthropic.messages.stream(messages=said("Count."), **GIVEN) as stream:
        next(stream.text_stream)

    assert stored(alice) == [("user", "Count."), ("assistant", "One,")]


def test_errors_pass_through_unchanged(alice, anthropic, models):
    models.script = [Fail(400, "too long")]

    with pytest.raises(BadRequestError, match="too long"):
        anthropic.messages.create(messages=said("Hi."), **GIVEN)


def test_async_calls_and_streams_are_stored(memsync, async_anthropic: AsyncAnthropic):
    memsync.attribution("alice", "support").llm.register(async_anthropic, timeout=20)

    async def talk() -> None:
        await async_anthropic.messages.create(messages=said("One."), **GIVEN)
        async with async_anthropic.messages.stream(messages=said("Two."), **GIVEN) as stream:
            await stream.get_final_message()

    asyncio.run(talk())

    assert [text for _, text in stored(memsync)] == ["One.", "Hello!", "Two.", "Hello!"]
