"""The grammar as data: what may follow a subject and its auxiliaries, and which fact it states.

A `Predicate` is matched where the main word of a clause begins (see `frames`). After its pattern
comes a value which `reader` reads. Order counts: the first predicate that finds a value wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .types import ClaimKind


@dataclass(frozen=True, slots=True)
class Predicate:
    """One way of stating a fact."""

    frames: frozenset[str]
    pattern: re.Pattern[str]
    reader: str
    key: str
    kind: ClaimKind = ClaimKind.STATE
    confidence: float = 0.9
    elide: str = ""
    """Where the subject may be missing: at the `start` of a sentence, or after a fact (`mid`)."""
    polarity: str = "plain"
    """`plain` (a negation closes), `negative` (it must be negated), `both`."""
    tail: re.Pattern[str] | None = None
    """What must follow the value."""
    needs: re.Pattern[str] | None = None
    """What must occur in the rest of the sentence."""
    after: frozenset[str] = frozenset()
    """The keys of which one must have been told right before, if any."""
    is_circle: bool = False
    """Whether it may be said of a relative."""

    @property
    def is_open(self) -> bool:
        """Whether the pattern lets any word pass, so that only the value decides."""
        return any(self.pattern.match(words) for words in _ANY_WORDS)


_ANY_WORDS = ("zq xw", "5 zq")


def gate(predicates: Iterable[Predicate]) -> re.Pattern[str]:
    """One pattern that matches where any of them may: most places are turned away by it."""
    patterns = dict.fromkeys(p.pattern.pattern for p in predicates if not p.is_open)
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)", re.I)


def predicate(
    frames: str,
    pattern: str,
    reader: str,
    key: str,
    *,
    kind: ClaimKind = ClaimKind.STATE,
    conf: float = 0.9,
    elide: str = "",
    polarity: str = "plain",
    tail: str = "",
    needs: str = "",
    after: str = "",
    circle: bool = False,
) -> Predicate:
    return Predicate(
        frozenset(frames.split()),
        re.compile(pattern, re.I),
        reader,
        key,
        kind,
        conf,
        elide,
        polarity,
        re.compile(tail, re.I) if tail else None,
        re.compile(needs, re.I) if needs else None,
        frozenset(after.split()),
        circle,
    )
