"""Finding prompt injections: words that try to command the model instead of telling it something.

Pure; the rules are data. They are narrow on purpose: people take back their own instructions, talk
about rules and prompts, and paste code, and none of that is an attack. What is found is only kept
from becoming a memory, so a missed case costs no more than any other sentence.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_EARLIER = r"(?:previous|prior|above|earlier|preceding|foregoing|existing|initial|original|former)"
_WHOSE = r"(?:your|system|developer|safety|core|default)"
_ORDERS = r"(?:instructions?|directives?|guidelines?|system prompts?|system messages?|programming)"
_LOOSE = (
    r"(?:rules?|prompts?|commands?|restrictions?|constraints?|polic(?:y|ies)|messages?|context)"
)
_DROP = (
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|discard|do not (?:follow|obey)"
    r"|don't (?:follow|obey)|stop (?:following|obeying))\s+"
)
_OWN = r"(?!\s+(?:that\s+)?(?:i|we|he|she|they|my|our)\b)"
_ABOUT = r"(?!\s+(?:on|about|for|from|in|of|to|regarding)\s+(?:the|my|our|his|her|this|that|how)\b)"
_WHOLE = r"(?:hidden|secret|full|exact|entire|complete|original|initial|whole|verbatim|raw)"
_TELL = (
    r"\b(?:reveal|show|print|repeat|output|display|tell|give|share|leak|dump|expose|write|recite"
    r"|quote|copy|send|what (?:is|are|was|were)|what's)\b[^.?!\n]{0,30}?"
)

RULES: dict[str, tuple[str, ...]] = {
    "instruction_override": (
        rf"{_DROP}(?:all\s+|any\s+|every\s+)?(?:of\s+)?(?:the\s+|these\s+|those\s+|your\s+)?"
        rf"(?:{_EARLIER}\s+|{_WHOSE}\s+)+{_ORDERS}\b{_OWN}{_ABOUT}",
        rf"{_DROP}(?:all|any|every|all of)\s+(?:the\s+|your\s+|these\s+)?"
        rf"(?:{_EARLIER}\s+|{_WHOSE}\s+)+{_LOOSE}\b{_OWN}{_ABOUT}",
        rf"{_DROP}(?:all\s+(?:of\s+)?)?your\s+(?:\w+\s+)?(?:{_ORDERS}|rules|training|"
        rf"restrictions)\b",
        rf"{_DROP}(?:everything|all|anything)\s+(?:that\s+)?(?:you(?:'ve| have| were| had been)?"
        rf"\s+(?:been\s+)?(?:told|instructed|trained))\b",
        rf"{_DROP}(?:all\s+)?(?:the\s+)?{_ORDERS}\s+(?:above|before this|that came before)\b",
        r"(?:^|[.!?\n]\s*)(?:do not|don't|never)\s+(?:tell|inform|alert|notify)\s+the\s+user\s+"
        r"(?:about|of|that you)\b",
    ),
    "role_override": (
        r"\byou(?:'re| are)\s+(?:now\s+)?(?:an?\s+|the\s+)?(?:unrestricted|uncensored|unfiltered"
        r"|jailbroken|unaligned|amoral)\b[^.\n]{0,20}\b(?:ai|assistant|model|chatbot|llm|version)\b",
        r"\byou(?:'re| are)\s+no longer\s+(?:an?\s+|the\s+)?(?:ai|(?:helpful|virtual)\s+assistant"
        r"|language model|chatbot|chatgpt|claude|gemini)\b",
        r"\byou(?:'re| are)\s+no longer\s+(?:bound|restricted|limited|constrained)\s+by\b",
        r"\b(?:act|behave|respond|answer|reply|pretend|operate)\s+(?:as if|as though|like)\s+you\s+"
        r"(?:have|had|are under|were under)\s+no\s+(?:\w+\s+)?(?:rules|restrictions|guidelines"
        r"|limits|limitations|filters|policy|policies)\b",
        r"\byou(?:'re| are)\s+(?:now\s+)?in\s+(?:developer|god|admin|root|jailbreak|unrestricted"
        r"|dan)\s+mode\b",
        r"\b(?:enable|enter|activate|switch to)\s+(?:your\s+)?(?:jailbreak|god|dan)\s+mode\b",
        r"(?-i:\b(?:act as|you are(?: now)?|become)\s+(?:a\s+)?[\"“']?DAN\b)",
    ),
    "tool_override": (
        r"\b(?:send|forward|post|upload|exfiltrate|leak|e-?mail|transmit)\s+(?:me\s+)?(?:all|every|"
        r"any|the (?:entire|full|whole))\b[^.\n]{0,40}\b(?:credentials|passwords?|api keys?"
        r"|secrets?|system prompt|memories|user data|user's data|private data|tokens)\b"
        r"[^.\n]{0,40}\bto\b",
        r"\b(?:call|invoke|use|run|execute|trigger)\b[^.\n]{0,60}\b(?:tool|function|plugin)s?\b"
        r"[^.\n]{0,60}\bwithout\s+(?:asking|telling|informing|notifying)\s+(?:the\s+)?user\b",
        r"\b(?:override|bypass|disable|turn off)\s+(?:all\s+|any\s+|the\s+|your\s+)+(?:tool|safety"
        r"|security|content)\s+(?:polic(?:y|ies)|permissions?|checks?|filters?|restrictions?"
        r"|confirmations?)\b",
        r"<(?:tool_calls?|function_calls?|tool_response|function_results?)>|\[TOOL_CALLS?\]",
    ),
    "system_prompt_leak": (
        rf"{_TELL}\byour\s+(?:{_WHOLE}\s+)*(?:system\s+(?:prompt|message|instructions?)"
        rf"|developer\s+(?:prompt|message|instructions?))\b",
        rf"{_TELL}\byour\s+(?:{_WHOLE}\s+)+(?:prompt|instructions?)\b",
        rf"{_TELL}\bthe\s+(?:{_WHOLE}\s+)+system\s+(?:prompt|message|instructions?)\b{_ABOUT}",
        r"\brepeat\s+(?:everything|all(?:\s+the)?(?:\s+text|\s+words)?|the\s+(?:words|text))\s+"
        r"(?:above|before this)\b",
    ),
    "prompt_template_injection": (
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id"
        r"|end_header_id|begin_of_text|end_of_turn)\|>",
        r"\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</?system(?:_prompt)?>",
        r"(?m:^\s*#{2,4}\s*(?:system|instruction|response)\s*:)",
        r"(?m:^\s*\[?system\]?\s*:\s*(?:you (?:are|must|will|should)|ignore|override|new)\b)",
        r"\{\{\s*(?:system_prompt|self\.__|config\.|cycler\.|lipsum|request\.application)",
    ),
    "base64_instruction": (
        r"\b(?:decode|base64)\b[^.\n]{0,60}\b(?:base64|decode)\b[^.\n]{0,60}\b(?:and|then)\s+"
        r"(?:follow|obey|execute|do what)\b",
    ),
}
"""Kind → patterns, tried on the text without zero-width characters and typographic quotes."""

_COMPILED = [
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, patterns in RULES.items()
    for pattern in patterns
]
_HINT = re.compile(
    r"ignore|disregard|forget|overr|bypass|discard|follow|obey|the user|you are|you're|as if"
    r"|as though|like you|mode\b|DAN\b|credential|password|api key|secret|system|memories|data"
    r"|token|tool|function|plugin|disable|turn off|repeat|prompt|instruction|response|<\||INST|<<"
    r"|_of_turn|\{\{|base64|developer",
    re.IGNORECASE,
)
"""What every match of a rule holds: most texts have none of it and are read once."""
_BLOB = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{24,8192}={0,2}(?![\w+/=-])")
_BLOBS = 20
_SENTENCE_END = re.compile(r"[.!?\n]+")
_REACH = 300
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})


@dataclass(frozen=True, slots=True)
class Passage:
    """A suspicious part of a text: offsets [start, end) in code points, to the sentence's ends."""

    start: int
    end: int
    kind: str

    def overlaps(self, start: int, end: int) -> bool:
        """Whether it shares characters with [start, end)."""
        return self.start < end and start < self.end


