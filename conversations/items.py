"""Turns as items of OpenAI's Conversations, and their ids. Pure functions.

A turn holds its words (place 0) and its tool calls and results (from 1): each is an item. Ids come
from the turn's id and the place, so that they need no table and never move. What an item was sent
with beyond what a chat message holds stands in the turn's parts, by place, under KEPT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conversations.calls import Call, Result, blocks_in, calls_in, is_piece, pieces_of
from conversations.messages import KEPT
from memsync.common.ids import parse_uuid

WORDS = 0
"""The place of a turn's words."""
FROM_TURNS = frozenset({"message", "function_call", "function_call_output"})
"""Types that chat messages have too; items of all others are kept whole."""
_PREFIXES = {
    "code_interpreter_call": "ci",
    "compaction": "cmp",
    "computer_call": "cu",
    "computer_call_output": "cuo",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "file_search_call": "fs",
    "function_call": "fc",
    "function_call_output": "fco",
    "image_generation_call": "ig",
    "local_shell_call": "lsh",
    "local_shell_call_output": "lsho",
    "mcp_approval_request": "mcpr",
    "mcp_approval_response": "mcpa",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "message": "msg",
    "reasoning": "rs",
    "web_search_call": "ws",
}
ITEM_TYPES = frozenset(_PREFIXES)
_ID = re.compile(r"[a-z]{2,6}_([0-9a-f]{32})(?:_([1-9][0-9]{0,3}))?")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a turn; `body` is as on the wire."""

    place: int
    body: dict[str, Any]

    @property
    def id(self) -> str:
        """Its id on the wire."""
        return str(self.body["id"])


def conversation_id(uid: UUID) -> str:
    """A conversation's id in OpenAI's form."""
    return f"conv_{uid.hex}"


def parse_conversation_id(text: str) -> UUID | None:
    """The id in either form; None for what is none."""
    match = re.fullmatch(r"conv_([0-9a-f]{32})", text)
    return UUID(match[1]) if match else parse_uuid(text)


def parse_item_id(text: str) -> tuple[UUID, int] | None:
    """The turn and the place that an id names; a turn's own id names its words."""
    if uid := parse_uuid(text):
        return uid, WORDS
    match = _ID.fullmatch(text)
    return (UUID(match[1]), int(match[2] or WORDS)) if match else None


def items_of(row: Mapping[str, Any]) -> list[Item]:
    """The items that a row of `read_history` shows, in order; none of a redacted or hidden turn."""
    if row["redacted_at"] or row["hidden_at"]:
        return []
    hidden = set(row["hidden_items"] or ())
    kept = kept_in(row["parts"])
    return [
        Item(place, _whole(row["uid"], place, body, kept.get(str(place), {})))
        for place, body in _bodies(row, kept)
        if place not in hidden
    ]


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """The row without its hidden items."""
    hidden = set(row.get("hidden_items") or ())
    if not hidden:
        return row
    words = {"content": ""} if WORDS in hidden else {}
    return row | words | {"parts": _without(row["parts"], hidden)}


def kept_in(parts: Any) -> dict[str, dict[str, Any]]:
    """What items were sent with beyond a chat message, by place."""
    for holder in (parts, parts.get("parts") if isinstance(parts, dict) else None):
        kept = holder.get(KEPT) if isinstance(holder, dict) else None
        if isinstance(kept, dict):
            return {place: more for place, more in kept.items() if isinstance(more, dict)}
    return {}


def is_whole(kept: Mapping[str, Any]) -> bool:
    """Whether the turn is an item of a type that chat messages do not have."""
    kind = kept.get(str(WORDS), {}).get("type")
    return isinstance(kind, str) and kind not in FROM_TURNS


