"""The deterministic extractor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from . import attributes, dialogue, instructions, intros, phrases, relations, statements
from .findings import Finding, to_claim
from .text import Text, read
from .types import Claim, ClaimKind, Message

_CONTEXT = 12
"""How many earlier messages may explain a new one."""


class RuleExtractor:
    """Finds claims with rules alone: no model, no network, the same answer every time."""

    name = "rules"
    version = "1"

    def extract(self, messages: Sequence[Message], *, new_from: int = 0) -> list[Claim]:
        """Claims of `messages[new_from:]`, in order; the earlier ones are context only."""
        claims: list[Claim] = []
        for index in range(max(0, new_from - _CONTEXT), len(messages)):
            before = claims[-24:]
            asked = _asked_before(messages, index)
            claims.extend(_claims(messages[index], index, before, asked))
        return [claim for claim in claims if claim.message >= new_from]


def _asked_before(messages: Sequence[Message], index: int) -> str:
    """What the assistant said right before."""
    last = messages[index - 1] if index else None
    return last.content if last and last.role == "assistant" else ""


def _claims(message: Message, index: int, before: list[Claim], asked: str) -> list[Claim]:
    if message.role not in ("user", "system"):
        return []
    text = read(message.content)
    found = _told(text, before, asked) if message.role == "user" else _ordered(text)
    found.sort(key=lambda f: (f.value.start, f.start))
    claims = (to_claim(finding, text.raw, index) for finding in found)
    return [claim for claim in claims if claim]


def _ordered(text: Text) -> list[Finding]:
    """A system message only gives standing instructions."""
    return [
        finding
        for sentence in text.sentences
        for finding in instructions.find(text, sentence, is_system=True)
    ]


def _told(text: Text, before: list[Claim], asked: str) -> list[Finding]:
    """Everything a user's message says."""
    found: list[Finding] = []
    mentions: list[relations.Mention] = []
    for sentence in text.sentences:
        orders = instructions.find(text, sentence)
        people, mentioned = relations.find(text, sentence)
        owners = [(m.start, m.end, m.key) for m in mentioned if m.is_single]
        facts = [
            *people,
            *intros.find(text, sentence),
            *attributes.find(text, sentence),
            *phrases.find(text, sentence),
            *statements.find(text, sentence, owners),
        ]
        found.extend(orders)
        found.extend(f for f in facts if not _inside(f, orders))
        mentions.extend(mentioned)
    known = [(c.key, c.value) for c in before if c.kind in (ClaimKind.STATE, ClaimKind.CORRECT)]
    known.extend((f.key, text.raw[f.value.start : f.value.end]) for f in found)
    found.extend(dialogue.corrections(text, known, found, asked))
    found.extend(_settled(text, before, found))
    taken = {f.key for f in found}
    found.extend(f for f in dialogue.answers(text, asked) if f.key not in taken)
    return _distinct(_with_opposites(found))


def _inside(finding: Finding, orders: list[Finding]) -> bool:
    """Whether the words belong to an instruction."""
    return any(o.start <= finding.value.start < o.end for o in orders)


def _settled(text: Text, before: list[Claim], found: list[Finding]) -> list[Finding]:
    """What now holds is no longer uncertain: "moving to Rome?" ends with "I live in Rome"."""
    open_values = [c.value.lower() for c in before if c.key == "about"]
    return [
        replace(f, key="about", kind=ClaimKind.RESOLVE)
        for f in found
        if f.owner == "user" and f.key in _SETTLING
        and any(_mentions(v, text.raw[f.value.start : f.value.end]) for v in open_values)
    ]


_SETTLING = frozenset("home employer occupation education plan owns spouse partner".split())


def _mentions(sentence: str, value: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(value.lower())}(?!\w)", sentence))


_OPPOSITE = {"likes": "dislikes", "dislikes": "likes"}


def _with_opposites(found: list[Finding]) -> list[Finding]:
    """To like something ends disliking it."""
    ended = [
        replace(f, key=_OPPOSITE[f.key], kind=ClaimKind.CLOSE)
        for f in found
        if f.key in _OPPOSITE and f.kind is ClaimKind.STATE
    ]
    return [*found, *ended]


def _distinct(found: list[Finding]) -> list[Finding]:
    """One finding per owner, key, effect and place."""
    seen: dict[tuple[str, str, int, bool], Finding] = {}
    for f in found:
        states = f.kind in (ClaimKind.STATE, ClaimKind.CORRECT)
        mark = (f.owner, f.key, f.value.start, states)
        if mark not in seen or len(range(*f.value)) > len(range(*seen[mark].value)):
            seen[mark] = f
    return list(seen.values())
