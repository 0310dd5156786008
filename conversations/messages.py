"""Messages as sent → the columns of a turn, and back. Pure functions.

A message is role and content with, in OpenAI's and Anthropic's forms, further fields and content
blocks. What role, text and our own columns do not hold is kept in `parts`, as JSON values, so that
the message comes back equal.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from memsync.common.privacy import without_private

EXTRA_FIELDS = ("name", "tool_calls", "tool_call_id", "function_call", "refusal")
"""Fields of chat messages that are kept in `parts` under their own names."""
_OUR_FORM = frozenset({*EXTRA_FIELDS, "content", "parts"})


class NewTurn(TypedDict):
    """A message ready to be stored."""

    role: str
    content: str
    parts: Any
    sender: str
    parent_id: UUID | None
    client_id: str | None
    metadata: dict[str, Any]
    occurred_at: datetime | None
    body_hash: str


def new_turn(message: dict[str, Any]) -> NewTurn:
    """The turn that a validated message makes."""
    message = without_private(message)
    content = message.get("content")
    return NewTurn(
        role=message["role"],
        content=text_of(content),
        parts=_parts_of(message),
        sender=message.get("sender") or message.get("name") or "",
        parent_id=message.get("parent_id"),
        client_id=message.get("client_id"),
        metadata=message.get("metadata") or {},
        occurred_at=message.get("occurred_at"),
        body_hash=_digest(message),
    )


def text_of(content: Any) -> str:
    """The text of a content: a string itself, of an array its text parts, of null nothing."""
    if isinstance(content, str):
        return content
    texts = [_part_text(part) for part in content or []]
    return "\n".join(text for text in texts if text is not None)


def as_message(role: str, content: str, parts: Any) -> dict[str, Any]:
    """The message as it was sent, without our own fields.

    `parts` that a client sent itself in our form (an object of chat fields) are those fields.
    """
    message: dict[str, Any] = {"role": role, "content": content}
    if isinstance(parts, dict) and parts and parts.keys() <= _OUR_FORM:
        return message | parts
    return message if parts is None else message | {"parts": parts}


def _part_text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    return None


def _parts_of(message: dict[str, Any]) -> Any:
    """What text cannot hold, by field name; parts sent on their own are kept as they are."""
    kept = {name: message[name] for name in EXTRA_FIELDS if name in message}
    if not isinstance(message.get("content"), str):
        kept["content"] = message.get("content")
    if message.get("parts") is None:
        return kept or None
    return {**kept, "parts": message["parts"]} if kept else message["parts"]


def _digest(message: dict[str, Any]) -> str:
    """SHA-256 of a message, to tell a repeat from another message under the same client id."""
    canonical = json.dumps(message, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
