"""`<private>…</private>`: what people do not want kept is cut out before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_TAG = re.compile(r"<(/?)private>", re.IGNORECASE)
_OPEN = re.compile(r"<private>", re.IGNORECASE)
_PASSES = 4
"""More tags inside tags than that are no accident: what is left from the first on is private."""


def strip_private(text: str) -> str:
    """The text without its private blocks; an unclosed block reaches to the end, blocks may nest.

    Cutting a block out can join the halves of another tag, so it is done again, a few times.
    """
    return _strip_all([text])[0]


def without_private(value: Any) -> Any:
    """A JSON value with `strip_private` applied to every string and key in it.

    The texts of an array of content parts are one text: a block may open in one and close in a
    later one.
    """
    if isinstance(value, str):
        return strip_private(value)
    if isinstance(value, list):
        return [without_private(inner) for inner in _parts_without_private(value)]
    if isinstance(value, dict):
        return {strip_private(key): without_private(inner) for key, inner in value.items()}
    return value


def _parts_without_private(parts: list[Any]) -> list[Any]:
    places = [i for i, part in enumerate(parts) if _is_text_part(part)]
    if len(places) < 2:
        return parts
    texts = dict(zip(places, _strip_all([parts[i]["text"] for i in places]), strict=True))
    return [part | {"text": texts[i]} if i in texts else part for i, part in enumerate(parts)]


def _is_text_part(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)


def _strip_all(texts: Sequence[str]) -> list[str]:
    """Texts that follow each other, without what is private in them."""
    kept = list(texts)
    for _ in range(_PASSES):
        stripped = _strip_once(kept)
        if stripped == kept:
            return kept
        kept = stripped
    return _until_opened(kept)


def _strip_once(texts: Sequence[str]) -> list[str]:
    depth, stripped = 0, []
    for text in texts:
        kept, depth = _strip_from(text, depth)
        stripped.append(kept)
    return stripped


def _strip_from(text: str, depth: int) -> tuple[str, int]:
    """The text without private blocks, of which `depth` are open; and how many are at its end."""
    kept, position = [], 0
    for tag in _TAG.finditer(text):
        if not tag[1]:
            if depth == 0:
                kept.append(text[position : tag.start()])
            depth += 1
        elif depth:
            depth -= 1
            position = tag.end()
    if depth == 0:
        kept.append(text[position:])
    return "".join(kept), depth


def _until_opened(texts: Sequence[str]) -> list[str]:
    """What comes before the first opening tag that is left."""
    kept: list[str] = []
    for text in texts:
        opened = _OPEN.search(text)
        if opened:
            kept.append(text[: opened.start()])
            break
        kept.append(text)
    return kept + [""] * (len(texts) - len(kept))
