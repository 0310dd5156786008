"""Conversation files → conversations to record. Pure functions over parsed JSON.

One module per format; `docs/importing.md` describes them. The format is told from the file.
"""

from __future__ import annotations

from typing import Any

from memories.importing import chatgpt, locomo, openai_items, plain
from memories.importing.types import BadFile, Branch, Imported

__all__ = ["BadFile", "Branch", "Imported", "read_conversations"]


def read_conversations(document: Any) -> list[Imported]:
    """The conversations of a parsed file, whatever its format. Raises BadFile."""
    if isinstance(document, list) and document and all(map(openai_items.is_item, document)):
        document = {"items": document}
    if isinstance(document, dict):
        document = document.get("conversations", [document])
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise BadFile("expected a list of conversations")
    return [_read_safely(item, index) for index, item in enumerate(document)]


def _read_safely(item: dict[str, Any], index: int) -> Imported:
    """One conversation; whatever is of another type than its format has is a BadFile."""
    try:
        return _read(item, index)
    except BadFile:
        raise
    except (AttributeError, LookupError, OSError, OverflowError, TypeError, ValueError) as error:
        raise BadFile(f"conversation {index} is not as its format has it: {error}") from error


def _read(item: dict[str, Any], index: int) -> Imported:
    """One conversation, by what only its format has."""
    if chatgpt.reads(item):
        return chatgpt.read(item, index)
    if openai_items.reads(item):
        return openai_items.read(item, index)
    if isinstance(item.get("conversation"), dict):
        return locomo.read(item, index)
    return plain.read(item, index)
