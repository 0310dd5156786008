"""Turns as messages for a model, in OpenAI's and Anthropic's forms. Pure functions.

Tool calls and their results are known in both forms, whichever the turn was stored in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conversations.calls import Call, Result, blocks_in, is_piece, pieces_of
from conversations.items import shown
from conversations.messages import as_chat


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
    """A row of `read_history`, without its hidden items."""
    row = shown(row)
    parts = row["parts"] if isinstance(row["parts"], dict) else {}
    pieces = list(pieces_of(parts))
    calls = [piece for piece in pieces if isinstance(piece, Call)]
    results = [piece for piece in pieces if isinstance(piece, Result)]
    is_blocks = any(is_piece(block) for block in blocks_in(parts))
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
        whole=None if is_blocks else as_chat(row["role"], row["content"], row["parts"]),
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


def _object(text: str) -> Any:
    """The arguments as an object; text that is none is kept under a name of its own."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"arguments": text}
