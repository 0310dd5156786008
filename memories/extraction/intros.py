"""Set ways of presenting oneself: age, trade, place, employer, address."""

from __future__ import annotations

import re

from . import names
from .findings import Finding
from .guards import is_guarded
from .names import GREET, ITEM_END
from .proper import place
from .readers import READERS
from .spans import Span
from .text import Sentence, Text

_AT_AGE = re.compile(
    r"(?:(?<!\w)at my age \(|(?<!\w)(?:at|aged|now|being) (?=\d\d,? (?:i|my|i'm|and)\b(?! (?:\w+ed|"
    r"thought|was|had|got|did|could|knew|went|left|became|began|met|made|would|never)\b))|"
    r"(?<!\w)(?:to|with|as) an? (?:wo)?man of |(?<!\w)at the (?:ripe )?(?:old )?age of |(?:^|"
    r"(?<=[,.!?] ))(?:as )?an? (?=\d\d[- ]year[- ]old))(?P<pos>)",
    re.I,
)
_BARE_AGE = re.compile(
    r"(?P<age>\d\d)(?: ?(?:[mf]|years? old|yo|y/o)\b)?(?: (?:male|female|man|woman|guy)\b)?"
    r"(?=,\s|\s+(?:and|here|from|in)\b)",
    re.I,
)
_HERE_ROLE = re.compile(
    r"(?:\s+(?:on|working) \w+)?\s+(?:here|by (?:trade|profession|training|day|night))\b", re.I
)
_RESIDENT = re.compile(
    r"\s+(?:resident|local|native|dweller)s?\b(?:\s+(?:here|now|"
    r"for|since)|\s*(?:$|[,.!;:]))|[- ]based\b",
    re.I,
)
_RESIDES = re.compile(r"resident|local|native|dweller|based", re.I)
_OURSELVES = re.compile(r"(?<!\w)(?:i'm|im|i am|we're|we are|as)\s+(?:now )?(?:an? |both )?", re.I)
_TENURE = re.compile(
    r"(?:^|(?<=[,.!?] ))(?:(?:almost|nearly|over|about|after|been|just|"
    r"more than|for|only)\s+)*(?!first|second|third|fourth|final|last)"
    r"(?:\w+|\d+(?:[.,]\d)?)\s+(?:years?|yrs?|months?|weeks?|decades?)(?: now)? (?:at|with)\s+",
    re.I,
)
_EMPLOYS = re.compile(
    r"\b(?:(?:company|firm|place|agency|school|hospital) (?:that employs "
    r"me|i work for|i work at|where i work|i'm employed by)|(?:who|that) "
    r"employs me|(?:my|our) (?:employer|company|firm)),\s+",
    re.I,
)
_PLACE_ME = re.compile(
    r"(?<!\w)(?:greetings|hello|hi|hey|writing|hola|cheers|salut) from\s+|(?<!\w)here in\s+", re.I
)
_HOME_IN = re.compile(
    r"(?<!\w)(?:at home in|(?:my|our) (?:(?:new|old|little|small|tiny|own) )?"
    r"(?:home|place|house|flat|apartment|cottage|bungalow|houseboat) in|back "
    r"home in|(?<=\b)home here in)\s+",
    re.I,
)
_THAT_IS_ME = re.compile(
    r"(?: instead| now| please)?\s*[,.!-]\s*(?:that's|thats|that is|it's|is) (?:me|my (?:new |"
    r"current |"
    r"work |home |private )?(?:number|phone|mobile|cell|e-?mail|address|one))\b",
    re.I,
)
_REACH = re.compile(
    r"\b(?:(?:send|forward|mail|e-?mail|address) (?:me )?(?:anything|everything|any \w+|"
    r"(?:the |your |further |my |future )?(?:repl(?:y|ies)|answers?|updates?|confirmation|"
    r"receipts?|"
    r"invoices?|tickets?|quotes?|correspondence|info|information|details|documents|paperwork|link))"
    r"(?: (?:about|on|regarding|for|concerning) (?:[\w']+ ){1,3}?| )to|mine(?:'s| is)(?: the)?|"
    r"for (?:the|your|my) (?:[\w-]+ ){0,2}?(?:list|newsletter|account|invoices?|"
    r"ticket|"
    r"form|booking|order|contract|register)(?: it's| its| use| please use|:)|"
    r"write (?:to )?me|reach me|contact me|e-?mail me|mail me|send (?:it|them|that) "
    r"to|call me|ring me|text me|reply to|you can (?:reach|contact|call|text|write|email|"
    r"mail)(?: to)? me|my details|here's my (?:email|number)|cc me|ping me|i'm reachable|"
    r"whatsapp me|phone me|best reached)\s*(?:(?:back|directly|instead|any time|anytime|"
    r"on|at|is|are|via|under|by email|by phone|my|mobile|cell)\s*)*:?\s*",
    re.I,
)
_CONTACT = re.compile(
    r"(?P<email>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})|"
    r"(?P<phone>(?<![\w.])(?!\d{4}-\d\d-\d\d\b)\+?\(?\d[\d ()./-]{6,17}\d)(?![\w-])"
)


