"""What only the conversation explains: bare answers, "make that 35", "it's Ana, not Anna"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import vocabulary as voc
from .findings import CORRECTED, Finding
from .text import Sentence, Text
from .typed import READERS
from .types import ClaimKind
from .values import Span

_Q = r"[^.?!\n]{0,60}"
ASKED: tuple[tuple[str, str, str], ...] = (
    ("name", "loose_name", r"\b(?:what(?:'s| is| was) your (?:full |first |last )?name|your (?:full |first )?name\b|who am i (?:speaking|talking|chatting)|(?:what|how) (?:should|shall|can|may|do) i (?:call|address)|may i have your name|who do i have the pleasure)"),
    ("email", "email", r"\be-?mail"),
    ("phone", "phone", r"\b(?:phone|mobile|telephone|number (?:can|should|to|do)|contact number|best number|reach you (?:at|on)|whatsapp)\b"),
    ("age", "age", r"\b(?:how old are you|your age|what age)\b"),
    ("birthday", "date", r"\b(?:date of birth|birthday|birth date|when were you born)\b"),
    ("pronouns", "pronouns", r"\bpronouns\b"),
    ("hometown", "loose_place", r"\b(?:where (?:did you grow up|are you (?:originally )?from|were you born|do you come from)|home ?town|originally from)\b"),
    ("current_location", "loose_place", r"\bwhere are you (?:right now|currently|now|at the moment|today|travel\w+|staying)|your current location|where (?:is|are) (?:that|you) right now"),
    ("home", "loose_place", rf"\b(?:where (?:do you live|are you (?:based|living|located)|is home|exactly do you live|is your home|are you)|(?:which|what) (?:city|town|country|place|area|region)(?: {_Q})?\b(?:live|living|based|are you|in)|city do you|where is 'here'|where(?:'s| is) (?:here|home)|your (?:city|location|address)|where you (?:live|are based))"),
    ("employer", "loose_organisation", r"\b(?:where do you work|who do you work for|which company|what company|your employer|who(?:'s| is) your employer|who employs you|name of (?:your|the) (?:company|employer))\b"),
    ("occupation", "any_occupation", r"\b(?:what do you do|what(?:'s| is) your (?:job|profession|occupation|role|line of work|title)|your (?:occupation|profession|job|role)|what kind of work|for a living|what line of work)\b"),
    ("nationality", "nationality", r"\b(?:nationality|citizenship|what passport|which passport|citizen of)\b"),
    ("languages", "languages", r"\b(?:(?:which|what) (?:other )?languages?(?: do| can| are|\?)|languages do you speak|native language|mother tongue)"),
    ("timezone", "timezone", r"\btime ?zone\b"),
    ("allergic_to", "short_things", r"\b(?:allerg(?:ies|y|ic)|intoleranc\w+)\b"),
    ("diet", "diet", r"\b(?:diet|dietary|do you eat (?:meat|everything)|vegetarian or|food restrictions)\b"),
    ("education", "study", r"\b(?:what (?:are you|do you|did you) (?:study|studying|major)|(?:which|what) (?:school|university|college)|where (?:do|did) you study|your (?:degree|major|field of study))"),
    ("hobby", "short_things", r"\b(?:hobb(?:y|ies)|(?:in|with) your (?:free|spare) time|for fun|pastime)\b"),
    ("deadline", "loose_date", r"\b(?:deadline|when is it due|due date|by when|when do you need (?:it|this)|when does it have to)\b"),
    ("working_on", "project", r"\b(?:what are you (?:working on|building|writing)|what(?:'s| is) (?:the|your) (?:project|current project))\b"),
    ("goal", "clause", r"\bwhat(?:'s| is) your (?:goal|target|aim|objective)|what are you (?:aiming|training) for\b"),
    ("owns", "short_things", r"\b(?:what|which) (?:car|bike|phone|laptop|camera|model|printer|guitar)(?: model)?\b[^.?!]{0,30}\b(?:have|own|drive|got|is it)\b"),
    ("uses", "short_things", r"\b(?:what|which) (?:tool|app|software|program|editor|browser|operating system|os|language|framework|database)s?\b[^.?!]{0,30}\b(?:use|using|run|running|on)\b"),
)  # fmt: skip
_ASKED = tuple((key, reader, re.compile(pattern, re.I)) for key, reader, pattern in ASKED)
_FAVORITE_ASKED = re.compile(r"\byour fav(?:ou?rite) (?P<what>\w+)", re.I)
_RELATIVE_ASKED = re.compile(
    r"\b(?:what(?:'s| is| are) )?your (?:"
    + "|".join(f"(?P<{k}>{p})" for k, p in voc.RELATIONS)
    + r")(?:'s|s')? (?:names?|called)|what(?:'s| is| are) your (?:\w+ )?(?P<who>\w+) called",
    re.I,
)
_LEAD = re.compile(
    r"\s*(?:(?:it's|its|it is|i'm|im|i am|that's|that would be|sure|of course|yes|yeah|yep|ok|okay|oh|ah|hi|hello|well|hmm|um|actually|just|mostly|in|at|on|from|for|to|a|an|the|my name is|they are|they're|she's|he's|these days|currently|mine is|mine's|we're|we are|both|sorry|right|here you go|only|mainly|probably|as|i work as|i live in)\b[\s,:!]*|[-*:]\s*)*",
    re.I,
)
_REST = re.compile(
    r"\s*(?:$|[,.;:!?()\n-]|(?:and|but|if|why|so|thanks|please|pls|lol|though|here|by|btw|at the moment|actually|now|right now|for now|that's|in|for|at|too|because|with|since|obviously|of course|years?|yrs?|old)\b)",
    re.I,
)
_NONE = re.compile(
    r"\s*(?:no|nope|none|nothing|not|why|what|how|who|i don't|don't|dunno|idk|rather not|i'd rather|never|can|could|is|are|does|do|should|which|where|when|skip|prefer not|it depends|that|forget|you|none of)\b",
    re.I,
)
_MAKE_THAT = re.compile(
    r"(?:\b(?:make (?:that|it)|should (?:be|read|have been|say)|i (?:meant|mean)(?: to (?:say|type|write))?|correction[:,]?|it's actually|actually,? (?:it's|make it|it is)|that's wrong,? (?:it's)?|(?:so |and )?(?:now )?it's (?:now )?(?:actually )?|now it's|it is now|(?:sorry|oops|wait|no|nope|typo|whoops|scratch that|my (?:bad|fault|mistake))[\s,:!.-]+(?:(?:i meant|it's|its|make that|make it|that's|should be|it should be|that should be|actually|i mean|my fault|my bad|typo)[\s,]*)+|moved to|pushed (?:back )?to|changed to|postponed to|extended to|brought forward to)\s*)",
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


def answers(text: Text, question: str) -> list[Finding]:
    """What a reply says when it only names the thing that was asked for."""
    asked = _asked(question)
    if asked is None or not text.sentences or _NONE.match(text.plain):
        return []
    key, reader = asked
    first = text.sentences[0]
    lead = _LEAD.match(text.plain, first.start, first.end)
    for pos in dict.fromkeys((first.start, lead.end() if lead else first.start)):
        spans = READERS[reader](text.plain, pos, first.end)
        if spans and _is_bare(text, first, spans, key):
            return [
                Finding(key, s, pos if pos < s.start else s.start, s.end, confidence=0.8)
                for s in spans
            ]
    return []


def _is_bare(text: Text, first: Sentence, spans: list[Span], key: str) -> bool:
    """Whether the answer ends with the value, and is no sentence of its own."""
    if first.is_question and not re.search(r"[,;.]", text.plain[spans[-1].end : first.end + 1]):
        return False
    word = text.plain[spans[0].start : spans[0].end].lower()
    is_word = word.split()[0] in voc.BOUNDARY_WORDS or word in ("secret", "later", "guess")
    return not is_word and bool(_REST.match(text.plain, spans[-1].end, first.end))


def _asked(message: str) -> tuple[str, str] | None:
    """The key that the last question of a message asks for, and how to read its value."""
    questions = re.findall(
        r"[^.?!\n]*\?|[^.?!\n]*(?:tell me|let me know|share|give me|need)[^.?!\n]*", message, re.I
    )
    for question in reversed(questions[-3:]):
        relative = _RELATIVE_ASKED.search(question)
        if relative:
            key = next((k for k, _ in voc.RELATIONS if relative.group(k)), None)
            return (key, "names") if key else None
        favorite = _FAVORITE_ASKED.search(question)
        if favorite:
            what = favorite.group("what").lower()
            return (
                f"favorite_{'color' if what == 'colour' else 'movie' if what == 'film' else what}",
                "short_thing",
            )
        for key, reader, pattern in _ASKED:
            if pattern.search(question):
                return key, reader
    return None


def corrections(
    text: Text, before: Sequence[tuple[str, str]], found: list[Finding], asked: str
) -> list[Finding]:
    """Values that replace one said before: `before` has the (key, value) pairs, latest last."""
    result: list[Finding] = []
    for sentence in text.sentences:
        for cue in _MAKE_THAT.finditer(text.plain, sentence.start, sentence.end):
            if any(f.start <= cue.start() < f.end or f.start <= cue.end() < f.end for f in found):
                continue
            result.extend(_corrected(text, sentence, cue, before))
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
    is_weak = re.fullmatch(r"(?:so |and )?(?:now )?it's\s*", cue.group(), re.I) is not None
    for key in dict.fromkeys(keys[:3]):
        spans = (
            READERS[_READER_OF[key]](text.plain, cue.end(), sentence.end)
            if key in _READER_OF
            else []
        )
        if spans and (not is_weak or _NOT_OLD.match(text.plain, spans[0].end, sentence.end)):
            return [_correction(key, spans[0], cue.start())]
    return []


def _correction(key: str, span: Span, start: int) -> Finding:
    return Finding(
        key, span, min(start, span.start), span.end, ClaimKind.CORRECT, confidence=CORRECTED
    )


def _not_this(text: Text, before: Sequence[tuple[str, str]], asked: str) -> list[Finding]:
    """ "It's Ana, not Anabel": the assistant (or an earlier turn) had it wrong."""
    for sentence in text.sentences[:2]:
        match = re.compile(
            r"\s*(?:(?:no|sorry|hey|wait|actually|um)[,.!\s]+)*(?:it's|its|it is|that's|my name is)\s+",
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
    return []
