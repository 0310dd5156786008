"""Positions in a text: words, spans, and what a reader of values is.

A reader takes (plain text, position, limit) and gives the spans of the values that stand there, in
order; an empty list says that no such value does. None looks beyond `limit`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import vocabulary as voc
from .text import BLANK

WORD = re.compile(r"[^\W_](?:[\w'.&+#*/-]*[\w+#])?|&|\+\+")
LEAD = re.compile(
    r"\s*(?:(?:(?:a (?:bit|little|lot)|lots|plenty|bits) of|a|an|the|my|our|some|any|both|these|"
    r"those)\s+)*",
    re.I,
)
ARTICLE = re.compile(r"\s*(?:(?:a|an|the|both|some)\s+)?", re.I)
SPACE = re.compile(r"\s*")
SEPARATOR = re.compile(
    r"(?:\s*\([^()]{1,12}\)|\s+(?:natively|fluently|well|badly|(?:at|in) (?:home|work|school|the "
    r"office)))?\s*(?:,\s*(?:and|or|&|"
    r"plus|as well as|but also|but mostly|but mainly)?|/|\band\b|\bor\b|\bnor\b|&|\+|\bplus\b|"
    r"\bas well as\b|\bbut (?:also|mostly|mainly)\b)\s*(?:also\s+)?",
    re.I,
)
CONJUNCTION = re.compile(
    r"\b(?:and|or|nor|plus|as well as|but (?:also|mostly|mainly))\b|&|\+", re.I
)


class Span(NamedTuple):
    """Code-point offsets [start, end)."""

    start: int
    end: int


class Token(NamedTuple):
    """A word and where it stands."""

    start: int
    end: int
    word: str
    low: str


Reader = Callable[[str, int, int], list[Span]]


def tokens(text: str, pos: int, limit: int, most: int = 12) -> Iterator[Token]:
    """The words from `pos` on that only blanks separate."""
    for _ in range(most):
        gap = SPACE.match(text, pos, limit)
        pos = gap.end() if gap else pos
        match = WORD.match(text, pos, limit)
        if not match or BLANK in match.group():
            return
        start, pos = match.span()
        word = match.group()
        low = word.lower()
        if low.endswith("'s"):
            low = low[:-2]
        yield Token(start, pos, word, low)


def is_proper(word: str) -> bool:
    """Whether a word is written like a name (scripts without case always are)."""
    return word[0].isalpha() and not word[0].islower()


def skip(pattern: re.Pattern[str], text: str, pos: int, limit: int) -> int:
    """The position after `pattern` at `pos`, or `pos`."""
    match = pattern.match(text, pos, limit)
    return match.end() if match else pos


def one(span: Span | None) -> list[Span]:
    """A list of the span, if there is one."""
    return [span] if span else []


def is_boundary(low: str) -> bool:
    """Whether a word cannot stand inside a short value."""
    return low in voc.BOUNDARY_WORDS


def captured(pattern: re.Pattern[str]) -> Reader:
    def read(text: str, pos: int, limit: int) -> list[Span]:
        match = pattern.match(text, skip(SPACE, text, pos, limit), limit)
        if not match:
            return []
        start, end = match.span("value")
        return [Span(start, start + len(text[start:end].rstrip()))]

    return read
