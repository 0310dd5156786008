"""Long texts in pieces that the model reads whole. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

CHUNK_WORDS = 170
"""About 230 tokens of English, below the 256 of MiniLM; measured on long assistant messages."""
MAX_CHARACTERS = 100_000
"""Of one text, as of its lexical index: what is beyond is stored but not searched."""
_LETTERS_PER_WORD = 12
"""A longer run without a space (a URL, Thai, base64) counts as several words."""

# Chinese and Japanese are written without spaces: each such letter counts as a word.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
    rf"|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]{{1,{_LETTERS_PER_WORD * 2}}}"
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The characters [start, end) of a text."""

    start: int
    end: int


def chunks_of(text: str) -> list[Chunk]:
    """The pieces of a text in order, none for a text without words.

    A text a little too long is cut in the middle rather than leaving a few words alone.
    """
    words = list(_words(text[:MAX_CHARACTERS]))
    count = -(-len(words) // CHUNK_WORDS)
    bounds = [len(words) * n // count for n in range(count + 1)] if count else []
    return [Chunk(words[first][0], words[last - 1][1]) for first, last in pairwise(bounds)]


def _words(text: str) -> Iterator[tuple[int, int]]:
    for word in _WORD.finditer(text):
        yield word.span()
        if len(word[0]) > _LETTERS_PER_WORD:
            yield word.end(), word.end()
