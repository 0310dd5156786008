"""Whether a value looks like what its key holds; what does not is dropped.

The grammar knows how people put a fact; many idioms are put the same way ("I live in terror", "I
work for peanuts"). So each key looks at its value: its shape, its head word, and the words around
it. Where that leaves a doubt, nothing is remembered: a wrong memory is worse than a missing one.
"""

from __future__ import annotations

import re
from dataclasses import replace

from . import gazetteer as gaz
from . import lexicon as lex
from .findings import Finding
from .gates import GATES
from .text import Text
from .types import ClaimKind
from .values import Value


def kept(text: Text, found: list[Finding]) -> list[Finding]:
    """The findings without those whose value cannot be what its key holds."""
    found = [_refiled(text, f) for f in found]
    return [f for f in found if f.kind not in _STATED or _is_plausible(text, f)]


def _refiled(text: Text, finding: Finding) -> Finding:
    """To know French is to speak it."""
    if finding.key == "skill" and text.plain[slice(*finding.value)].lower() in gaz.LANGUAGES:
        return replace(finding, key="languages")
    return finding


_STATED = (ClaimKind.STATE, ClaimKind.CORRECT)
_WORD = re.compile(r"[\w'&+#./@-]+")


def _is_plausible(text: Text, finding: Finding) -> bool:
    value = _value(text, finding)
    if not value.low:
        return True
    if len(value.low) == 1 and value.low[0] in _DAYS and value.finding.key not in _HAS_DAYS:
        return False
    if (value.low[0] in lex.STATES and len(value.low) == 1) or value.low[:2] == ("none", "of"):
        return False
    gate = GATES.get("relation" if finding.key in lex.PEOPLE else finding.key)
    if finding.key not in lex.PEOPLE and _REPORTED_AFTER.match(value.after):
        return False
    return gate is None or gate(value)


_DAYS = gaz.WEEKDAYS | (gaz.MONTHS - gaz.FIRST_NAMES) | {"today", "tomorrow", "tonight"}
_HAS_DAYS = frozenset(
    ("birthday", "deadline", "likes", "dislikes", "favorite_day", "favorite_month")
)


def _value(text: Text, finding: Finding) -> Value:
    plain, (start, end) = text.plain, finding.value
    words = tuple(w.strip(".'") or w for w in _WORD.findall(plain[start:end]))
    before = plain[max(0, start - 40) : start].rsplit("\n", 1)[-1].lower()
    after = plain[end : end + 60].split("\n", 1)[0].lower()
    return Value(
        words,
        tuple(w.lower() for w in words),
        before,
        after,
        plain[start:end].lower(),
        finding,
        text.is_lower,
    )


_REPORTED_AFTER = re.compile(
    r"[^.;!?]{0,30},\s*(?:(?:my|our|the|his|her|some) [\w-]+(?: [\w-]+)?|he|she|they|people) "
    r"(?:always |often |once )?(?:says?|said|claims?|claimed|keeps? (?:saying|telling)|tells? me|"
    r"told me|used to say|thinks?|jokes?|joked|reckons?)(?=\s*(?:$|[.,;:!?)]|lol\b|haha\b))|"
    r"[^.;!?]{0,30},? said (?:every|no|nobody|literally)\b"
)
"""As in "always check the oil, my uncle says": somebody else's words."""
