"""Carrying out what the reconciler decides: rows, sources, changes and the diff of one trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connections
from django.utils import timezone

from accounts.scope import Scope, scope_key
from conversations.models import Turn
from memories.entities import find_named
from memories.extraction.types import Claim, ClaimKind
from memories.keys import RELATIONS, in_words, is_single
from memories.lifetimes import IMPORTANCE, expires_at
from memories.models import Entity, Memory, MemoryChange, Observation, Source, Trace
from memories.reconcile import Decision, Known, Verdict, normalize, reconcile
from memories.render import memory_item, snapshot, source_json
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import alias

DIFF_LISTS = (
    "entities",
    "attributes",
    "relations",
    "instructions",
    "uncertainties",
    "corrections",
)
INJECTION = "injection"
_LIST_OF_CATEGORY = {"instruction": "instructions", "uncertainty": "uncertainties"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim and where it stands."""

    claim: Claim
    said_at: datetime
    quote: str
    trust: float
    kind: str = Source.Kind.TURN
    turn: Turn | None = None
    observation: Observation | None = None
    actor: str = ""
    doubt: str = "said"
    """Which kind of uncertainty it is, if it is one."""
    is_echo: bool = False
    """A copy of what recall returned: it makes nothing surer."""


def empty_diff() -> dict[str, Any]:
    """A diff in which nothing happened."""
    return {name: [] for name in DIFF_LISTS}


@dataclass(slots=True)
class Run:
    """One trace at work: what it knows and what it has changed so far."""

    trace: Trace
    scope: Scope
    authority: str = Memory.Authority.EXPERIENTIAL
    known: dict[int, Memory] = field(default_factory=dict)
    """Live and contested rows of the scope, by key, as they stand now."""
    entities: dict[tuple[str, str], Entity | None] = field(default_factory=dict)
    """Those that names mean, by type and normalized name, as far as it asked."""
    changes: list[MemoryChange] = field(default_factory=list)
    diff: dict[str, Any] = field(default_factory=empty_diff)

    def change(
        self, memory: Memory, op: str, turn: Turn | None, before: dict[str, Any] | None
    ) -> None:
        """Note one change of one memory."""
        self.changes.append(
            MemoryChange(
                tenant_id=self.trace.tenant_id,
                project_id=self.trace.project_id,
                trace=self.trace,
                position=len(self.changes),
                memory=memory,
                turn=turn,
                op=op,
                before=before,
                after=snapshot(memory),
            )
        )


def learn(run: Run, statements: Sequence[Statement]) -> None:
    """Reconcile statements, in order, with what the scope knows.

    Holds the scope's lock until the transaction ends, so that two ingests that disagree meet.
    """
    if not statements:
        return
    key = scope_key(run.scope)
    lock(LockSpace.RECONCILE, f"{run.trace.project_id}:{key}")
    rows = Memory.unscoped.filter(
        project_id=run.trace.project_id,
        scope_key=key,
        status__in=[Memory.Status.LIVE, Memory.Status.CONTESTED],
        subject__in={statement.claim.subject for statement in statements},
        key__in={"about", *(statement.claim.key for statement in statements)},
    )
    run.known = {row.pk: row for row in rows.order_by("serial")}
    for statement in statements:
        _apply(run, statement)


def _apply(run: Run, said: Statement) -> None:
    """Ask the rules about one claim and do what they say; injections are apart from the rest."""
    subject, named = said.claim.subject, _named(run, said.claim)
    known = [
        as_known(row, said.claim.value if named and row.object_id == named.pk else None)
        for row in run.known.values()
        if row.subject == subject and (row.kind == INJECTION) == (said.doubt == INJECTION)
    ]
    decision = reconcile(said.claim, known)
    if not (said.is_echo and decision.verdict is Verdict.REINFORCED):
        carry_out(run, said, decision)


