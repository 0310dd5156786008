"""A context as text, as OpenAI's messages or as Anthropic's system and messages. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memories.context.assemble import MESSAGE_FRAME, Context, Count
from memories.context.messages import Said, in_anthropic, in_openai

FORMATS = ("text", "openai", "anthropic")


def as_text(context: Context) -> str:
    """The whole as one text; turns by position, each part cites its source."""
    parts = [_instructions(context), _summary(context), _turns(context), _memories(context)]
    return "\n\n".join([*filter(None, parts), left_out(context)]).strip() + "\n"


def as_openai(context: Context) -> dict[str, Any]:
    """Chat messages; the memories come before the newest question."""
    messages = _joined([message for turn in context.turns for message in in_openai(turn)])
    if head := _head(context):
        messages.insert(0, {"role": "system", "content": head})
    if tail := _tail(context):
        place = _last_user(messages, lambda message: message["role"] == "user")
        messages.insert(place, {"role": "system", "content": tail})
    return {"messages": messages}


def _joined(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With calls made one after the other in one message, as their results must follow it."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        is_more = message.get("tool_calls") and not message.get("content")
        if joined and joined[-1].get("tool_calls") and is_more:
            calls = [*joined[-1]["tool_calls"], *message["tool_calls"]]
            joined[-1] = joined[-1] | {"tool_calls": calls}
        else:
            joined.append(message)
    return joined


def as_anthropic(context: Context) -> dict[str, Any]:
    """System text and messages; the memories come in the newest question of the user."""
    messages = [in_anthropic(turn) for turn in context.turns]
    messages = [message for message in messages if message["content"]]
    if messages and messages[0]["role"] != "user":
        begun = {"type": "text", "text": "(The conversation began earlier.)"}
        messages.insert(0, {"role": "user", "content": [begun]})
    if tail := _tail(context):
        block = {"type": "text", "text": tail}
        place = _last_user(messages, _is_question)
        if place < len(messages):
            messages[place] = messages[place] | {"content": [block, *messages[place]["content"]]}
        else:
            messages.append({"role": "user", "content": [block]})
    return {"system": _head(context), "messages": messages}


def tokens_of(shown: str | dict[str, Any], count: Count) -> int:
    """What a model would read of it, with the frame of each message."""
    if isinstance(shown, str):
        return count(shown)
    frame = MESSAGE_FRAME * len(shown["messages"])
    return frame + sum(count(text) for text in _texts(shown))


def _texts(value: Any) -> Iterator[str]:
    """All strings in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def left_out(context: Context) -> str:
    """One line that says what did not fit; empty when everything did."""
    turns = context.left_out["turns"]
    said = [f"{turns['count']} turns ({_spans(turns['ranges'])})"] if turns["count"] else []
    for name in ("instructions", "memories"):
        said += [f"{context.left_out[name]} {name}"] if context.left_out[name] else []
    return f"[left out: {', '.join(said)}]" if said else ""


def _head(context: Context) -> str:
    return "\n\n".join(filter(None, [_instructions(context), _summary(context)]))


def _tail(context: Context) -> str:
    return "\n\n".join(filter(None, [_memories(context), left_out(context)]))


def _instructions(context: Context) -> str:
    lines = [fact.line for fact in context.instructions]
    return "\n".join(["# Instructions of the user", *lines]) if lines else ""


def _summary(context: Context) -> str:
    lines = [sentence.line for sentence in context.summary]
    return "\n".join(["# Said earlier, by turn", *lines]) if lines else ""


def _memories(context: Context) -> str:
    lines = [fact.line for fact in context.memories]
    return "\n".join(["# What is known", *lines]) if lines else ""


def _turns(context: Context) -> str:
    lines = [_line(turn) for turn in context.turns]
    return "\n".join(["# Conversation, by turn", *lines]) if lines else ""


def _line(turn: Said) -> str:
    calls = "".join(f" [calls {call.name}({call.arguments})]" for call in turn.calls)
    results = "".join(f" [result: {result.text}]" for result in turn.results)
    text = "" if turn.role == "tool" else turn.text
    return f"({turn.seq}) {turn.sender or turn.role}: {text}{calls}{results}"


def _is_question(message: dict[str, Any]) -> bool:
    """A user message that is no tool's answer: nothing may stand before a tool_result."""
    return message["role"] == "user" and all(
        block["type"] != "tool_result" for block in message["content"]
    )


def _last_user(messages: list[dict[str, Any]], is_question: Any) -> int:
    """The place of the newest question if nothing but it follows the rest, else the end."""
    if messages and is_question(messages[-1]):
        return len(messages) - 1
    return len(messages)


def _spans(ranges: list[list[int]]) -> str:
    shown = [str(a) if a == b else f"{a}–{b}" for a, b in ranges[:5]]
    return ", ".join([*shown, "…"] if len(ranges) > 5 else shown)
