"""The diff of a trace, made anew from what it changed: nothing of it is stored twice.

So what was erased since shows without words here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Min

from memories.causes import STATED, causes_of
from memories.models import Memory, MemoryChange, Trace
from memories.persist import empty_diff, list_of
from memories.render import source_json
from memories.state import Held, item_json

ADDED = frozenset({"added", "corrected", "contested"})


def diff_of(trace: Trace) -> dict[str, Any]:
    """The ingest diff of a finished trace, as its answer had it: four queries."""
    changes = list(
        MemoryChange.objects.filter(trace=trace, op__in=STATED)
        .select_related("memory__object", "turn")
        .order_by("position")
    )
    sources = causes_of(changes)
    first = _first_of_their_entity(changes)
    diff = empty_diff()
    for change in changes:
        source = sources.get(change.pk)
        if source is None:
            continue  # ended by hand, without a word
        _show(diff, change, source_json(source, source.turn), first)
    _show_corrections(diff, trace, changes)
    if trace.status == Trace.Status.FAILED:
        diff["error"] = "extraction_failed"
    return diff


def _show(diff: dict[str, Any], change: MemoryChange, source: Any, first: set[int]) -> None:
    memory, after = change.memory, change.after or {}
    item = {"op": change.op, **item_json(Held(change)), "source": source}
    diff[list_of(after.get("category", ""), after.get("key", ""))].append(item)
    if change.op in ADDED and memory.object:
        shown = {"id": memory.object.uid, "name": memory.object.name, "type": memory.object.type}
        diff["entities"].append(shown | {"is_new": memory.pk in first, "source": source})


def _first_of_their_entity(changes: Iterable[MemoryChange]) -> set[int]:
    """The memories with which their entity came to be known."""
    objects = {c.memory.object_id for c in changes if c.memory.object_id}
    rows = Memory.unscoped.filter(object__in=objects).values("object").annotate(first=Min("serial"))
    return {row["first"] for row in rows}


def _show_corrections(diff: dict[str, Any], trace: Trace, changes: Iterable[MemoryChange]) -> None:
    corrected = [c for c in changes if c.op == MemoryChange.Op.CORRECTED and c.before]
    uids = [change.before["memory_id"] for change in corrected if change.before]
    rows = Memory.unscoped.filter(project_id=trace.project_id, uid__in=uids) if uids else []
    old = {str(row.uid): row for row in rows}
    for change in corrected:
        if (row := old.get((change.before or {})["memory_id"])) is not None:
            diff["corrections"].append(
                {
                    "subject": change.memory.subject,
                    "key": change.memory.key,
                    "old_value": row.value,
                    "new_value": change.memory.value,
                    "old_memory_id": row.uid,
                    "memory_id": change.memory.uid,
                }
            )
