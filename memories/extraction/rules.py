"""The deterministic extractor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from . import attributes, dialogue, instructions, intros, phrases, relations, statements
from .findings import Finding, to_claim
from .frames import Owner
from .text import Sentence, Text, read
from .types import Claim, ClaimKind, Message
from .vocabulary import RELATIONS
from .wordlists import words

PEOPLE = frozenset(key for key, _ in RELATIONS)

_CONTEXT = 12
"""How many earlier messages may explain a new one."""
MAX_READ = 20_000
"""Characters of a message that are read; time grows with them, and people do not tell more."""
MAX_CLAIMS = 100
"""Statements of one message; each is compared with what is known."""


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
    text = read(message.content[:MAX_READ])
    found = _told(text, before, asked) if message.role == "user" else _ordered(text)
    found.sort(key=lambda f: (f.value.start, f.start))
    claims = (to_claim(finding, text.raw, index) for finding in found[:MAX_CLAIMS])
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
    mentions = _remembered(before)
    known = {c.value: c.key for c in before if c.key in PEOPLE and c.kind is ClaimKind.STATE}
    standing = [c.value for c in before if c.key == "instruction"]
    for index, sentence in enumerate(text.sentences):
        if _is_joke(text, index):
            continue
        orders = instructions.find(text, sentence, standing=standing)
        people, mentioned = relations.find(text, sentence)
        owners = [_owner(text, m) for m in mentioned if m.is_single]
        near = [*mentions[-1:], *mentioned] if _is_near(mentions, sentence) else mentioned
        owners.extend(relations.pronouns(text, sentence, near))
        owners.extend(relations.namesakes(text, sentence, known, mentioned))
        while len(known) > _NEAR:
            known.pop(next(iter(known)))
        known |= {
            text.raw[f.value.start : f.value.end]: f.key
            for f in people
            if f.kind is ClaimKind.STATE
        }
        named = intros.find(text, sentence)
        facts = [
            *people,
            *attributes.find(text, sentence),
            *phrases.find(text, sentence),
            *statements.find(text, sentence, owners, named),
        ]
        names = [f for f in facts if f.key == "name"]
        orders = [o for o in orders if not any(n.start < o.end and o.start < n.end for n in names)]
        found.extend(orders)
        found.extend(f for f in facts if not _inside(f, orders))
        mentions.extend(mentioned)
    said = [(c.key, c.value) for c in before if c.kind in (ClaimKind.STATE, ClaimKind.CORRECT)]
    said.extend((f.key, text.raw[f.value.start : f.value.end]) for f in found)
    found.extend(dialogue.corrections(text, said, found, asked))
    found.extend(dialogue.additions(text, said, found))
    found.extend(dialogue.addresses(text, before, found, asked))
    found.extend(_settled(text, before, found))
    taken = {f.key for f in found}
    found.extend(f for f in dialogue.answers(text, asked) if f.key not in taken)
    return _distinct(_with_opposites(found))


def _owner(text: Text, mention: relations.Mention) -> Owner:
    """The relative as a subject; "me and my sister" is the speaker too."""
    with_me = text.plain[max(0, mention.start - 8) : mention.start].lower().endswith("me and ")
    return Owner(mention.start, mention.end, "user" if with_me else mention.key)


def _remembered(before: list[Claim]) -> list[relations.Mention]:
    """The relative spoken of last, for a "she" or "he" that opens the message."""
    people = [c for c in before[-6:] if c.key in PEOPLE and c.kind is ClaimKind.STATE]
    return [relations.Mention(-1, 0, people[-1].key, True)] if people else []


_JOKE = re.compile(
    r"\b(?:jk|just kidding|(?:i'm|im) (?:just )?(?:kidding|joking)|"
    r"only joking|just joking|not really,? lol|"
    r"as if,? lol)\b",
    re.I,
)


def _is_joke(text: Text, index: int) -> bool:
    """Whether a sentence, or a short one after it, says that it was not meant."""
    after = text.sentences[index : index + 2]
    end = after[-1].end if len(after) < 2 or after[1].end - after[1].start < 40 else after[0].end
    return bool(_JOKE.search(text.plain, after[0].start, end))


def _is_near(mentions: list[relations.Mention], sentence: Sentence) -> bool:
    """Whether a relative was mentioned shortly before."""
    return bool(mentions) and sentence.start - mentions[-1].end < 120


def _inside(finding: Finding, orders: list[Finding]) -> bool:
    """Whether the words belong to an instruction."""
    return any(o.start <= finding.value.start < o.end for o in orders)


def _settled(text: Text, before: list[Claim], found: list[Finding]) -> list[Finding]:
    """What now holds is no longer uncertain: "moving to Rome?" ends with "I live in Rome"."""
    open_values = [c.value.lower() for c in before if c.key == "about"]
    return [
        replace(f, key="about", kind=ClaimKind.RESOLVE)
        for f in found
        if f.owner == "user"
        and f.key in _SETTLING
        and any(_mentions(v, text.raw[f.value.start : f.value.end]) for v in open_values)
    ]


_SETTLING = words("home employer occupation education plan owns spouse partner")


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


def _repeats(finding: Finding, others: list[Finding]) -> bool:
    """Whether its words were already found under that key."""
    one = finding.value
    return any(
        (one == other.value or (one.start < other.value.end and other.value.start < one.end))
        and (other.owner, other.key, _states(other))
        == (finding.owner, finding.key, _states(finding))
        for other in others[-_NEAR:]
    )


_NEAR = 24
"""How many earlier findings may repeat a new one: a bound keeps long messages linear."""


def _states(finding: Finding) -> bool:
    return finding.kind in (ClaimKind.STATE, ClaimKind.CORRECT)


def _distinct(found: list[Finding]) -> list[Finding]:
    """Each statement once, the first that was found; closing and stating are told apart."""
    kept: list[Finding] = []
    for finding in found:
        if not _repeats(finding, kept):
            kept.append(finding)
    return kept
