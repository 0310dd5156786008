"""Our own format: conversations with `turns`, which are messages as in `POST …/turns`."""

from __future__ import annotations

from typing import Any

from memories.importing.types import BadFile, Imported

FIELDS = frozenset({"turns", "id", "title", "kind", "scope", "metadata", "members"})


def read(item: dict[str, Any], index: int) -> Imported:
    """One conversation. Raises BadFile."""
    turns = item.get("turns")
    if not isinstance(turns, list):
        raise BadFile(f"conversation {index} is in no format that is read here")
    if unknown := set(item) - FIELDS:
        raise BadFile(f"conversation {index} has unknown fields: {', '.join(sorted(unknown))}")
    if not isinstance(item.get("scope"), list | None):
        raise BadFile(f"conversation {index} has a scope that is no list of tags")
    rest = {name: value for name, value in item.items() if name != "turns"}
    key = str(item.get("id") or item.get("title") or index)
    return Imported(key=key, messages=turns, **rest)
