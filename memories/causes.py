"""Which words caused a change, told from changes and sources: nothing of it is stored twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from memories.models import MemoryChange, Source

STATED = frozenset(
    {"added", "corrected", "contested", "reinforced", "closed", "resolved", "revoked"}
)
"""Ops that a statement has; the others happen to rows along with one, or without any."""
CAUSED = STATED | {"superseded"}


def last_causes(changes: Iterable[MemoryChange]) -> dict[int, Source]:
    """The sources of the statements that made some changes of any traces: two queries.

    By the key of the change; without those that nobody stated.
    """
    caused = [change.trace_id for change in changes if change.op in CAUSED]
    whole = MemoryChange.objects.filter(trace__in=caused, op__in=CAUSED).select_related("memory")
    return causes_of(list(whole.order_by("trace_id", "position")))


def causes_of(changes: Sequence[MemoryChange]) -> dict[int, Source]:
    """As `last_causes`, for all that statements changed in whole traces, in order: one query.

    A statement cites each row that it is about, once. What it replaced or settled ended along with
    that row: what it replaced just before, the doubts about it just after.
    """
    cited, again = _cited(changes)
    found: dict[int, Source] = {}
    latest: dict[tuple[int, int | None], Source] = {}
    for change in changes:
        said = change.trace_id, change.turn_id
        own = cited[*said, change.memory_id]
        match change.op:
            case MemoryChange.Op.SUPERSEDED:
                source = next(iter(cited[*said, change.memory.superseded_by_id]), None)
            case MemoryChange.Op.RESOLVED if not own:
                source = latest.get(said)
            case _:
                source = own.pop(0) if own else again.get((change.memory_id, change.turn_id))
        if source is not None:
            found[change.pk] = latest[said] = source
    return found


_Cited = dict[tuple[int | None, int | None, int | None], list[Source]]


def _cited(changes: Iterable[MemoryChange]) -> tuple[_Cited, dict[tuple[int, int | None], Source]]:
    """By trace, turn and memory: what was cited, in order; by memory and turn: cited at last.

    The words of a repetition may be a source already.
    """
    cited: _Cited = defaultdict(list)
    again: dict[tuple[int, int | None], Source] = {}
    rows = {serial for c in changes for serial in (c.memory_id, c.memory.superseded_by_id)}
    sources = Source.objects.filter(memory__in=rows - {None}).select_related("turn__conversation")
    for source in sources.order_by("serial"):
        cited[source.trace_id, source.turn_id, source.memory_id].append(source)
        again[source.memory_id, source.turn_id] = source
    return cited, again