def scan(text: str) -> list[Passage]:
    """The passages of a text that look like prompt injections, in order, not overlapping."""
    plain, places = _readable(text)
    found = [*_by_rules(plain), *_by_decoding(plain)]
    passages: list[Passage] = []
    for start, end, kind in sorted(found):
        start, end = _sentence(plain, start, end)
        passage = Passage(places[start], places[end - 1] + 1, kind)
        if not passages or not passages[-1].overlaps(passage.start, passage.end):
            passages.append(passage)
        elif passage.end > passages[-1].end:
            passages[-1] = Passage(passages[-1].start, passage.end, passages[-1].kind)
    return passages


def _by_rules(plain: str) -> Iterator[tuple[int, int, str]]:
    if not _HINT.search(plain):
        return
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(plain):
            yield match.start(), match.end(), kind


def _by_decoding(plain: str) -> Iterator[tuple[int, int, str]]:
    """Base64 whose text would be one."""
    for count, blob in enumerate(_BLOB.finditer(plain)):
        if count >= _BLOBS:
            return
        decoded = _decoded(blob[0])
        if decoded and any(True for _ in _by_rules(decoded)):
            yield blob.start(), blob.end(), "base64_instruction"


def _decoded(blob: str) -> str:
    body = blob.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        text = base64.b64decode(body + "=" * (-len(body) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() or "\n" in text else ""


def _readable(text: str) -> tuple[str, range | list[int]]:
    """The text as a model would read it, and for each character its place in the original."""
    if text.isascii():
        return text, range(len(text))
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character in _INVISIBLE:
            continue
        for one in unicodedata.normalize("NFKC", character).translate(_PLAIN):
            kept.append(one)
            places.append(place)
    return "".join(kept), places


def _sentence(plain: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a match, as far as it is near; without blanks at its ends."""
    first = max(0, start - _REACH)
    ends = [match.end() for match in _SENTENCE_END.finditer(plain, first, start)]
    first = ends[-1] if ends else first
    after = _SENTENCE_END.search(plain, max(start, end - 1), min(len(plain), end + _REACH))
    last = max(end, after.end() if after else min(len(plain), end + _REACH))
    while first < start and plain[first].isspace():
        first += 1
    while last > end and plain[last - 1].isspace():
        last -= 1
    return first, last
