"""Readers of noun phrases and lists: what is liked, owned, made or avoided."""

from __future__ import annotations

import re

from . import vocabulary as voc
from .spans import (
    CONJUNCTION,
    LEAD,
    SEPARATOR,
    Reader,
    Span,
    Token,
    is_boundary,
    one,
    skip,
    tokens,
)
from .wordlists import words


def noun_phrase(
    text: str,
    pos: int,
    limit: int,
    *,
    prepositions: frozenset[str] = frozenset(),
    most: int = 6,
) -> Span | None:
    """Words up to punctuation, a boundary word, or a preposition other than those allowed."""
    start = skip(LEAD, text, pos, limit)
    last: Token | None = None
    pending = False
    for token in tokens(text, start, limit, most):
        if token.low in voc.PREPOSITIONS:
            if token.low not in prepositions or last is None:
                break
            pending = True
            continue
        if is_boundary(token.low) and not (pending and token.low in _INNER_DETERMINERS):
            break
        if last is not None and token.low in _FINITE:
            break
        last, pending = token, False
    return Span(start, last.end) if last else None


_INNER_DETERMINERS = words("the a an my our this")
_FINITE = words(
    """
    says said keeps makes gives needs wants works goes comes lives looks seems hurts
    thinks loves hates suggests told asked got tastes smells helps costs won't doesn't
    didn't
    """
)


def read_list(text: str, pos: int, limit: int, reader: Reader, most: int = 8) -> list[Span]:
    """Items joined by commas and conjunctions, each read by `reader`."""
    found = list(reader(text, pos, limit))[:1]
    while found and len(found) < most:
        gap = SEPARATOR.match(text, found[-1].end, limit)
        if not gap or not gap.group().strip():
            break
        item = reader(text, gap.end(), limit)
        if not item:
            break
        found.append(item[0])
    return found


_THING_PREPOSITIONS = words("of in with for from about to on at")
NOT_THINGS = words(
    """
    it that this these those you him her them me us your yours his hers their theirs how
    what when where why who which if there here to everything something anything nothing
    someone everyone people being having getting seeing hearing my our myself
    """
)


_ANYTHING = re.compile(r"(?:anything|everything) (?:about|with|by|related)\b", re.I)


def thing(text: str, pos: int, limit: int) -> list[Span]:
    """What is liked, owned or avoided."""
    first = next(tokens(text, pos, limit, 1), None)
    if first is None or (first.low in NOT_THINGS and not _ANYTHING.match(text, first.start, limit)):
        return []
    phrase = noun_phrase(text, pos, limit, prepositions=_THING_PREPOSITIONS, most=7)
    return one(phrase and without_time(text, phrase))


def short_thing(text: str, pos: int, limit: int) -> list[Span]:
    """A thing without what follows its preposition, other than "of"."""
    first = next(tokens(text, pos, limit, 1), None)
    if first is None or first.low in NOT_THINGS:
        return []
    phrase = noun_phrase(text, pos, limit, prepositions=frozenset(("of",)), most=5)
    often = phrase and _OFTEN.search(text, phrase.start, phrase.end)
    return one(Span(phrase.start, often.start()) if phrase and often else phrase)


_OFTEN = re.compile(r"\s(?:\w+ times|every \w+|most \w+)\b", re.I)


def things(text: str, pos: int, limit: int) -> list[Span]:
    """A list of things; commas only count when a conjunction closes the list."""
    return _thing_list(text, pos, limit, thing)


def short_things(text: str, pos: int, limit: int) -> list[Span]:
    """A list of short things."""
    return _thing_list(text, pos, limit, short_thing)


def allergens(text: str, pos: int, limit: int) -> list[Span]:
    """A list of short things, none of them a verb ("… and coming for dinner")."""
    found = short_things(text, pos, limit)
    return [s for s in found if not text[s.start : s.end].split()[0].lower().endswith("ing")]


def _thing_list(text: str, pos: int, limit: int, reader: Reader) -> list[Span]:
    found = list(reader(text, pos, limit))
    pending: list[Span] = []
    while found and len(found) + len(pending) < 8:
        gap = SEPARATOR.match(text, (pending or found)[-1].end, limit)
        item = reader(text, gap.end(), limit) if gap and gap.group().strip() else []
        if not gap or not item or not _is_item(text, gap.end(), item[0], limit):
            break
        pending.append(item[0])
        if CONJUNCTION.search(gap.group()):
            found, pending = found + pending, []
    return found


def _is_item(text: str, pos: int, span: Span, limit: int) -> bool:
    """Whether the phrase after a separator is an item, not the next clause."""
    low = text[pos : span.end].lower().split()
    if low[0] in voc.CLAUSE_VERBS or low[0] in _NOT_ITEMS or len(low) > 5:
        return False
    after = next(tokens(text, span.end, limit, 1), None)
    return after is None or after.low not in _CLAUSE_FOLLOWERS | _FINITE


_NOT_ITEMS = words("my our the no way too lots tons loads plenty")
_CLAUSE_FOLLOWERS = words(
    """
    at
    is are was were has have had will would can could should does did it them him me us
    i'm isn't aren't wasn't doesn't don't won't can't makes gives says keeps gets you
    she he
    """
)
TIME_TAIL = re.compile(
    r"\s(?:(?:on|at|in|for|from) (?:the |my |a )?(?:\w+ )?(?:weekends?|mornings?|evenings?|nights?|"
    r"week|month|year|years|weeks|months|days|moment|summer|winter|spring|autumn|fall|general|"
    r"particular|past|lately|ages|now|free time|spare time|mondays?|tuesdays?|wednesdays?|"
    r"thursdays?|fridays?|saturdays?|sundays?|decades?|hours?|minutes?|\d{4})|for (?:ages|fun|work|"
    r"\w+ (?:years|months|weeks|days))|with (?:me|you|that|this|a passion|all my heart)|"
    r"to (?:bits|death|pieces)|so much|more than (?:anything|most)|most \w+|in \d{4})\b.*",
    re.I,
)


def without_time(text: str, span: Span) -> Span:
    tail = TIME_TAIL.search(text, span.start, span.end)
    return Span(span.start, tail.start()) if tail and tail.start() > span.start else span
