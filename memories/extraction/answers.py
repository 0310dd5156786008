"""Bare answers to what the assistant asked: "Rotterdam", "Tomás, 31, baker"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import gazetteer as gaz
from . import vocabulary as voc
from .attribute_nouns import FAVORITE_KEYS
from .findings import Finding
from .readers import READERS
from .spans import Span
from .text import Sentence, Text

_Q = r"[^.?!\n]{0,60}"
ASKED: tuple[tuple[str, str, str], ...] = (
    ("name", "loose_name",
        r"\b(?:what(?:'s| is| was) your (?:full |first |last )?name|your (?:full |first )"
        r"?name\b|(?:under |in )?what name|(?:which|whose) name|who am i (?:speaking|"
        r"talking|chatting)|(?:what|how) (?:should|shall|can|may|"
        r"do) i (?:call|address)|(?:should|shall|can|may) i call you|may i have your name|who do "
        r"i have the pleasure)"),
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
    r"is (?:fine|ok|okay|good|great|perfect)|will do|works|by|btw|at the moment|actually|now|"
    r"right now|for now|that's|in|for|at|too|"
    r"because|with|since|obviously|of course|years?|yrs?|old)\b)",
    re.I,
)
_NONE = re.compile(
    r"\s*(?:no|nope|none|nothing|not|why|what|how|who|i don't|don't|dunno|idk|"
    r"rather not|i'd rather|never|can|could|is|are|does|do|should|which|where|when|"
    r"skip|prefer not|it depends|that|forget|you|none of)\b",
    re.I,
)


def find(text: Text, question: str) -> list[Finding]:
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
        if key == "allergic_to" and READERS["diet"](text.plain, pos, first.end):
            return []
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


_LISTED_AFTER = re.compile(r"\byour (?P<list>[^.?!\n]{3,80})", re.I)
_NOUNS: tuple[tuple[str, str, str], ...] = (
    ("name", "loose_name", r"(?:full |first |last )?name"),
    ("age", "age", r"age"),
    ("home", "loose_place", r"city|town|location|country|place of residence|home"),
    ("occupation", "any_occupation", r"job|occupation|profession|role|trade|line of work"),
    ("email", "email", r"e-?mail(?: address)?"),
    ("phone", "phone", r"(?:phone|mobile|telephone)(?: number)?|number"),
    ("birthday", "date", r"birthday|date of birth|birth date"),
    ("nationality", "nationality", r"nationality|citizenship"),
    ("employer", "loose_organisation", r"employer|company|workplace"),
    ("hometown", "loose_place", r"home ?town|birthplace"),
    ("diet", "diet", r"diet"),
    ("timezone", "timezone", r"time ?zone"),
)
"""The nouns of "your name, age and city"."""
_BY_NOUN = tuple((key, reader, re.compile(p, re.I)) for key, reader, p in _NOUNS)
_ITEM = re.compile(r"\s*(?P<item>[^,;/\n.]+(?:\.(?=\S)[^,;/\n.]+)*)(?:[,;/\n.]|$)")
_COMMAS = re.compile(r"\s*(?:,\s*)?(?:\band\b|&|,)\s*(?:your )?", re.I)
_ANY_WORDS = frozenset(("short_things", "study", "project", "clause", "any_occupation"))
"""Readers that take any words: only where their own question stands in the order."""


_LONGEST_ITEM = 40


def several(text: Text, question: str) -> list[Finding]:
    """What a reply lists when several things were asked for: "Tomás, 31, Braga"."""
    first = _ITEM.match(text.plain)
    if not question or first is None or first.end("item") - first.start("item") > _LONGEST_ITEM:
        return []
    asked = _all_asked(question)
    found: list[Finding] = []
    if len(asked) < 2:
        return []
    for index, item in enumerate(_ITEM.finditer(text.plain)):
        read = _item(text, item, asked, is_in_turn=index == len(found))
        if read is None:
            break
        found.append(read)
        asked = asked[[key for key, _ in asked].index(read.key) + 1 :]
    return found if len(found) > 1 else []


def _item(
    text: Text, item: re.Match[str], asked: list[tuple[str, str]], *, is_in_turn: bool
) -> Finding | None:
    """The first of the keys asked for that an item of the reply can tell, and nothing but it."""
    start, end = item.span("item")
    lead = _LEAD.match(text.plain, start, end)
    start = lead.end() if lead else start
    for key, reader in asked:
        if reader in _ANY_WORDS and not (is_in_turn and key == asked[0][0]):
            continue
        spans = READERS[reader](text.plain, start, end)
        if len(spans) == 1 and _ITEM_END.fullmatch(text.plain, spans[0].end, end):
            word = text.plain[slice(*spans[0])].lower()
            if key != "name" or word not in gaz.CITIES | gaz.COUNTRIES:
                return Finding(key, spans[0], start, spans[0].end, confidence=0.8)
    return None


_ITEM_END = re.compile(r"\s*(?:years? old|yrs?|yo|here|now|please|thanks)?\s*", re.I)


def _all_asked(message: str) -> list[tuple[str, str]]:
    """Every key that the end of a message asks for, in its order, and how to read its value."""
    found: dict[str, tuple[int, str]] = {}
    for at, key, reader in _asked_places(message[-2000:]):
        if key not in found or at < found[key][0]:
            found[key] = (at, reader)
    return [(key, reader) for key, (_, reader) in sorted(found.items(), key=lambda f: f[1][0])]


def _asked_places(message: str) -> Iterator[tuple[int, str, str]]:
    """Where each key is asked for."""
    start = 0
    for part in _PARTS.split(message):
        if part.endswith("?") or _REQUEST.search(part):
            for key, reader, pattern in _ASKED:
                match = pattern.search(part)
                if match:
                    yield start + match.start(), key, reader
            yield from _nouns(part, start)
        start += len(part)


def _nouns(part: str, start: int) -> Iterator[tuple[int, str, str]]:
    """The keys of "your name, age and city"."""
    for match in _LISTED_AFTER.finditer(part):
        at = match.start("list")
        for noun in _COMMAS.split(match.group("list").rstrip("?.! ")):
            for key, reader, pattern in _BY_NOUN:
                if pattern.fullmatch(noun.strip()):
                    yield start + part.index(noun, at), key, reader
