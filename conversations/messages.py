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
KEPT = "openai_items"
"""The name in `parts` of what items of OpenAI's Conversations hold beyond a message."""
UNSAID = ("reasoning", "reasoning_text", "thinking", "redacted_thinking", "summary_text")
"""Types of content parts whose text a model thought and did not say."""
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
    texts = [part_text(part) for part in content or []]
    return "\n".join(text for text in texts if text is not None)


def as_message(role: str, content: str, parts: Any) -> dict[str, Any]:
    """The message as it was sent, without our own fields.

    `parts` that a client sent itself in our form (an object of chat fields) are those fields.
    """
    message: dict[str, Any] = {"role": role, "content": content}
    if isinstance(parts, dict) and parts and parts.keys() <= _OUR_FORM:
        message |= parts
    elif parts is not None:
        message["parts"] = parts
    if isinstance(message.get("parts"), dict) and message["parts"].keys() == {KEPT}:
        del message["parts"]
    return message


def as_chat(role: str, content: str, parts: Any) -> dict[str, Any]:
    """The message for a chat model, whose content parts it knows."""
    message = as_message(role, content, parts)
    if isinstance(message.get("content"), list):
        message["content"] = [_for_chat(part) for part in message["content"]]
    return message


def chat_part(part: Any) -> Any:
    """A content part in the form of the Responses API as chat has it; others as they are."""
    match part:
        case {"type": "input_text" | "output_text", "text": str(text), **rest}:
            return {"type": "text", "text": text, **rest}
        case {"type": "input_image", "image_url": str(url), **rest} if rest.keys() <= {"detail"}:
            return {"type": "image_url", "image_url": {"url": url, **rest}}
    return part


def _for_chat(part: Any) -> Any:
    part = chat_part(part)
    if not isinstance(part, dict) or part.get("type") != "text":
        return part
    return {name: value for name, value in part.items() if name not in {"annotations", "logprobs"}}


def part_text(part: Any) -> str | None:
    """What a content part says; None for one that is not text."""
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return None if part.get("type") in UNSAID else str(part["text"])
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
