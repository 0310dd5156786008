"""What happened to a memory, step by step, for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from memories.models import MemoryChange, Trace
from memories.render import snapshot_json

COMPARED = ("value", "status", "confidence", "valid_from", "valid_until")
"""Fields of a snapshot worth telling about, in this order."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that a change touched."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """One change, with what it changed."""

    change: MemoryChange
    differences: list[Difference]


TOLD = {
    MemoryChange.Op.ADDED: "Learnt",
    MemoryChange.Op.REINFORCED: "Said again",
    MemoryChange.Op.CORRECTED: "Learnt as a correction",
    MemoryChange.Op.CONTESTED: "Heard, but not accepted yet",
    MemoryChange.Op.SUPERSEDED: "Replaced by a newer value",
    MemoryChange.Op.CLOSED: "No longer true",
    MemoryChange.Op.RESOLVED: "Settled",
    MemoryChange.Op.REVOKED: "Revoked",
    MemoryChange.Op.RETRACTED: "Taken back",
    MemoryChange.Op.ERASED: "Erased",
    MemoryChange.Op.EXPIRED: "Ended by itself",
    MemoryChange.Op.EDITED: "Edited",
}
"""What each kind of change is called on a person's own pages."""
TOLD_FIELDS = {"value": "Value", "confidence": "How sure", "valid until": "True until"}


@dataclass(frozen=True, slots=True)
class Moment:
    """One change as its person reads it."""

    change: MemoryChange
    what: str
    who: str
    differences: list[Difference]


def moments_of(changes: Iterable[MemoryChange], me: UUID | None) -> list[Moment]:
    """The changes, in their order, as the person `me` reads them."""
    return [
        Moment(
            step.change,
            TOLD[MemoryChange.Op(step.change.op)],
            who_did(step.change.trace, me),
            [
                Difference(TOLD_FIELDS[difference.field], difference.before, difference.after)
                for difference in step.differences
                if difference.field in TOLD_FIELDS
            ],
        )
        for step in steps_of(changes)
    ]


def who_did(trace: Trace, me: UUID | None) -> str:
    """Who asked for a change, in words."""
    match trace.principal_kind:
        case "user":
            return "you" if trace.principal_id == me else trace.principal_label
        case "staff":
            return f"{trace.principal_label} (staff)"
        case "key":
            return f"the application “{trace.principal_label}”"
    return "MemSync"


def steps_of(changes: Iterable[MemoryChange]) -> list[Step]:
    """The changes as steps, in their order."""
    return [Step(change, differences(change.before, change.after)) for change in changes]


def differences(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[Difference]:
    """The fields that differ between two snapshots; of a new row those that say something."""
    old, new = snapshot_json(before) or {}, snapshot_json(after) or {}
    return [
        Difference(name.replace("_", " "), _plain(name, old), _plain(name, new))
        for name in COMPARED
        if old.get(name) != new.get(name)
    ]


def _plain(name: str, row: Mapping[str, Any]) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:.0%}" if isinstance(value, float) else str(value)
