"""Looking for many words in bytes at once. No database.

An Aho-Corasick automaton reads a text once, however many words it looks for (Aho and Corasick,
"Efficient string matching", 1975).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice

from ahocorasick_rs import BytesAhoCorasick

MIN_BYTES = 3
"""Shorter words stand in every blob by chance; they are not looked for."""
LONG = 1024
"""Bytes of a word that the automaton holds; where they stand, the rest is compared."""
WINDOW = 64 * 1024
"""Bytes that one step reads: what it finds in them is in memory at once."""


class Finder:
    """Words in all their forms, to be looked for in many texts."""

    def __init__(self, words: Iterable[str]) -> None:
        forms = {form for word in words for form in _forms(word.strip())}
        self._whole = BytesAhoCorasick([form for form in forms if len(form) <= LONG])
        self._long: dict[bytes, list[bytes]] = {}
        for form in forms:
            if len(form) > LONG:
                self._long.setdefault(form[:LONG], []).append(form)
        self._beginnings = list(self._long)
        self._begun = BytesAhoCorasick(self._beginnings)

    def is_in(self, text: bytes) -> bool:
        """Whether one of the words stands in the text."""
        refuted: set[bytes] = set()
        for start in range(0, len(text), WINDOW):
            window = memoryview(text)[start : start + WINDOW + LONG]
            if self._whole.find_matches_as_indexes(window):
                return True
            for begun in self._beginnings_in(window) - refuted:
                if any(form in text for form in self._long[begun]):
                    return True
                refuted.add(begun)
        return False

    def _beginnings_in(self, window: memoryview) -> set[bytes]:
        """All are of one length, so at most one ends at each byte."""
        found = self._begun.find_matches_as_indexes(window, overlapping=True)
        return {self._beginnings[index] for index, _, _ in found}


def finders(words: Iterable[str], most: int) -> Iterator[Finder]:
    """Finders for all of the words, at most so many each: an automaton is held in memory."""
    left = iter(words)
    while some := list(islice(left, most)):
        yield Finder(some)


def _forms(word: str) -> set[bytes]:
    """How a text stands in a blob: as it is (msgpack, pickle), or as JSON may escape it."""
    if len(word.encode()) < MIN_BYTES:
        return set()
    escaped = json.dumps(word)[1:-1]
    shown = json.dumps(word, ensure_ascii=False)[1:-1]
    return {form.encode() for form in (word, escaped, shown, _upper_escapes(escaped))}


def _upper_escapes(escaped: str) -> str:
    r"""`\u00e9` as `\u00E9`, which other writers of JSON use."""
    head, *rest = escaped.split("\\u")
    return head + "".join(f"\\u{part[:4].upper()}{part[4:]}" for part in rest)
