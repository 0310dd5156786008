"""What is left in passing ("I left Word open") ends nothing, unlike what is left for good."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from . import gazetteer as gaz
from . import lexicon as lex
from .findings import Finding
from .text import Text
from .types import Claim, ClaimKind
from .wordlists import words

_LEFT = re.compile(r"\b(?:left|quit)\s+$", re.I)
_QUIT_NAME = re.compile(r"\bquit\s+(?-i:[A-Z])", re.I)
_GAVE_UP = re.compile(r"\b(?:given|gave) up\s+$", re.I)
_BEHIND = re.compile(
    r"\s+(?:open|running|on(?= (?:all|in|over|by|the|my)\b|\s*$|\s*[,.!])|off|closed|unlocked|"
    r"unsaved|early(?! (?:this|last|in)\b)|late|at (?:noon|night|midnight|half|dawn|\d|one|two|"
    r"three|four|five|six|seven|eight|nine|ten|eleven|twelve)|an? (?!(?:\w+ )?(?:years?|months?|"
    r"weeks?|days?|while|decade|couple|few)\b)|some |my |his |her |their |alone|behind|hanging|"
    r"waiting|idle|out\b|there\b|(?:this|yesterday) (?:morning|afternoon|evening))",
    re.I,
)
_NOT_EMPLOYERS = lex.TOOLS | gaz.CITIES | gaz.COUNTRIES | gaz.FIRST_NAMES
_MARKS = lex.ORGANISATIONS | words("gmbh inc ltd llc ag plc corp co sa bv oy ab consulting")
_EATEN = words(
    """
    meat dairy milk sugar salt alcohol coffee caffeine gluten bread carbs chocolate fish wine beer
    cheese eggs pork beef chicken sweets soda fries cigarettes nicotine wheat butter honey
    """
)
_STATED = (ClaimKind.STATE, ClaimKind.CORRECT)


def for_good(text: Text, before: Sequence[Claim], found: Iterable[Finding]) -> list[Finding]:
    """The findings without endings of what was left in passing; what was told before may end."""
    told = {(c.key, c.value.lower()) for c in before if c.kind in _STATED}
    return [f for f in found if (f.key, _low(text, f)) in told or not _is_passing(text, f)]


def _low(text: Text, finding: Finding) -> str:
    return text.plain[slice(*finding.value)].lower()


def _is_passing(text: Text, finding: Finding) -> bool:
    if finding.kind is not ClaimKind.CLOSE or finding.value.start == finding.value.end:
        return False
    lead = text.plain[finding.start : finding.value.start]
    first = _low(text, finding).split()[0]
    if finding.key == "employer":
        return bool(_LEFT.search(lead)) and _stays(text.plain, finding, first)
    if finding.key in ("uses", "hobby", "goal"):
        quit_name = _QUIT_NAME.search(text.plain, finding.start, finding.value.start + 1)
        return bool(quit_name or (_GAVE_UP.search(lead) and first in _EATEN))
    return False


def _stays(plain: str, finding: Finding, first: str) -> bool:
    """Whether what is left is a program, a place or a person, or stays as it is said to be."""
    low = plain[slice(*finding.value)].lower()
    is_company = first in lex.COMPANIES or not _MARKS.isdisjoint(low.split())
    if not is_company and (first in _NOT_EMPLOYERS or low in gaz.PLACE_PHRASES):
        return True
    return bool(_BEHIND.match(plain, finding.value.end))
