"""A message as the rules read it: same length as the raw text, foreign material blanked out.

Everything keeps code-point offsets: each step replaces characters one for one, so a span found in
`Text.plain` is the same span in the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import foreign

BLANK = "\ue000"
"""Stands for a character of code, quotation or fiction: a private-use letter no rule matches."""

_TYPOGRAPHIC = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "«": '"', "»": '"', "„": '"'}
    | dict.fromkeys("\u00a0\u2009\u202f\t\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029", " ")
    | {"\r": "\n", BLANK: " ", "–": "-", "—": "-", "‑": "-"}
)
_BLOCKS = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`|^[ ]*>[^\n]*|(?:https?://|www\.)\S+",
    re.S | re.M,
)
_CODE_LINES = re.compile(
    r"^[ \t]*(?:(?:def|class|function|public|private|const|let|var|import|#include|return|async)"
    r"\s[^\n]*[(){};:=\"'<>*][^\n]*|(?:select|insert|update|delete|create|alter)\s[^\n]*\b(?:from|"
    r"into|set|where|table)\b[^\n]*|[\w.\[\]]+(?: ?[-+*|]?= ?|: )[\"'{\[][^\n]*|"
    r"\w+: (?:str|int|float|bool|bytes|list|dict|object|any|none)\b[^\n]*|\w+=[\w.()\[\]]+,?|"
    r"[\w.]+\([^\n]*\)[;,{]?[ \t]*|</?\w[^\n]*>|[{}\[\]();,]+|(?:\$|>>>|#!)[ ][^\n]*|"
    r"[^\n]*[;{}][ \t]*(?://[^\n]*|--[^\n]*)?)$",
    re.M | re.I,
)
_DOUBLE_QUOTES = re.compile(r'(?<!\w)"[^"]{0,4000}(?:"|\Z)')
_SINGLE_QUOTES = re.compile(
    r"(?<![\w'])'(?!(?:cause|em|til|bout|n|tis|twas|\d0s)\b)(?=\S)(?:[^'\n]|'(?=\w)){1,300}'(?!\w)",
    re.I,
)
_OWN_WORDS = re.compile(r"\b(?:i|my|me|we|our|im|i'm)\b", re.I)

_TRANSFORM = (
    r"translat\w+|proof-?read\w*|rewrite|re-?phrase|paraphrase|summari[sz]e|spell-?check|"
    r"(?:correct|fix|check|improve|shorten|polish|edit|analy[sz]e|classify|parse)(?: the| this| my|"
    r" following)* (?:grammar|text|sentence|paragraph|spelling|english|wording|following|this)|"
    r"(?:correct|fix|improve|polish|edit|parse|transcribe)(?= ?:| this\b)|"
    r"transcript|original text|source text|excerpt|subtitle"
)
_FICTION = (
    r"story|stories|fiction|novel|poem|haiku|limerick|persona|character|scene|dialogue|monologue|"
    r"role-?play|joke|fable|fairy ?tale|song|lyrics?|rap|script|screenplay|sketch|first person|"
    r"narrator|diary entry|dating profile of|(?:an? )?(?:example|"
    r"sample) (?:sentence|text|bio|email|letter)s?|"
    r"test sentence|"
    r"the voice of|fictional|imaginary|pretend|imagine|hypothetical|scenario"
)
_LEAD = re.compile(
    rf"\b(?P<strong>{_TRANSFORM}|{_FICTION})\b[^.!?\n]{{0,160}}?:(?=\s)|"
    rf"\b(?P<weak>write|draft|compose|continue|complete|say|reply|caption|tweet|post)\b"
    rf"[^.!?\n]{{0,120}}?:(?=\s)",
    re.I,
)
_SPEAKER = re.compile(
    r"\b(?:monologue|soliloquy|dialogue|scene|script|screenplay|sketch|skit|role-?play|characters?|"
    r"personas?|first[- ]person|narrators?|diary entry|back ?story|voice of|fictional|imaginary)\b",
    re.I,
)
"""What is written for somebody else to say, whoever asks for it."""
_FOR_ME = re.compile(
    r"\b(?:about me|for me|my|me (?:a|an))\b|\b(?:facts|context|background) about\b", re.I
)
_PASTED = re.compile(
    rf"\b(?:{_TRANSFORM})\b[^.!?:\n]{{0,60}}\b(?:this|following|below|text|passage|sentence)\b"
    r"[^.!?:\n]{0,60}(?:[.!?:]|\n)",
    re.I,
)
_SPOKEN = re.compile(
    r"\b(?:how (?:do|would|can|should|to) ?(?:you|i|we|one)? ?(?:say|write|spell|pronounce)|"
    r"what does|what's the meaning of|translate|the (?:phrase|"
    r"sentence|words?|expression|line|song))"
    r"(?= i\b| my\b| i'm\b| im\b| we\b| call me\b)[^.!?\n]*",
    re.I,
)
_PARTNERS = (
    r"interviewer|recruiter|hiring manager|examiner|doctor|patient|customer|client|waiter|waitress|"
    r"judge|prosecutor|detective|suspect|witness|seller|buyer|landlord|tenant|teacher|student|"
    r"coach|"
    r"therapist|boss|employee|agent|officer|reporter|journalist|host|guest|king|queen|knight|"
    r"wizard|"
    r"dragon|villain|narrator|game master|dungeon master|dm|gm|captain|pirate|opponent|negotiator|"
    r"salesman|salesperson|receptionist|shopkeeper|tourist|candidate|applicant|investor|stranger|"
    r"barista|bartender|barman|nurse|lawyer|policeman|clerk|cashier"
)
_PLAY = re.compile(
    r"\b(?:role-?play|pretend(?:ing)? (?:to be|that|you|i|i'm|"
    r"im|we)|act(?:ing)? (?:as|like) (?:a|an|"
    r"if|my|the|you)|let's (?:play|pretend|role)|you are now|in character|play the (?:role|part)|"
    r"(?:make up|invent|create|build|design|generate) (?:me )?(?:an?|some|two|three) (?:\w+ )?"
    r"(?:personas?|characters?|back ?story|fake profile|alter ego)|"
    r"(?:be|you be|you play|play|you're|you are) (?:the|an?|my) (?:[\w-]+ )?(?:" + _PARTNERS + r")"
    r"[,.;]? (?:and )?(?:i'm|im|i am|i'll be|i'll play|i play)(?= (?:the|an?|your)))\b"
    r".*",
    re.I | re.S,
)
_SUPPOSE = re.compile(
    r"\b(?:imagine|suppose|supposing|hypothetically|let's (?:say|assume|imagine)|say i (?:had|was|"
    r"were)|assum(?:e|ing) (?:that )?(?:i|i'm|im|my|we|a|the)|what if|what would happen if|"
    r"in (?:the|my|a|this|our) (?:[\w-]+ )?(?:novel|story|play|"
    r"dream|nightmare|campaign|short story|"
    r"screenplay|fanfic|fairy tale|sitcom|musical|fantasy)|in another life|as if (?:i|we|my)|"
    r"once upon a time|said the|for example,? (?:i|my)|e\.g\.,? (?:i|my)|"
    r"in this (?:scenario|example|exercise|case study|simulation)|"
    r"(?:someone|somebody|people|anyone|person|users?|"
    r"customers?|friend) (?:who|that) (?:says?|said)|"
    r"what'?s that [^.?!\n]{0,30}song|the (?:singer|lyrics|"
    r"chorus|narrator|character|protagonist))\b"
    r"[^.!?\n]*[.!?]?",
    re.I,
)
_WROTE = re.compile(
    r"(?<!\bi )(?<!\bI )\b(?:wrote|writes|says|said|asks|asked|"
    r"replied|answers|answered|texted|reads)"
    r"(?: (?:to )?(?:me|us|back))?\s*:\s[^\n]*",
    re.I,
)
_RECEIVED = re.compile(
    r"\b(?:e-?mail|mail|message|letter|note|text|sms|review|comment|post|reply|feedback|request|"
    r"ticket|complaint|testimonial|application|dm|voicemail)s? (?:i got |i received |we got )?from "
    r"(?!me\b)[^.!?:\n]{1,60}:\s[^\n]*|"
    r"\b(?:cv|resume|bio|cover letter|profile|abstract|essay|"
    r"headline)\b[^.!?:\n]{0,40}\b(?:improve|"
    r"rewrite|edit|fix|shorten|polish|check)\b[^.!?:\n]{0,20}:\s[^\n]*",
    re.I,
)
_ABBREVIATIONS = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "vs",
        "e.g",
        "i.e",
        "etc",
        "approx",
        "inc",
        "ltd",
        "co",
        "jr",
        "sr",
        "tel",
        "no",
        "nr",
        "ca",
        "eg",
        "dept",
        "gen",
        "rev",
        "sra",
        "dra",
        "ing",
        "lic",
        "est",
        "mt",
        "ft",
        "sta",
    ]
)
_SENTENCE_END = re.compile(r"[.!?…]+(?=[\s\"')\]]|$)|\n+|;|[。！？]")
_LONGEST = 400
_WIDE = re.compile(r"\s{17,}")
_BULLET = re.compile(r"\s*(?:[-*•–]+|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of `Text.plain`, [start, end) without its closing mark."""

    start: int
    end: int
    closer: str

    @property
    def is_question(self) -> bool:
        """Whether it ends in a question mark."""
        return "?" in self.closer


