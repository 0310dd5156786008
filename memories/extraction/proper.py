"""Readers of proper nouns: people, places, organisations."""

from __future__ import annotations

import re

from . import gazetteer as gaz
from . import vocabulary as voc
from .nouns import noun_phrase, read_list
from .spans import (
    ARTICLE,
    SPACE,
    Reader,
    Span,
    is_boundary,
    is_proper,
    one,
    skip,
    tokens,
)
from .wordlists import words

_PARTICLES = words(
    """
    de la le les del della di da do dos das du des den der van von ter ten bin ibn al el
    y e i of am an der upon sur sous and & the 't op zu zur
    """
)
_PLACE_PARTICLES = _PARTICLES - {"and", "&", "y", "e", "i", "al"}
_NAME_PARTICLES = words(
    """
    de la le del della di da do dos das du den der van von ter ten bin ibn al el y
    """
)


def proper_noun(
    text: str, pos: int, limit: int, *, particles: frozenset[str], most: int, digits: bool = False
) -> Span | None:
    """Capitalised words, with the small words that join them ("Ana de la Cruz")."""
    start = end = -1
    for token in tokens(text, pos, limit, most):
        if is_proper(token.word) or (digits and token.word[0].isdigit() and start >= 0):
            if start >= 0 and token.low in voc.PRONOUN_WORDS and len(token.word) <= 4:
                break
            start = token.start if start < 0 else start
            end = token.end
            if token.word.lower().endswith("'s"):
                end -= 2
                break
        elif start < 0 or token.low not in particles:
            break
    if start >= 0 and text[start:end].lower() in _SHORTENED and text[end : end + 2] == ". ":
        rest = proper_noun(text, end + 2, limit, particles=particles, most=most, digits=digits)
        return Span(start, rest.end) if rest else None
    return Span(start, end) if start >= 0 else None


_SHORTENED = ("st", "ste", "mt", "ft")
"""As in "St. Gallen"."""
_TITLE = re.compile(r"(?:dr|mr|mrs|ms|prof|sir|lady|lord|captain|princess|queen|king)\.?\s+", re.I)


def name(text: str, pos: int, limit: int) -> list[Span]:
    """A person's (or animal's) name with capitals."""
    pos = skip(SPACE, text, pos, limit)
    title = _TITLE.match(text, pos, limit)
    span = proper_noun(
        text, title.end() if title else pos, limit, particles=_NAME_PARTICLES, most=5
    )
    if span is None:
        return []
    words = [w.lower().removesuffix("'s") for w in text[span.start : span.end].split()]
    if words[0] in voc.NOT_NAMES or words[0] in gaz.WEEKDAYS or words[0] in voc.BOUNDARY_WORDS:
        return []
    if title:
        span = Span(title.start(), span.end)
    return [_trim_name(text, span)]


def _trim_name(text: str, span: Span) -> Span:
    """Without a trailing ordinary word that only starts with a capital by chance."""
    words = text[span.start : span.end].split()
    if len(words) > 1 and words[-1].lower() in voc.NOT_NAMES:
        return Span(span.start, text.rindex(words[-1], span.start, span.end) - 1)
    return span


def loose_name(text: str, pos: int, limit: int) -> list[Span]:
    """A name after a phrase that can only introduce one: capitals are not needed."""
    found = name(text, pos, limit)
    if found:
        low = text[found[0].start : found[0].end].lower()
        return [] if low in gaz.NATIONALITIES - gaz.FIRST_NAMES else found
    span: Span | None = None
    for token in tokens(text, pos, limit, 3):
        is_word = token.word.replace("-", "").replace("'", "").isalpha()
        is_word = is_word and not token.low.endswith(("ed", "ing", "ly", "n't", "wrong"))
        if not is_word or is_boundary(token.low) or token.low in voc.NOT_NAMES | voc.PREPOSITIONS:
            break
        span = Span(span.start if span else token.start, token.end)
    if span and (text[span.start : span.end].count(" ") < 2):
        return [span]
    return []


_LITTLE = re.compile(r"\s*(?:our )?(?:little|baby|tiny|wee|big|young|old|the baby) (?=[^\W\d_a-z])")


def little(reader: Reader) -> Reader:
    """As in "Ana, Bo and little Max"."""

    def read(plain: str, pos: int, limit: int) -> list[Span]:
        return reader(plain, skip(_LITTLE, plain, pos, limit), limit)

    return read


def names(text: str, pos: int, limit: int) -> list[Span]:
    """One or several names."""
    return read_list(text, pos, limit, name)


def known_name(text: str, pos: int, limit: int) -> list[Span]:
    """A first name everybody knows, in any case; or capitals that are no other word."""
    for token in tokens(text, pos, limit, 1):
        if is_proper(token.word):
            return name(text, pos, limit)
        if token.low in gaz.FIRST_NAMES:
            return [Span(token.start, token.end)]
    return []


def gazetteer_place(text: str, pos: int, limit: int) -> Span | None:
    """A place on the lists, in any case."""
    seen = list(tokens(text, skip(SPACE, text, pos, limit), limit, 3))
    for count in (3, 2):
        if len(seen) >= count and " ".join(t.low for t in seen[:count]) in voc_places():
            return Span(seen[0].start, seen[count - 1].end)
    if seen and (seen[0].low in gaz.CITIES or seen[0].low in gaz.COUNTRIES):
        end = seen[0].start + len(seen[0].low)
        return Span(seen[0].start, end)
    return None


def voc_places() -> frozenset[str]:
    """Place names of several words."""
    return gaz.PLACE_PHRASES


_NEAR = re.compile(
    r"\s*(?:just )?(?:near|outside|close to|north of|south of|east of|west of)\s", re.I
)


