"""Traces: what each ingest read and changed, and what each recall returned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import Truncator

from conversations.models import Turn
from memories.admin.base import WordsAdmin
from memories.history import steps_of
from memories.models import Memory, Trace
from memsync.common.ids import parse_uuid

SHOWN = 200
"""Turns, changes and hits of one trace."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One item that a recall returned, and the row, if it is still there."""

    item: dict[str, Any]
    memory: Memory | None
    turn: Turn | None
    verdicts: list[str]
    """What callers said of it."""


@admin.register(Trace)
class TraceAdmin(WordsAdmin):
    """Ingests and recalls; the question of a recall is somebody's words."""

    viewed = "trace.viewed"
    list_display = [
        *["created_at", "kind", "status", "principal_label", "shown_query", "conversation"],
        *["latency", "project"],
    ]
    list_filter = ["kind", "status"]
    list_select_related = ["project", "conversation"]
    search_fields = ["query", "uid", "request_id"]
    change_form_template = "admin/memories/trace.html"
    fields = [
        ("kind", "status", "number"),
        "query",
        "error",
        ("conversation", "principal_kind", "principal_label"),
        ("created_at", "finished_at", "latency_ms"),
        ("extractor", "prompt_version", "detail"),
        ("tenant", "project", "user"),
        ("scope_shown", "request_id", "wire_id"),
    ]

    @admin.display(description="question")
    def shown_query(self, row: Trace) -> str:
        """The beginning of what was asked."""
        return Truncator(row.query).chars(60)

    @admin.display(description="took")
    def latency(self, row: Trace) -> str:
        """In milliseconds."""
        return "" if row.latency_ms is None else f"{row.latency_ms:.0f} ms"

    def context_of(self, request: HttpRequest, row: Trace) -> dict[str, Any]:
        """What it read, changed and returned."""
        read = row.turns.select_related("turn__conversation").defer("turn__content", "turn__search")
        changes = row.changes.select_related("memory", "turn__conversation", "trace")
        changes = changes.defer("turn__content", "turn__search")
        return {
            "read": [one.turn for one in read.order_by("turn__seq")[:SHOWN]],
            "steps": steps_of(changes.order_by("position")[:SHOWN]),
            "hits": _hits(row),
        }


def _hits(trace: Trace) -> list[Hit]:
    """What the recall returned, in rank order, in three queries."""
    items = [item for item in trace.returned[:SHOWN] if isinstance(item, dict)]
    uids = [uid for item in items if (uid := parse_uuid(str(item.get("id"))))]
    of_project = {"project_id": trace.project_id, "uid__in": uids}
    memories = _by_id(Memory.unscoped.filter(**of_project))
    turns = _by_id(Turn.unscoped.filter(**of_project).select_related("conversation"))
    verdicts: dict[str, list[str]] = defaultdict(list)
    for given in trace.feedback.order_by("serial"):
        verdicts[str(given.item_id)].append(given.verdict)
    return [
        Hit(item, memories.get(uid), turns.get(uid), verdicts[uid])
        for item in items
        for uid in [str(item.get("id"))]
    ]


def _by_id(rows: Iterable[Any]) -> dict[str, Any]:
    return {str(row.uid): row for row in rows}
