"""Export: everything a principal reaches in a project, or one tree of forks, line by line."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Exists, OuterRef, Q, QuerySet
from psycopg import IsolationLevel

from accounts.principals import Principal
from accounts.scope import tags
from conversations.forks import tree_of
from conversations.models import AgentSession, Conversation, MemorySessionId, Turn
from memories.models import (
    Entity,
    EntityAlias,
    Memory,
    MemoryChange,
    Observation,
    Source,
    Trace,
    TraceTurn,
)
from memories.portability.records import HEADER, RECORDS, Record
from memories.render import snapshot_json
from memsync.common.rendering import dumps
from memsync.common.tenancy import alias


@dataclass(slots=True)
class Export:
    """One export under way."""

    rows: dict[str, QuerySet]
    places: list[int]
    """The numbers of its traces, in order."""
    ids: dict[str, dict[int, UUID]] = field(default_factory=dict)
    """Of what it writes, by type and key; what it does not write is not referred to."""


def write_lines(principal: Principal, tree: Conversation | None = None) -> Iterator[bytes]:
    """The lines of an export, each with its newline. To be read in one snapshot."""
    rows = _selected(principal, tree)
    numbers = rows["trace"].filter(number__isnull=False).values_list("number", flat=True)
    run = Export(rows, sorted(numbers))
    yield dumps(HEADER) + b"\n"
    for record in RECORDS:
        yield from _lines(run, record)


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Transactions begun inside see one moment, so that no line refers to one that is missing."""
    connection = connections[alias()]
    if connection.in_atomic_block:  # a test's transaction, which nobody else writes into
        yield
        return
    connection.ensure_connection()
    connection.connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        yield
    finally:
        connection.connection.isolation_level = None


def _selected(principal: Principal, tree: Conversation | None) -> dict[str, QuerySet]:
    """The rows of each type. A memory comes with what supports it here, and not without."""
    sessions = Conversation.objects.reachable(principal)
    if tree is not None:
        sessions = sessions.filter(pk__in=_members(tree))
    runs = AgentSession.objects.reachable(principal).filter(conversation__in=sessions)
    observations = Observation.objects.reachable(principal).filter(agent_session__in=runs)
    said = Q(turn__conversation__in=sessions) | Q(observation__in=observations)
    by_hand = Q(kind__in=[Source.Kind.MANUAL, Source.Kind.IMPORT])
    cited = Source.objects.filter(erased_at__isnull=True)
    anchor = cited.filter(said if tree is not None else said | by_hand)
    memories = Memory.objects.reachable(principal).exclude(status=Memory.Status.ERASED)
    memories = memories.filter(Exists(anchor.filter(memory=OuterRef("pk"))))
    sources = cited.filter(said | by_hand, memory__in=memories)
    changes = MemoryChange.objects.filter(memory__in=memories)
    read = TraceTurn.objects.filter(turn__conversation__in=sessions)
    entities = Entity.objects.reachable(principal)
    if tree is not None:
        entities = entities.filter(Exists(memories.filter(object=OuterRef("pk"))))
    traces = Trace.objects.reachable(principal).filter(kind=Trace.Kind.INGEST)
    traces = traces.filter(
        Exists(changes.filter(trace=OuterRef("pk"))) | Exists(read.filter(trace=OuterRef("pk")))
    )
    return {
        "session": sessions,
        "turn": Turn.unscoped.filter(conversation__in=sessions),
        "agent_session": runs,
        "memory_session_id": MemorySessionId.objects.filter(agent_session__in=runs),
        "observation": observations,
        "entity": entities,
        "entity_alias": EntityAlias.objects.filter(entity__in=entities),
        "trace": traces,
        "trace_turn": read.filter(trace__in=traces),
        "memory": memories,
        "source": sources,
        "change": changes.filter(trace__in=traces),
    }


def _members(tree: Conversation) -> list[int]:
    """The keys of all sessions of the tree that `tree` belongs to."""
    ids = [node.id for node in tree_of(tree)]
    rows = Conversation.unscoped.filter(project_id=tree.project_id, uid__in=ids)
    return list(rows.values_list("pk", flat=True))


def _lines(run: Export, record: Record) -> Iterator[bytes]:
    keys = [f"{name}_id" for name, _ in record.references]
    columns = [record.attribute(name) for name in record.columns]
    scope = ["scope"] if record.is_scoped else []
    extra = {"turn": ["appended_at_trace"], "trace": ["number"]}.get(record.name, [])
    rows = run.rows[record.name].order_by("serial")
    run.ids[record.name] = dict(rows.values_list("serial", "uid"))
    for row in rows.values("uid", *scope, *keys, *columns, *extra).iterator():
        yield dumps(_line(run, record, row)) + b"\n"


def _line(run: Export, record: Record, row: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {"type": record.name, "id": row["uid"]}
    if record.is_scoped:
        line["scope"] = tags(row["scope"])
    for name, target in record.references:
        line[name] = run.ids[target].get(row[f"{name}_id"])
    for name in record.columns:
        value = row[record.attribute(name)]
        line[name] = bytes(value).hex() if isinstance(value, (bytes, memoryview)) else value
    if record.name == "trace":
        number = row["number"]
        line["place"] = bisect_left(run.places, number) + 1 if number is not None else None
    if record.name == "turn":
        line["appended_at"] = bisect_right(run.places, row["appended_at_trace"])
    if record.name == "change":
        line |= {name: snapshot_json(line[name]) for name in ("before", "after")}
    return line
