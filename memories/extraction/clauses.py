"""Readers of verb phrases: plans, goals, doubts, pastimes."""

from __future__ import annotations

import re

from .nouns import NOT_THINGS, TIME_TAIL
from .spans import (
    SPACE,
    Span,
    skip,
    tokens,
)
from .text import BLANK
from .wordlists import words

_CLAUSE_END = re.compile(
    r"[,;:!?()\[\]]|\s-+\s|\.(?=\s|$)|\s(?:but|because|cause|since|which|while|though|although|"
    r"whereas|if|so(?= (?:i|we|what|how|is|can|do|my|the|which|that|where|any|please))|unless|"
    r"pls|please|btw|lol|haha|tbh|anyway|depends|and(?= (?:i|i'm|im|my|we|he|she|they|it|the|you|"
    r"what|how|can|could|do|is|need|want|would|wondering|not|was|am|don't|have|now|then|this|"
    r"that|there|also|who|where|when|any|please|just|looking)\b))\b|\s(?:before|when|once|"
    r"after) (?:i|we|my|our)\b|\sor not\b|\sor (?:just|stay|"
    r"keep|if)\b|\s(?:what|how|where)(?= (?:do|does|should|is|are|can|would|much|many|about|"
    r"a|to)\b)",
    re.I,
)
_WHEN_TAIL = re.compile(
    r"\s(?:(?:on|by|before|after|until|till|around|from|since) (?:the )?(?:\d\w*|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|christmas|easter|new year|end|weekend|first|second)|"
    r"in (?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"\d+|a few|a couple|a week|a month|two|three|four|five|six|ten|the (?:spring|summer|autumn|"
    r"fall|winter|morning|evening|new year)|spring|summer|autumn|winter|early|late|mid)|"
    r"next \w+|this (?:\w+day|week|weekend|month|year|summer|winter|spring|autumn|fall|evening|"
    r"afternoon|morning)|tomorrow|tonight|later|soon|at (?:the end|\d|noon|midnight|some point)|"
    r"for (?:easter|christmas|thanksgiving|the weekend|new year|next \w+|january|february|march|"
    r"april|"
    r"may|june|july|august|september|october|november|december)|"
    r"for (?:a|two|three|four|five|six|\d+|my|the|our) (?:long )"
    r"?(?:week|month|day|year|few|couple|holiday|"
    r"vacation|weekend)s?)\b.*",
    re.I,
)


def clause(text: str, pos: int, limit: int) -> list[Span]:
    """A verb phrase, to the end of its clause."""
    start = skip(SPACE, text, pos, limit)
    stop = _CLAUSE_END.search(text, start, limit)
    end = stop.start() if stop else limit
    while end > start and text[end - 1] in " .,'\"-" + BLANK:
        end -= 1
    return [Span(start, end)] if end - start >= 2 and text[start] != BLANK else []


def wavering(text: str, pos: int, limit: int) -> list[Span]:
    """What somebody is uncertain about: a step to take or a thing to choose, no mere "it"."""
    first = next(tokens(text, pos, limit, 1), None)
    if first is None or first.low in _NO_MATTER or _VAGUE.match(text, first.start, limit):
        return []
    return clause(text, pos, limit)


def choice(text: str, pos: int, limit: int) -> list[Span]:
    """What somebody is torn between: both sides of an "and"."""
    match = _CHOICE.match(text, skip(SPACE, text, pos, limit), limit)
    return [Span(*match.span("value"))] if match else []


_CHOICE = re.compile(
    r"(?P<value>[^,.;:!?()\n]{2,60}?\s(?:and|or|vs\.?)\s[^,.;:!?()\n]{2,60}?)"
    r"(?=\s*(?:$|[,.;:!?()\n])|\s(?:but|because|so|as|since)\b)",
    re.I,
)
_NO_MATTER = words(
    """it this that you him her them me us all any what something anything nothing everything how
    why who when one these those"""
)
_VAGUE = re.compile(
    r"(?:a|the) (?:number|word|question|way|moment|sec|second(?! \w)|same|right)\b", re.I
)


def timeless_clause(text: str, pos: int, limit: int) -> list[Span]:
    """A verb phrase without the date or duration it ends in."""
    found = clause(text, pos, limit)
    if not found:
        return []
    tail = _WHEN_TAIL.search(text, found[0].start, found[0].end)
    return [Span(found[0].start, tail.start())] if tail else found


def activity(text: str, pos: int, limit: int) -> list[Span]:
    """What somebody does in spare time: a short verb phrase."""
    found = timeless_clause(text, pos, limit)
    if not found or len(text[found[0].start : found[0].end].split()) > 8:
        return []
    cuts = (p.search(text, found[0].start, found[0].end) for p in (TIME_TAIL, _WITH))
    ends = [cut.start() for cut in cuts if cut and cut.start() > found[0].start]
    return [Span(found[0].start, min(ends))] if ends else found


def project(text: str, pos: int, limit: int) -> list[Span]:
    """Something being made or written."""
    first = next(tokens(text, pos, limit, 1), None)
    if first is None or first.low in NOT_THINGS - {"my", "our"} or first.low in _NOT_PROJECTS:
        return []
    found = timeless_clause(text, pos, limit)
    helped = _APART.search(text, found[0].start, found[0].end) if found else None
    return [Span(found[0].start, helped.start())] if helped else found


_WITH = re.compile(r"\s(?:(?:together )?with|for) (?:my|our|a friend|some)\b", re.I)
_APART = re.compile(
    _WITH.pattern + r"|\swith (?:no|zero)\b|\sfor (?:\w+ )?(?:years?|months?|weeks?|days?|ages)\b",
    re.I,
)
_NOT_PROJECTS = words(
    """
    myself weekends nights sundays saturdays days shifts from remotely hard up off out
    over
    """
)