@dataclass(frozen=True, slots=True)
class Text:
    """A message made ready for the rules."""

    raw: str
    plain: str
    sentences: tuple[Sentence, ...]
    is_lower: bool
    """The writer uses no capitals, so that a name may come without one."""


def read(raw: str) -> Text:
    """Normalise typography, blank what is not the speaker's own statement, cut into sentences."""
    plain = mask(_WIDE.sub(_narrowed, raw.translate(_TYPOGRAPHIC)))
    return Text(raw, plain, tuple(_sentences(plain)), _is_lower(plain))


def _narrowed(run: re.Match[str]) -> str:
    """Wide white space with its inside blanked, so that no pattern tries all ways to share it."""
    edge = "\n" if "\n" in run.group() else " "
    return edge + BLANK * (len(run.group()) - 2) + edge


def mask(text: str) -> str:
    """Blank code, links, quotations, pasted material, fiction and suppositions."""
    text = _BLOCKS.sub(_blank, text)
    text = _CODE_LINES.sub(_blank_code, text)
    for start, end in foreign.spans(text):
        text = text[:start] + BLANK * (end - start) + text[end:]
    text = _DOUBLE_QUOTES.sub(_blank_quote, text)
    text = _SINGLE_QUOTES.sub(_blank_quote, text)
    text = _PLAY.sub(_blank, text)
    text = _blank_pasted(text)
    text = _SPOKEN.sub(_blank, text)
    text = _WROTE.sub(_blank, text)
    text = _RECEIVED.sub(_blank, text)
    return _SUPPOSE.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    return BLANK * len(match.group())


