"""Subject and predicate: the facts that clauses such as "I work at …" state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from . import tails
from .findings import CORRECTED, Finding
from .frames import ANYMORE, Owner, Slot, Subject, asks, corrects, is_addressed, parse, subjects
from .grammar import Predicate, gate
from .grammar_aims import ENDINGS, INTENTIONS, STEP
from .grammar_self import SELF
from .grammar_tastes import TASTES
from .readers import READERS
from .spans import Span, tokens
from .text import Sentence, Text
from .types import ClaimKind
from .vocabulary import IDENTITY_KEYS
from .wordlists import words

_FRAMES = ("be", "was", "have", "do", "can", "will", "would", "might", "any")
_BY_FRAME: dict[str, tuple[Predicate, ...]] = {
    frame: tuple(p for p in (*INTENTIONS, *SELF, *TASTES) if frame in p.frames) for frame in _FRAMES
}
_GATES = {frame: gate(_BY_FRAME[frame]) for frame in _FRAMES}
_OPEN = {frame: tuple(p for p in _BY_FRAME[frame] if p.is_open) for frame in _FRAMES}
_ENDINGS = {frame: tuple(p for p in ENDINGS if frame in p.frames) for frame in _FRAMES}
_ENDING_GATES = {frame: gate(_ENDINGS[frame]) for frame in _FRAMES}
_RESUME = re.compile(r"\s*(?:[,(]\s*(?:and |but |plus |& )?|\s(?:and|but|&|plus)\s|\s-\s)\s*", re.I)
_NEXT = re.compile(
    r"[,(]\s*(?:and |but |plus |& |who )?|(?<=\s)(?=(?:living|based|working|studying|"
    r"raised|born|currently|originally) )|(?<=\s)who\s|(?<=\s)(?:and|but|&|plus|then)\s|"
    r"\s-\s",
    re.I,
)
_OPENING = re.compile(
    r"\s*(?:(?:hi|hello|hey|hola|ok|okay|so|well|btw|fyi|oh|and|also|um|hmm?|hm|yes|yeah|yep|no|"
    r"sure|right|actually|update|context|background|for context|fun fact|for the record|anyway|"
    r"just|by the way|fwiw|note|ps|p\.s\.|quick one|thanks|sorry|good morning|good evening|there|"
    r"everyone|all|first|honestly|confession|small update|edit|cool|great|ah|lol|haha|again|now|"
    r"quick question)\b[\s,:!.-]*)*",
    re.I,
)
_ONLY_STUDENT = re.compile(r"students?", re.I)


def find(
    text: Text, sentence: Sentence, owners: list[Owner], known: Sequence[Finding] = ()
) -> list[Finding]:
    """The facts of a sentence; `owners` are its relatives, `known` what else it said already."""
    found = list(known)
    for slot in _slots(text, sentence, owners, found):
        found.extend(_facts_at(text, slot))
    found.extend(_gapped(text, sentence, owners, found))
    found = [_settled_abroad(text.plain, f, found) for f in found]
    return _unique(found)


def _settled_abroad(plain: str, fact: Finding, found: list[Finding]) -> Finding:
    """As in "originally from Izmir, now in Cologne": that is where one lives."""
    is_now = fact.key == "current_location" and _NOW_IN.search(
        plain, max(0, fact.value.start - 40), fact.value.start
    )
    if is_now and any(f.key == "hometown" and f.owner == fact.owner for f in found):
        return replace(fact, key="home")
    return fact


_NOW_IN = re.compile(r"\b(?:now|currently|these days) (?:here )?in\s+$", re.I)
_GAP = re.compile(r"(?:'s)? in ", re.I)


def _gapped(
    text: Text, sentence: Sentence, owners: list[Owner], found: list[Finding]
) -> list[Finding]:
    """As in "my sister lives in Oslo, my brother in Rome": the verb is said once."""
    homes = [f for f in found if f.key == "home" and f.owner != "user"]
    later = [o for o in owners if homes and o.start > homes[0].end]
    result: list[Finding] = []
    for owner in later:
        gap = _GAP.match(text.plain, owner.end - 1, sentence.end)
        spans = READERS["place"](text.plain, gap.end(), sentence.end) if gap else []
        result.extend(Finding("home", s, owner.start, s.end, owner=owner.key) for s in spans)
    return result


def _slots(
    text: Text, sentence: Sentence, owners: list[Owner], found: list[Finding]
) -> Iterator[Slot]:
    """Every place of a sentence where a predicate may stand. Looks at `found` as it grows."""
    plain, limit = text.plain, sentence.end
    seen: list[Subject | Owner] = [*subjects(plain, sentence.start, limit), *owners]
    seen.sort(key=lambda subject: subject.start)
    ends = [subject.start for subject in seen[1:]] + [limit]
    yield from _roles(plain, sentence)
    yield from _initial(plain, sentence.start, seen[0].start if seen else limit, limit, found)
    for subject, until in zip(seen, ends, strict=False):
        slot = _after(plain, subject, limit, sentence.start)
        if slot is not None:
            yield slot
            yield from _resumed(plain, slot.start, slot.pos, until, limit, slot, found)


_AS_A = re.compile(
    r"(?:^|[,;:(]\s*|\b(?:and|so|but|since|ok|hi|hello|hey|well)\s+)"
    r"(?P<as>(?:as|being|speaking as|coming from)\s+)(?=an?\s)",
    re.I,
)
_SELF = re.compile(r"(?<![\w'])(?:i|i'm|im|i've|ive|my|me|we|our)(?!\w)", re.I)


def _roles(plain: str, sentence: Sentence) -> Iterator[Slot]:
    """As in "as a nurse, I …"; without an "I" it may be a role for the assistant."""
    part = plain[sentence.start : sentence.end]
    for match in _AS_A.finditer(part):
        if _SELF.search(part):
            begin = sentence.start + match.start("as")
            pos = sentence.start + match.end()
            slot = parse(plain, begin, pos, sentence.end)
            yield replace(slot, frame="be")


_ASKING = re.compile(
    r"(?:is|are|do|does|did|can|could|will|would|may|might|was|were|has|should|"
    r"shall)(?![\w'])(?!(?<=might) (?!i\b|we\b|you\b|he\b|she\b|it\b|they\b|there\b|th(?:is|at|"
    r"e)\b|"
    r"my\b|one\b|a\b))",
    re.I,
)


def _initial(
    plain: str, start: int, first: int, limit: int, found: list[Finding]
) -> Iterator[Slot]:
    """The beginning of a sentence whose subject is left out."""
    opening = _OPENING.match(plain, start, limit)
    pos = opening.end() if opening else start
    if pos >= first or _ASKING.match(plain, pos, limit):
        return
    slot = parse(plain, start, pos, limit, is_elided=True, is_initial=True)
    yield slot
    yield from _resumed(plain, start, pos, first, limit, slot, found)


def _after(plain: str, subject: Subject | Owner, limit: int, begin: int) -> Slot | None:
    """The place after a subject that is said; `begin` is where its sentence starts."""
    slot = parse(plain, subject.start, subject.end, limit)
    if isinstance(subject, Owner):
        return replace(slot, owner=subject.key)
    if not subject.is_valid:
        return None
    if subject.is_maybe and slot.frame == "will":
        slot = replace(slot, frame="might")
    if slot.is_hedged and slot.frame == "will" and _STEP.match(plain, slot.pos, limit):
        slot = replace(slot, frame="might")
    ought = _OUGHT.match(plain, slot.pos, limit) if subject.is_maybe else None
    if ought:
        slot = replace(slot, frame="might", pos=ought.end())
    if is_addressed(plain, subject):
        slot = replace(slot, frame="be")
    return replace(
        slot,
        is_hedged=slot.is_hedged or subject.is_hedged,
        is_changed=slot.is_changed or corrects(plain, begin, subject.start),
        is_third=subject.is_third,
    )


_STEP = re.compile(rf"{STEP}\b", re.I)
_OUGHT = re.compile(rf"(?:should|could|ought to|'ll) (?={STEP}\b)", re.I)
_OTHERS = re.compile(
    r"\b(?:my|our|the|this|that|his|her|their|he|she|they|you|people|who|it)\b", re.I
)


def _resumed(
    plain: str, start: int, pos: int, until: int, limit: int, base: Slot, found: list[Finding]
) -> Iterator[Slot]:
    """After commas and "and": the same subject may go on without being said."""
    for mark in _NEXT.finditer(plain, pos, until):
        if mark.end() >= until:
            return
        if mark.group().strip() == "," and asks(plain, mark.end(), limit):
            continue  # "I'm in Rome, are student tickets cheaper": a question begins
        if any(f.start >= base.start and mark.end() <= f.end for f in found):
            continue  # inside a list that has been read
        is_fresh = not any(f.start >= base.start for f in found)
        if is_fresh and base.is_initial and _OTHERS.search(plain, pos, mark.start()):
            continue  # somebody else has become the subject
        may_go_on = base.frame == "be" and base.owner == "user" and not base.is_elided
        is_who = plain[mark.start() : mark.end()].strip(" ,(").lower() == "who"
        if is_fresh and is_who and base.owner == "user":
            continue
        if is_fresh and mark.start() == mark.end() and not may_go_on:
            continue  # a participle goes on from a fact only
        joins = plain[mark.start() : mark.end()].strip().lower() == "and" and not base.is_elided
        is_initial = is_fresh and not joins
        known = next((f for f in reversed(found) if f.start >= base.start), None)
        is_about_self = known is not None and known.key in IDENTITY_KEYS
        is_verbal = not is_about_self and base.owner == "user" and base.frame not in ("be", "any")
        slot = parse(plain, mark.end(), mark.end(), limit, is_elided=True, is_initial=is_initial)
        hedged = slot.is_hedged or base.is_hedged
        slot = replace(
            slot, is_verbal=is_verbal and slot.frame == "any", after=known.key if known else ""
        )
        yield replace(
            slot, owner=base.owner, is_hedged=hedged, is_changed=base.is_changed or slot.is_changed
        )


def _facts_at(text: Text, slot: Slot) -> list[Finding]:
    """What the first fitting predicate says at a slot, and what follows from its tail."""
    if _ENDING_GATES[slot.frame].match(text.plain, slot.pos, slot.limit):
        ended = [f for p in _ENDINGS[slot.frame] for f in _said(text, slot, p)]
        if ended:
            return ended
    is_open = _GATES[slot.frame].match(text.plain, slot.pos, slot.limit)
    for predicate in (_BY_FRAME if is_open else _OPEN)[slot.frame]:
        facts = _said(text, slot, predicate)
        if facts:
            more = tails.find(text.plain, facts[-1], slot.limit)
            is_student = _ONLY_STUDENT.fullmatch(text.plain, *facts[-1].value) and more
            return more if is_student else [*facts, *more]
    return []


def _said(text: Text, slot: Slot, predicate: Predicate) -> list[Finding]:
    """What one predicate finds at a slot."""
    plain = text.plain
    if not _fits(predicate, slot):
        return []
    match = predicate.pattern.match(plain, slot.pos, slot.limit)
    if match is None or not _agrees(plain, slot, predicate):
        return []
    spans = READERS[predicate.reader](plain, match.end(), slot.limit)
    if not spans or not _is_complete(plain, slot, predicate, spans[-1]):
        return []
    return [_finding(plain, slot, predicate, span) for span in spans]


def _fits(predicate: Predicate, slot: Slot) -> bool:
    if slot.owner != "user" and not predicate.is_circle:
        return False
    if slot.is_verbal and predicate.key in _NOMINAL:
        return False
    if slot.after and slot.frame == "any" and predicate.key in _NOT_AFTER.get(slot.after, ()):
        return False
    if predicate.after and slot.after not in predicate.after:
        return False
    if slot.owner == "pet" and predicate.key not in ("age", "allergic_to"):
        return False
    if slot.is_elided and not (
        predicate.elide == "start" or (predicate.elide and not slot.is_initial)
    ):
        return bool(predicate.elide) and slot.frame != "any"
    if predicate.polarity == "negative":
        return slot.is_negated or slot.is_over
    if predicate.polarity == "both":
        return True
    return not (slot.is_negated and predicate.key == "about")


_NOMINAL = words("occupation nationality diet age")
"""Keys of what one is: after "we need milk and …" no noun says that."""


_NOT_AFTER = {
    "languages": ("nationality",),
    "prefers": ("owns",),
    "likes": ("owns",),
    "dislikes": ("owns",),
}
"""What does not go on from a fact: "I speak Thai, English at work", "I like tea but a pot …"."""


def _agrees(plain: str, slot: Slot, predicate: Predicate) -> bool:
    """Whether the verb has the person of its subject."""
    if slot.frame not in ("do", "any") or "do" not in predicate.frames or slot.pos != slot.pos:
        return True
    word = next(tokens(plain, slot.pos, slot.limit, 1), None)
    if word is None or (slot.verb < slot.pos and slot.frame == "do"):
        return True
    is_third = word.low.endswith("s") and not word.low.endswith("ss")
    if predicate.pattern.pattern.startswith("(?:works?") or "s?" in predicate.pattern.pattern[:24]:
        is_base = not is_third and not word.low.endswith(("ed", "ing"))
        return not is_third if slot.owner == "user" and not slot.is_third else not is_base
    return True


def _is_complete(plain: str, slot: Slot, predicate: Predicate, last: Span) -> bool:
    if predicate.tail and not predicate.tail.match(plain, last.end, slot.limit):
        return False
    if predicate.needs is None:
        return True
    low = max(0, slot.start - 30)
    low = max(low, 1 + max(plain.rfind(mark, low, slot.start) for mark in ".!?\n"))
    return bool(predicate.needs.search(plain, low, min(slot.limit, last.end + _NEARBY)))


_NEARBY = 80
"""How far behind a value the words may stand that it needs, as "next week" of a plan."""


def _finding(plain: str, slot: Slot, predicate: Predicate, span: Span) -> Finding:
    end = span.end
    if span.start == span.end:
        word = next(tokens(plain, span.end, slot.limit, 1), None)
        end = word.end if word else slot.limit
    if predicate.key == "diet" and predicate.polarity == "negative":
        span = Span(slot.verb + (plain[slot.verb] == " "), span.end)  # "don't eat …" is the value
        late = _ANY_MORE.search(plain, span.start, span.end)
        span = Span(span.start, late.start()) if late else span
    finding = Finding(
        predicate.key, span, slot.start, end, predicate.kind, slot.owner, predicate.confidence
    )
    if slot.is_hedged:
        finding = finding.hedged()
        if predicate.key == "plan":  # "we'll probably move" is no settled plan
            finding = replace(finding, key="about")
    is_over = slot.is_over or bool(ANYMORE.search(plain, span.end, slot.limit))
    is_denied = predicate.polarity == "plain" and (slot.is_negated or is_over)
    if is_denied and predicate.kind in (ClaimKind.STATE, ClaimKind.CORRECT):
        return replace(finding, kind=ClaimKind.CLOSE)
    if predicate.key == "dislikes" and predicate.polarity == "negative" and is_over:
        return replace(finding, kind=ClaimKind.CLOSE, key="likes")
    if predicate.kind is ClaimKind.CORRECT and not slot.is_hedged:
        return replace(finding, confidence=CORRECTED)
    if (
        slot.is_changed
        or predicate.kind is ClaimKind.CORRECT
        or _NOW.match(plain, span.end, slot.limit)
    ):
        return finding.corrected() if not slot.is_hedged else finding
    return finding


_ANY_MORE = re.compile(r"\s(?:any ?more|any longer|now|these days)$", re.I)
_NOW = re.compile(r"\s*,?\s*(?:now|these days|instead|nowadays|as of \w+)\b", re.I)


def _unique(found: list[Finding]) -> list[Finding]:
    """Each fact once: two slots may lead to the same words."""
    seen: dict[tuple[str, str, int], Finding] = {}
    for finding in found:
        seen.setdefault((finding.owner, finding.key, finding.value.start), finding)
    return list(seen.values())