def find(text: Text, sentence: Sentence) -> list[Finding]:
    """What introductions and set phrases say."""
    found = names.find(text, sentence)
    found.extend(h for n in list(found) for h in _caller(text.plain, n, sentence.end))
    found.extend(names.introduced(text, sentence))
    found.extend(_aged(text, sentence))
    found.extend(_roles(text, sentence))
    found.extend(_places(text, sentence))
    found.extend(_work(text, sentence))
    found.extend(_contacts(text, sentence, bool(found)))
    return found


def _aged(text: Text, sentence: Sentence) -> list[Finding]:
    plain, end = text.plain, sentence.end
    for match in _AT_AGE.finditer(plain, sentence.start, end):
        spans = READERS["age"](plain, match.end(), end)
        if spans:
            return [Finding("age", spans[0], match.start(), spans[0].end)]
    greet = GREET.match(plain, sentence.start, end)
    bare = _BARE_AGE.match(plain, greet.end() if greet else sentence.start, end)
    if (
        bare
        and sentence.start < 40
        and not re.match(r"\d\d,\s*\d", bare.group() + plain[bare.end() : bare.end() + 3])
    ):
        return [Finding("age", Span(*bare.span("age")), bare.start(), bare.end(), confidence=0.8)]
    return []


def _roles(text: Text, sentence: Sentence) -> list[Finding]:
    """As in "geologist here", "as a nurse, I …", "you're talking to a baker"."""
    plain, start, end = text.plain, sentence.start, sentence.end
    greet = GREET.match(plain, start, end)
    first = greet.end() if greet else start
    for span in READERS["occupation"](plain, first, end):
        if _HERE_ROLE.match(plain, span.end, end):
            return [Finding("occupation", span, span.start, span.end)]
        if _STATUS.match(plain, first, end) and _STATUS_END.match(plain, span.end, end):
            return [Finding("occupation", span, first, span.end)]
    said = re.compile(r"(?:like|as) i (?:said|mentioned|told you),?\s+(?:i'm |i am )?", re.I).match(
        plain, first, end
    )
    if said:
        return _restated(plain, said, end)
    return []


_STATUS = re.compile(
    r"(?:self[- ]employed|retired|semi-retired|freelance|full[- ]time|part[- ]time|junior|senior|"
    r"newly qualified|trainee|apprentice|student|first[- ]year|final[- ]year)\s+",
    re.I,
)
_STATUS_END = re.compile(r"\s*,\s|\s+(?:and|in|with) |\s+now\s*$", re.I)


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
    found.extend(_here_we(text, sentence))
    return found


_HERE_WE = re.compile(r"(?<!\w)(?:over |down |up )?here in\s+", re.I)
_WE = re.compile(r"\s*,?\s+(?:we|our|i)\b(?! (?:can't|cannot) find)", re.I)


_CALLER_IN = re.compile(r" (?:over |up |down )?in ")


