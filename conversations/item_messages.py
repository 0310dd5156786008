"""Items of OpenAI's Conversations as messages that `POST …/turns` takes. Pure functions.

A message, a tool call and a tool's answer are stored as the chat message they amount to, so that
transcripts, contexts and other clients read them; what that does not hold is kept beside it, and
items of all other types are kept whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from conversations.items import FROM_TURNS, WORDS, items_of
from conversations.messages import KEPT, chat_part, new_turn

ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_NOWHERE = UUID(int=0)
_ABSENT = object()


def messages_of(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One message an item; calls that follow each other are one message, as models make them."""
    runs: list[list[Mapping[str, Any]]] = []
    for item in items:
        if runs and _is_call(item) and _is_call(runs[-1][0]):
            runs[-1].append(item)
        else:
            runs.append([item])
    return [_message(run) for run in runs]


def type_of(item: Mapping[str, Any]) -> str:
    """The type of an item; without one it is a message, as in OpenAI's short form."""
    return str(item.get("type") or "message")


def _is_call(item: Mapping[str, Any]) -> bool:
    return type_of(item) == "function_call"


def _message(run: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = run[0]
    match type_of(first):
        case "message":
            said = {"role": ROLES[first["role"]], "content": _content(first["content"])}
        case "function_call":
            said = {"role": "assistant", "content": None, "tool_calls": [_call(i) for i in run]}
        case "function_call_output":
            answer = _content(first["output"])
            said = {"role": "tool", "tool_call_id": first["call_id"], "content": answer}
        case kind:
            role = "tool" if kind.endswith(("_output", "_response")) else "assistant"
            return {"role": role, "content": "", "parts": {KEPT: {str(WORDS): dict(first)}}}
    kept = _kept(run, said)
    return said | ({"parts": {KEPT: kept}} if kept else {})


def _call(item: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": item["name"], "arguments": item["arguments"]}
    return {"id": item["call_id"], "type": "function", "function": function}


def _content(sent: Any) -> Any:
    return [chat_part(part) for part in sent] if isinstance(sent, list) else sent


def _kept(run: Sequence[Mapping[str, Any]], said: dict[str, Any]) -> dict[str, Any]:
    """By place, what the items were sent with and the message would not give back."""
    stored = {**new_turn(said), "uid": _NOWHERE}
    row = {**stored, "redacted_at": None, "hidden_at": None, "hidden_items": None}
    made = items_of(row)
    kept = {str(item.place): _beyond(sent, item.body) for item, sent in zip(made, run, strict=True)}
    return {place: more for place, more in kept.items() if more}


def _beyond(sent: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ. A message's text becomes a list of parts, as OpenAI gives it back."""
    return {
        name: value
        for name, value in sent.items()
        if name != "id"
        and made.get(name, _ABSENT) != value
        and not (name == "content" and isinstance(value, str))
        and not (name in {"status", "type"} and value is None)
    }


def own_id(item: Mapping[str, Any]) -> str | None:
    """The id that an item keeps: encrypted reasoning, say, is bound to the one it was made with."""
    return item.get("id") if type_of(item) not in FROM_TURNS else None
