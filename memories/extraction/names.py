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
_FROM = re.compile(r" from (?:the )?[^\W\d_a-z]\w+(?: [^\W\d_a-z]\w+)?(?=\s*(?:[,.;!]|$))")
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
    r"everybody |all )*calls? me|known as|goes by|you may call me)\s+(?!ishmael\b)",
    re.I,
)
_SIGNED = re.compile(
    r"(?:^|\n)\s*(?:(?:thanks|thank you|cheers|best|regards|best regards|kind "
    r"regards|many thanks|sincerely|love|warm regards|yours|thx|all the best)[,.! "
    r"]*\n\s*|[-~]+\s*)(?P<name>[^\W\d_][\w' -]{1,30})\s*$",
    re.I,
)
_INTRO_GAP = re.compile(r"\s+(?=(?:from|in)\s)|\s*[,/|(]\s*|\s+-\s+")


def find(text: Text, sentence: Sentence) -> list[Finding]:
    """The speaker's name, said in one of the usual ways."""
    finding = _here(text, sentence) or _am(text, sentence) or _called(text, sentence)
    finding = finding or _signed(text, sentence)
    return [finding] if finding else []


def _here(text: Text, sentence: Sentence) -> Finding | None:
    """As in "Ana here"."""
    greet = GREET.match(text.plain, sentence.start, sentence.end)
    first = greet.end() if greet else sentence.start
    span = _person_at(text, first, sentence.end) if first < sentence.end else None
    tail = _HERE.match(text.plain, span.end, sentence.end) if span else None
    if span and not tail and greet and greet.end() > sentence.start:
        tail = _FROM.match(text.plain, span.end)
    return Finding("name", span, span.start, tail.end()) if span and tail else None


def _am(text: Text, sentence: Sentence) -> Finding | None:
    """As in "I'm Ana", "this is Ana again"."""
    plain, start, end = text.plain, sentence.start, sentence.end
    for pattern, tail in ((_I_AM, _AFTER_NAME), (_THIS_IS, _THIS_TAIL)):
        for match in pattern.finditer(plain, start, end):
            span = _person_at(text, match.end(), end)
            left = plain[max(start, match.start() - 60) : match.start()]
            is_me = "me" in match.group().lower().split()[0:3] or "me," in match.group().lower()
            closed = is_me and span is not None and span.end == end
            if span and (closed or tail.match(plain, span.end, end)) and not is_guarded(left):
                return Finding("name", span, match.start(), span.end)
    return None


def _called(text: Text, sentence: Sentence) -> Finding | None:
    """As in "Call me Ana"."""
    for match in _CALL_ME.finditer(text.plain, sentence.start, sentence.end):
        span = _person_at(text, match.end(), sentence.end)
        left = text.plain[max(sentence.start, match.start() - 16) : match.start()]
        if span and _NOT_CALLED.search(left):
            return Finding("name", span, match.start(), span.end, ClaimKind.CLOSE)
        if span:
            return Finding("name", span, match.start(), span.end)
    return None


_NOT_CALLED = re.compile(r"\b(?:don't|dont|do not|never|stop|quit|not)(?: ever)?\s+$", re.I)


def _signed(text: Text, sentence: Sentence) -> Finding | None:
    """A name under the message."""
    plain, start, end = text.plain, sentence.start, sentence.end
    if end < len(plain) - 40:
        return None
    match = _SIGNED.search(plain, max(0, start - 30))
    if match is None or match.start("name") < start:
        return None
    span = _person_at(text, match.start("name"), end)
    return Finding("name", span, start, span.end) if span else None


def _person_at(text: Text, pos: int, limit: int) -> Span | None:
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
    span = _person_at(text, pos, end)
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
    return found if enough and (span or found[0].key == "age") else []


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
