"""Readers of languages, peoples, professions, studies and skills."""

from __future__ import annotations

import re

from . import gazetteer as gaz
from . import vocabulary as voc
from .nouns import noun_phrase, read_list
from .spans import (
    Span,
    Token,
    is_boundary,
    is_proper,
    skip,
    tokens,
)
from .wordlists import words


def language(text: str, pos: int, limit: int) -> list[Span]:
    """One language, after words like "some", "a bit of", "native"."""
    pos = skip(_LANGUAGE_LEAD, text, pos, limit)
    for token in tokens(text, pos, limit, 1):
        low = token.low
        if low in gaz.LANGUAGES:
            return [_with_qualifier(text, token)]
        is_open = is_proper(token.word) and low not in voc.NOT_NAMES
        if is_open and low not in gaz.NATIONALITIES and low not in gaz.FIRST_NAMES:
            return [Span(token.start, token.end)] if low.endswith(_LANGUAGE_ENDINGS) else []
    return []


_LANGUAGE_ENDINGS = ("ese", "ish", "ian", "ic", "i", "u", "an", "a", "que")
_LANGUAGE_LEAD = re.compile(
    r"\s*(?:(?:some|a (?:bit|little)(?: bit)?(?: of)?|basic|fluent|native|conversational|decent|"
    r"broken|good|passable|rusty|perfect|intermediate|brazilian|swiss|mandarin(?= chinese)|also|"
    r"both|a tiny bit of|mostly|the|my|enough|ok|okay|very|bad|mediocre|terrible|school|rather|"
    r"halting|a(?= (?:very|rather|bad|broken|halting|decent|rusty|basic|poor|terrible)\b))\s+)*",
    re.I,
)


def _with_qualifier(text: str, token: Token) -> Span:
    """As in "Brazilian Portuguese" and "Swiss German" are one language."""
    before = re.compile(r"(?:brazilian|swiss|mandarin|sign)\s+$", re.I)
    lead = before.search(text, max(0, token.start - 12), token.start)
    return Span(lead.start() if lead else token.start, token.end)


def languages(text: str, pos: int, limit: int) -> list[Span]:
    """One or several languages, each perhaps with where or to whom it is spoken."""
    found = read_list(text, pos, limit, language)
    while found and len(found) < 8 and (gap := _ELSEWHERE.match(text, found[-1].end, limit)):
        item = language(text, gap.end(), limit)
        if not item or not _SPOKEN_END.match(text, item[0].end, limit):
            break
        found.extend(read_list(text, gap.end(), limit, language))
    return found


_ELSEWHERE = re.compile(
    r"\s+(?:(?:with|to|at|in|on|for|from) (?:(?:the|my|our|his|her|a) )?[\w'-]+"
    r"(?: (?:else|day|days|side|calls))?|everywhere(?: else)?)\s*(?:,\s*(?:and |but |plus )?|"
    r"\s(?:and|but|plus)\s)\s*(?:also |only )?",
    re.I,
)
"""As in "… at home, " and "… with my in-laws and "."""
_SPOKEN_END = re.compile(
    r"\s*(?:$|[,.;:!?()]|-\s|(?:and|or|but|with|to|at|in|on|for|from|everywhere|when|only|too|as|"
    r"if)\b)",
    re.I,
)


def nationality(text: str, pos: int, limit: int) -> list[Span]:
    """An adjective of a people ("Chilean"), also "half Irish"."""
    start = skip(_NATION_LEAD, text, pos, limit)
    seen = list(tokens(text, start, limit, 2))
    if seen and seen[0].low in ("half", "south", "north", "new", "saudi", "sri", "costa", "puerto"):
        pair = f"{seen[0].low} {seen[1].low}" if len(seen) > 1 else ""
        if pair in _NATION_PAIRS or (
            len(seen) > 1 and seen[0].low == "half" and _is_nation(seen[1])
        ):
            return [Span(seen[0].start, seen[1].end)]
    if seen and _is_nation(seen[0]):
        return [Span(seen[0].start, seen[0].end)]
    return []


_NATION_LEAD = re.compile(r"\s*(?:(?:an?|half|both)\s+)?(?=[^\W\d_])", re.I)
_NATION_PAIRS = frozenset(
    ("south african", "south korean", "north korean", "new zealander", "saudi arabian",
     "sri lankan",
     "costa rican", "puerto rican")
)  # fmt: skip


def _is_nation(token: Token) -> bool:
    low = token.low.replace("-", " ").split()[0]
    return low in gaz.NATIONALITIES and (is_proper(token.word) or low not in ("pole", "kiwi"))


_STUDENT_OF = re.compile(r"\s*(?:an?|the)?\s*(?:\w+ )?students? (?:of|in) ", re.I)
_NAMED_ROLES = re.compile(
    r"\s*(?:(?:an?|the|our)\s+)?(?P<value>(?:senior |deputy |assistant |vice )*"
    r"(?:head|director|vp|president|chief|chair|dean|manager|professor|lecturer|teacher|"
    r"captain|coordinator|researcher) (?:of|in) "
    r"(?:\w+ ){0,2}?\w+(?= at\b|[,.!?]| and\b|"
    r" in\b| for\b| with\b|$))",
    re.I,
)


