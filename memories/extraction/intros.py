"""Names and introductions: "I'm Ana", "Ana here", "Ana, 33, accountant, Oslo"; and set phrases."""

from __future__ import annotations

import re

from . import gazetteer as gaz
from . import vocabulary as voc
from .findings import Finding
from .guards import is_guarded
from .text import Sentence, Text
from .typed import READERS, is_occupation
from .values import Span, known_name, place

_GREETING = r"(?:(?:hi|hello|hey|hola|good (?:morning|evening|afternoon|day)|greetings|yo|ok|okay|so|well|btw|oh|hiya|howdy|bonjour|ciao|dear \w+|there|all|everyone|team|folks|again|and|just|me again|quick intro|intro|by the way)\b[\s,!.:-]*)*"
_GREET = re.compile(_GREETING, re.I)
_HERE = re.compile(
    r"\s*,?\s+(?:here|speaking|writing|calling|on the line|again|at your service|typing)\b(?!\s+(?:is|are|was|to|for|in the)\b)",
    re.I,
)
_THIS_IS = re.compile(
    r"(?<!\w)(?:this is|it's|its|you're (?:talking|speaking|chatting) (?:to|with))\s+(?=[^\W\d_])",
    re.I,
)
_THIS_TAIL = re.compile(
    r"\s*(?:again\b|here\b|speaking\b|from\b|writing\b|calling\b|,\s*(?:from|your|the|i|a|an|she|he|they)\b)",
    re.I,
)
_I_AM = re.compile(r"(?<![\w'])(?:i'm|im|i am)\s+(?=[^\W\d_])", re.I)
_AFTER_NAME = re.compile(
    r"\s*(?:$|[,.;:!?()\n]|-\s|(?:and|from|by the way|btw|a|an|the|your|i|one|here|but|working|living|based|with|who)\b)",
    re.I,
)
_CALL_ME = re.compile(
    r"\b(?:(?:you can |please |just |pls |everyone |people |friends |they |everybody |all )*calls? me|known as|goes by|you may call me)\s+",
    re.I,
)
_SIGNED = re.compile(
    r"(?:^|\n)\s*(?:(?:thanks|thank you|cheers|best|regards|best regards|kind regards|many thanks|sincerely|love|warm regards|yours|thx|all the best)[,.! ]*\n\s*|[-~]+\s*)(?P<name>[^\W\d_][\w' -]{1,30})\s*$",
    re.I,
)
_INTRO_GAP = re.compile(r"\s*[,/|(]\s*|\s+-\s+")
_AT_AGE = re.compile(
    r"(?:(?<!\w)at my age \(|(?<!\w)(?:at|aged|now|being) (?=\d\d,? (?:i|my|i'm|and)\b)|(?<!\w)(?:an? )?(?:wo)?man of |(?<!\w)at the (?:ripe )?(?:old )?age of |(?:^|(?<=[,.!?] ))(?:as )?an? (?=\d\d[- ]year[- ]old))(?P<pos>)",
    re.I,
)
_BARE_AGE = re.compile(
    r"(?P<age>\d\d)(?: ?(?:[mf]|years? old|yo|y/o))?(?=,\s|\s+(?:and|here)\b)", re.I
)
_HERE_ROLE = re.compile(r"\s+(?:here|by (?:trade|profession|training|day|night))\b", re.I)
_RESIDENT = re.compile(
    r"\s+(?:resident|local|native|dweller)s?\b(?:\s+(?:here|now|for|since)|\s*(?:$|[,.!;:]))|[- ]based\b",
    re.I,
)
_OURSELVES = re.compile(r"(?<!\w)(?:i'm|im|i am|we're|we are|as)\s+(?:now )?(?:an? |both )?", re.I)
_AS_A = re.compile(
    r"(?:^|(?<=[,.;:(] )|(?<=\band )|(?<=\bso ))(?:as|being|speaking as)\s+(?=an?\s)", re.I
)
_TENURE = re.compile(
    r"(?:^|(?<=[,.!?] ))(?:(?:almost|nearly|over|about|after|been|just|more than|for|only)\s+)*(?:\w+|\d+(?:[.,]\d)?)\s+(?:years?|months?|weeks?|decades?)(?: now)? (?:at|with)\s+",
    re.I,
)
_EMPLOYS = re.compile(
    r"\b(?:(?:company|firm|place|agency|school|hospital) (?:that employs me|i work for|i work at|where i work|i'm employed by)|(?:who|that) employs me|my (?:employer|company)),\s+",
    re.I,
)
_PLACE_ME = re.compile(
    r"(?<!\w)(?:greetings|hello|hi|hey|writing|hola|cheers|salut) from\s+|(?<!\w)here in\s+", re.I
)
_HOME_IN = re.compile(
    r"(?<!\w)(?:at home in|my (?:home|place|house|flat|apartment) in|back home in|(?<=\b)home here in)\s+",
    re.I,
)
_WHERE_I = re.compile(
    r"\s*(?:,\s*|\s-\s*|\s*\()?(?:(?:that's|thats|that is|which is|is|it's|because that's) where (?:i|we)(?:'m| am|'re| are)? (?P<do>live|based|living|come from|from|grew up|was born|work))\b",
    re.I,
)
_THAT_IS_ME = re.compile(
    r"\s*[,.!-]\s*(?:that's|thats|that is) (?:me|my (?:number|phone|mobile|cell))\b", re.I
)
_REACH = re.compile(
    r"\b(?:write (?:to )?me|reach me|contact me|e-?mail me|mail me|send (?:it|them|that) to|call me|ring me|text me|reply to|you can (?:reach|contact|call|text|write|email|mail)(?: to)? me|my details|here's my (?:email|number)|cc me|ping me|i'm reachable|whatsapp me|phone me|best reached)\s*(?:(?:back|directly|instead|any time|anytime|on|at|is|are|via|under|by email|by phone|my|mobile|cell)\s*)*:?\s*",
    re.I,
)
_CONTACT = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)|(?P<phone>(?<![\w.])\+?\(?\d[\d ()./-]{6,17}\d)(?![\w-])"
)


