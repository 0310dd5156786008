"""What a claim does to what is known: the rules of DESIGN §7 as one pure function.

Rows are compared within one (scope, subject); the caller keeps them current between claims.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from memories.extraction.types import Claim, ClaimKind
from memories.keys import is_single

SURE = 0.7
"""The least confidence with which a claim may replace a value."""
_EDGES = re.compile(r"^(?:the|a|an|my|our|his|her|their)\s+|['’]s$", re.IGNORECASE)


class Verdict(StrEnum):
    """What is to be done; the names are the ops of the diff."""

    ADDED = "added"
    REINFORCED = "reinforced"
    CORRECTED = "corrected"
    CONTESTED = "contested"
    CLOSED = "closed"
    RESOLVED = "resolved"
    REVOKED = "revoked"
    IGNORED = "ignored"


@dataclass(slots=True)
class Known:
    """A row as the rules see it."""

    serial: int
    category: str
    key: str
    value: str
    """Normalized."""
    strongest_claim: float
    is_authoritative: bool
    status: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, the row it concerns most, and the rows that end or settle with it."""

    verdict: Verdict
    row: Known | None = None
    ended: list[Known] = field(default_factory=list)
    settled: list[Known] = field(default_factory=list)
    """Conflict uncertainties that this claim decides."""


def normalize(value: str) -> str:
    """A value for comparing: lower case, without surrounding articles and punctuation."""
    text = re.sub(r"\s+", " ", value).strip(" \t\n.,;:!?\"'“”‘’()").lower()
    while (shorter := _EDGES.sub("", text).strip()) != text and shorter:
        text = shorter
    return text


def same_value(one: str, other: str) -> bool:
    """Equal, or one contains the other as whole words with at least half as many words."""
    if one == other:
        return True
    short, long = sorted((one.split(), other.split()), key=len)
    if not short or 2 * len(short) < len(long):
        return False
    spans = range(len(long) - len(short) + 1)
    return any(long[i : i + len(short)] == short for i in spans)


def reconcile(claim: Claim, known: Sequence[Known]) -> Decision:
    """What to do with `claim`, given the live and contested rows of its scope and subject."""
    value = normalize(claim.value)
    rows = [row for row in known if row.key == claim.key]
    live = [row for row in rows if row.status == "live"]
    match claim.kind:
        case ClaimKind.CLOSE:
            return _closing(rows, value, known)
        case ClaimKind.REVOKE:
            return _ending(Verdict.REVOKED, live, value, latest_only=True)
        case ClaimKind.RESOLVE:
            return _ending(Verdict.RESOLVED, live, value, latest_only=True)
    is_repeated = str.__eq__ if claim.kind is ClaimKind.CORRECT else same_value
    repeated = [row for row in live if is_repeated(row.value, value)]
    settled = _conflicts_about(claim.key, known)
    if repeated:
        return Decision(Verdict.REINFORCED, repeated[0], settled=settled)
    if is_single(claim.key) and live:
        return _replace_or_contest(claim, value, live[0], rows, settled)
    if claim.kind is ClaimKind.CORRECT and live and claim.category not in _PLURAL:
        return _replace_or_contest(claim, value, live[-1], rows, settled)
    return Decision(Verdict.ADDED)


_PLURAL = frozenset({"instruction", "uncertainty"})


def _replace_or_contest(
    claim: Claim, value: str, old: Known, rows: Sequence[Known], settled: list[Known]
) -> Decision:
    """A new value against the live one: the sure and at least as strong claim wins."""
    contested = [row for row in rows if row.status == "contested"]
    strong = claim.kind is ClaimKind.CORRECT or claim.confidence >= old.strongest_claim
    if claim.confidence >= SURE and strong and not old.is_authoritative:
        return Decision(Verdict.CORRECTED, old, ended=[old, *contested], settled=settled)
    repeated = [row for row in contested if same_value(row.value, value)]
    if repeated:
        return Decision(Verdict.REINFORCED, repeated[0])
    return Decision(Verdict.CONTESTED, old)


def _ending(verdict: Verdict, live: Sequence[Known], value: str, *, latest_only: bool) -> Decision:
    """End the rows that the claim names; with no value the latest, or for a close all."""
    open_rows = [row for row in live if not row.is_authoritative]
    named = [row for row in open_rows if value and _mentions(row.key, row.value, value)]
    if not value:
        named = list(open_rows[-1:] if latest_only else open_rows)
    return Decision(verdict, ended=named) if named else Decision(Verdict.IGNORED)


def _closing(rows: Sequence[Known], value: str, known: Sequence[Known]) -> Decision:
    """End what is negated, contested values too, and the doubts about the values that end."""
    decision = _ending(Verdict.CLOSED, rows, value, latest_only=False)
    if not decision.ended:
        return decision
    gone = [row.value for row in decision.ended if row.status == "contested"]
    doubts = _conflicts_about(rows[0].key, known)
    settled = [doubt for doubt in doubts if any(value in doubt.value for value in gone)]
    return Decision(decision.verdict, ended=decision.ended, settled=settled)


def _mentions(key: str, row: str, value: str) -> bool:
    """Whether an ending names a row: the same value, or of a phrase one word that carries it.

    People end a thing in other words than they began it with: "stop answering in French" ends "all
    your answers in French".
    """
    if same_value(row, value):
        return True
    return key in _PHRASES and bool(_stems(row) & _stems(value))


_PHRASES = frozenset({"instruction", "about", "goal", "plan", "working_on", "owns", "hobby"})
"""Keys whose values are descriptions rather than names."""


def _stems(value: str) -> set[str]:
    """The beginnings of the words that carry a value; short words are left out."""
    words = re.findall(r"\w+", value)
    return {word[:5].removesuffix("s") for word in words if len(word) > 3 or word.isdigit()}


def _conflicts_about(key: str, known: Sequence[Known]) -> list[Known]:
    prefix = f"{key}:"
    return [
        row
        for row in known
        if row.kind == "conflict" and row.status == "live" and row.value.startswith(prefix)
    ]
