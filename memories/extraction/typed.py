"""Readers of values with a shape of their own: numbers, dates, addresses, and closed vocabularies."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import gazetteer as gaz
from . import vocabulary as voc
from .values import (
    Reader,
    Span,
    Token,
    activity,
    clause,
    is_boundary,
    is_proper,
    loose_name,
    loose_organisation,
    loose_place,
    name,
    names,
    noun_phrase,
    organisation,
    place,
    project,
    read_list,
    short_thing,
    short_things,
    skip,
    thing,
    things,
    timeless_clause,
    tokens,
)

_SPACE = re.compile(r"\s*")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
FULL_DATE = (
    rf"(?:{_DAY}(?: of)? {_MONTH}\.?(?:,? \d{{4}})?|{_MONTH}\.? {_DAY}\b(?:,? \d{{4}})?|"
    r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}/\d{1,2})"
)
_LOOSE_DATE = (
    rf"(?:{FULL_DATE}|(?:the )?(?:end of (?:the |this |next )?(?:\w+)|{_DAY}\b(?! (?:street|floor|grade))"
    r"|(?:start|beginning|middle) of (?:the |next )?\w+)|"
    r"(?:next |this |coming )?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: (?:morning|evening|noon|"
    r"night|afternoon|next week))?|next (?:week|month|year)|tomorrow|tonight|midnight|"
    rf"(?:early |late |mid[- ]?)?{_MONTH}\b(?: \d{{4}})?|christmas|new year's eve|easter)"
)
_NUMBER_WORDS = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:one|two|three|four|five|"
    r"six|seven|eight|nine))?|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
)
_ZONE = (
    r"(?:(?:UTC|GMT)(?: ?[+-] ?\d{1,2}(?::?\d\d)?)?|(?:CET|CEST|EET|EEST|WET|WEST|BST|IST|EST|EDT|"
    r"CST|CDT|MST|MDT|PST|PDT|AEST|AEDT|ACST|AWST|NZST|NZDT|JST|KST|SGT|HKT|PKT|MSK|BRT|ART|CAT|"
    r"EAT|WAT|SAST|GST|PHT|WIB|ICT|AKST|HST)\b|(?:Europe|America|Asia|Africa|Australia|Pacific|"
    r"Atlantic)/[A-Z][\w/]+|(?:(?:central|eastern|western|northern|southern) (?:european|african|"
    r"indonesia|australian|standard|daylight)|eastern|pacific|mountain|central|indian standard|"
    r"[a-z]+(?: [a-z]+)? standard|[A-Z]\w+) (?:summer |daylight )?time\b)"
)
_PATTERNS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"(?P<value>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"),
    "phone": re.compile(r"(?P<value>\+?\(?\d[\d ()./-]{5,17}\d)(?!\d)(?! ?(?:€|eur|usd|\$|%))", re.I),
    "date": re.compile(rf"(?:on |the (?=\d))?(?P<value>{FULL_DATE})\b", re.I),
    "loose_date": re.compile(rf"(?:on |by )?(?P<value>{_LOOSE_DATE})\b", re.I),
    "timezone": re.compile(rf"(?:the )?(?P<value>{_ZONE})", re.I),
    "pronouns": re.compile(
        r"(?P<value>(?:she|he|they|xe|ze|it|any|fae|ey)(?:/(?:her|him|them|they|he|she|hers|his|"
        r"theirs|xem|zir|it|its|all|any))+|any pronouns|(?:she|he|they) and (?:her|him|them))\b",
        re.I,
    ),
    "diet": re.compile(rf"(?:an? |on |to )?(?:\w+ly )?(?P<value>{voc.DIETS})\b(?! (?:restaurant|recipe|"
                       r"food|option|place|friend|wife|husband|butcher|shop))", re.I),
}  # fmt: skip


def _shaped(kind: str) -> Reader:
    pattern = _PATTERNS[kind]

    def read(text: str, pos: int, limit: int) -> list[Span]:
        match = pattern.match(text, skip(_SPACE, text, pos, limit), limit)
        return [Span(*match.span("value"))] if match else []

    return read


def age(text: str, pos: int, limit: int) -> list[Span]:
    """A number of years a person can have."""
    match = _AGE.match(text, skip(_SPACE, text, pos, limit), limit)
    if not match:
        return []
    digits = match.group("digits")
    if digits and not 1 <= int(digits) <= 119:
        return []
    return [Span(*match.span("value"))]


_AGE = re.compile(
    rf"(?P<value>(?:(?P<digits>\d{{1,3}})|{_NUMBER_WORDS}))(?:[mf]\b|(?![\w+]))"
    r"(?!\.\d|,\d|:\d|/\d|%|-\w(?!ear|r)|['\"°€$£])(?! ?(?:%|percent|euros?|dollars|pounds|min|"
    r"minutes?|hours?|days?|weeks?|months?|km|kg|kilos?|cm|m2|miles?|lbs?|people|of us|"
    r"degrees|pages|credits|points|times|pm|am|k|kids|th|st|th\b)\b)",
    re.I,
)


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
    r"both|a tiny bit of|mostly|the|my|enough|ok|okay|very|bad|mediocre|terrible|school)\s+)*",
    re.I,
)


def _with_qualifier(text: str, token: Token) -> Span:
    """ "Brazilian Portuguese" and "Swiss German" are one language."""
    before = re.compile(r"(?:brazilian|swiss|mandarin|sign)\s+$", re.I)
    lead = before.search(text, max(0, token.start - 12), token.start)
    return Span(lead.start() if lead else token.start, token.end)


def languages(text: str, pos: int, limit: int) -> list[Span]:
    """One or several languages."""
    return read_list(text, pos, limit, language)


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
    ("south african", "south korean", "north korean", "new zealander", "saudi arabian", "sri lankan",
     "costa rican", "puerto rican")
)  # fmt: skip


def _is_nation(token: Token) -> bool:
    low = token.low.replace("-", " ").split()[0]
    return low in gaz.NATIONALITIES and (is_proper(token.word) or low not in ("pole", "kiwi"))


_NAMED_ROLES = re.compile(
    r"\s*(?:(?:an?|the|our)\s+)?(?P<value>(?:senior |deputy |assistant |vice )*"
    r"(?:head|director|vp|president|chief|chair|dean|manager|professor|lecturer|student|teacher|"
    r"captain|coordinator|ph\.?d student|researcher) (?:of|in) (?:\w+ ){0,2}?\w+(?= at\b|[,.!?]| and\b|"
    r" in\b| for\b| with\b|$))",
    re.I,
)


def is_occupation(low: str) -> bool:
    """Whether a lower-case word names what somebody does for a living."""
    low = low.removesuffix("/")
    if low in voc.NOT_OCCUPATIONS:
        return False
    stem = low.removesuffix("s") if low.endswith("ers") else low
    parts = stem.replace("/", "-").split("-")
    return (
        stem in voc.OCCUPATIONS
        or parts[-1] in voc.OCCUPATIONS
        or (len(stem) > 6 and stem.endswith(voc.OCCUPATION_SUFFIXES))
    )


def occupation(text: str, pos: int, limit: int) -> list[Span]:
    """A profession, with the words before it that make it particular ("pastry chef")."""
    role = _NAMED_ROLES.match(text, pos, limit)
    if role:
        return [Span(*role.span("value"))]
    start = skip(_ROLE_LEAD, text, pos, limit)
    last: Token | None = None
    for token in tokens(text, start, limit, 6):
        if token.low in voc.PREPOSITIONS or is_boundary(token.low):
            break
        if is_occupation(token.low):
            last = token
        elif last is not None:
            break
    return [Span(start, last.end)] if last else []


_ROLE_LEAD = re.compile(
    r"\s*(?:(?:an?|the|our|your|just|only|certified|fellow|newly qualified|humble|simple|lowly|"
    r"mere|proud|fairly|very|busy|tired|broke|bored|single|\d{1,2}[- ]year[- ]old|\d\d yo|"
    r"new|young|old|keen|poor|former(?!)|full[- ]time|part[- ]time|qualified|trained|"
    r"self-employed|practi[sc]ing|professional|local|little|bit of a)\s+)*",
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


_VAGUE_JOBS = frozenset(
    [
        "boring",
        "hard",
        "stressful",
        "great",
        "good",
        "bad",
        "terrible",
        "awful",
        "killing",
        "making",
        "eating",
        "tough",
        "fun",
        "nice",
        "easy",
        "secure",
        "safe",
        "remote",
        "hybrid",
        "pretty",
        "very",
        "getting",
        "going",
        "driving",
        "too",
        "so",
        "all",
        "usual",
        "well",
        "team",
        "part",
        "one",
        "volunteer",
    ]
)


def study(text: str, pos: int, limit: int) -> list[Span]:
    """A degree, subject or school, with "in …" and "at …"."""
    phrase = noun_phrase(
        text, pos, limit, prepositions=frozenset(["in", "of", "at", "from", "for"]), most=9
    )
    if phrase is None:
        return []
    low = text[phrase.start : phrase.end].lower()
    if low.split()[0] in _NOT_STUDIES or re.match(r"(?:in|at|from|on) \d", low):
        return []
    year = re.search(r" (?:in|from|of) (?:\d{4}|january|june|september|october|the).*", low)
    return [Span(phrase.start, phrase.start + year.start()) if year else phrase]


_NOT_STUDIES = frozenset(
    [
        "hard",
        "late",
        "night",
        "abroad",
        "home",
        "last",
        "exam",
        "exams",
        "test",
        "tests",
        "finals",
        "midterms",
        "library",
        "evenings",
        "hours",
        "alone",
        "all",
        "lot",
        "together",
        "in",
        "on",
        "at",
        "for",
        "with",
    ]
)


def skill(text: str, pos: int, limit: int) -> list[Span]:
    """A thing somebody knows: a proper noun or a common skill."""
    for token in tokens(text, pos, limit, 1):
        if is_proper(token.word) or token.low in voc.COMMON_SKILLS:
            found = noun_phrase(text, pos, limit, most=3)
            return [found] if found else []
    return []


def skills(text: str, pos: int, limit: int) -> list[Span]:
    """One or several skills."""
    return read_list(text, pos, limit, skill)


def owned(text: str, pos: int, limit: int) -> list[Span]:
    """What can be owned: it carries a name, a year, or is a thing on the list."""
    found = things(text, pos, limit)
    if not found or not _is_ownable(text[found[0].start : found[0].end]):
        return []
    return found


def _is_ownable(phrase: str) -> bool:
    words = re.split(r" (?:of|in|with|for|from|about|to|on|at) ", phrase)[0].split()
    last = words[-1].lower()
    if last in _ABSTRACT or words[0].lower() in _ABSTRACT_FIRST:
        return False
    if last in voc.OWNABLE or last.rstrip("s") in voc.OWNABLE:
        return True
    return any(is_proper(w) and len(w) > 1 and w.lower() not in _NOT_BRANDS for w in words)


_ABSTRACT_FIRST = frozenset(["no", "problem", "question", "issue", "bad", "hard", "good", "great"])
_NOT_BRANDS = (
    gaz.NATIONALITIES
    | gaz.LANGUAGES
    | gaz.MONTHS
    | gaz.WEEKDAYS
    | frozenset(
        [
            "pc",
            "tv",
            "i",
            "ok",
            "adhd",
            "ptsd",
            "ocd",
            "ibs",
            "covid",
            "mri",
            "gp",
            "hr",
            "phd",
            "ba",
            "bsc",
            "msc",
            "mba",
            "ma",
            "pdf",
            "csv",
            "json",
            "api",
            "it",
            "uk",
            "us",
            "eu",
        ]
    )
)
_ABSTRACT = frozenset(
    [
        "question",
        "questions",
        "problem",
        "problems",
        "issue",
        "issues",
        "meeting",
        "appointment",
        "interview",
        "exam",
        "test",
        "class",
        "call",
        "headache",
        "cold",
        "fever",
        "flight",
        "ticket",
        "tickets",
        "deadline",
        "idea",
        "doubt",
        "visa",
        "passport",
        "degree",
        "job",
        "account",
        "contract",
        "subscription",
        "booking",
        "reservation",
        "order",
        "invoice",
        "bug",
        "error",
        "request",
        "favor",
        "favour",
        "diploma",
        "master's",
        "bachelor's",
        "interest",
        "kid",
        "kids",
        "child",
        "children",
        "son",
        "daughter",
        "sister",
        "brother",
        "wife",
        "husband",
        "friend",
        "colleague",
        "boss",
        "partner",
        "girlfriend",
        "boyfriend",
        "accent",
        "background",
        "citizenship",
        "allergy",
        "intolerance",
        "prescription",
        "party",
        "dinner",
        "trip",
        "holiday",
        "lecture",
        "project",
        "team",
        "party",
        "diet",
        "layover",
        "licence",
        "license",
        "course",
        "booked",
        "scheduled",
        "coming",
        "server",
        "table",
        "file",
        "report",
        "presentation",
        "deck",
        "paper",
        "thesis",
        "essay",
        "homework",
        "assignment",
        "pain",
        "policy",
        "insurance",
        "plan",
    ]
)


def proper_thing(text: str, pos: int, limit: int) -> list[Span]:
    """A tool or brand after "use": a name, or plain words that stand for one."""
    low = next(tokens(text, pos, limit, 1), None)
    if low is None or low.low in _NOT_TOOLS:
        return []
    return short_things(text, pos, limit)


_NOT_TOOLS = frozenset(
    [
        "the",
        "my",
        "our",
        "this",
        "that",
        "these",
        "those",
        "it",
        "them",
        "to",
        "your",
        "his",
        "her",
        "their",
        "same",
        "one",
        "any",
        "some",
        "both",
        "all",
        "everything",
        "what",
        "which",
        "something",
        "for",
        "about",
        "only",
        "as",
        "in",
        "at",
        "on",
        "by",
        "with",
        "up",
        "almost",
        "around",
        "more",
        "less",
        "public",
        "words",
    ]
)

_ALLERGEN = re.compile(r"(?P<value>(?:[\w-]+ ){1,3}?)allerg(?:y|ies)\b", re.I)
_INTOLERANT = re.compile(r"(?P<value>\w+)[ -]intolerant", re.I)
_FANDOM = re.compile(
    r"(?P<value>(?:[\w'-]+ ){1,3}?)(?:fan|lover|enthusiast|nerd|buff|addict|reader|gamer|cyclist|runner|"
    r"hiker|climber|gardener|birdwatcher|collector)\b",
    re.I,
)
_GAME = re.compile(rf"(?:the |my )?(?P<value>{voc.GAMES_AND_SPORTS})\b", re.I)
_VERSUS = re.compile(r"\s+(?:rather than|instead of|to|over|than)\s", re.I)


def _captured(pattern: re.Pattern[str]) -> Reader:
    def read(text: str, pos: int, limit: int) -> list[Span]:
        match = pattern.match(text, skip(_SPACE, text, pos, limit), limit)
        if not match:
            return []
        start, end = match.span("value")
        return [Span(start, start + len(text[start:end].rstrip()))]

    return read


def games(text: str, pos: int, limit: int) -> list[Span]:
    """Sports, games and instruments that are played."""
    return read_list(text, pos, limit, _captured(_GAME))


def preferred(text: str, pos: int, limit: int) -> list[Span]:
    """What is preferred, without what it is preferred to."""
    found: list[Span] = []
    while len(found) < 4:
        phrase = noun_phrase(text, pos, limit, prepositions=_PREFERRED, most=7)
        if phrase is None or text[phrase.start : phrase.end].lower().split()[0] in _NOT_PREFERRED:
            break
        versus = _VERSUS.search(text, phrase.start, phrase.end)
        found.append(Span(phrase.start, versus.start() if versus else phrase.end))
        rest = _VERSUS.match(text, found[-1].end, limit)
        other = (
            noun_phrase(text, rest.end(), limit, prepositions=_PREFERRED, most=6) if rest else None
        )
        joined = re.compile(r"\s*(?:,\s*)?and\s+", re.I).match(text, (other or phrase).end, limit)
        if not joined:
            break
        pos = joined.end()
    return found


_PREFERRED = frozenset(["in", "of", "from", "at", "with", "by", "on", "without", "for"])
_NOT_PREFERRED = frozenset(["it", "this", "that", "you", "them", "him", "her", "your", "to"])


def nothing(text: str, pos: int, limit: int) -> list[Span]:
    """No value at all: whatever is live is meant."""
    return [Span(pos, pos)]


READERS: dict[str, Callable[[str, int, int], list[Span]]] = {
    "age": age,
    "email": _shaped("email"),
    "phone": _shaped("phone"),
    "date": _shaped("date"),
    "loose_date": _shaped("loose_date"),
    "timezone": _shaped("timezone"),
    "pronouns": _shaped("pronouns"),
    "diet": _shaped("diet"),
    "name": name,
    "names": names,
    "loose_name": loose_name,
    "place": place,
    "loose_place": loose_place,
    "organisation": organisation,
    "loose_organisation": loose_organisation,
    "language": language,
    "languages": languages,
    "nationality": nationality,
    "occupation": occupation,
    "any_occupation": any_occupation,
    "study": study,
    "skills": skills,
    "owned": owned,
    "tools": proper_thing,
    "things": things,
    "short_things": short_things,
    "clause": clause,
    "activity": activity,
    "game": games,
    "preferred": preferred,
    "allergen": _captured(_ALLERGEN),
    "word": _captured(_INTOLERANT),
    "fandom": _captured(_FANDOM),
    "short_thing": short_thing,
    "thing": thing,
    "nothing": nothing,
    "timeless": timeless_clause,
    "project": project,
}