def carry_out(run: Run, said: Statement, decision: Decision) -> None:
    """Do what was decided about a statement; its rows must be in `run.known`."""
    ended = [run.known[row.serial] for row in decision.ended]
    match decision.verdict:
        case Verdict.IGNORED:
            return
        case Verdict.CLOSED | Verdict.REVOKED | Verdict.RESOLVED:
            sources = [_end_named(run, memory, decision.verdict, said) for memory in ended]
            _settle(run, decision, said, sources[-1])
            return
        case Verdict.REINFORCED if decision.row:
            memory = run.known[decision.row.serial]
            source = _reinforce(run, memory, said)
        case _:
            memory, source = _add(run, said, decision)
    _show(run, memory, decision.verdict, source)
    if decision.verdict is Verdict.CORRECTED:
        _show_correction(run, memory, ended[0])
    _settle(run, decision, said, source)


def _end_named(run: Run, memory: Memory, verdict: Verdict, said: Statement) -> Source:
    """End a row that a statement names."""
    end(run, memory, Memory.Status.CLOSED, verdict, said)
    source = _cite(run, memory, said)
    _show(run, memory, verdict, source)
    return source


def _settle(run: Run, decision: Decision, said: Statement, source: Source) -> None:
    """Close the doubts that a statement decides; it does not become one of their sources.

    Else a doubt, which quotes both values, would outlive the words that said one of them.
    """
    for row in decision.settled:
        doubt = run.known[row.serial]
        end(run, doubt, Memory.Status.CLOSED, Verdict.RESOLVED, said)
        _show(run, doubt, Verdict.RESOLVED, source)


def _named(run: Run, claim: Claim) -> Entity | None:
    """The entity that a claim names, if the scope knows it under that name."""
    kind, name = claim.entity_type, normalize(claim.value)[:300]
    if kind is None or not name:
        return None
    if (kind, name) not in run.entities:
        run.entities[kind, name] = find_named(
            project=run.trace.project_id, scope_key=scope_key(run.scope), kind=kind, name=name
        )
    return run.entities[kind, name]


def as_known(row: Memory, value: str | None = None) -> Known:
    """A row as the rules see it; `value` is how a claim names the same entity."""
    return Known(
        row.pk,
        row.category,
        row.key,
        row.normalized_value if value is None else normalize(value),
        row.strongest_claim,
        row.authority == Memory.Authority.AUTHORITATIVE,
        row.status,
        row.kind,
    )


def _add(run: Run, said: Statement, decision: Decision) -> tuple[Memory, Source]:
    """A new memory; what it replaces ends first, so that one value is live at any moment."""
    contested = decision.verdict is Verdict.CONTESTED
    ended = [run.known[row.serial] for row in decision.ended]
    for old in ended:
        end(run, old, Memory.Status.SUPERSEDED, MemoryChange.Op.SUPERSEDED, said)
    memory = _new_memory(run, said)
    memory.status = Memory.Status.CONTESTED if contested else Memory.Status.LIVE
    memory.object = _entity(run, said)
    memory.save(force_insert=True)
    source = _cite(run, memory, said)
    for old in ended:
        Memory.unscoped.filter(pk=old.pk).update(superseded_by=memory)
    run.known[memory.pk] = memory
    replaced = {"memory_id": str(ended[0].uid)} if ended else None
    run.change(memory, decision.verdict, said.turn, replaced)
    if contested and decision.row:
        _add_conflict(run, memory, run.known[decision.row.serial], said)
    return memory, source


def _new_memory(run: Run, said: Statement) -> Memory:
    claim = said.claim
    return Memory(
        tenant_id=run.trace.tenant_id,
        project_id=run.trace.project_id,
        user_id=run.trace.user_id,
        scope=run.scope,
        category=claim.category,
        kind=said.doubt if claim.category == "uncertainty" else "",
        subject=claim.subject[:300],
        key=claim.key,
        value=claim.value,
        normalized_value=normalize(claim.value),
        text=_in_words(said),
        confidence=claim.confidence,
        strongest_claim=claim.confidence,
        importance=IMPORTANCE[claim.category],
        authority=run.authority,
        is_single=is_single(claim.key),
        valid_from=claim.valid_from or min(said.said_at, claim.valid_until or said.said_at),
        valid_until=claim.valid_until,
        expires_at=expires_at(claim.category, said.said_at, claim.valid_until),
        extractor=run.trace.extractor,
    )


