"""Readers of typed values: from a position, the span of the name, place, thing or clause there.

A reader takes (plain text, position, limit) and gives the spans of the values it finds, in order;
an empty list says that what stands there is no such value. None of them looks beyond `limit`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import gazetteer as gaz
from . import vocabulary as voc
from .text import BLANK

WORD = re.compile(r"[^\W_](?:[\w'.&+#*/-]*[\w+#])?|&|\+\+")
_LEAD = re.compile(r"\s*(?:(?:a|an|the|my|our|some|any|both|these|those)\s+)*", re.I)
_ARTICLE = re.compile(r"\s*(?:(?:a|an|the|both|some)\s+)?", re.I)
_SPACE = re.compile(r"\s*")
_SEPARATOR = re.compile(
    r"\s*(?:,\s*(?:and|or|&|plus|as well as|but also)?|/|\band\b|\bor\b|\bnor\b|&|\+|\bplus\b|"
    r"\bas well as\b|\bbut also\b)\s*(?:also\s+)?",
    re.I,
)
_CONJUNCTION = re.compile(r"\b(?:and|or|nor|plus|as well as|but also)\b|&|\+", re.I)


class Span(NamedTuple):
    """Code-point offsets [start, end)."""

    start: int
    end: int


class Token(NamedTuple):
    """A word and where it stands."""

    start: int
    end: int
    word: str
    low: str


Reader = Callable[[str, int, int], list[Span]]


def tokens(text: str, pos: int, limit: int, most: int = 12) -> Iterator[Token]:
    """The words from `pos` on that only blanks separate."""
    for _ in range(most):
        gap = _SPACE.match(text, pos, limit)
        pos = gap.end() if gap else pos
        match = WORD.match(text, pos, limit)
        if not match or BLANK in match.group():
            return
        start, pos = match.span()
        word = match.group()
        low = word.lower()
        if low.endswith("'s"):
            low = low[:-2]
        yield Token(start, pos, word, low)


def is_proper(word: str) -> bool:
    """Whether a word is written like a name (scripts without case always are)."""
    return word[0].isalpha() and not word[0].islower()


def skip(pattern: re.Pattern[str], text: str, pos: int, limit: int) -> int:
    """The position after `pattern` at `pos`, or `pos`."""
    match = pattern.match(text, pos, limit)
    return match.end() if match else pos


def one(span: Span | None) -> list[Span]:
    """A list of the span, if there is one."""
    return [span] if span else []


# ---- proper nouns

_PARTICLES = frozenset(
    [
        "de",
        "la",
        "le",
        "les",
        "del",
        "della",
        "di",
        "da",
        "do",
        "dos",
        "das",
        "du",
        "des",
        "den",
        "der",
        "van",
        "von",
        "ter",
        "ten",
        "bin",
        "ibn",
        "al",
        "el",
        "y",
        "e",
        "i",
        "of",
        "am",
        "an",
        "der",
        "upon",
        "sur",
        "sous",
        "and",
        "&",
        "the",
        "'t",
        "op",
        "zu",
        "zur",
    ]
)
_PLACE_PARTICLES = _PARTICLES - {"and", "&", "y", "e", "i", "al"}
_NAME_PARTICLES = frozenset(
    [
        "de",
        "la",
        "le",
        "del",
        "della",
        "di",
        "da",
        "do",
        "dos",
        "das",
        "du",
        "den",
        "der",
        "van",
        "von",
        "ter",
        "ten",
        "bin",
        "ibn",
        "al",
        "el",
        "y",
    ]
)
_TITLES = frozenset(["dr", "mr", "mrs", "ms", "prof", "sir", "señor", "señora"])


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
    return Span(start, end) if start >= 0 else None


def name(text: str, pos: int, limit: int) -> list[Span]:
    """A person's (or animal's) name with capitals."""
    pos = skip(_SPACE, text, pos, limit)
    title = re.compile(r"(?:dr|mr|mrs|ms|prof)\.?\s+", re.I).match(text, pos, limit)
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
        return found
    span: Span | None = None
    for token in tokens(text, pos, limit, 3):
        is_word = token.word.replace("-", "").replace("'", "").isalpha()
        if not is_word or is_boundary(token.low) or token.low in voc.NOT_NAMES | voc.PREPOSITIONS:
            break
        span = Span(span.start if span else token.start, token.end)
    if span and (text[span.start : span.end].count(" ") < 2):
        return [span]
    return []


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
    seen = list(tokens(text, skip(_SPACE, text, pos, limit), limit, 3))
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


def place(text: str, pos: int, limit: int) -> list[Span]:
    """A place with capitals or from the lists."""
    if near := re.compile(r"\s*(?:near|outside|north of|south of|east of|west of)\s").match(
        text, pos
    ):
        pos = near.end()
    known = gazetteer_place(text, pos, limit)
    pos = skip(_ARTICLE, text, pos, limit)
    span = proper_noun(text, pos, limit, particles=_PLACE_PARTICLES, most=6)
    if span is None:
        return one(known)
    first = text[span.start : span.end].split()[0]
    low = first.lower()
    if low in gaz.MONTHS | gaz.WEEKDAYS or low in voc.NOT_NAMES:
        return []
    return [] if low in voc.BOUNDARY_WORDS and first not in ("US", "May") else [span]


def loose_place(text: str, pos: int, limit: int) -> list[Span]:
    """A place after words that can only introduce one ("live in"): capitals are not needed."""
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
    if span is None or text[span.start : span.end].count(" ") > 1:
        return []
    return [span]


def organisation(text: str, pos: int, limit: int) -> list[Span]:
    """A company, school or office with capitals."""
    pos = skip(_ARTICLE, text, pos, limit)
    particles = _PARTICLES | {"for", "in"} - {"i"}
    span = proper_noun(text, pos, limit, particles=particles, most=8, digits=True)
    return one(span and _without_clause(text, span, limit))


_ORG_TAIL = re.compile(r"\s(?:in|for|and|&)\s+(?:the\s+)?(?=[^\W\d_])")


def _without_clause(text: str, span: Span, limit: int) -> Span:
    """Cut "Acme in Dublin" and "Acme and Bob says" to "Acme"; "Marks and Spencer" stays."""
    for tail in _ORG_TAIL.finditer(text, span.start, span.end):
        joiner = tail.group().split()[0]
        follower = next(tokens(text, span.end, limit, 1), None)
        is_clause = (
            follower is not None and follower.low not in voc.PREPOSITIONS | voc.BOUNDARY_WORDS
        )
        if joiner == "in" or (joiner == "and" and is_clause):
            return Span(span.start, tail.start())
    return span


def loose_organisation(text: str, pos: int, limit: int) -> list[Span]:
    """An employer after "work at": a name, or a plain description ("a small bakery")."""
    found = organisation(text, pos, limit)
    if found:
        return found
    phrase = noun_phrase(text, pos, limit, prepositions=frozenset(("of",)), most=4)
    low = text[phrase.start : phrase.end].lower() if phrase else ""
    if not low or low.split()[0] in _NOT_EMPLOYERS or low.split()[-1] in _NOT_EMPLOYERS:
        return []
    return one(phrase)


_NOT_EMPLOYERS = frozenset(
    [
        "home",
        "night",
        "nights",
        "height",
        "heights",
        "noon",
        "once",
        "least",
        "all",
        "scale",
        "speed",
        "different",
        "weekends",
        "myself",
        "weekend",
        "day",
        "days",
        "same",
        "odd",
        "two",
        "three",
        "both",
        "room",
        "table",
        "desk",
        "job",
        "jobs",
        "project",
        "projects",
        "free",
        "living",
        "hours",
        "pm",
        "am",
        "exams",
        "something",
        "anything",
        "it",
        "money",
        "fun",
        "long",
        "place",
        "computer",
        "remote",
        "minimum",
        "peanuts",
        "research",
        "exam",
        "thesis",
        "top",
        "full",
        "half",
        "best",
        "end",
        "moment",
        "time",
        "years",
        "months",
        "rest",
        "someone",
        "people",
    ]
)


# ---- noun phrases and lists


def is_boundary(low: str) -> bool:
    """Whether a word cannot stand inside a short value."""
    return low in voc.BOUNDARY_WORDS


def noun_phrase(
    text: str,
    pos: int,
    limit: int,
    *,
    prepositions: frozenset[str] = frozenset(),
    most: int = 6,
) -> Span | None:
    """Words up to punctuation, a boundary word, or a preposition other than those allowed."""
    start = skip(_LEAD, text, pos, limit)
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


_INNER_DETERMINERS = frozenset(["the", "a", "an", "my", "our", "this"])
_FINITE = frozenset(
    [
        "says",
        "said",
        "keeps",
        "makes",
        "gives",
        "needs",
        "wants",
        "works",
        "goes",
        "comes",
        "lives",
        "looks",
        "seems",
        "hurts",
        "thinks",
        "loves",
        "hates",
        "suggests",
        "told",
        "asked",
        "got",
        "tastes",
        "smells",
        "helps",
        "costs",
        "won't",
        "doesn't",
        "didn't",
    ]
)


def read_list(text: str, pos: int, limit: int, reader: Reader, most: int = 8) -> list[Span]:
    """Items joined by commas and conjunctions, each read by `reader`."""
    found = list(reader(text, pos, limit))[:1]
    while found and len(found) < most:
        gap = _SEPARATOR.match(text, found[-1].end, limit)
        if not gap or not gap.group().strip():
            break
        item = reader(text, gap.end(), limit)
        if not item:
            break
        found.append(item[0])
    return found


_THING_PREPOSITIONS = frozenset(["of", "in", "with", "for", "from", "about", "to", "on", "at"])
_NOT_THINGS = frozenset(
    [
        "it",
        "that",
        "this",
        "these",
        "those",
        "you",
        "him",
        "her",
        "them",
        "me",
        "us",
        "your",
        "yours",
        "his",
        "hers",
        "their",
        "theirs",
        "how",
        "what",
        "when",
        "where",
        "why",
        "who",
        "which",
        "if",
        "there",
        "here",
        "to",
        "everything",
        "something",
        "anything",
        "nothing",
        "someone",
        "everyone",
        "people",
        "being",
        "having",
        "getting",
        "seeing",
        "hearing",
        "my",
        "our",
        "myself",
    ]
)


def thing(text: str, pos: int, limit: int) -> list[Span]:
    """What is liked, owned or avoided."""
    first = next(tokens(text, pos, limit, 1), None)
    if first is None or first.low in _NOT_THINGS:
        return []
    phrase = noun_phrase(text, pos, limit, prepositions=_THING_PREPOSITIONS, most=7)
    return one(phrase and _without_time(text, phrase))


def short_thing(text: str, pos: int, limit: int) -> list[Span]:
    """A thing without what follows its preposition, other than "of"."""
    first = next(tokens(text, pos, limit, 1), None)
    if first is None or first.low in _NOT_THINGS:
        return []
    return one(noun_phrase(text, pos, limit, prepositions=frozenset(("of",)), most=5))


def things(text: str, pos: int, limit: int) -> list[Span]:
    """A list of things; commas only count when a conjunction closes the list."""
    return _thing_list(text, pos, limit, thing)


def short_things(text: str, pos: int, limit: int) -> list[Span]:
    """A list of short things."""
    return _thing_list(text, pos, limit, short_thing)


def _thing_list(text: str, pos: int, limit: int, reader: Reader) -> list[Span]:
    found = list(reader(text, pos, limit))
    pending: list[Span] = []
    while found and len(found) + len(pending) < 8:
        gap = _SEPARATOR.match(text, (pending or found)[-1].end, limit)
        item = reader(text, gap.end(), limit) if gap and gap.group().strip() else []
        if not gap or not item or not _is_item(text, gap.end(), item[0], limit):
            break
        pending.append(item[0])
        if _CONJUNCTION.search(gap.group()):
            found, pending = found + pending, []
    return found


def _is_item(text: str, pos: int, span: Span, limit: int) -> bool:
    """Whether the phrase after a separator is an item, not the next clause."""
    low = text[pos : span.end].lower().split()
    if low[0] in voc.CLAUSE_VERBS or low[0] in ("my", "our", "the", "no") or len(low) > 5:
        return False
    after = next(tokens(text, span.end, limit, 1), None)
    return after is None or after.low not in _CLAUSE_FOLLOWERS


_CLAUSE_FOLLOWERS = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "will",
        "would",
        "can",
        "could",
        "should",
        "does",
        "did",
        "it",
        "them",
        "him",
        "me",
        "us",
        "i'm",
        "isn't",
        "aren't",
        "wasn't",
        "doesn't",
        "don't",
        "won't",
        "can't",
        "makes",
        "gives",
        "says",
        "keeps",
        "gets",
        "you",
        "she",
        "he",
    ]
)
_TIME_TAIL = re.compile(
    r"\s(?:(?:on|at|in|for|from) (?:the |my |a )?(?:\w+ )?(?:weekends?|mornings?|evenings?|nights?|"
    r"week|month|year|years|weeks|months|days|moment|summer|winter|spring|autumn|fall|general|"
    r"particular|past|lately|ages|now|free time|spare time|mondays?|tuesdays?|wednesdays?|"
    r"thursdays?|fridays?|saturdays?|sundays?|decades?|hours?|minutes?|\d{4})|for (?:ages|fun|work|"
    r"\w+ (?:years|months|weeks|days))|with (?:me|you|that|this)|most \w+|in \d{4})\b.*",
    re.I,
)


def _without_time(text: str, span: Span) -> Span:
    tail = _TIME_TAIL.search(text, span.start, span.end)
    return Span(span.start, tail.start()) if tail and tail.start() > span.start else span


# ---- clauses

_CLAUSE_END = re.compile(
    r"[,;:!?()\[\]]|\s-+\s|\.(?=\s|$)|\s(?:but|because|cause|since|which|while|though|although|"
    r"whereas|if|so(?= (?:i|we|what|how|is|can|do|my|the|which|that|where|any|please))|unless|"
    r"pls|please|btw|lol|haha|tbh|anyway|depends|and(?= (?:i|i'm|im|my|we|he|she|they|it|the|you|"
    r"what|how|can|could|do|is|need|want|would|wondering|not|was|am|don't|have|now|then|this|"
    r"that|there|also|who|where|when|any|please|just|looking)\b))\b|\sor not\b|\sor (?:just|stay|"
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
    r"for (?:a|two|three|four|five|six|\d+|my|the|our) (?:long )?(?:week|month|day|year|few|couple|holiday|"
    r"vacation|weekend)s?)\b.*",
    re.I,
)


def clause(text: str, pos: int, limit: int) -> list[Span]:
    """A verb phrase, to the end of its clause."""
    start = skip(_SPACE, text, pos, limit)
    stop = _CLAUSE_END.search(text, start, limit)
    end = stop.start() if stop else limit
    while end > start and text[end - 1] in " .,'\"-" + BLANK:
        end -= 1
    return [Span(start, end)] if end - start >= 3 and text[start] != BLANK else []


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
    tail = _TIME_TAIL.search(text, found[0].start, found[0].end)
    return [Span(found[0].start, tail.start())] if tail else found


def project(text: str, pos: int, limit: int) -> list[Span]:
    """Something being made or written."""
    first = next(tokens(text, pos, limit, 1), None)
    if first is None or first.low in _NOT_THINGS - {"my", "our"} or first.low in _NOT_PROJECTS:
        return []
    return timeless_clause(text, pos, limit)


_NOT_PROJECTS = frozenset(
    [
        "myself",
        "weekends",
        "nights",
        "sundays",
        "saturdays",
        "days",
        "shifts",
        "from",
        "remotely",
        "hard",
        "up",
        "off",
        "out",
        "over",
    ]
)
