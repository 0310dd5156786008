"""What an uncertainty asks: the values between which somebody has to decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from memories.models import Memory

CONFLICT = "conflict"
KINDS = {
    "said": "said to be unsure",
    CONFLICT: "two values disagree",
    "injection": "suspected prompt injection",
}
"""What each kind of uncertainty means."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values in question."""

    id: UUID
    """Of its memory."""
    value: str
    is_live: bool
    """Whether it holds now, until somebody decides."""
    is_curated: bool = False
    """Whether a curated document says it: then only staff and management overrule it."""


def key_in_question(doubt: Memory) -> str:
    """The key that a conflict is about; its value reads `key: one or other`."""
    return doubt.value.partition(":")[0]


def options_of(doubts: Sequence[Memory], rows: QuerySet) -> dict[int, list[Option]]:
    """For each conflict, by its serial, the live and the contested values among `rows`.

    One statement for all of them, and none without a conflict.
    """
    asked = {doubt.pk: _place(doubt) for doubt in doubts if doubt.kind == CONFLICT}
    if not asked:
        return {}
    chosen = Q()
    for project_id, scope_key, subject, key in set(asked.values()):
        chosen |= Q(project_id=project_id, scope_key=scope_key, subject=subject, key=key)
    found: dict[tuple[object, ...], list[Option]] = defaultdict(list)
    open_rows = rows.filter(chosen, status__in=[Memory.Status.LIVE, Memory.Status.CONTESTED])
    for row in open_rows.order_by("serial"):
        place = (row.project_id, row.scope_key, row.subject, row.key)
        found[place].append(_option(row))
    return {serial: found[place] for serial, place in asked.items()}


def _option(row: Memory) -> Option:
    is_curated = row.authority == Memory.Authority.AUTHORITATIVE
    return Option(row.uid, row.value, row.status == Memory.Status.LIVE, is_curated)


def _place(doubt: Memory) -> tuple[object, ...]:
    return doubt.project_id, doubt.scope_key, doubt.subject, key_in_question(doubt)
