"""`<private>…</private>`: what people do not want kept is cut out before anything is stored."""

from __future__ import annotations

import re
from typing import Any

_TAG = re.compile(r"<(/?)private>", re.IGNORECASE)
_OPEN = re.compile(r"<private>", re.IGNORECASE)
_PASSES = 4
"""More tags inside tags than that are no accident: what is left from the first on is private."""


def strip_private(text: str) -> str:
    """The text without its private blocks; an unclosed block reaches to the end, blocks may nest.

    Cutting a block out can join the halves of another tag, so it is done again, a few times.
    """
    for _ in range(_PASSES):
        stripped = _strip_once(text)
        if stripped == text:
            return text
        text = stripped
    opened = _OPEN.search(text)
    return text[: opened.start()] if opened else text


def without_private(value: Any) -> Any:
    """A JSON value with `strip_private` applied to every string and key in it."""
    if isinstance(value, str):
        return strip_private(value)
    if isinstance(value, list):
        return [without_private(inner) for inner in value]
    if isinstance(value, dict):
        return {strip_private(key): without_private(inner) for key, inner in value.items()}
    return value


def _strip_once(text: str) -> str:
    kept, depth, position = [], 0, 0
    for tag in _TAG.finditer(text):
        closing = bool(tag[1])
        if not closing:
            if depth == 0:
                kept.append(text[position : tag.start()])
            depth += 1
        elif depth:
            depth -= 1
            position = tag.end()
    if depth == 0:
        kept.append(text[position:])
    return "".join(kept)
