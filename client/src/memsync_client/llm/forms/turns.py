"""One form of messages between providers and the server: that of OpenAI's chat completions.

A message is `{"role", "content"}` with `tool_calls` (assistant) or `tool_call_id` (tool) where
there are any. The other forms are translated into it and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

Message = dict[str, Any]

MAX_BLOB = 100_000
"""Characters of a string in a part that is no text, such as an image; longer ones are left out."""
_LEFT_OUT = re.compile(r"\[\d+ characters, not stored\]")
_KEPT = ("name", "tool_calls", "tool_call_id", "refusal")


def plain(value: Any) -> Any:
    """JSON values: models of the providers' packages become dicts."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True, warnings=False)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def messages_in(value: Any) -> list[Message]:
    """The messages of a request body, as plain dicts."""
    listed = isinstance(value, Iterable) and not isinstance(value, str | dict)
    return [each for each in map(plain, value) if isinstance(each, dict)] if listed else []


def text_of(content: Any) -> str:
    """The text of a content: a string itself, of an array its text parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part if isinstance(part, str) else _part_text(part) for part in parts]
    return "\n".join(text for text in texts if text)


def _part_text(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""


def new_messages(messages: Sequence[Message]) -> list[Message]:
    """What the caller adds: what people and tools said after the model's last message.

    What stands before it was stored when it was new, or is an example in the prompt.
    """
    last = max(
        (at for at, each in enumerate(messages) if each.get("role") == "assistant"), default=-1
    )
    return [each for each in messages[last + 1 :] if each.get("role") in {"user", "tool"}]


def continued(begun: str, messages: Sequence[Message]) -> list[Message]:
    """The messages, of which the model's own goes on from what the caller began."""
    if not begun or not messages or messages[-1]["role"] != "assistant":
        return [*messages]
    last = messages[-1]
    return [*messages[:-1], last | {"content": begun + text_of(last.get("content"))}]


def stored_form(message: Message) -> Message:
    """A message as it is sent to the server."""
    kept = {name: message[name] for name in (*_KEPT, "metadata") if message.get(name)}
    return {"role": message["role"], "content": _without_blobs(message.get("content")), **kept}


def _without_blobs(value: Any, *, is_text: bool = True) -> Any:
    if isinstance(value, str):
        fits = is_text or len(value) <= MAX_BLOB
        return value if fits else f"[{len(value)} characters, not stored]"
    if isinstance(value, dict):
        return {
            name: _without_blobs(each, is_text=name == "text" and value.get("type") != "image")
            for name, each in value.items()
        }
    return [_without_blobs(each) for each in value] if isinstance(value, list) else value


def is_whole(part: Any) -> bool:
    """Whether a stored part is as it was sent, nothing of it left out."""
    if isinstance(part, str):
        return not _LEFT_OUT.fullmatch(part)
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return all(map(is_whole, inside))


def call_ids(message: Message) -> list[str]:
    """The ids of the tool calls in a message."""
    calls = message.get("tool_calls")
    return [str(call.get("id")) for call in calls if isinstance(call, dict)] if calls else []


def whole_exchanges(history: Sequence[Message], following: Sequence[Message]) -> list[Message]:
    """The history from its first question on, every tool call beside all its results.

    Providers refuse a call without its results right after it, and a result without its call; the
    results of the last call may stand in `following`, which is what the caller sends.
    """
    said = [*history, *following]
    kept: list[Message] = []
    open_calls: set[str] = set()
    for place, message in enumerate(history):
        if not kept and message["role"] != "user":
            continue
        calls = set(call_ids(message))
        if calls and calls != _results_at(said, place + 1):
            open_calls = set()
        elif message["role"] != "tool" or str(message.get("tool_call_id")) in open_calls:
            kept.append(message)
            open_calls = calls or open_calls
    return kept


def _results_at(messages: Sequence[Message], place: int) -> set[str]:
    """The calls that the tool messages from here on answer."""
    results = takewhile(lambda each: each.get("role") == "tool", messages[place:])
    return {str(each.get("tool_call_id")) for each in results}


def carries(messages: Sequence[Message], history: Sequence[Message]) -> bool:
    """Whether the caller sends the history along: one of the model's stored messages is in it."""
    stored = {_gist(each) for each in history if each["role"] == "assistant"}
    return any(_gist(each) in stored for each in messages if each.get("role") == "assistant")


def _gist(message: Message) -> tuple[str, tuple[str, ...]]:
    return text_of(message.get("content")).strip(), tuple(call_ids(message))


def last_question(messages: Sequence[Message]) -> str:
    """The newest words of a person."""
    asked = [text_of(each.get("content")) for each in messages if each.get("role") == "user"]
    return next((text for text in reversed(asked) if text.strip()), "")


def tool_call(call_id: str, name: str, arguments: Any) -> dict[str, Any]:
    """A tool call in chat form."""
    given = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": given}}


def said(text: str, calls: Sequence[dict[str, Any]], refusal: str | None = None) -> list[Message]:
    """The model's message; none when it said nothing."""
    if not (text or calls or refusal):
        return []
    message: Message = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = list(calls)
    if refusal:
        message["refusal"] = refusal
    return [message]


def with_text(content: Any, addition: str) -> Any:
    """A content with a text after it."""
    if isinstance(content, list):
        return [*content, {"type": "text", "text": addition}]
    return f"{content}\n\n{addition}" if content else addition
