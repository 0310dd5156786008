"""Turns as messages for a model, in OpenAI's and Anthropic's forms. Pure functions.

Tool calls and their results are known in both forms, whichever the turn was stored in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conversations.messages import as_message


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered to the call of this id."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of a visible history."""

    uid: UUID
    seq: int
    role: str
    text: str
    sender: str = ""
    calls: tuple[Call, ...] = ()
    results: tuple[Result, ...] = ()
    whole: Any = None
    """The OpenAI message it was sent as; None when it was sent in Anthropic's blocks."""


def said(row: dict[str, Any]) -> Said:
    """A row of `read_history`."""
    parts = row["parts"] if isinstance(row["parts"], dict) else {}
    blocks = [b for b in _list(parts.get("content")) if isinstance(b, dict)]
    calls = [*map(_openai_call, _dicts(parts.get("tool_calls"))), *_anthropic_calls(blocks)]
    results = _anthropic_results(blocks)
    is_blocks = bool(results) or any(block.get("type") == "tool_use" for block in blocks)
    if row["role"] == "tool":
        results = [Result(str(parts.get("tool_call_id") or ""), row["content"])]
    return Said(
        uid=row["uid"],
        seq=row["seq"],
        role=row["role"],
        text=row["content"],
        sender=row["sender"],
        calls=tuple(calls),
        results=tuple(results),
        whole=None if is_blocks else as_message(row["role"], row["content"], row["parts"]),
    )


def in_openai(turn: Said) -> list[dict[str, Any]]:
    """The turn as chat messages; results stored as blocks become messages of their own."""
    if turn.whole is not None:
        kept = {name: value for name, value in turn.whole.items() if name != "parts"}
        return [kept]
    messages = [
        {"role": "tool", "tool_call_id": result.id, "content": result.text}
        for result in turn.results
    ]
    if turn.text or turn.calls:
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in turn.calls
        ]
        message: dict[str, Any] = {"role": turn.role, "content": turn.text}
        messages.append(message | ({"tool_calls": calls} if calls else {}))
    return messages


def in_anthropic(turn: Said) -> dict[str, Any]:
    """The turn as a message of content blocks; system turns speak as the user."""
    blocks: list[dict[str, Any]] = [
        {"type": "tool_result", "tool_use_id": result.id, "content": result.text}
        for result in turn.results
    ]
    if turn.text and not (turn.results and turn.role == "tool"):
        prefix = "[system] " if turn.role == "system" else ""
        blocks.append({"type": "text", "text": prefix + turn.text})
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _object(call.arguments)}
        for call in turn.calls
    ]
    role = "assistant" if turn.role == "assistant" else "user"
    return {"role": role, "content": blocks}


def groups_of(turns: list[Said]) -> list[list[Said]]:
    """The turns in runs that must stay whole: a call, its results, and what stands between.

    A result whose call is not among the turns makes its run unusable: such runs are left out.
    """
    ends = list(range(len(turns)))
    made: dict[str, int] = {}
    broken = set()
    for place, turn in enumerate(turns):
        for result in turn.results:
            if result.id in made:
                first = made[result.id]
                ends[first] = max(ends[first], place)
            else:
                broken.add(place)
        made |= {call.id: place for call in turn.calls}
    return [
        turns[first : last + 1]
        for first, last in _merged(ends)
        if not broken & set(range(first, last + 1))
    ]


def _merged(ends: list[int]) -> list[tuple[int, int]]:
    """Overlapping intervals [i, ends[i]] joined."""
    runs: list[tuple[int, int]] = []
    first = 0
    while first < len(ends):
        last, place = ends[first], first
        while place <= last:
            last = max(last, ends[place])
            place += 1
        runs.append((first, last))
        first = last + 1
    return runs


def _openai_call(call: dict[str, Any]) -> Call:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    return Call(
        str(call.get("id") or ""),
        str(function.get("name") or ""),
        str(function.get("arguments") or "{}"),
    )


def _anthropic_calls(blocks: list[dict[str, Any]]) -> list[Call]:
    return [
        Call(str(b.get("id") or ""), str(b.get("name") or ""), json.dumps(b.get("input") or {}))
        for b in blocks
        if b.get("type") == "tool_use"
    ]


def _anthropic_results(blocks: list[dict[str, Any]]) -> list[Result]:
    return [
        Result(str(block.get("tool_use_id") or ""), _result_text(block.get("content")))
        for block in blocks
        if block.get("type") == "tool_result"
    ]


def _result_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block["text"]) for block in _dicts(content) if "text" in block)


def _object(text: str) -> Any:
    """The arguments as an object; text that is none is kept under a name of its own."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"arguments": text}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]