_ROOMS = words(
    """room zone section line gate building level floor chapter class grade year unit step phase
    column row table part season episode act terminal platform group team"""
)


def place(text: str, pos: int, limit: int) -> list[Span]:
    """A place with capitals or from the lists."""
    if near := re.compile(r"\s*(?:near|outside|north of|south of|east of|west of)\s").match(
        text, pos
    ):
        pos = near.end()
    known = gazetteer_place(text, pos, limit)
    pos = skip(ARTICLE, text, pos, limit)
    span = proper_noun(text, pos, limit, particles=_PLACE_PARTICLES, most=6)
    if span is None:
        return one(known)
    first = text[span.start : span.end].split()[0]
    low = first.lower()
    if low in gaz.MONTHS | gaz.WEEKDAYS or low in voc.NOT_NAMES:
        return []
    if low in voc.WORK_FIELDS or low in voc.COMMON_SKILLS or low in _ROOMS:
        return []
    return [] if low in voc.BOUNDARY_WORDS and first not in ("US", "May") else [span]


_VILLAGE = re.compile(
    r"\s*an? (?P<kind>(?:(?:small|little|tiny|quiet|big) )"
    r"?(?:village|town|hamlet|farm|suburb|city)) "
    r"(?:near|in|outside|close to|of|by|north of|south of) ",
    re.I,
)


def loose_place(text: str, pos: int, limit: int) -> list[Span]:
    """A place after words that can only introduce one ("live in"): capitals are not needed."""
    village = _VILLAGE.match(text, pos, limit)
    if village and (
        near := proper_noun(text, village.end(), limit, particles=_PLACE_PARTICLES, most=5)
    ):
        return [Span(village.start("kind"), near.end)]
    found = place(text, pos, limit)
    if found:
        return found
    span: Span | None = None
    for token in tokens(text, pos, limit, 3):
        if is_boundary(token.low) or token.low in voc.PREPOSITIONS:
            break
        if token.low in voc.NOT_PLACES or not token.word.replace("-", "").isalpha():
            return []
        if span and (token.low in voc.CLAUSE_VERBS or token.low.endswith("ing")):
            return []
        span = Span(span.start if span else token.start, token.end)
    if span is None or not _PLACE_LIKE.fullmatch(text[span.start : span.end]):
        return []
    return [span]


_PLACE_LIKE = re.compile(r"[\w-]+(?<!ing)(?<!ful)(?<!ous)(?<!ed)(?: [\w-]+(?<!s))?")


def organisation(text: str, pos: int, limit: int) -> list[Span]:
    """A company, school or office with capitals."""
    pos = skip(ARTICLE, text, pos, limit)
    particles = _PARTICLES | {"for", "in"} - {"i"}
    span = proper_noun(text, pos, limit, particles=particles, most=8, digits=True)
    if span and text[span.start : span.end].lower() in gaz.NATIONALITIES:
        return []  # "the Swiss railways"
    span = span and _without_clause(text, span, limit)
    own = span and (_OWN_S.match(text, span.end, limit) or _KIND.match(text, span.end, limit))
    return one(Span(span.start, own.end()) if span and own else span)


_KIND = re.compile(
    r"(?:'s)? (?:hospital|university|college|school|academy|airport|clinic|library|museum|council|"
    r"bank|brewery|bakery|zoo|hotel|institute|station)(?!\w)(?! \w+ing\b)",
    re.I,
)
"""The common noun that a name ends in ("St Thomas hospital")."""
_OWN_S = re.compile(
    r"'s(?=\s*(?:$|[,.;:!?()\n]|(?:for|since|in|as|and|but|so|now|at|on|who|which|where|until|"
    r"is|has)\b))"
)
"""The "'s" that belongs to a name ("St Vincent's"), not one that owns what follows."""


_ORG_TAIL = re.compile(r"\s(?:in|for|and|&)\s+(?:the\s+)?(?=[^\W_])")


def _without_clause(text: str, span: Span, limit: int) -> Span:
    """Cut "Acme in Dublin" and "Acme and Bob says" to "Acme"; "Marks and Spencer" stays."""
    for tail in _ORG_TAIL.finditer(text, span.start, span.end):
        joiner = tail.group().split()[0]
        follower = next(tokens(text, span.end, limit, 1), None)
        is_clause = (
            follower is not None and follower.low not in voc.PREPOSITIONS | voc.BOUNDARY_WORDS
        )
        is_time = joiner == "for" and text[tail.end()].isdigit()  # "Acme for 20 years"
        if joiner == "in" or is_time or (joiner == "and" and is_clause):
            return Span(span.start, tail.start())
    return span


def loose_organisation(text: str, pos: int, limit: int) -> list[Span]:
    """An employer after "work at": a name, or a plain description ("a small bakery")."""
    called = _CALLED.match(text, pos, limit)
    found = organisation(text, called.end() if called else pos, limit)
    if found:
        return found
    phrase = noun_phrase(text, pos, limit, prepositions=frozenset(("of",)), most=4)
    low = text[phrase.start : phrase.end].lower() if phrase else ""
    if not low or low.split()[0] in _NOT_EMPLOYERS or low.split()[-1] in _NOT_EMPLOYERS:
        return []
    return one(phrase)


_CALLED = re.compile(r"\s*an? [\w -]{2,30}? (?:called|named)\s+", re.I)
_NOT_EMPLOYERS = words(
    """
    home night nights height heights noon once least all scale speed different weekends
    myself weekend day days same odd two three both room table desk job jobs project
    projects free living hours pm am exams something anything it money fun long place
    computer remote minimum peanuts research exam thesis top full half best end moment
    time years months rest someone people
    """
)
