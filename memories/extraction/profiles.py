"""A list of bare items under "about me:": a name, an age, a place, a trade, one to a line."""

from __future__ import annotations

import re

from .findings import Finding
from .names import person_at
from .readers import READERS
from .spans import Span
from .text import Text

_HEADER = re.compile(
    r"(?:^|\n)[^\n:]{0,30}?\b(?:me|about me|myself|who i am|my (?:details|profile|facts|basics|"
    r"stats|info|bio|"
    r"data|particulars))(?: in [a-z]+(?: [a-z]+)?| so far| for context)?\s*:[ ]*\n",
    re.I,
)
_LINE = re.compile(r"[ ]*(?:[-*\u2022+]|\d{1,2}[.)])[ ]+(?P<item>[^\n:]{1,40}?)[ ]*(?:\n|$)")
_KINDS = (
    ("age", "age"), ("email", "email"), ("phone", "phone"), ("pronouns", "pronouns"),
    ("nationality", "nationality"), ("diet", "diet"), ("occupation", "occupation"),
    ("home", "place"),
)  # fmt: skip


def find(text: Text) -> list[Finding]:
    """What the items under such a header say, where at least three of them are understood."""
    header = _HEADER.search(text.plain) if ":" in text.plain and "\n" in text.plain else None
    found: list[Finding] = []
    pos = header.end() if header else len(text.plain)
    while line := _LINE.match(text.plain, pos):
        found.extend(_item(text, *line.span("item"), {f.key for f in found}))
        pos = line.end()
    return found if len(found) > 2 else []


def _item(text: Text, start: int, end: int, taken: set[str]) -> list[Finding]:
    """The kind of an item that it is wholly; a name only comes first."""
    name = person_at(text, start, end) if not taken else None
    if name == Span(start, end):
        return [Finding("name", name, start, end)]
    for key, reader in _KINDS:
        spans = READERS[reader](text.plain, start, end) if key not in taken else []
        if spans and spans[0] == (start, end):
            return [Finding(key, spans[0], start, end)]
    return []
