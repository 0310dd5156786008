"""Messages of other frameworks as turns, and back: what chat form does not hold goes along whole.

Pure functions.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from memsync_client.errors import InvalidValue
from memsync_client.models import Turn

Message = dict[str, Any]
MAX_CONTENT = 1_000_000
"""Code points of a message's content that the server takes."""
MAX_NAME = 200
"""Characters of a name, or of the id of a tool call, that the server takes."""
OPENAI_ITEMS = "openai_items"
"""Under which name a turn's parts hold what OpenAI's items say beyond a chat message, by place.

/v1/conversations stores and reads the same: words have the place 0, calls the places from 1.
"""
_TOOL_BLOCKS = ("tool_use", "tool_result")  # a tuple, as a block's type may be anything


def json_of(value: Any) -> bytes:
    """A value as JSON, the same for equal values. Raises InvalidValue for what JSON cannot say."""
    try:
        text = json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValue(f"This cannot be stored as JSON: {error}") from error


def kept(message: Mapping[str, Any], form: str, original: Any) -> Message:
    """A chat message that carries what it was made of, where chat form alone would lose something.

    Its content is there to be found and read, so only what the server takes of it is sent.
    """
    sent = {name: value for name, value in message.items() if _is_taken(name, value)}
    content = message["content"]
    sent["content"] = content[:MAX_CONTENT] if isinstance(content, str) else content
    return sent | {"parts": {form: original}}


def fits(message: Mapping[str, Any]) -> bool:
    """Whether the server takes a chat message as it is; content is text."""
    is_short = len(message["content"]) <= MAX_CONTENT
    return is_short and all(_is_taken(name, value) for name, value in message.items())


def _is_taken(name: str, value: Any) -> bool:
    if name in {"name", "tool_call_id"}:
        return isinstance(value, str) and 0 < len(value) <= MAX_NAME
    return value is not None


def original_of(turn: Turn, form: str) -> Any:
    """What a turn was made of; None when it was stored in another way."""
    parts = turn.get("parts")
    inner = parts.get("parts", parts) if isinstance(parts, dict) else None
    return inner.get(form) if isinstance(inner, dict) else None


def chat_of(turn: Turn) -> Message:
    """A turn as a chat message, less what of it was taken back."""
    message, hidden = stored_chat(turn), hidden_places(turn)
    calls = message.get("tool_calls") or []
    if not hidden:
        return message
    if calls:
        left = [call for place, call in enumerate(calls, start=1) if place not in hidden]
        message = _without(message, "tool_calls") | ({"tool_calls": left} if left else {})
    if isinstance(message["content"], list):
        message["content"] = _shown_blocks(message["content"], len(calls), hidden)
    elif 0 in hidden:
        message["content"] = ""
    return _without(message, "refusal") if 0 in hidden else message


def stored_chat(turn: Turn) -> Message:
    """A turn as the chat message that it was stored as."""
    parts = turn.get("parts")
    fields = parts if isinstance(parts, dict) else {}
    names = ("content", "name", "tool_calls", "tool_call_id", "refusal")
    more = {name: fields[name] for name in names if name in fields}
    return {"role": turn.role, "content": turn.content, **more}


def is_out(turn: Turn) -> bool:
    """Whether a turn was taken back."""
    return turn.get("redacted_at") is not None or turn.get("hidden_at") is not None


def hidden_places(turn: Turn) -> frozenset[int]:
    """The places of what was taken back of a turn: its words have 0, its calls from 1."""
    return frozenset(turn.get("hidden_items") or ())


def item_id(turn: Turn) -> str | None:
    """What /v1/conversations calls the one item of a turn; None where there are several."""
    message = stored_chat(turn)
    calls = message.get("tool_calls") or []
    blocks = message["content"] if isinstance(message["content"], list) else []
    if any(_is_tool(block) for block in blocks):
        return None
    has_words = turn.content or blocks or not calls
    places = {*([0] if has_words else []), *range(1, len(calls) + 1)} - hidden_places(turn)
    if len(places) != 1:
        return None
    [place] = places
    return f"fc_{uuid.UUID(turn.id).hex}_{place}" if place else turn.id


def _is_tool(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") in _TOOL_BLOCKS


def _shown_blocks(blocks: list[Any], place: int, hidden: frozenset[int]) -> list[Any]:
    """Content blocks that were not taken back; the words share one place."""
    left = []
    for block in blocks:
        place += _is_tool(block)
        if (place if _is_tool(block) else 0) not in hidden:
            left.append(block)
    return left


def _without(message: Message, name: str) -> Message:
    return {key: value for key, value in message.items() if key != name}