def _in_words(said: Statement) -> str:
    claim = said.claim
    if claim.category == "uncertainty" and said.doubt == INJECTION:
        return f"Suspected prompt injection: {claim.value}"
    return in_words(subject=claim.subject, key=claim.key, value=claim.value)


def _add_conflict(run: Run, memory: Memory, against: Memory, said: Statement) -> None:
    """The uncertainty that two values disagree, until somebody or a later turn decides."""
    values = f"{memory.key}: {against.value} or {memory.value}"
    doubt = _new_memory(run, said)
    doubt.category, doubt.kind, doubt.key = "uncertainty", "conflict", "about"
    doubt.value, doubt.normalized_value = values, normalize(values)
    doubt.text = in_words(subject=memory.subject, key="about", value=values)
    doubt.is_single, doubt.expires_at = False, None
    doubt.importance = IMPORTANCE["uncertainty"]
    doubt.save(force_insert=True)
    source = _cite(run, doubt, said)
    run.known[doubt.pk] = doubt
    run.change(doubt, MemoryChange.Op.ADDED, said.turn, None)
    _show(run, doubt, Verdict.ADDED, source)


def _reinforce(run: Run, memory: Memory, said: Statement) -> Source:
    """Said again: surer than before, and one more source."""
    before = snapshot(memory)
    memory.confidence = 1 - (1 - memory.confidence) * (1 - said.claim.confidence / 2)
    memory.strongest_claim = max(memory.strongest_claim, said.claim.confidence)
    _redate(memory, said)
    dates = ("valid_from", "valid_until", "expires_at")
    memory.save(update_fields=["confidence", "strongest_claim", *dates])
    run.change(memory, MemoryChange.Op.REINFORCED, said.turn, before)
    return _cite(run, memory, said)


def _redate(memory: Memory, said: Statement) -> None:
    """The dates that a repetition names; one that names none revives what had just run out."""
    claim = said.claim
    if memory.valid_until and memory.valid_until <= said.said_at:
        memory.valid_until = None
    memory.valid_until = claim.valid_until or memory.valid_until
    memory.valid_from = claim.valid_from or memory.valid_from
    if memory.valid_until and memory.valid_from:
        memory.valid_from = min(memory.valid_from, memory.valid_until)
    ends = expires_at(memory.category, said.said_at, memory.valid_until)
    if ends and memory.expires_at and not claim.valid_until:
        ends = max(ends, memory.expires_at)
    memory.expires_at = ends


def end(run: Run, memory: Memory, status: str, op: str, said: Statement | None = None) -> None:
    """End a memory; its row and history stay."""
    before = snapshot(memory)
    memory.status, memory.closed_at = status, timezone.now()
    said_at = said.said_at if said else memory.closed_at
    ended_at = _ended_at(said) or said_at
    if memory.valid_until is None or (said and ended_at < memory.valid_until):
        memory.valid_until = max(ended_at, memory.valid_from or ended_at)
    memory.save(update_fields=["status", "closed_at", "valid_until"])
    run.known.pop(memory.pk, None)
    run.change(memory, op, said.turn if said else None, before)


def _ended_at(said: Statement | None) -> datetime | None:
    """When the words say that it ended: at the date they name, or when what replaces it began."""
    if said is None:
        return None
    return said.claim.valid_until if said.claim.kind == ClaimKind.CLOSE else said.claim.valid_from


