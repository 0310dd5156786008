"""What only the conversation explains: bare answers, "make that 35", "it's Ana, not Anna"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import vocabulary as voc
from .attribute_nouns import FAVORITE_KEYS
from .findings import CORRECTED, Finding
from .readers import READERS
from .spans import Span
from .text import Sentence, Text
from .types import Claim, ClaimKind

_Q = r"[^.?!\n]{0,60}"
ASKED: tuple[tuple[str, str, str], ...] = (
    ("name", "loose_name",
        r"\b(?:what(?:'s| is| was) your (?:full |first |last )?name|your (?:full |first )"
        r"?name\b|(?:under |in )?what name|(?:which|whose) name|who am i (?:speaking|"
        r"talking|chatting)|(?:what|how) (?:should|shall|can|may|"
        r"do) i (?:call|address)|may i have your name|who do i have the pleasure)"),
    ("email", "email", r"\be-?mail"),
    ("phone", "phone",
        r"\b(?:phone|mobile|telephone|number (?:can|should|to|do)|contact "
        r"number|best number|reach you (?:at|on)|whatsapp)\b"),
    ("age", "age", r"\b(?:how old are you|you(?:\'re| are) \d\d|your age|what age)\b"),
    ("birthday", "date", r"\b(?:date of birth|birthday|birth date|when were you born)\b"),
    ("pronouns", "pronouns", r"\bpronouns\b"),
    ("hometown", "loose_place",
        r"\b(?:where (?:did you grow up|are you (?:originally )?from|were you "
        r"born|do you come from)|home ?town|originally from)\b"),
    ("current_location", "loose_place",
        r"\bwhere are you (?:right now|currently|now|at the moment|today|travel\w+|staying)"
        r"|your current location|where (?:is|are) (?:that|you) right now"),
    ("home", "loose_place",
        rf"\b(?:where (?:do you live|are you (?:based|living|located)|is home|exactly do you "
        rf"live|is your home|are you)|(?:which|what) (?:city|town|country|place|area|region)"
        rf"(?: {_Q})?\b(?:live|living|based|are you|in)|city do you|where is 'here'|where(?:'s|"
        rf" is) (?:here|home)|your (?:city|location|address)|you live in|you(?:'re| "
        rf"are) (?:based|living) in|where you (?:live|are based))"),
    ("employer", "loose_organisation",
        r"\b(?:where do you work|you work (?:at|for)|who do you work for|which company|what "
        r"company|your employer|who(?:'s| is) your employer|who employs you|"
        r"name of (?:your|the) (?:company|employer))\b"),
    ("occupation", "occupation",
        r"\b(?:so |and |are )?you(?:'re| are)? (?:also )?an? [\w -]{3,30}?(?:, (?:right|correct|"
        r"yes|no|is that right)|\?)|^\s*as an? [\w -]{3,30}\?"),
    ("occupation", "any_occupation",
        r"\b(?:what do you do|what(?:'s| is) your (?:job|profession|occupation|"
        r"role|line of work|title)|your (?:occupation|profession|job|role)|what "
        r"kind of work|for a living|what line of work)\b"),
    ("nationality", "nationality",
     r"\b(?:nationality|citizenship|what passport|which passport|citizen of)\b"),
    ("languages", "languages",
        r"\b(?:(?:which|what) (?:other )?languages?(?: do| can| are|\?)|"
        r"languages do you speak|native language|mother tongue)"),
    ("timezone", "timezone", r"\btime ?zone\b"),
    ("allergic_to", "short_things", r"\b(?:allerg(?:ies|y|ic)|intoleranc\w+)\b"),
    ("diet", "diet",
     r"\b(?:diet|dietary|do you eat (?:meat|everything)|vegetarian or|food restrictions)\b"),
    ("education", "study",
        r"\b(?:what (?:are you|do you|did you) (?:study|studying|major)|"
        r"(?:which|what) (?:school|university|college)|where (?:do|did) you "
        r"study|your (?:degree|major|field of study))"),
    ("hobby", "short_things",
     r"\b(?:hobb(?:y|ies)|(?:in|with) your (?:free|spare) time|for fun|pastime)\b"),
    ("deadline", "loose_date",
        r"\b(?:deadline|when is it due|due date|by when|when do you "
        r"need (?:it|this)|when does it have to)\b"),
    ("working_on", "project",
        r"\b(?:what are you (?:working on|building|writing)|what(?:'s| is)"
        r" (?:the|your) (?:project|current project))\b"),
    ("goal", "clause",
        r"\bwhat(?:'s| is) your (?:goal|target|aim|objective)|"
        r"what are you (?:aiming|training) for\b"),
    ("owns", "short_things",
        r"\b(?:what|which) (?:car|bike|phone|laptop|camera|model|printer|guitar)"
        r"(?: model)?\b[^.?!]{0,30}\b(?:have|own|drive|got|is it)\b"),
    ("uses", "short_things",
        r"\b(?:what|which) (?:tool|app|software|program|editor|browser|operating system|os|"
        r"language|framework|database)s?\b[^.?!]{0,30}\b(?:use|using|run|running|on)\b"),
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
    r"\s*(?:(?:it's|its|it is|i'm|im|i am|that's|that would be|sure|of course|yes|"
    r"yeah|yep|ok|okay|oh|ah|hi|hello|well|hmm|um|actually|just|mostly|in|at|on|from|"
    r"for|to|a|an|the|my name is|they are|they're|she's|he's|these days|currently|"
    r"mine is|mine's|we're|we are|both|sorry|right|here you go|only|mainly|probably|"
    r"as|i work as|i live in)\b[\s,:!]*|[-*:]\s*)*",
    re.I,
)
_REST = re.compile(
    r"\s*(?:$|[,.;:!?()\n-]|(?:and|but|if|why|so|thanks|please|pls|lol|though|here|"
    r"by|btw|at the moment|actually|now|right now|for now|that's|in|for|at|too|"
    r"because|with|since|obviously|of course|years?|yrs?|old)\b)",
    re.I,
)
_NONE = re.compile(
    r"\s*(?:no|nope|none|nothing|not|why|what|how|who|i don't|don't|dunno|idk|"
    r"rather not|i'd rather|never|can|could|is|are|does|do|should|which|where|when|"
    r"skip|prefer not|it depends|that|forget|you|none of)\b",
    re.I,
)
_MAKE_THAT = re.compile(
    r"(?:\b(?:make (?:that|it)|should (?:be|read|have been|say)|i (?:meant|mean)(?: to "
    r"(?:say|type|write))?|correction[:,]?|it's actually|actually,? (?:it's|make it|it is)"
    r"|that's wrong,? (?:it's)?|(?:so |and )?(?:now )?it's (?:now )?(?:actually )?|now "
    r"it's|it is now|(?:sorry|oops|wait|no|nope|typo|autocorrect|whoops|scratch that|my (?:bad|"
    r"fault|"
    r"mistake))[\s,:!.-]+(?:(?:i meant|it's|its|make that|make it|that's|should be|it "
    r"should be|that should be|actually|i mean|my fault|my bad|typo|autocorrect)[\s,]*)*|moved to|"
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


def answers(text: Text, question: str) -> list[Finding]:
    """What a reply says when it only names the thing that was asked for."""
    asked = _asked(question)
    if asked is None or not text.sentences:
        return []
    key, reader = asked
    first = text.sentences[0]
    denied = _DENIED.match(text.plain, first.start)
    begin = denied.end() if denied else first.start
    if not denied and _NONE.match(text.plain):
        return []
    if denied and denied.end() > first.end and len(text.sentences) > 1:
        first = text.sentences[1]
    trade = _TRADE.match(text.plain, begin, first.end) if key == "occupation" else None
    if trade:
        return [Finding(key, Span(*trade.span("value")), begin, trade.end(), confidence=0.8)]
    lead = _LEAD.match(text.plain, begin, first.end)
    for pos in dict.fromkeys((begin, lead.end() if lead else begin)):
        spans = READERS[reader](text.plain, pos, first.end)
        if spans and _is_bare(text, first, spans, key):
            return [
                Finding(key, s, pos if pos < s.start else s.start, s.end, confidence=0.8)
                for s in spans
            ]
    return []


_DENIED = re.compile(r"\s*(?:no|nope|nah|not quite|wrong|incorrect)[,.!]+\s*(?:no[,.!]+\s*)*", re.I)


_TRADE = re.compile(
    r"\s*(?:(?:oh|well|so|basically|mostly|um|hm)[\s,]+)*i (?!am\b|do\b|don't|work\b|have\b|"
    r"can\b|would\b|"
    r"used\b|was\b|think\b|guess\b|want\b|need\b|just\b|live\b|like\b|love\b|hate\b|said\b)"
    r"(?P<value>\w+(?: [\w'-]+){1,4})(?=\s*(?:$|[,.;!]))",
    re.I,
)


def _is_bare(text: Text, first: Sentence, spans: list[Span], key: str) -> bool:
    """Whether the answer ends with the value, and is no sentence of its own."""
    if first.is_question and not re.search(r"[,;.]", text.plain[spans[-1].end : first.end + 1]):
        return False
    word = text.plain[spans[0].start : spans[0].end].lower()
    if key == "deadline":
        return bool(_REST.match(text.plain, spans[-1].end, first.end))
    is_word = word.split()[0] in voc.BOUNDARY_WORDS or word in ("secret", "later", "guess")
    return not is_word and bool(_REST.match(text.plain, spans[-1].end, first.end))


_PARTS = re.compile(r"(?<=[.?!\n])")
_REQUEST = re.compile(
    r"\b(?:tell me|let me know|share|give me|need|you live in|"
    r"you work (?:at|for)|right|correct)\b",
    re.I,
)


def _asked(message: str) -> tuple[str, str] | None:
    """The key that the last question of a message asks for, and how to read its value."""
    parts = _PARTS.split(message[-2000:])
    questions = [part for part in parts if part.endswith("?") or _REQUEST.search(part)]
    for question in reversed(questions[-3:]):
        relative = _RELATIVE_ASKED.search(question)
        if relative:
            key = next((k for k, _ in voc.RELATIONS if relative.group(k)), None)
            return (key, "names") if key else None
        favorite = _FAVORITE_ASKED.search(question)
        if favorite:
            what = favorite.group("what").lower()
            return f"favorite_{FAVORITE_KEYS.get(what, what)}", "short_thing"
        for key, reader, pattern in _ASKED:
            if pattern.search(question):
                return key, reader
    return None


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
