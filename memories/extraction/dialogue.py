"""What only the conversation explains: "make that 35", "it's Ana, not Anna", "as a baker, …"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import vocabulary as voc
from .findings import CORRECTED, Finding
from .readers import READERS
from .spans import Span
from .text import Sentence, Text
from .types import Claim, ClaimKind

_MAKE_THAT = re.compile(
    r"(?:\b(?:make (?:that|it)|should (?:be|read|have been|say)|i (?:meant|mean)(?: to "
    r"(?:say|type|write))?|correction[:,]?|it's actually|actually,? (?:it's|make it|it is)"
    r"|that's wrong,? (?:it's)?|(?:so |and )?(?:now )?it's (?:now )?(?:actually )?|now "
    r"it's|it is now|(?:sorry|oops|wait|no|nope|typo|autocorrect|whoops|scratch that|my (?:bad|"
    r"fault|"
    r"mistake))[\s,:!.-]+(?:(?:i meant|it's|its|make that|make it|that's|should be|it "
    r"should be|that should be|actually|i mean|my fault|my bad|typo|autocorrect)[\s,]*)*"
    r"(?:(?!i\b|my\b|the\b)[a-z]+(?: [a-z]+){0,3}:\s)?|moved to|"
    r"pushed (?:back )?to|changed to|postponed to|extended to|brought forward to)\s*)",
    re.I,
)
_NOT_OLD = re.compile(r"[\s,]*(?:and )?not\s+(?P<old>[^,.;!?]+)", re.I)
_BY_SHAPE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("email", ("email",)),
    ("phone", ("phone",)),
    ("date", ("birthday", "deadline")),
    ("loose_date", ("deadline",)),
    ("pronouns", ("pronouns",)),
    ("timezone", ("timezone",)),
    ("age", ("age",)),
)
_READER_OF = {
    "name": "name", "home": "place", "hometown": "place", "current_location": "place",
    "employer": "organisation", "occupation": "occupation", "nationality": "nationality",
    "birthday": "date", "deadline": "loose_date", "age": "age", "email": "email", "phone": "phone",
    "timezone": "timezone", "pronouns": "pronouns", "diet": "diet",
} | {key: "name" for key, _ in voc.RELATIONS}  # fmt: skip


def corrections(
    text: Text, before: Sequence[tuple[str, str]], found: list[Finding], asked: str
) -> list[Finding]:
    """Values that replace one said before: `before` has the (key, value) pairs, latest last."""
    result: list[Finding] = []
    taken = {offset for f in found for offset in range(f.start, f.end)}
    for sentence in text.sentences:
        for cue in _MAKE_THAT.finditer(text.plain, sentence.start, sentence.end):
            if cue.start() in taken or cue.end() in taken:
                continue
            result.extend(_corrected(text, sentence, cue, before))
        if not result and sentence.start not in taken and sentence.end - 1 not in taken:
            result.extend(_now(text, sentence, before))
        if result:
            break
    return result[:1] or _not_this(text, before, asked)


def _corrected(
    text: Text, sentence: Sentence, cue: re.Match[str], before: Sequence[tuple[str, str]]
) -> list[Finding]:
    """The value after "make that", of the shape of an earlier one."""
    keys = [key for key, _ in reversed(before)]
    for shape, of_shape in _BY_SHAPE:
        key = next((k for k in keys if k in of_shape), None)
        spans = READERS[shape](text.plain, cue.end(), sentence.end) if key else []
        if key and spans:
            return [_correction(key, spans[0], cue.start())]
    is_weak = not _STRONG_CUE.search(cue.group())
    for key in dict.fromkeys(keys[:3]):
        spans = (
            READERS[_READER_OF.get(key, "short_thing")](text.plain, cue.end(), sentence.end)
            if key in _READER_OF or key.startswith("favorite_")
            else []
        )
        if spans and (not is_weak or _closes(text, sentence, cue, spans[0])):
            return [_correction(key, spans[0], cue.start())]
    return []


_NOW_END = re.compile(r"\s*,?\s+(?:now|actually|sorry)\s*(?:$|,)", re.I)


def _now(text: Text, sentence: Sentence, before: Sequence[tuple[str, str]]) -> list[Finding]:
    """As in "…, 17 March now": a value of the shape of an earlier one, at the end."""
    comma = text.plain.rfind(", ", sentence.start, sentence.end)
    for pos in dict.fromkeys((sentence.start, comma + 2 if comma >= 0 else sentence.start)):
        found = _now_at(text, sentence, before, pos)
        if found:
            return found
    return []


def _now_at(
    text: Text, sentence: Sentence, before: Sequence[tuple[str, str]], pos: int
) -> list[Finding]:
    for shape, of_shape in _BY_SHAPE:
        key = next((k for k, _ in reversed(before) if k in of_shape), None)
        spans = READERS[shape](text.plain, pos, sentence.end) if key else []
        if key and spans and _NOW_END.match(text.plain[spans[0].end : sentence.end]):
            return [_correction(key, spans[0], pos)]
    return []


_STRONG_CUE = re.compile(
    r"\b(?:make (?:that|it)|should|meant|correction|moved|pushed|changed|postponed|extended)\b",
    re.I,
)


_MIND = re.compile(r"\b(?:changed my mind|on second thoughts?|had a rethink)\b", re.I)


def _closes(text: Text, sentence: Sentence, cue: re.Match[str], span: Span) -> bool:
    """Whether a weak cue ("no, Oslo") has nothing else to say: the value ends the sentence."""
    if _MIND.search(text.plain, sentence.start, cue.start()):
        return True
    if _NOT_OLD.match(text.plain, span.end, sentence.end):
        return True
    is_first = cue.start() - sentence.start < 4
    return (
        is_first and re.match(r"\s*(?:$|[,;(-])", text.plain[span.end : sentence.end]) is not None
    )


def _correction(key: str, span: Span, start: int) -> Finding:
    return Finding(
        key, span, min(start, span.start), span.end, ClaimKind.CORRECT, confidence=CORRECTED
    )


def _not_this(text: Text, before: Sequence[tuple[str, str]], asked: str) -> list[Finding]:
    """As in "It's Ana, not Anabel": the assistant (or an earlier turn) had it wrong."""
    for sentence in text.sentences[:2]:
        match = re.compile(
            r"\s*(?:(?:no|sorry|hey|wait|actually|um)[,.!\s]+)"
            r"*(?:it's|its|it is|that's|my name is)\s+",
            re.I,
        ).match(text.plain, sentence.start, sentence.end)
        if match is None:
            continue
        for key in dict.fromkeys([k for k, _ in reversed(before)][:4] or ["name"]):
            spans = (
                READERS[_READER_OF[key]](text.plain, match.end(), sentence.end)
                if key in _READER_OF
                else []
            )
            if spans and _NOT_OLD.match(text.plain, spans[0].end, sentence.end):
                return [_correction(key, spans[0], match.start())]
    return _misnamed(text, asked)


_NOT_NAME = re.compile(
    r"\s*(?:(?:no|sorry|hey|wait|actually|um)[,.!\s]+)*(?:it's |i'm |my name (?:is|isn't) )?not "
    r"(?P<old>(?-i:[^\W\d_a-z])[\w'-]+)\s*[,.;:-]+\s*(?:but |it's |its |it is |i'm |my name is )*"
    r"(?=(?-i:[^\W\d_a-z]))",
    re.I,
)
_TO_HIM = r"(?:^|\b(?:hi|hello|hey|dear|thanks|thank you|sorry|sure|welcome|of course),? ){}(?!\w)"


def _misnamed(text: Text, asked: str) -> list[Finding]:
    """As in "not Sean, it's Sian" after "Hello Sean": how one was addressed."""
    match = _NOT_NAME.match(text.plain)
    if match is None or not re.search(_TO_HIM.format(re.escape(match.group("old"))), asked, re.I):
        return []
    spans = READERS["name"](text.plain, match.end(), len(text.plain))
    return [_correction("name", s, match.start()) for s in spans[:1]]


_AS = (
    r"(?:^|[.,;:!?]\s+|\b(?:and|so|but|ok|since|well)\s+)(?P<as>as|being) an? "
    r"(?P<value>{})(?![\w-])"
)
_ONCE = re.compile(r" (?:once|would|might|always|says?|said|told)\b", re.I)


def restated(text: Text, before: Sequence[Claim], found: list[Finding]) -> list[Finding]:
    """As in "as a paralegal, which certificate is next", from who said to be one."""
    known = {c.value for c in before if c.key == "occupation" and c.subject == "user"}
    for value in known if not any(f.key == "occupation" for f in found) else ():
        match = re.search(_AS.format(re.escape(value)), text.plain, re.I)
        if match and not _ONCE.match(text.plain, match.end()):
            return [
                Finding("occupation", Span(*match.span("value")), match.start("as"), match.end())
            ]
    return []


_ADDED = re.compile(
    r"(?:(?:oh|and|also|plus|yes|yeah|ah|as well as|don't forget)"
    r"\b[\s,!]*)+(?:to |in |at |with )?(?=\w)",
    re.I,
)
_LISTED = {
    "languages": "languages", "allergic_to": "short_things", "likes": "short_things",
    "dislikes": "short_things", "hobby": "short_things", "uses": "short_things", "skill": "skills",
}  # fmt: skip
_ADDED_END = re.compile(r"\s*(?:,? (?:too|as well|also|btw|actually))?\s*(?:$|[.!;])", re.I)


def additions(text: Text, before: Sequence[tuple[str, str]], found: list[Finding]) -> list[Finding]:
    """As in "… and Slovak too": one more value of the key that was spoken of last."""
    if found or not before or not text.sentences:
        return []
    first = text.sentences[0]
    cue = _ADDED.match(text.plain, first.start, first.end)
    reader = _LISTED.get(before[-1][0])
    spans = READERS[reader](text.plain, cue.end(), first.end) if cue and reader else []
    if not spans or not _ADDED_END.match(text.plain, spans[-1].end, first.end):
        return []
    return [Finding(before[-1][0], s, first.start, s.end, confidence=0.8) for s in spans]


_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_REPLACED = re.compile(r"\b(?:wrong|instead|new|changed|update|correct|use|sorry|typo|not)\b", re.I)


def addresses(
    text: Text, before: Sequence[Claim], found: list[Finding], asked: str
) -> list[Finding]:
    """An address that was asked for, or that replaces the one given before."""
    match = _ADDRESS.search(text.plain)
    if match is None or any(f.key == "email" for f in found):
        return []
    is_asked = re.search(r"\be-?mail", asked, re.I) is not None
    replaces = any(c.key == "email" for c in before) and _REPLACED.search(text.plain)
    if not is_asked and not replaces:
        return []
    kind = ClaimKind.CORRECT if replaces else ClaimKind.STATE
    return [Finding("email", Span(*match.span()), match.start(), match.end(), kind, confidence=0.8)]
