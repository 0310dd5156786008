"""JSON without words: ids, places, counts, codes and times stay, everything somebody said goes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from memsync.common.ids import parse_uuid

_KEPT = frozenset(
    {
        "category",
        "client_id",
        "closed_at",
        "code",
        "created_at",
        "id",
        "key",
        "kind",
        "last_activity_at",
        "mode",
        "object",
        "occurred_at",
        "op",
        "redacted_at",
        "ref",
        "role",
        "status",
        "type",
        "valid_from",
        "valid_until",
    }
)
"""Names whose strings are no words, besides those that end in `_id` or `_ids`."""
_OF_ITEM = ("id", "type")
"""What is no words of an item of OpenAI's, which may say anything under any name."""


def without_words(value: Any, name: str = "") -> Any:
    """The value with every string blanked but ids, codes and times; free objects emptied."""
    if isinstance(value, str):
        is_kept = name in _KEPT or name.endswith(("_id", "_ids"))
        return value if is_kept else ""
    if name in {"metadata", "parts"}:
        return {} if isinstance(value, dict) else None
    if isinstance(value, list):
        return [without_words(inner, name) for inner in value]
    if isinstance(value, dict):
        if value.get("object") == "list" and "data" in value:
            return value | {"data": [_item_without_words(item) for item in value["data"]]}
        return {key: without_words(inner, key) for key, inner in value.items()}
    return value


def _item_without_words(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in _OF_ITEM if name in item}


def ids_in(value: Any) -> Iterator[uuid.UUID]:
    """Every UUID in a JSON value, as a string or as itself."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, uuid.UUID):
            yield inner
        elif isinstance(inner, str):
            if found := parse_uuid(inner):
                yield found
        elif isinstance(inner, dict):
            pending.extend(inner.values())
        elif isinstance(inner, list):
            pending.extend(inner)
