"""What the rules find before it becomes a claim."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from .spans import Span
from .types import Claim, ClaimKind
from .vocabulary import category_of, is_single_valued

CORRECTED = 0.95
HEDGED = 0.6
ENTITY_TYPES = {
    "employer": "organisation", "home": "location", "hometown": "location",
    "current_location": "location", "name": "person", "spouse": "person", "partner": "person",
    "child": "person", "son": "person", "daughter": "person", "sister": "person",
    "brother": "person", "mother": "person", "father": "person", "friend": "person",
    "colleague": "person", "manager": "person", "pet": "animal",
}  # fmt: skip
_STRIP = ' \n,.;:!?"()[]*_-'


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact in one message: `value` lies inside [start, end)."""

    key: str
    value: Span
    start: int
    end: int
    kind: ClaimKind = ClaimKind.STATE
    owner: str = "user"
    confidence: float = 0.9
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def hedged(self) -> Finding:
        """The same, said with doubt."""
        return replace(self, confidence=min(self.confidence, HEDGED))

    def corrected(self) -> Finding:
        """The same, replacing what was known; a state of a single-valued key only."""
        if self.kind is not ClaimKind.STATE or not is_single_valued(self.key):
            return self
        return replace(self, kind=ClaimKind.CORRECT, confidence=max(self.confidence, CORRECTED))


def trimmed(raw: str, span: Span) -> Span:
    """The span without blanks and punctuation at its ends."""
    start, end = span
    while start < end and raw[start] in _STRIP:
        start += 1
    while end > start and raw[end - 1] in _STRIP:
        end -= 1
    if raw[start:end].count("(") > raw[start:end].count(")"):
        end = start + raw[start:end].rindex("(")
    return Span(start, end)


def to_claim(finding: Finding, raw: str, message: int) -> Claim | None:
    """The claim, if its value is not empty (or needs none)."""
    value = trimmed(raw, finding.value)
    needs_value = finding.kind in (ClaimKind.STATE, ClaimKind.CORRECT)
    if needs_value and value.start >= value.end:
        return None
    start, end = min(finding.start, value.start), max(finding.end, value.end)
    words = raw[value.start : value.end]
    assert words in raw[start:end], "a value comes from inside its span"  # noqa: S101
    return Claim(
        message=message,
        kind=finding.kind,
        category=category_of(finding.key),
        subject=finding.owner,
        key=finding.key,
        value=" ".join(words.split()),
        start=start,
        end=end,
        confidence=finding.confidence,
        entity_type=ENTITY_TYPES.get(finding.key),
        valid_from=finding.valid_from,
        valid_until=finding.valid_until,
    )
