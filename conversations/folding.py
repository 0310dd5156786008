"""What a message holds besides its text, as folds with a title: tool calls, results, other blocks.

Pure functions over `Turn.parts`, which is whatever a client sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conversations.items import WORDS, is_whole, kept_in
from conversations.messages import KEPT, part_text

MAX_SHOWN = 20_000
"""Characters of one fold; what follows is cut off and said to be."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One part of a message: a title and a text to unfold."""

    title: str
    text: str
    cut: int = 0
    """How many characters are not shown."""


def folds(parts: Any) -> list[Fold]:
    """The folds of a turn's parts, in order."""
    return [_fold(title, value) for title, value in _titled(parts)]


def _titled(parts: Any) -> Iterator[tuple[str, Any]]:
    """Everything worth showing, with a title; the text blocks are in the turn's content already."""
    if not isinstance(parts, dict):
        yield from _blocks(parts)
        return
    if is_whole(kept := kept_in(parts)):
        whole = kept[str(WORDS)]
        yield f"Item: {whole['type']}", whole
    for name, value in parts.items():
        match name:
            case _ if name == KEPT or (name == "parts" and _is_kept(value)):
                continue
            case "tool_calls" if isinstance(value, list):
                yield from (_call(call) for call in value)
            case "function_call":
                yield _call({"function": value})
            case "tool_call_id":
                yield "Answers a tool call", value
            case "name":
                yield "Name", value
            case "refusal" if value:
                yield "Refusal", value
            case "content" | "parts":
                yield from _blocks(value)
            case _:
                yield name, value


def _is_kept(value: Any) -> bool:
    """What OpenAI's items were sent with beyond the message that is shown."""
    return isinstance(value, dict) and set(value) == {KEPT}


def _call(call: Any) -> tuple[str, Any]:
    """A tool call in OpenAI's form."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return "Tool call", call
    return f"Tool call: {function.get('name', '')}", function.get("arguments")


def _blocks(blocks: Any) -> Iterator[tuple[str, Any]]:
    """Content blocks, but for text."""
    if blocks is None:
        return
    for block in blocks if isinstance(blocks, list) else [blocks]:
        if not isinstance(block, dict):
            if not isinstance(block, str):
                yield "Part", block
        elif block.get("type") == "tool_use":
            yield f"Tool call: {block.get('name', '')}", block.get("input")
        elif block.get("type") == "tool_result":
            yield "Tool result", block.get("content")
        elif part_text(block) is None:
            yield f"Part: {block.get('type', 'unnamed')}", block


def _fold(title: str, value: Any) -> Fold:
    text = _pretty(value)
    return Fold(title[:120], text[:MAX_SHOWN], max(0, len(text) - MAX_SHOWN))


def _pretty(value: Any) -> str:
    """JSON values indented; a string, even one that holds JSON, exactly as it was sent."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
