"""Tool calls and their results in a turn's parts, in OpenAI's and Anthropic's forms. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_PIECES = ("tool_use", "tool_result")  # a tuple, as a block's type may be anything


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str
    place: int = field(default=0, compare=False)
    """Among the calls and results of its turn, from 1."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered to the call of this id."""

    id: str
    text: str
    place: int = field(default=0, compare=False)


def pieces_of(parts: Any) -> Iterator[Call | Result]:
    """The calls and results in a turn's parts: OpenAI's calls, then Anthropic's blocks in order."""
    place = 0
    for place, call in enumerate(calls_in(parts), start=1):
        yield _openai_call(call, place)
    for block in blocks_in(parts):
        if is_piece(block):
            place += 1
            yield _block(block, place)


def calls_in(parts: Any) -> list[dict[str, Any]]:
    """The tool calls in OpenAI's form, as sent."""
    calls = parts.get("tool_calls") if isinstance(parts, dict) else None
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def blocks_in(parts: Any) -> list[Any]:
    """The content blocks, as sent."""
    blocks = parts.get("content") if isinstance(parts, dict) else None
    return blocks if isinstance(blocks, list) else []


def is_piece(block: Any) -> bool:
    """Whether a content block is a call or a result in Anthropic's form."""
    return isinstance(block, dict) and block.get("type") in _PIECES


def _openai_call(call: dict[str, Any], place: int) -> Call:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    return Call(
        str(call.get("id") or ""),
        str(function.get("name") or ""),
        str(function.get("arguments") or "{}"),
        place,
    )


def _block(block: dict[str, Any], place: int) -> Call | Result:
    if block["type"] == "tool_result":
        return Result(str(block.get("tool_use_id") or ""), _text(block.get("content")), place)
    given = json.dumps(block.get("input") or {})
    return Call(str(block.get("id") or ""), str(block.get("name") or ""), given, place)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(b["text"]) for b in blocks if isinstance(b, dict) and "text" in b)
