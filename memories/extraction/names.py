"""The speaker's name, and introductions: "I'm Ana", "Ana here", "Ana, 33, accountant, Oslo"."""

from __future__ import annotations

import re

from . import gazetteer as gaz
from . import vocabulary as voc
from .findings import Finding
from .guards import is_guarded
from .kinds import is_occupation
from .proper import known_name
from .readers import READERS
from .spans import Span, skip
from .text import Sentence, Text
from .types import ClaimKind

_GREETING = (
    r"(?:(?:hi|hello|hey|hola|good (?:morning|evening|afternoon|day)|greetings|yo|ok|okay|"
    r"so|well|btw|oh|hiya|howdy|bonjour|ciao|dear \w+|there|all|everyone|team|folks|again|"
    r"and|just|me again|quick intro|intro|by the way)\b[\s,!.:-]*)*"
)
GREET = re.compile(_GREETING, re.I)
_HERE = re.compile(
    r"(?:\s+from\s+[\w-]+(?:\s[\w-]+)?)?\s*,?\s+(?:here|speaking|"
    r"writing|calling|on the line|again|at your "
    r"service|typing)\b(?!\s+(?:is|are|was|to|for|in the)\b)",
    re.I,
)
_FROM = re.compile(
    r" (?:from|(?:over |up |down )?in) (?:the )?[^\W\d_a-z]\w+(?: [^\W\d_a-z]\w+)?(?: again| here)?"
    r"(?=\s*(?:[,.;!]|$))"
)
"""As in "Hi, Ana from Vigo, …"."""
_THIS_IS = re.compile(
    r"(?<!\w)(?:this is|it's me(?: again)?,?|its me(?: again)?,?|me again,?|it's|its|"
    r"you're (?:talking|speaking|chatting) (?:to|with))\s+(?=[^\W\d_])",
    re.I,
)
_THIS_TAIL = re.compile(
    r"\s*(?:again\b|here\b|speaking\b|from\b|writing\b|calling\b|"
    r",\s*(?:from|your|the|i|a|an|she|he|they)\b)",
    re.I,
)
_I_AM = re.compile(r"(?<![\w'])(?:i'm|im|i am)\s+(?=[^\W\d_])", re.I)
_AFTER_NAME = re.compile(
    r"\s*(?:$|[,.;:!?()\n]|-\s|(?:and|from|by the way|btw|a|an|the|your|"
    r"i|one|here|but|working|living|based|with|who)\b)",
    re.I,
)
_CALL_ME = re.compile(
    r"\b(?:(?:you can |please |just |pls |everyone |people |friends |they |"
    r"everybody |all )*calls? me|knows? me as|known as|goes by|you may call me)\s+(?!ishmael\b)",
    re.I,
)
_SIGNED = re.compile(
    r"(?:^|\n)\s*(?:(?:(?:with |many |my )*(?:thanks|thank you|cheers|best|regards|(?:best|kind|"
    r"kindest|warm|warmest) (?:regards|wishes)|sincerely|love|yours(?: sincerely| faithfully| "
    r"truly)?|sincerely yours|respectfully|warmly|thx|all the best|take care|in advance))[,.! "
    r"]*\n\s*|[-~]+\s*)(?P<name>[^\W\d_][\w'. -]{1,30}?)\s*(?:(?P<more>\n)|$)",
    re.I,
)
_IMPRINT = re.compile(r"(?:[^\n.?!]|[.](?=\s?[+\w])){1,60}(?:\n|$)")
"""A line under a signature: a number, an address, a title, no sentence."""
_INTRO_GAP = re.compile(r"\s+(?=(?:from|in)\s)|\s*[,/|(]\s*|\s+-\s+")


def find(text: Text, sentence: Sentence) -> list[Finding]:
    """The speaker's name, said in one of the usual ways."""
    finding = _here(text, sentence) or _am(text, sentence) or _called(text, sentence)
    finding = finding or _signed(text, sentence) or _that_is_me(text, sentence)
    return [finding] if finding else []


def _here(text: Text, sentence: Sentence) -> Finding | None:
    """As in "Ana here"."""
    greet = GREET.match(text.plain, sentence.start, sentence.end)
    first = greet.end() if greet else sentence.start
    span = person_at(text, first, sentence.end) if first < sentence.end else None
    tail = _HERE.match(text.plain, span.end, sentence.end) if span else None
    if span and not tail and greet and greet.end() > sentence.start:
        tail = _FROM.match(text.plain, span.end)
    return Finding("name", span, span.start, tail.end()) if span and tail else None


def _am(text: Text, sentence: Sentence) -> Finding | None:
    """As in "I'm Ana", "this is Ana again"."""
    plain, start, end = text.plain, sentence.start, sentence.end
    for pattern, tail in ((_I_AM, _AFTER_NAME), (_THIS_IS, _THIS_TAIL)):
        for match in pattern.finditer(plain, start, end):
            span = person_at(text, match.end(), end)
            left = plain[max(start, match.start() - 60) : match.start()]
            is_me = "me" in match.group().lower().split()[0:3] or "me," in match.group().lower()
            closed = is_me and span is not None and span.end == end
            if span and (closed or tail.match(plain, span.end, end)) and not is_guarded(left):
                return Finding("name", span, match.start(), span.end)
    return None


def _called(text: Text, sentence: Sentence) -> Finding | None:
    """As in "Call me Ana"."""
    for match in _CALL_ME.finditer(text.plain, sentence.start, sentence.end):
        span = person_at(text, match.end(), sentence.end)
        left = text.plain[max(sentence.start, match.start() - 16) : match.start()]
        if span and _NOBODY.search(text.plain, sentence.start, match.end()):
            continue
        if span and _NOT_CALLED.search(left):
            return Finding("name", span, match.start(), span.end, ClaimKind.CLOSE)
        if span:
            return Finding("name", span, match.start(), span.end)
    return None