def _blank_code(match: re.Match[str]) -> str:
    """A line of code; one that reads as a sentence of the speaker only ends like one."""
    return match.group() if _OWN_START.match(match.group()) else _blank(match)


_OWN_START = re.compile(r"\s*(?:i|i'm|im|i've|my|we|our|hi|hello|hey|ok|so|please|pls)\b", re.I)


def _blank_quote(match: re.Match[str]) -> str:
    """A word or two in quotes is a title or a nickname; more, or a first person, is quotation."""
    body = match.group()
    if len(body) < 40 and len(body.split()) <= 2 and not _OWN_WORDS.search(body):
        return body
    return _blank(match)


def _blank_pasted(text: str) -> str:
    """Blank what follows "translate this:", "write a story in first person:" and their like."""
    cuts = (
        []
        if ":" not in text
        else [m.end() for m in _LEAD.finditer(text) if _introduces_foreign_text(m)]
    )
    pasted = _PASTED.search(text)
    if pasted and "my " not in pasted.group().lower():
        cuts.append(pasted.end())
    if not cuts:
        return text
    cut = min(cuts)
    return text[:cut] + BLANK * (len(text) - cut)


def _introduces_foreign_text(lead: re.Match[str]) -> bool:
    if lead.group("strong") or _SPEAKER.search(lead.group()):
        return True
    return not _FOR_ME.search(lead.group())


def _sentences(plain: str) -> list[Sentence]:
    found: list[Sentence] = []
    start = 0
    for mark in _SENTENCE_END.finditer(plain):
        if mark.group() == "." and _is_abbreviation(plain, start, mark.start()):
            continue
        _add_sentence(found, plain, start, mark.start(), mark.group())
        start = mark.end()
    _add_sentence(found, plain, start, len(plain), "")
    return found


def _add_sentence(found: list[Sentence], plain: str, start: int, end: int, closer: str) -> None:
    bullet = _BULLET.match(plain, start, end)
    start = bullet.end() if bullet else start
    while start < end and plain[start] in " \n\"')]":
        start += 1
    while end - start > _LONGEST:  # bounds the work per sentence, so that time stays linear
        cut = plain.rfind(" ", start + 1, start + _LONGEST)
        cut = cut if cut > start else start + _LONGEST
        found.append(Sentence(start, cut, ""))
        start = cut
    if start < end:
        found.append(Sentence(start, end, closer))


def _is_abbreviation(plain: str, start: int, dot: int) -> bool:
    word = plain[max(start, dot - 8) : dot].rsplit(" ", 1)[-1].lstrip("(").lower()
    if word == "no":  # "no. 5" is a number, "no." an answer
        return plain[dot + 1 : dot + 3].strip()[:1].isdigit()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")


def _is_lower(plain: str) -> bool:
    """Whether the writer starts most sentences, or says "i", without a capital."""
    if re.search(r"\bi\b|\bi'm\b|\bim\b|\bive\b", plain):
        return True
    first = next((c for c in plain if c.isalpha()), "A")
    return first.islower() and first != BLANK
