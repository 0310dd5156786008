"""Subject and predicate: the facts that clauses such as "I work at …" state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from . import vocabulary as voc
from .findings import Finding
from .frames import ANYMORE, Slot, Subject, corrects, is_addressed, parse, subjects
from .grammar import ENDINGS, INTENTIONS, PREDICATES, Predicate
from .text import Sentence, Text
from .typed import READERS
from .types import ClaimKind
from .values import Span, tokens

_FRAMES = ("be", "was", "have", "do", "can", "will", "would", "might", "any")
_BY_FRAME: dict[str, tuple[Predicate, ...]] = {
    frame: tuple(p for p in (*INTENTIONS, *PREDICATES) if frame in p.frames) for frame in _FRAMES
}
_ENDINGS = {frame: tuple(p for p in ENDINGS if frame in p.frames) for frame in _FRAMES}
_RESUME = re.compile(r"\s*(?:[,(]\s*(?:and |but |plus |& )?|\s(?:and|but|&|plus)\s|\s-\s)\s*", re.I)
_NEXT = re.compile(r"[,(]\s*(?:and |but |plus |& |who )?|(?<=\s)(?=(?:living|based|working|studying|raised|born|currently|originally) )|(?<=\s)who\s|(?<=\s)(?:and|but|&|plus|then)\s|\s-\s", re.I)
_OPENING = re.compile(
    r"\s*(?:(?:hi|hello|hey|hola|ok|okay|so|well|btw|fyi|oh|and|also|um|hmm?|hm|yes|yeah|yep|no|"
    r"sure|right|actually|update|context|background|for context|fun fact|for the record|anyway|"
    r"just|by the way|fwiw|note|ps|p\.s\.|quick one|thanks|sorry|good morning|good evening|there|"
    r"everyone|all|first|honestly|confession|small update|edit|cool|great|ah|lol|haha|again|now|"
    r"quick question)\b[\s,:!.-]*)*",
    re.I,
)
_WORK_TAIL = re.compile(
    r"\s*,?\s*(?:(?:currently |now )?(?:working |employed )?(?:at|for|with)|here at)\s+", re.I
)
_PLACE_TAIL = re.compile(
    r"\s*,?\s*(?:down |over |up |out |here |based |living |working |currently )*in\s+", re.I
)
_ROLE_TAIL = re.compile(r"\s*,?\s*as\s+(?=an?\b|the\b|\w)", re.I)
_AGED_TAIL = re.compile(r"\s*,\s*", re.I)


def find(text: Text, sentence: Sentence, owners: list[tuple[int, int, str]]) -> list[Finding]:
    """The facts stated in a sentence; `owners` are the spans that name a relative, and which."""
    found: list[Finding] = []
    for slot in _slots(text, sentence, owners, found):
        found.extend(_facts_at(text, slot))
    return _unique(found)


def _slots(
    text: Text, sentence: Sentence, owners: list[tuple[int, int, str]], found: list[Finding]
) -> Iterator[Slot]:
    """Every place of a sentence where a predicate may stand. Looks at `found` as it grows."""
    plain, limit = text.plain, sentence.end
    seen: list[Subject | tuple[int, int, str]] = [*subjects(plain, sentence.start, limit), *owners]
    seen.sort(key=lambda s: s[0] if isinstance(s, tuple) else s.start)
    first = (
        seen[0][0] if seen and isinstance(seen[0], tuple) else (seen[0].start if seen else limit)
    )
    yield from _roles(plain, sentence)
    yield from _initial(plain, sentence.start, first, limit, found)
    for index, subject in enumerate(seen):
        after = seen[index + 1] if index + 1 < len(seen) else None
        until = limit if after is None else after[0] if isinstance(after, tuple) else after.start
        yield from _after_subject(text, subject, until, limit, sentence.start, found)


_AS_A = re.compile(
    r"(?:^|[,;:(]\s*|\b(?:and|so|but|since|ok|hi|hello|hey|well)\s+)(?P<as>(?:as|being|speaking as|coming from)\s+)(?=an?\s)",
    re.I,
)
_SELF = re.compile(r"(?<![\w'])(?:i|i'm|im|i've|ive|my|me|we|our)(?!\w)", re.I)


def _roles(plain: str, sentence: Sentence) -> Iterator[Slot]:
    """"As a nurse, I …" says what one is; without an "I" it may be a role for the assistant."""
    part = plain[sentence.start : sentence.end]
    for match in _AS_A.finditer(part):
        if _SELF.search(part):
            begin = sentence.start + match.start("as")
            pos = sentence.start + match.end()
            slot = parse(plain, begin, pos, sentence.end)
            yield replace(slot, frame="be")


def _initial(
    plain: str, start: int, first: int, limit: int, found: list[Finding]
) -> Iterator[Slot]:
    """The beginning of a sentence whose subject is left out."""
    opening = _OPENING.match(plain, start, limit)
    pos = opening.end() if opening else start
    if pos >= first:
        return
    slot = parse(plain, start, pos, limit, is_elided=True, is_initial=True)
    yield slot
    yield from _resumed(plain, start, pos, first, limit, slot, found)


def _after_subject(
    text: Text,
    subject: Subject | tuple[int, int, str],
    until: int,
    limit: int,
    begin: int,
    found: list[Finding],
) -> Iterator[Slot]:
    plain = text.plain
    if isinstance(subject, tuple):
        start, end, owner = subject
        slot = replace(parse(plain, start, end, limit), owner=owner)
    else:
        if not subject.is_valid:
            return
        slot = parse(plain, subject.start, subject.end, limit)
        changed = slot.is_changed or corrects(plain, begin, subject.start)
        slot = replace(slot, is_hedged=slot.is_hedged or subject.is_hedged, is_changed=changed)
        if subject.is_maybe and slot.frame == "will":
            slot = replace(slot, frame="might")
        if is_addressed(plain, subject):
            slot = replace(slot, frame="be")
    yield slot
    yield from _resumed(plain, slot.start, slot.pos, until, limit, slot, found)


def _resumed(
    plain: str, start: int, pos: int, until: int, limit: int, base: Slot, found: list[Finding]
) -> Iterator[Slot]:
    """After commas and "and": the same subject may go on without being said."""
    for mark in _NEXT.finditer(plain, pos, until):
        if mark.end() >= until:
            return
        if any(f.start >= base.start and mark.end() <= f.end for f in found):
            continue  # inside a list that has been read
        is_fresh = not any(f.start >= base.start for f in found)
        if is_fresh and mark.start() == mark.end():
            continue  # a participle goes on from a fact only
        slot = parse(plain, mark.end(), mark.end(), limit, is_elided=True, is_initial=is_fresh)
        hedged = slot.is_hedged or base.is_hedged
        yield replace(
            slot, owner=base.owner, is_hedged=hedged, is_changed=base.is_changed or slot.is_changed
        )


def _facts_at(text: Text, slot: Slot) -> list[Finding]:
    """What the first fitting predicate says at a slot, and what follows from its tail."""
    ended = [f for p in _ENDINGS[slot.frame] for f in _said(text, slot, p)]
    if ended:
        return ended
    for predicate in _BY_FRAME[slot.frame]:
        facts = _said(text, slot, predicate)
        if facts:
            return [*facts, *_tails(text, slot, facts[-1])]
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
    if slot.is_elided and not (
        predicate.elide == "start" or (predicate.elide and not slot.is_initial)
    ):
        return bool(predicate.elide) and slot.frame != "any"
    if predicate.polarity == "negative":
        return slot.is_negated or slot.is_over
    return not (slot.is_negated and predicate.key == "about")


_PAST_OK = frozenset(["gone", "done", "been"])


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
        return not is_third if slot.owner == "user" else not is_base
    return True


def _is_complete(plain: str, slot: Slot, predicate: Predicate, last: Span) -> bool:
    if predicate.tail and not predicate.tail.match(plain, last.end, slot.limit):
        return False
    if predicate.needs is None:
        return True
    low = max(0, slot.start - 30)
    low = max(low, 1 + max(plain.rfind(mark, low, slot.start) for mark in ".!?\n"))
    return bool(predicate.needs.search(plain, low, slot.limit))


def _finding(plain: str, slot: Slot, predicate: Predicate, span: Span) -> Finding:
    end = span.end
    if span.start == span.end:
        word = next(tokens(plain, span.end, slot.limit, 1), None)
        end = word.end if word else slot.limit
    finding = Finding(
        predicate.key, span, slot.start, end, predicate.kind, slot.owner, predicate.confidence
    )
    if slot.is_hedged:
        finding = finding.hedged()
    is_over = slot.is_over or bool(ANYMORE.search(plain, span.end, slot.limit))
    if predicate.polarity == "plain" and (slot.is_negated or is_over):
        if predicate.kind in (ClaimKind.STATE, ClaimKind.CORRECT):
            return replace(finding, kind=ClaimKind.CLOSE)
    if predicate.key == "dislikes" and predicate.polarity == "negative" and is_over:
        return replace(finding, kind=ClaimKind.CLOSE, key="likes")
    if slot.is_changed or predicate.kind is ClaimKind.CORRECT or _now_follows(plain, span.end):
        return finding.corrected() if not slot.is_hedged else finding
    return finding


_NOW = re.compile(r"\s*,?\s*(?:now|these days|instead|nowadays|as of \w+)\b", re.I)


def _now_follows(plain: str, end: int) -> bool:
    return bool(_NOW.match(plain, end))


def _tails(text: Text, slot: Slot, fact: Finding) -> list[Finding]:
    """ "… at Acme" and "… in Leeds" after a profession, "… as a nurse" after an employer."""
    if fact.kind not in (ClaimKind.STATE, ClaimKind.CORRECT):
        return []
    plain, limit = text.plain, slot.limit
    if fact.key == "occupation":
        return [*_tail(plain, fact, limit, _WORK_TAIL, "organisation", "employer"),
                *_tail(plain, fact, limit, _PLACE_TAIL, "place", "home")]  # fmt: skip
    if fact.key == "employer":
        return _tail(plain, fact, limit, _ROLE_TAIL, "any_occupation", "occupation")
    if fact.key == "nationality":
        return []
    return []


def _tail(
    plain: str, fact: Finding, limit: int, lead: re.Pattern[str], reader: str, key: str
) -> list[Finding]:
    match = lead.match(plain, fact.end, limit)
    if not match:
        return []
    found = READERS[reader](plain, match.end(), limit)
    if not found or plain[found[0].start : found[0].end].lower() in voc.WORK_FIELDS:
        return []
    more = replace(fact, key=key, value=found[0], end=found[0].end)
    if key == "employer":
        return [more, *_tail(plain, more, limit, _PLACE_TAIL, "place", "home")]
    return [more]


def _unique(found: list[Finding]) -> list[Finding]:
    """Each fact once: two slots may lead to the same words."""
    seen: dict[tuple[str, str, int], Finding] = {}
    for finding in found:
        seen.setdefault((finding.owner, finding.key, finding.value.start), finding)
    return list(seen.values())