def find(text: Text, sentence: Sentence) -> list[Finding]:
    """What introductions and set phrases say."""
    found = _named(text, sentence) or []
    found.extend(_introduced(text, sentence))
    found.extend(_aged(text, sentence))
    found.extend(_roles(text, sentence))
    found.extend(_places(text, sentence))
    found.extend(_work(text, sentence))
    found.extend(_contacts(text, sentence, bool(found)))
    return found


# ---- names


def _named(text: Text, sentence: Sentence) -> list[Finding]:
    plain, start, end = text.plain, sentence.start, sentence.end
    greet = _GREET.match(plain, start, end)
    first = greet.end() if greet else start
    for span in known_name(plain, first, end) if first < end else []:
        if _HERE.match(plain, span.end, end) and _is_person(plain, span):
            return [Finding("name", span, span.start, _HERE.match(plain, span.end, end).end())]  # type: ignore[union-attr]
    for pattern, tail in ((_I_AM, _AFTER_NAME), (_THIS_IS, _THIS_TAIL)):
        for match in pattern.finditer(plain, start, end):
            span = _person_at(text, match.end(), end)
            left = plain[max(start, match.start() - 60) : match.start()]
            if span and tail.match(plain, span.end, end) and not is_guarded(left):
                return [Finding("name", span, match.start(), span.end)]
    for match in _CALL_ME.finditer(plain, start, end):
        span = _person_at(text, match.end(), end)
        if span:
            return [Finding("name", span, match.start(), span.end)]
    signed = (
        _SIGNED.search(text.plain, max(0, start - 30), len(plain))
        if end > len(plain) - 40
        else None
    )
    if signed and signed.start("name") >= start and _person_at(text, signed.start("name"), end):
        return [Finding("name", Span(*signed.span("name")), start, signed.end("name"))]
    return []


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
        low[0]
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


def _introduced(text: Text, sentence: Sentence) -> list[Finding]:
    """ "Ana, 33, accountant, Oslo": at least two more items of known kinds after the name."""
    plain, end = text.plain, sentence.end
    greet = _GREET.match(plain, sentence.start, end)
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
        pos = item[1].end
    enough = kinds >= 2 and any(f.key in ("age", "occupation") for f in found)
    return found if enough and (span or found[0].key == "age") else []


_ITEM_END = re.compile(
    r"\s*(?:$|[,.;:!?()\n/|]|-\s|(?:and|here|living|based|in|from|with|at|currently|now)\b)", re.I
)
_ITEM_READERS = (
    ("age", "age"),
    ("occupation", "occupation"),
    ("nationality", "nationality"),
    ("home", "place"),
    ("pronouns", "pronouns"),
)


def _intro_item(plain: str, pos: int, end: int, taken: set[str]) -> tuple[str, Span] | None:
    lead = re.compile(r"(?:aged |age |from |in |living in |based in |an? )*", re.I).match(
        plain, pos, end
    )
    pos = lead.end() if lead else pos
    for key, reader in _ITEM_READERS:
        spans = [] if key in taken else READERS[reader](plain, pos, end)
        if spans and _ITEM_END.match(plain, spans[0].end, end):
            return key, spans[0]
    return None


# ---- age


def _aged(text: Text, sentence: Sentence) -> list[Finding]:
    plain, end = text.plain, sentence.end
    for match in _AT_AGE.finditer(plain, sentence.start, end):
        spans = READERS["age"](plain, match.end(), end)
        if spans and (not _needs_me(match.group()) or _LIKE_SELF.search(plain, match.start(), end)):
            return [Finding("age", spans[0], match.start(), spans[0].end)]
    bare = _BARE_AGE.match(plain, sentence.start, end)
    if (
        bare
        and sentence.start < 40
        and not re.match(r"\d\d,\s*\d", bare.group() + plain[bare.end() : bare.end() + 3])
    ):
        return [Finding("age", Span(*bare.span("age")), bare.start(), bare.end(), confidence=0.8)]
    return []


def _needs_me(cue: str) -> bool:
    return "man of" in cue.lower()