def _cite(run: Run, memory: Memory, said: Statement) -> Source:
    """The source of a statement; the same span of a turn is one source."""
    start, stop = said.claim.start, said.claim.end
    source = Source(
        tenant_id=memory.tenant_id,
        project_id=memory.project_id,
        memory=memory,
        trace=run.trace,
        kind=said.kind,
        turn=said.turn,
        observation=said.observation,
        actor=said.actor,
        span_start=start,
        span_end=stop,
        quote=said.quote,
        trust=said.trust,
        confidence=said.claim.confidence,
    )
    known = Source.objects.filter(
        memory=memory, turn=said.turn, span_start=start, span_end=stop, erased_at=None
    )
    if said.turn is None or not known.exists():
        source.save(force_insert=True)
    return source


def _entity(run: Run, said: Statement) -> Entity | None:
    """The entity that a value names, made on first mention."""
    claim = said.claim
    if claim.entity_type is None or not normalize(claim.value):
        return None
    known = _named(run, claim)
    entity = known or _new_entity(run, claim.entity_type, claim.value)
    shown = {"id": entity.uid, "name": entity.name, "type": entity.type, "is_new": not known}
    run.diff["entities"].append(shown | {"source": source_json(_as_source(said), said.turn)})
    return entity


def _new_entity(run: Run, kind: str, value: str) -> Entity:
    """The scope's lock is held, so nobody else makes it."""
    made: Entity = Entity.unscoped.create(
        tenant_id=run.trace.tenant_id,
        project_id=run.trace.project_id,
        user_id=run.trace.user_id,
        scope=run.scope,
        type=kind,
        name=value[:300],
        normalized_name=normalize(value)[:300],
    )
    run.entities[kind, made.normalized_name] = made
    return made


def _as_source(said: Statement) -> Source:
    """What a statement cites, unsaved."""
    return Source(
        turn=said.turn,
        observation=said.observation,
        kind=said.kind,
        span_start=said.claim.start,
        span_end=said.claim.end,
        quote=said.quote,
        trust=said.trust,
    )


def _show(run: Run, memory: Memory, op: str, source: Source) -> None:
    """Put one statement into its list of the diff."""
    item = {"op": str(op), **memory_item(memory), "source": source_json(source, source.turn)}
    run.diff[list_of(memory.category, memory.key)].append(item)


def list_of(category: str, key: str) -> str:
    """The list of a diff that a memory belongs to."""
    name = "relations" if key in RELATIONS else "attributes"
    return _LIST_OF_CATEGORY.get(category, name)


def _show_correction(run: Run, memory: Memory, old: Memory) -> None:
    run.diff["corrections"].append(
        {
            "subject": memory.subject,
            "key": memory.key,
            "old_value": old.value,
            "new_value": memory.value,
            "old_memory_id": old.uid,
            "memory_id": memory.uid,
        }
    )


def finish(run: Run) -> None:
    """Store the changes, then take the project's next trace number: the last statement."""
    MemoryChange.objects.bulk_create(run.changes)
    index_memories([change.memory_id for change in run.changes])
    trace = run.trace
    trace.detail = trace.detail | {name: len(run.diff[name]) for name in DIFF_LISTS}
    trace.finished_at = timezone.now()
    trace.save(update_fields=["detail", "finished_at", "status", "error"])
    take_number(trace)


def index_memories(serials: Sequence[int]) -> None:
    """Fill the lexical index of memories."""
    if not serials:
        return
    with connections[alias()].cursor() as cursor:
        cursor.execute(
            """
            UPDATE memories_memory m
               SET search = setweight(
                       to_tsvector(p.search_config::regconfig, left(m.text, 100000)), 'A')
              FROM accounts_project p WHERE p.id = m.project_id AND m.pk = ANY(%s)
            """,
            [list(serials)],
        )


def take_number(trace: Trace) -> None:
    """Give the trace the next number of its project; the counter's lock lasts to the commit."""
    with connections[alias()].cursor() as cursor:
        cursor.execute(
            """
            WITH taken AS (
                UPDATE accounts_projectcounter SET traces = traces + 1
                 WHERE project_id = %s RETURNING traces
            )
            UPDATE memories_trace SET number = taken.traces FROM taken WHERE pk = %s
            RETURNING number
            """,
            [trace.project_id, trace.pk],
        )
        trace.number = cursor.fetchone()[0]
