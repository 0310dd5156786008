"""The deterministic extractor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import (
    answers,
    attributes,
    dialogue,
    endings,
    instructions,
    intros,
    leavings,
    phrases,
    plausible,
    profiles,
    relation_idioms,
    relations,
    statements,
)
from .findings import Finding, to_claim
from .frames import Owner
from .relation_idioms import Mention
from .text import Sentence, Text, read
from .types import Claim, ClaimKind, Message
from .validity import dated
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
    version = "2"

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
    found = dated(text, found[:MAX_CLAIMS], message.occurred_at)
    claims = (to_claim(finding, text.raw, index) for finding in found)
    return [claim for claim in claims if claim]


def _ordered(text: Text) -> list[Finding]:
    """A system message only gives standing instructions."""
    return [
        finding
        for sentence in text.sentences
        for finding in instructions.find(text, sentence, is_system=True)
    ]


@dataclass(slots=True)
class _Heard:
    """What the sentences so far leave for the next one."""

    mentions: list[Mention]
    """Relatives spoken of, the last one last: a "she" or "he" may mean them."""
    known: dict[str, str]
    """Names of people and animals, and the keys they were given under."""
    standing: list[str]
    """Instructions given before."""


def _told(text: Text, before: list[Claim], asked: str) -> list[Finding]:
    """Everything a user's message says."""
    found: list[Finding] = []
    heard = _Heard(
        _remembered(before),
        {c.value: c.key for c in before if c.key in PEOPLE and c.kind is ClaimKind.STATE},
        [c.value for c in before if c.key == "instruction"],
    )
    for index, sentence in enumerate(text.sentences):
        if not _is_joke(text, index) and not _is_fiction(text, sentence):
            told = _in_sentence(text, sentence, heard, found)
            found.extend(f for f in told if f.key not in _TASTES or not _is_sarcasm(text, index))
    found = plausible.kept(text, [*found, *profiles.find(text)])
    return _distinct(_with_opposites(_in_dialogue(text, before, found, asked)))


def _in_sentence(
    text: Text, sentence: Sentence, heard: _Heard, found: list[Finding]
) -> list[Finding]:
    """What one sentence orders and states."""
    orders = instructions.find(text, sentence, standing=heard.standing)
    people, owners = _people(text, sentence, heard, found)
    facts = [
        *people,
        *attributes.find(text, sentence),
        *phrases.find(text, sentence),
        *statements.find(text, sentence, owners, intros.find(text, sentence)),
    ]
    facts = [f for f in facts if not any(_is_order_to_call(text, o, f) for o in orders)]
    names = [f for f in facts if f.key == "name" and f.kind is ClaimKind.STATE]
    orders = [o for o in orders if not any(n.start < o.end and o.start < n.end for n in names)]
    return [*orders, *(f for f in facts if f.kind is ClaimKind.CLOSE or not _inside(f, orders))]


def _people(
    text: Text, sentence: Sentence, heard: _Heard, found: list[Finding]
) -> tuple[list[Finding], list[Owner]]:
    """The people a sentence names, and whose facts it may tell."""
    people, mentioned = relations.find(text, sentence)
    people = endings.mourned(text, sentence, people)
    is_near = _is_near(heard.mentions, sentence)
    if is_near:
        last = heard.mentions[-1]
        people.extend(relation_idioms.named_later(text, sentence, last, [*found, *people]))
    owners = [_owner(text, m) for m in mentioned if m.is_single and not m.is_asked]
    near = [*heard.mentions[-1:], *mentioned] if is_near else mentioned
    owners.extend(relations.pronouns(text, sentence, near))
    people.extend(attributes.of(text, sentence, relations.possessives(text, sentence, near)))
    owners = [o for o in owners if not _will_be(text, sentence, o)]
    owners.extend(relations.namesakes(text, sentence, heard.known, mentioned))
    while len(heard.known) > _NEAR:
        heard.known.pop(next(iter(heard.known)))
    stated = (f for f in people if f.kind is ClaimKind.STATE)
    heard.known |= {text.raw[f.value.start : f.value.end]: f.key for f in stated}
    heard.mentions.extend(replace(m, is_asked=False) for m in mentioned)
    return people, owners


def _in_dialogue(
    text: Text, before: list[Claim], found: list[Finding], asked: str
) -> list[Finding]:
    """With what only the earlier messages make clear: corrections, endings, answers."""
    said = [(c.key, c.value) for c in before if c.kind in (ClaimKind.STATE, ClaimKind.CORRECT)]
    said.extend((f.key, text.raw[f.value.start : f.value.end]) for f in found)
    found.extend(dialogue.corrections(text, said, found, asked))
    found.extend(dialogue.additions(text, said, found))
    found.extend(dialogue.restated(text, before, found))
    found.extend(dialogue.addresses(text, before, found, asked))
    found.extend(endings.find(text, before, found))
    found.extend(_settled(text, before, found))
    found = endings.switched(found, text, before)
    found = leavings.for_good(text, before, found)
    taken = {f.key for f in found}
    told = answers.several(text, asked) or answers.find(text, asked)
    return [*found, *(f for f in told if f.key not in taken)]


_FROM_NOW = re.compile(r"\b(?:from now on|from here on|going forward|always|in future)\b", re.I)


