"""OpenAI's Conversations: the items of a conversation, as its API lists them (oldest first).

Read are a page of items (`{"object": "list", "data": […]}`), a bare list of them, and a
conversation object with `items`. Tool calls and their outputs become chat messages in OpenAI's
form; what else a model did (reasoning, searches) is kept whole in the parts of a turn.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from memories.importing.types import BadFile, Imported

ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


def reads(item: Any) -> bool:
    """Whether an object is a conversation in this format."""
    if not isinstance(item, dict):
        return False
    return item.get("object") in {"conversation", "list"} or isinstance(item.get("items"), list)


def is_item(item: Any) -> bool:
    """Whether an object is a single item, so that a list of such is one conversation."""
    is_ours = isinstance(item, dict) and isinstance(item.get("type"), str)
    return is_ours and not {"turns", "mapping", "conversation"} & set(item)


def read(conversation: dict[str, Any], index: int) -> Imported:
    """One conversation. Raises BadFile."""
    items = conversation.get("items", conversation.get("data"))
    if isinstance(items, dict):
        items = items.get("data")
    if not isinstance(items, list) or not all(is_item(item) for item in items):
        raise BadFile(f"conversation {index} has no list of items")
    own_id = conversation.get("id")
    first = items[0].get("id") if items else None
    metadata = conversation.get("metadata") or {}
    named = {"openai_conversation_id": own_id} if own_id else {}
    messages = [_message(item) for item in items]
    if said_at := _time(conversation.get("created_at")):
        messages[:1] = [{**message, "occurred_at": said_at} for message in messages[:1]]
    return Imported(
        key=str(own_id or first or index),
        messages=messages,
        metadata={**metadata, "source": "openai", **named},
    )


def _message(item: dict[str, Any]) -> dict[str, Any]:
    named = {"client_id": str(item["id"])[:200]} if item.get("id") else {}
    match item["type"]:
        case "message":
            said = {"role": ROLES.get(str(item.get("role")), "assistant"), **_content(item)}
        case "function_call":
            said = {"role": "assistant", "content": None, "tool_calls": [_call(item)]}
        case "function_call_output":
            call_id = str(item.get("call_id", ""))
            said = {"role": "tool", "tool_call_id": call_id, "content": _output(item)}
        case _:
            role = "tool" if item["type"].endswith("_output") else "assistant"
            said = {"role": role, "content": [item]}
    return {**said, **named}


def _content(item: dict[str, Any]) -> dict[str, Any]:
    content = item.get("content")
    return {"content": content if isinstance(content, (str, list)) else None}


def _call(item: dict[str, Any]) -> dict[str, Any]:
    function = {"name": item.get("name", ""), "arguments": item.get("arguments", "")}
    return {"id": item.get("call_id", ""), "type": "function", "function": function}


def _output(item: dict[str, Any]) -> Any:
    output = item.get("output")
    return output if isinstance(output, (str, list)) else ""


def _time(seconds: Any) -> datetime | None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    return datetime.fromtimestamp(seconds, UTC)