_NOBODY = re.compile(
    r"\b(?:nobody|no[- ]one|hardly anyone|only (?:my|the) "
    r"[\w ]{2,25})\s+[\w ]{0,12}$",
    re.I,
)
_NOT_CALLED = re.compile(r"\b(?:don't|dont|do not|never|stop|quit|not)(?: ever)?\s+$", re.I)


def _signed(text: Text, sentence: Sentence) -> Finding | None:
    """A name under the message."""
    plain, start, end = text.plain, sentence.start, sentence.end
    if end < len(plain) - 240:
        return None
    match = _SIGNED.search(plain, max(0, start - 30))
    if match is None or match.start("name") < start or match.start("name") >= end:
        return None
    if match.group("more") and not _only_imprint(plain, match.end()):
        return None
    span = person_at(text, match.start("name"), end)
    return Finding("name", span, start, span.end) if span else None


_ME = re.compile(
    r"(?P<name>[^\W\d_a-z][\w'-]+(?: [^\W\d_a-z][\w'-]+){0,3})(?: \("
    r"(?:that's |that is |it's )?(?:me|myself)\)|"
    r", (?:that's|which is|that is) me\b)"
)


def _that_is_me(text: Text, sentence: Sentence) -> Finding | None:
    """As in "booked under Ana Ruiz (me)"."""
    match = _ME.search(text.plain, sentence.start, sentence.end)
    span = person_at(text, match.start("name"), match.end("name")) if match else None
    return Finding("name", span, span.start, match.end()) if match and span else None


def _only_imprint(plain: str, pos: int) -> bool:
    """Whether nothing but up to five short lines follow a signature."""
    for _ in range(5):
        pos = skip(_BLANK_LINES, plain, pos, len(plain))
        if pos >= len(plain):
            return True
        line = _IMPRINT.match(plain, pos)
        if line is None:
            return False
        pos = line.end()
    return pos >= len(plain)


_BLANK_LINES = re.compile(r"\s+")


def person_at(text: Text, pos: int, limit: int) -> Span | None:
    """A name that can be a person's."""
    for span in known_name(text.plain, pos, limit):
        if _is_person(text.plain, span):
            return span
    return None


def _is_person(plain: str, span: Span) -> bool:
    """Whether a capitalised phrase can be somebody's name."""
    words = plain[span.start : span.end].split()
    low = [w.lower() for w in words]
    if (
        low[0].split("-")[0]
        in gaz.NATIONALITIES
        | gaz.LANGUAGES
        | gaz.MONTHS
        | gaz.WEEKDAYS
        | gaz.COUNTRIES
        | gaz.CITIES
    ):
        return low[0] in gaz.FIRST_NAMES
    if any(w.isupper() and len(w) > 1 for w in words) and low[0] not in gaz.FIRST_NAMES:
        return False
    return not any(is_occupation(w) or w in voc.BOUNDARY_WORDS or w in voc.NOT_NAMES for w in low)


def introduced(text: Text, sentence: Sentence) -> list[Finding]:
    """As in "Ana, 33, accountant, Oslo": at least two more items of known kinds after the name."""
    plain, end = text.plain, sentence.end
    if not any(mark in plain[sentence.start : end] for mark in ",/|-("):
        return []
    greet = GREET.match(plain, sentence.start, end)
    pos = greet.end() if greet else sentence.start
    lead = re.compile(r"(?:my name is|name's|i'm|im|i am|this is|it's)\s+", re.I).match(
        plain, pos, end
    )
    pos = lead.end() if lead else pos
    span = person_at(text, pos, end)
    begin, found = pos, list[Finding]()
    if span:
        found.append(Finding("name", span, begin, span.end))
        pos = span.end
    kinds = 0
    while True:
        gap = _INTRO_GAP.match(plain, pos, end) if pos > begin else re.compile("").match(plain, pos)
        item = _intro_item(plain, gap.end(), end, {f.key for f in found}) if gap else None
        if item is None:
            break
        kinds += 1
        found.append(Finding(item[0], item[1], begin, item[1].end))
        pos = skip(_AGE_UNIT, plain, item[1].end, end)
    enough = kinds >= (1 if lead else 2) and any(f.key in ("age", "occupation") for f in found)
    keys = [f.key for f in found]
    is_person = span or keys[:1] == ["age"] or {"age", "occupation"} <= set(keys)
    return found if enough and is_person else []


ITEM_END = re.compile(
    r"(?:[mfMF]\b|yo\b| y/o\b| years? old)?\s*(?:$|[,.;:!?()\n/|]|-\s|(?:and|"
    r"here|living|based|in|from|with|at|currently|now)\b)",
    re.I,
)
_AGE_UNIT = re.compile(r"[mfMF]\b| ?yo\b| ?y/o\b| years? old", re.I)
_ITEM_READERS = (
    ("age", "age"),
    ("occupation", "occupation"),
    ("nationality", "nationality"),
    ("home", "place"),
    ("pronouns", "pronouns"),
)


_ITEM_LEAD = re.compile(r"(?:aged |age |from |in |living in |based in |an? )*", re.I)


def _intro_item(plain: str, pos: int, end: int, taken: set[str]) -> tuple[str, Span] | None:
    lead = _ITEM_LEAD.match(plain, pos, end)
    is_origin = lead is not None and "from" in lead.group().lower()
    pos = lead.end() if lead else pos
    for item_key, reader in _ITEM_READERS:
        key = "hometown" if is_origin and item_key == "home" else item_key
        spans = [] if key in taken else READERS[reader](plain, pos, end)
        if spans and ITEM_END.match(plain, spans[0].end, end):
            return key, spans[0]
    return None