def _caller(plain: str, name: Finding, end: int) -> list[Finding]:
    """As in "hi, Ana in Leeds again": where who speaks is at home."""
    lead = _CALLER_IN.match(plain, name.value.end, name.end)
    spans = place(plain, lead.end(), end) if lead else []
    return [Finding("home", s, name.start, s.end) for s in spans]


def _here_we(text: Text, sentence: Sentence) -> list[Finding]:
    """As in "here in Leeds we have …": home, though less surely so."""
    plain, end = text.plain, sentence.end
    return [
        Finding("home", span, match.start(), span.end, confidence=0.75)
        for match in _HERE_WE.finditer(plain, sentence.start, end)
        for span in place(plain, match.end(), end)
        if _WE.match(plain, span.end, end)
    ]


def _resident(text: Text, sentence: Sentence) -> list[Finding]:
    """As in "Leeds resident here", "we're Valencia residents now", "I'm a Leeds-based nurse"."""
    plain, start, end = text.plain, sentence.start, sentence.end
    if not _RESIDES.search(plain, start, end):
        return []
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


def _work(text: Text, sentence: Sentence) -> list[Finding]:
    """As in "three years at Acme, QA analyst", "the company that employs me, Acme,"."""
    plain, start, end = text.plain, sentence.start, sentence.end
    found: list[Finding] = []
    for pattern in (_TENURE, _EMPLOYS, _CONTRACT):
        for match in pattern.finditer(plain, start, end):
            for span in READERS["organisation"](plain, match.end(), end):
                found.append(Finding("employer", span, match.start(), span.end))
                found.extend(_role_after(plain, span.end, end))
    return found


_CONTRACT = re.compile(
    r"(?<!left )(?<!lost )(?<!quit )(?<!after )\b(?:my|our) (?:contract|internship|placement|"
    r"apprenticeship) "
    r"(?:at|with) (?=[^\W\d_])",
    re.I,
)


def _role_after(plain: str, pos: int, end: int) -> list[Finding]:
    gap = re.compile(r"\s*,\s*(?:as )?", re.I).match(plain, pos, end)
    spans = READERS["occupation"](plain, gap.end(), end) if gap else []
    if spans and ITEM_END.match(plain, spans[0].end, end):
        return [Finding("occupation", s, s.start, s.end) for s in spans]
    return []


def _contacts(text: Text, sentence: Sentence, is_intro: bool) -> list[Finding]:
    """Addresses and numbers next to words that make them the speaker's."""
    plain, start, end = text.plain, sentence.start, sentence.end
    found: list[Finding] = []
    for match in _CONTACT.finditer(plain, start, end):
        key = match.lastgroup or "email"
        lead = list(_REACH.finditer(plain, start, match.start()))[-1:]
        mine = _MY_CONTACT.search(plain, max(start, match.start() - 70), match.start())
        near = bool(lead) and match.start() - lead[0].end() < 12
        if (
            near
            or (mine and (mine.group("mail") is not None) == (key == "email"))
            or (bool(found) and _OR.search(plain, start, match.start()))
            or _THAT_IS_ME.match(plain, match.end())
            or (is_intro and _in_brackets(plain, match, start))
        ):
            begin = lead[0].start() if near else match.start()
            found.append(Finding(key, Span(*match.span()), begin, match.end()))
    return found


_MY_CONTACT = re.compile(
    r"\b(?:my|new|correct|right) (?:(?!account|order|track|ref|book|case|"
    r"ticket|invoice|serial|custom|card|passp|policy|id\b|"
    r"flight|room|vat|tax|regist|model|pin|student|member|contract|licen)\w+ )"
    r"{0,2}?(?:(?P<mail>e-?mail|mail|address)|phone|mobile|number|cell|"
    r"whatsapp|landline)\b[^.?!]*$",
    re.I,
)
_OR = re.compile(r"\b(?:or|and) (?:on |at |by phone (?:on |at )?|via )?$", re.I)


def _in_brackets(plain: str, match: re.Match[str], start: int) -> bool:
    opened = plain.rfind("(", start, match.start())
    return opened >= 0 and ")" not in plain[opened : match.start()]