def _is_order_to_call(text: Text, order: Finding, name: Finding) -> bool:
    """As in "from now on call me Bo": how to be addressed, rather than a name."""
    if name.key != "name" or name.kind is not ClaimKind.STATE:
        return False
    is_inside = order.start <= name.value.start < order.end
    return is_inside and bool(_FROM_NOW.search(text.plain, order.start, order.end))


_SOON = re.compile(r"(?:'s| is) \d{1,3} (?:next|tomorrow|in|on|this)\b", re.I)


def _will_be(text: Text, sentence: Sentence, owner: Owner) -> bool:
    """As in "dad's 80 next month": not yet."""
    return bool(_SOON.match(text.plain, owner.end, sentence.end))


def _owner(text: Text, mention: Mention) -> Owner:
    """The relative as a subject; "me and my sister" is the speaker too."""
    with_me = text.plain[max(0, mention.start - 8) : mention.start].lower().endswith("me and ")
    return Owner(mention.start, mention.end, "user" if with_me else mention.key)


def _remembered(before: list[Claim]) -> list[Mention]:
    """The relative spoken of last, for a "she" or "he" that opens the message."""
    people = [c for c in before[-6:] if c.key in PEOPLE and c.kind is ClaimKind.STATE]
    return [Mention(-1, 0, people[-1].key, True)] if people else []


_JOKE = re.compile(
    r"\b(?:jk|just kidding|(?:i'm|im) (?:just )?(?:kidding|joking)|"
    r"only joking|just joking|not really,? lol|"
    r"as if,? lol|no,? but seriously|seriously though|(?:jokes?|kidding) aside|in my dreams|"
    r"yeah,? right|i wish)\b|(?<!\w)/s\b",
    re.I,
)


_IN_FICTION = re.compile(
    r"\bin (?:my|our|the|this|a) (?:[\w-]+ )?(?:novel|story|short story|fanfic|screenplay|"
    r"campaign|comic|"
    r"book i'm writing|game i'm making|script|play)\b|"
    r"\bin (?:the|this|that) (?:[\w-]+ )?(?:video ?)?game\b|"
    r"\b(?:my|our) (?:(?:d&d|dnd|player|main) )?(?:character|avatar|sim|protagonist|oc)\b|"
    r"\b(?:test|dummy|sample|fake|mock|seed|placeholder) (?:record|data|user|account|case|entry|"
    r"row|customer|profile|json|person|name)s?\b|"
    r"\bin (?:skyrim|minecraft|the sims|stardew|zelda|fallout|roblox|d&d|dnd|baldur's gate)\b",
    re.I,
)
_CASE_NOTE = re.compile(
    r"\s*(?:(?:the|our|my|a|new) )?(?:patient|client|customer|candidate|applicant|suspect|victim|"
    r"witness|resident|user|persona|guest|claimant|employee)\b(?! here\b)"
    r"(?=[ :,](?:is|was|has|says|said|wrote|writes|reports?|lives|works|a|an|\d|:|name))",
    re.I,
)
_SONG = re.compile(
    r"\b(?:who(?:'s| is| was)? (?:the |that )?(?:sings?|sang|singer|rapper|singing)|"
    r"(?:what|which|name (?:that|the)|guess the) (?:\w+ )?(?:song|tune|lyrics?|film|movie)\b|"
    r"(?:the )?lyrics?\b|finish the line)",
    re.I,
)


_TASTES = frozenset(("likes", "hobby", "prefers"))
_SARCASM = re.compile(
    r"(?:^|(?<=\s))(?:(?:oh|ah|well|wow|yay|ugh|hooray|how)[\s,]+(?:great|joy|wonderful|lovely|"
    r"brilliant|"
    r"fantastic|perfect|good|goody|super|nice|yay)\b(?! (?:idea|answer|to|that|news|question))|"
    r"(?:great|wonderful|lovely|brilliant|fantastic|perfect|nice|yay|hooray)[,.!]+ (?:another|yet "
    r"another|"
    r"more|one more|here we go|again)\b)",
    re.I,
)


def _is_sarcasm(text: Text, index: int) -> bool:
    """As in "Oh great, another update. I just adore …": the reverse is meant."""
    first = text.sentences[max(0, index - 1)]
    return bool(_SARCASM.search(text.plain, first.start, text.sentences[index].end))


def _is_fiction(text: Text, sentence: Sentence) -> bool:
    """Whether a sentence says that it is about a story, a game, a song or a case."""
    if _CASE_NOTE.match(text.plain, sentence.start, sentence.end):
        return True
    patterns = (_IN_FICTION, _SONG)
    return any(p.search(text.raw, sentence.start, sentence.end) for p in patterns)


def _is_joke(text: Text, index: int) -> bool:
    """Whether a sentence, or a short one after it, says that it was not meant."""
    after = text.sentences[index : index + 2]
    end = after[-1].end if len(after) < 2 or after[1].end - after[1].start < 40 else after[0].end
    return bool(_JOKE.search(text.plain, after[0].start, end))


def _is_near(mentions: list[Mention], sentence: Sentence) -> bool:
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
    if any(o.value == one and {o.key, finding.key} <= _NEAR_KEYS for o in others[-_NEAR:]):
        return True
    return any(
        (one == other.value or (one.start < other.value.end and other.value.start < one.end))
        and (other.owner, other.key, _states(other))
        == (finding.owner, finding.key, _states(finding))
        for other in others[-_NEAR:]
    )


_NEAR_KEYS = frozenset(("hobby", "likes", "skill"))
"""Keys that say nearly the same of a thing: the first one found is enough."""
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
