"""Ways of naming somebody without a relation word beside the name: "Jana from my team"."""

from __future__ import annotations

import re

from . import gazetteer as gaz
from . import vocabulary as voc
from .findings import Finding
from .nouns import read_list
from .proper import name
from .spans import Span
from .text import Sentence, Text
from .types import ClaimKind

_OFFICE = re.compile(
    r"(?P<name>[^\W\d_a-z][\w'-]+) (?:from|at|in) (?:my|our|the) (?:office|team|"
    r"work|department|company|lab)\b|(?P<name2>[^\W\d_a-z][\w'-]+) from (?:work|"
    r"accounting|accounts|hr|sales|marketing|finance|legal|it)\b"
)
_MARRIED = re.compile(
    r"(?P<name>[^\W\d_a-z][\w'-]+) \((?:we've been|we're|we are|we got) (?:happily )?married"
)
_THE_ANIMAL = re.compile(rf"(?P<name>[^\W\d_a-z][\w'-]+) the (?:{voc.ANIMALS})\b")
_OTHER_ONE = re.compile(
    r"\b(?:the other(?: one)?|the second(?: one)?|the younger(?: one)?|the older "
    r"one),? (?:is |called |named |is called )?(?=[^\W\d_a-z])"
)
_INCLUDED = re.compile(r"\b(?:kids|children)(?: included| too| as well| in tow)? \((?=[^\W\d_a-z])")
_PARTING = re.compile(
    r"(?P<name>(?-i:[^\W\d_a-z])[\w'-]+) and (?:i|me) (?:have |are |just |recently |finally )*"
    r"(?:(?P<over>broke|broken|split|separated|parted|divorced|got "
    r"divorced|getting divorced|are done|are no longer)|"
    r"(?P<wed>got married|married|tied the knot)|(?P<bound>got engaged|engaged))",
    re.I,
)


def find(text: Text, sentence: Sentence, before: list[Finding]) -> list[Finding]:
    """Ways of naming somebody without a relation word next to the name."""
    plain, start, end = text.plain, sentence.start, sentence.end
    found: list[Finding] = []
    for match in _OFFICE.finditer(plain, start, end):
        group = "name" if match.group("name") else "name2"
        _add(plain, found, "colleague", match, group)
    for match in _MARRIED.finditer(plain, start, end):
        _add(plain, found, "spouse", match, "name")
    for match in _THE_ANIMAL.finditer(plain, start, end):
        _add(plain, found, "pet", match, "name")
    for match in _INCLUDED.finditer(plain, start, end):
        found.extend(
            Finding("child", n, match.start(), n.end)
            for n in read_list(plain, match.end(), end, name)
        )
    if any(f.key == "pet" for f in (*before, *found)):
        for match in _OTHER_ONE.finditer(plain, start, end):
            found.extend(
                Finding("pet", n, match.start(), n.end) for n in name(plain, match.end(), end)
            )
    _couple(plain, start, end, found)
    return found


def _add(plain: str, found: list[Finding], key: str, match: re.Match[str], group: str) -> None:
    span = Span(*match.span(group))
    if name(plain, span.start, span.end) and is_name(plain, span):
        found.append(Finding(key, span, match.start(), match.end()))


def _couple(plain: str, start: int, end: int, found: list[Finding]) -> None:
    for match in _PARTING.finditer(plain, start, end):
        span = Span(*match.span("name"))
        if match.group("over"):
            for key in ("partner", "spouse"):
                found.append(Finding(key, span, match.start(), match.end(), ClaimKind.CLOSE))
        elif match.group("wed"):
            found.append(Finding("spouse", span, match.start(), match.end()))
        else:
            found.append(Finding("partner", span, match.start(), match.end()))


def is_name(plain: str, span: Span) -> bool:
    low = plain[span.start : span.end].lower().split()[0]
    if low in gaz.FIRST_NAMES:
        return True
    return low not in gaz.NATIONALITIES | gaz.LANGUAGES | gaz.MONTHS | gaz.WEEKDAYS | gaz.COUNTRIES