def is_occupation(low: str) -> bool:
    """Whether a lower-case word names what somebody does for a living."""
    low = low.removesuffix("/")
    if low in voc.NOT_OCCUPATIONS:
        return False
    is_plural = low.endswith(("ers", "ors", "ists", "ians", "nurses", "students"))
    stem = low[:-1] if is_plural else low
    parts = stem.replace("/", "-").split("-")
    return (
        stem in voc.OCCUPATIONS
        or parts[-1] in voc.OCCUPATIONS
        or (len(stem) > 6 and stem.endswith(voc.OCCUPATION_SUFFIXES))
    )


def occupation(text: str, pos: int, limit: int) -> list[Span]:
    """A profession, with the words before it that make it particular ("pastry chef")."""
    au_pair = _AU_PAIR.match(text, pos, limit)
    if au_pair:
        return [Span(*au_pair.span("value"))]
    role = _NAMED_ROLES.match(text, pos, limit)
    if role:
        return [Span(*role.span("value"))]
    start = skip(_ROLE_LEAD, text, pos, limit)
    last: Token | None = None
    for token in tokens(text, start, limit, 6):
        if token.low in _AMATEURS:
            return []
        if token.low in _OTHERS or token.low in voc.PREPOSITIONS or is_boundary(token.low):
            break
        if is_occupation(token.low):
            last = token
        elif last is not None:
            break
    if last is None or (is_proper(last.word) and _MODEL.match(text, last.end, limit)):
        return []
    return [Span(start, last.end)]


_MODEL = re.compile(r" (?:\d|[A-Z][a-z]*\b(?! (?:in|at|for|from)\b))")
"""What follows the name of a thing ("a Pilot Custom 74"), not a profession."""
_AU_PAIR = re.compile(
    r"\s*(?:an? |the )?(?:\w+ )?(?P<value>au[ -]pair|stay[- ]at[- ]home (?:mum|mom|dad|parent|"
    r"mother|father))\b",
    re.I,
)
_OTHERS = words("my your his her their its")
_AMATEURS = words("keen avid amateur hobby passionate enthusiastic aspiring wannabe former ex")
"""Words that say that somebody does it for love, not yet, or no more."""
_ROLE_LEAD = re.compile(
    r"\s*(?:(?:an?|the|our|your|just|only|certified|fellow|newly qualified|humble|simple|lowly|"
    r"mere|proud|fairly|very|busy|tired|broke|bored|single|\d{1,2}[- ]year[- ]old|\d\d yo|"
    r"new|young|old|poor|full[- ]time|part[- ]time|qualified|trained|"
    r"[\w]+-based|self[- ]employed|practi[sc]ing|professional|local|little|bit of a)\s+)*",
    re.I,
)


def any_occupation(text: str, pos: int, limit: int) -> list[Span]:
    """What stands after "my job is" or "I work as": any short noun phrase."""
    found = occupation(text, pos, limit)
    if found:
        return found
    phrase = noun_phrase(text, pos, limit, prepositions=frozenset(("of",)), most=5)
    if phrase is None or text[phrase.start : phrase.end].lower().split()[0] in _VAGUE_JOBS:
        return []
    return [phrase]


_VAGUE_JOBS = words(
    """
    boring hard stressful great good bad terrible awful killing making eating tough fun
    nice easy secure safe remote hybrid pretty very getting going driving too so all
    usual well team part one volunteer
    """
)


def study(text: str, pos: int, limit: int) -> list[Span]:
    """A degree, subject or school, with "in …" and "at …"."""
    phrase = noun_phrase(text, pos, limit, prepositions=words("in of at from for"), most=9)
    if phrase is None:
        return []
    low = text[phrase.start : phrase.end].lower()
    if low.split()[0] in gaz.LANGUAGES and " at " not in low:
        return []  # learning a language is no degree
    if low.split()[0] in _NOT_STUDIES or re.match(r"(?:in|at|from|on) \d", low):
        return []
    year = re.search(r" (?:in|from|of) (?:\d{4}|january|june|september|october|the).*", low)
    return [Span(phrase.start, phrase.start + year.start()) if year else phrase]


_NOT_STUDIES = words(
    """
    hard late night abroad home last exam exams test tests finals midterms library
    evenings hours alone all lot together in on at for with plan plans planner guide guides
    group groups tips stars session sessions schedule notes material playlist music room buddy
    """
)


_SOME = re.compile(r"\s*(?:(?:a (?:bit|little)(?: of)?|some|basic|advanced|both) )+", re.I)


def skill(text: str, pos: int, limit: int) -> list[Span]:
    """A thing somebody knows: a proper noun or a common skill."""
    pos = skip(_SOME, text, pos, limit)
    for token in tokens(text, pos, limit, 1):
        if is_proper(token.word) or token.low in voc.COMMON_SKILLS:
            found = noun_phrase(text, pos, limit, most=3)
            return [found] if found else []
    return []


def skills(text: str, pos: int, limit: int) -> list[Span]:
    """One or several skills."""
    return read_list(text, pos, limit, skill)