_LIKE_SELF = re.compile(r"", re.I)


# ---- what one is


def _roles(text: Text, sentence: Sentence) -> list[Finding]:
    """ "geologist here", "as a nurse, I …", "you're talking to a baker"."""
    plain, start, end = text.plain, sentence.start, sentence.end
    greet = _GREET.match(plain, start, end)
    first = greet.end() if greet else start
    for span in READERS["occupation"](plain, first, end):
        if _HERE_ROLE.match(plain, span.end, end):
            return [Finding("occupation", span, span.start, span.end)]
    said = re.compile(r"(?:like|as) i (?:said|mentioned|told you),?\s+(?:i'm |i am )?", re.I).match(
        plain, first, end
    )
    if said:
        return _restated(plain, said, end)
    return []


def _restated(plain: str, said: re.Match[str], end: int) -> list[Finding]:
    for key, reader in (
        ("occupation", "occupation"),
        ("diet", "diet"),
        ("nationality", "nationality"),
    ):
        for span in READERS[reader](plain, said.end(), end):
            return [Finding(key, span, said.start(), span.end)]
    return []


def _places(text: Text, sentence: Sentence) -> list[Finding]:
    plain, start, end = text.plain, sentence.start, sentence.end
    found: list[Finding] = []
    for key, pattern in (("current_location", _PLACE_ME), ("home", _HOME_IN)):
        for match in pattern.finditer(plain, start, end):
            if key == "home" and is_guarded(plain[max(start, match.start() - 60) : match.start()]):
                continue
            is_here = match.group().lower().startswith("here in")
            found.extend(
                Finding(key, s, match.start(), s.end)
                for s in place(plain, match.end(), end)
                if not is_here
            )
    found.extend(_resident(text, sentence))
    found.extend(_where_i_live(text, sentence))
    return found


def _resident(text: Text, sentence: Sentence) -> list[Finding]:
    """ "Leeds resident here", "we're Valencia residents now", "I'm a Leeds-based nurse"."""
    plain, start, end = text.plain, sentence.start, sentence.end
    positions = [start, *(m.end() for m in _OURSELVES.finditer(plain, start, end))]
    for pos in positions:
        for span in place(plain, pos, end):
            tail = _RESIDENT.match(plain, span.end, end)
            if tail:
                changed = re.search(r"\bnow\b", plain[span.end : span.end + 20]) is not None
                finding = Finding("home", span, pos, tail.end())
                return [finding.corrected() if changed else finding]
            based = re.search(r"-based$", plain[span.start : span.end], re.I)
            if based:
                return [Finding("home", Span(span.start, span.end - 6), pos, span.end)]
    return []


def _where_i_live(text: Text, sentence: Sentence) -> list[Finding]:
    """ "Rotterdam, that's where I live"."""
    plain, end = text.plain, sentence.end
    for span in place(plain, sentence.start, end):
        tail = _WHERE_I.match(plain, span.end, end)
        if tail is None:
            continue
        verb = tail.group("do").lower()
        key = "hometown" if verb in ("come from", "from", "grew up", "was born") else "home"
        if verb == "work":
            key = "employer"
        return [Finding(key, span, span.start, tail.end())]
    return []


# ---- work and contact


def _work(text: Text, sentence: Sentence) -> list[Finding]:
    """ "three years at Acme, QA analyst", "the company that employs me, Acme,"."""
    plain, start, end = text.plain, sentence.start, sentence.end
    found: list[Finding] = []
    for pattern in (_TENURE, _EMPLOYS):
        for match in pattern.finditer(plain, start, end):
            for span in READERS["organisation"](plain, match.end(), end):
                found.append(Finding("employer", span, match.start(), span.end))
                found.extend(_role_after(plain, span.end, end))
    return found


def _role_after(plain: str, pos: int, end: int) -> list[Finding]:
    gap = re.compile(r"\s*,\s*(?:as )?", re.I).match(plain, pos, end)
    spans = READERS["occupation"](plain, gap.end(), end) if gap else []
    if spans and _ITEM_END.match(plain, spans[0].end, end):
        return [Finding("occupation", s, s.start, s.end) for s in spans]
    return []


def _contacts(text: Text, sentence: Sentence, is_intro: bool) -> list[Finding]:
    """Addresses and numbers next to words that make them the speaker's."""
    plain, start, end = text.plain, sentence.start, sentence.end
    found: list[Finding] = []
    for match in _CONTACT.finditer(plain, start, end):
        key = match.lastgroup or "email"
        lead = [m for m in _REACH.finditer(plain, start, match.start())][-1:]
        near = bool(lead) and match.start() - lead[0].end() < 12
        if (
            near
            or _THAT_IS_ME.match(plain, match.end())
            or (is_intro and _in_brackets(plain, match, start))
        ):
            begin = lead[0].start() if near else match.start()
            found.append(Finding(key, Span(*match.span()), begin, match.end()))
    return found


def _in_brackets(plain: str, match: re.Match[str], start: int) -> bool:
    opened = plain.rfind("(", start, match.start())
    return opened >= 0 and ")" not in plain[opened : match.start()]