def _bodies(
    row: Mapping[str, Any], kept: Mapping[str, Any]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each place with what the chat message says of its item."""
    if is_whole(kept):
        yield WORDS, {}
        return
    if imported := _imported(row["parts"]):
        yield WORDS, imported
        return
    pieces = list(pieces_of(row["parts"]))
    for piece in pieces:
        if isinstance(piece, Result):
            yield piece.place, _result(piece.id, piece.text)
    if _has_words(row) or not pieces:
        yield WORDS, _said(row)
    for piece in pieces:
        if isinstance(piece, Call):
            yield piece.place, _call(piece)


def _imported(parts: Any) -> dict[str, Any] | None:
    """The item that an import stored as the one content part of its turn; the id becomes ours."""
    match blocks_in(parts):
        case [dict(item)] if item.get("type") in [*ITEM_TYPES - FROM_TURNS]:
            return {name: value for name, value in item.items() if name != "id"}
    return None


def _has_words(row: Mapping[str, Any]) -> bool:
    blocks = blocks_in(row["parts"])
    return bool(row["content"]) or any(not is_piece(block) for block in blocks)


def _whole(uid: UUID, place: int, body: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The item with its id: one that was kept, else the one that the turn gives it."""
    body = {**body, **more}
    prefix = _PREFIXES.get(str(body.get("type")), "item")
    suffix = f"_{place}" if place else ""
    return {**body, "id": more.get("id") or f"{prefix}_{uid.hex}{suffix}"}


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """A message; of a tool its answer."""
    parts = row["parts"] if isinstance(row["parts"], dict) else {}
    if row["role"] == "tool":
        is_list = isinstance(parts.get("content"), list)
        blocks = [_part(one, "input_text") for one in blocks_in(parts)]
        return _result(str(parts.get("tool_call_id") or ""), blocks if is_list else row["content"])
    kind = "output_text" if row["role"] == "assistant" else "input_text"
    given = [_part(one, kind) for one in blocks_in(parts) if not is_piece(one)]
    if row["content"] and not given:
        given = [_text(row["content"], kind)]
    if isinstance(parts.get("refusal"), str) and parts["refusal"]:
        given.append({"type": "refusal", "refusal": parts["refusal"]})
    content = given or [_text("", kind)]
    return {"type": "message", "role": row["role"], "content": content, "status": "completed"}


def _result(call_id: str, output: Any) -> dict[str, Any]:
    named = {"type": "function_call_output", "call_id": call_id}
    return {**named, "output": output, "status": "completed"}


def _call(call: Call) -> dict[str, Any]:
    named = {"type": "function_call", "call_id": call.id, "name": call.name}
    return {**named, "arguments": call.arguments, "status": "completed"}


def _part(part: Any, kind: str) -> dict[str, Any]:
    """A content part of a chat message as one of an item; what is none of chat stays as it is."""
    match part:
        case str():
            return _text(part, kind)
        case {"type": "text", "text": str(text)}:
            return {**_text(text, kind), **part, "type": kind}
        case {"type": "image_url", "image_url": {"url": str(url), **rest}}:
            return {"type": "input_image", "image_url": url, "detail": rest.get("detail", "auto")}
    return part if isinstance(part, dict) else {"type": kind, "text": ""}


def _text(text: str, kind: str) -> dict[str, Any]:
    annotations: dict[str, Any] = {"annotations": []} if kind == "output_text" else {}
    return {"type": kind, "text": text, **annotations}


def _without(parts: Any, hidden: set[int]) -> Any:
    if not isinstance(parts, dict):
        return parts
    kept, calls = dict(parts), calls_in(parts)
    if calls:
        kept["tool_calls"] = [c for n, c in enumerate(calls, start=1) if n not in hidden]
    if not kept.get("tool_calls", True):
        del kept["tool_calls"]
    if isinstance(parts.get("content"), list):
        kept["content"] = _shown_blocks(parts["content"], len(calls), hidden)
    if WORDS in hidden:
        kept.pop("refusal", None)
    return kept


def _shown_blocks(blocks: list[Any], place: int, hidden: set[int]) -> list[Any]:
    """The blocks whose place is not hidden; the words share one."""
    left = []
    for block in blocks:
        place += is_piece(block)
        if (place if is_piece(block) else WORDS) not in hidden:
            left.append(block)
    return left
