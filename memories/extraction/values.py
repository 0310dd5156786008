"""A value with the words around it, as its gate looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from . import vocabulary as voc
from .findings import Finding
from .spans import is_proper


@dataclass(frozen=True, slots=True)
class Value:
    """A value with what its gate looks at."""

    words: tuple[str, ...]
    """As they were written."""
    low: tuple[str, ...]
    before: str
    """Lower case, up to 40 characters of the same line, with a blank at the end."""
    after: str
    phrase: str
    """The value itself, lower case."""
    finding: Finding
    is_lower: bool
    """The writer uses no capitals."""

    @property
    def head(self) -> str:
        """The word the phrase is about: the last one before a preposition."""
        for index, word in enumerate(self.low):
            if index and word in voc.PREPOSITIONS:
                return self.low[index - 1]
        return self.low[-1]

    @property
    def is_proper(self) -> bool:
        """Whether some word of it is written like a name."""
        return any(is_proper(w) or any(c.isupper() for c in w) for w in self.words)
