"""The one pipeline behind every write path: extract → reconcile → persist with provenance → diff.

It runs inside the caller's transaction, after the turns were stored. What the extractor claims is
stored only if its quote stands verbatim at its span.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from accounts.principals import Principal
from accounts.scope import Scope, scope_key
from accounts.services import named_user_id
from conversations.models import Conversation, Turn
from memories.extraction import RuleExtractor
from memories.extraction.types import Claim, ClaimKind, Extractor, Message
from memories.keys import RELATIONS, in_words, is_single
from memories.lifetimes import IMPORTANCE, TRUST, expires_at
from memories.models import Entity, Memory, MemoryChange, Source, Trace, TraceTurn
from memories.reconcile import Decision, Known, Verdict, normalize, reconcile
from memories.render import memory_item, snapshot, source_json
from memsync.common.context import request_facts
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import alias

logger = logging.getLogger(__name__)

CONTEXT_TURNS = 4
"""Earlier turns an extractor sees, so that bare answers have their question."""
EXTRACTORS: dict[str, type[Extractor]] = {"rules": RuleExtractor}


DIFF_LISTS = (
    "entities",
    "attributes",
    "relations",
    "instructions",
    "uncertainties",
    "corrections",
)


@dataclass(slots=True)
class Ingest:
    """One run of the pipeline: what it knows and what it has changed so far."""

    trace: Trace
    scope: Scope
    turns: list[Turn]
    known: dict[int, Memory] = field(default_factory=dict)
    """Live and contested rows of the scope, by key, as they stand now."""
    changes: list[MemoryChange] = field(default_factory=list)
    diff: dict[str, Any] = field(default_factory=lambda: {name: [] for name in DIFF_LISTS})

    def change(self, memory: Memory, op: str, turn: Turn | None, before: Any) -> None:
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


def ingest_turns(
    *,
    principal: Principal,
    conversation: Conversation,
    turns: Sequence[Turn],
    scope: Scope,
    authority: str = Memory.Authority.EXPERIENTIAL,
) -> tuple[Trace, dict[str, Any]]:
    """Learn from turns just stored; returns the trace and the diff.

    If extraction or persisting fails, the turns stay and `diff["error"]` says so.
    """
    extractor = EXTRACTORS[settings.EXTRACTOR]()
    trace = _start(principal, conversation, scope, extractor)
    run = Ingest(trace, scope, list(turns))
    try:
        claims = _claims(extractor, conversation, run.turns)
        with transaction.atomic(using=alias()):
            _learn(run, claims, authority)
    except Exception as error:
        logger.exception("ingest failed: %s", type(error).__name__)
        run = Ingest(trace, scope, list(turns))
        run.diff["error"] = trace.error = "extraction_failed"
        trace.status = Trace.Status.FAILED
    _finish(run)
    return trace, run.diff


def _start(
    principal: Principal, conversation: Conversation, scope: Scope, extractor: Extractor
) -> Trace:
    return Trace.unscoped.create(
        tenant_id=principal.tenant_id,
        project_id=principal.project,
        user_id=named_user_id(principal=principal, scope=scope),
        scope=scope,
        kind=Trace.Kind.INGEST,
        conversation=conversation,
        principal_kind=principal.kind,
        principal_id=principal.id,
        principal_label=principal.label,
        request_id=request_facts().request_id,
        extractor=f"{extractor.name} {extractor.version}",
    )


def _claims(
    extractor: Extractor, conversation: Conversation, turns: list[Turn]
) -> list[tuple[Turn, Claim]]:
    """What the extractor finds, less what is not said at its span."""
    if not turns:
        return []
    earlier = Turn.unscoped.for_history(conversation).filter(seq__lt=turns[0].seq)
    context = list(earlier.order_by("-seq")[:CONTEXT_TURNS])[::-1]
    said = [*context, *turns]
    messages = [Message(t.role, t.content, t.occurred_at or t.created_at) for t in said]
    found = extractor.extract(messages, new_from=len(context))
    return [
        (said[claim.message], _about_speaker(claim, said[claim.message], conversation))
        for claim in found
        if 0 <= claim.start < claim.end <= len(said[claim.message].content)
    ]


def _about_speaker(claim: Claim, turn: Turn, conversation: Conversation) -> Claim:
    """Among several people, what one says of themselves is about that one, not about the user."""
    if len(conversation.members) < 2 or not turn.sender:
        return claim
    subject = turn.sender if claim.subject == "user" else f"{turn.sender}'s {claim.subject}"
    return Claim(**{name: getattr(claim, name) for name in claim.__slots__} | {"subject": subject})


def _learn(run: Ingest, claims: list[tuple[Turn, Claim]], authority: str) -> None:
    if not claims:
        return
    key = scope_key(run.scope)
    lock(LockSpace.RECONCILE, f"{run.trace.project_id}:{key}")
    rows = Memory.unscoped.filter(
        project_id=run.trace.project_id,
        scope_key=key,
        status__in=[Memory.Status.LIVE, Memory.Status.CONTESTED],
        subject__in={claim.subject for _, claim in claims},
    )
    run.known = {row.pk: row for row in rows.order_by("serial")}
    for turn, claim in claims:
        _apply(run, turn, claim, authority)


def _apply(run: Ingest, turn: Turn, claim: Claim, authority: str) -> None:
    """Carry out what the rules decide about one claim."""
    known = [_as_known(row) for row in run.known.values() if row.subject == claim.subject]
    decision = reconcile(claim, known)
    ended = [run.known[row.serial] for row in decision.ended]
    match decision.verdict:
        case Verdict.IGNORED:
            return
        case Verdict.REINFORCED if decision.row:
            memory = run.known[decision.row.serial]
            source = _reinforce(run, memory, turn, claim)
        case Verdict.CLOSED | Verdict.REVOKED | Verdict.RESOLVED:
            for memory in ended:
                _end(run, memory, Memory.Status.CLOSED, decision.verdict, turn)
                source = _cite(memory, turn, claim, claim.kind)
                _show(run, memory, decision.verdict, source)
            return
        case _:
            memory, source = _add(run, turn, claim, authority, decision)
    _show(run, memory, decision.verdict, source)
    if decision.verdict is Verdict.CORRECTED:
        _show_correction(run, memory, ended[0])
    for row in decision.settled:
        _end(run, run.known[row.serial], Memory.Status.CLOSED, Verdict.RESOLVED, turn)


def _as_known(row: Memory) -> Known:
    return Known(
        row.pk,
        row.category,
        row.key,
        row.normalized_value,
        row.strongest_claim,
        row.authority == Memory.Authority.AUTHORITATIVE,
        row.status,
        row.kind,
    )


def _add(
    run: Ingest, turn: Turn, claim: Claim, authority: str, decision: Decision
) -> tuple[Memory, Source]:
    """A new memory; what it replaces ends first, so that one value is live at any moment."""
    contested = decision.verdict is Verdict.CONTESTED
    status = Memory.Status.CONTESTED if contested else Memory.Status.LIVE
    said_at = turn.occurred_at or turn.created_at
    ended = [run.known[row.serial] for row in decision.ended]
    for old in ended:
        _end(run, old, Memory.Status.SUPERSEDED, MemoryChange.Op.SUPERSEDED, turn)
    memory = _new_memory(run, claim, said_at)
    memory.status, memory.authority = status, authority
    memory.object = _entity(run, turn, claim)
    memory.save(force_insert=True)
    source = _cite(memory, turn, claim, claim.kind)
    for old in ended:
        Memory.unscoped.filter(pk=old.pk).update(superseded_by=memory)
    run.known[memory.pk] = memory
    op = MemoryChange.Op.CONTESTED if contested else MemoryChange.Op.ADDED
    if decision.verdict is Verdict.CORRECTED:
        op = MemoryChange.Op.CORRECTED
    run.change(memory, op, turn, None)
    if contested and decision.row:
        _add_conflict(run, memory, run.known[decision.row.serial], turn, claim)
    return memory, source


def _new_memory(run: Ingest, claim: Claim, said_at: datetime) -> Memory:
    return Memory(
        tenant_id=run.trace.tenant_id,
        project_id=run.trace.project_id,
        user_id=run.trace.user_id,
        scope=run.scope,
        category=claim.category,
        kind="said" if claim.category == "uncertainty" else "",
        subject=claim.subject,
        key=claim.key,
        value=claim.value,
        normalized_value=normalize(claim.value),
        text=in_words(subject=claim.subject, key=claim.key, value=claim.value),
        confidence=claim.confidence,
        strongest_claim=claim.confidence,
        importance=IMPORTANCE[claim.category],
        is_single=is_single(claim.key),
        valid_from=claim.valid_from or said_at,
        valid_until=claim.valid_until,
        expires_at=expires_at(claim.category, said_at),
        extractor=run.trace.extractor,
    )


def _add_conflict(run: Ingest, memory: Memory, against: Memory, turn: Turn, claim: Claim) -> None:
    """The uncertainty that two values disagree, until somebody or a later turn decides."""
    values = f"{memory.key}: {against.value} or {memory.value}"
    doubt = _new_memory(run, claim, turn.occurred_at or turn.created_at)
    doubt.category, doubt.kind, doubt.key = "uncertainty", "conflict", "about"
    doubt.value, doubt.normalized_value = values, normalize(values)
    doubt.text = in_words(subject=memory.subject, key="about", value=values)
    doubt.is_single, doubt.expires_at = False, None
    doubt.importance = IMPORTANCE["uncertainty"]
    doubt.save(force_insert=True)
    source = _cite(doubt, turn, claim, claim.kind)
    run.known[doubt.pk] = doubt
    run.change(doubt, MemoryChange.Op.ADDED, turn, None)
    _show(run, doubt, Verdict.ADDED, source)


def _reinforce(run: Ingest, memory: Memory, turn: Turn, claim: Claim) -> Source:
    """Said again: surer than before, and one more source."""
    before = snapshot(memory)
    memory.confidence = 1 - (1 - memory.confidence) * (1 - claim.confidence / 2)
    memory.strongest_claim = max(memory.strongest_claim, claim.confidence)
    memory.expires_at = expires_at(memory.category, turn.occurred_at or turn.created_at)
    memory.save(update_fields=["confidence", "strongest_claim", "expires_at"])
    run.change(memory, MemoryChange.Op.REINFORCED, turn, before)
    return _cite(memory, turn, claim, claim.kind)


def _end(run: Ingest, memory: Memory, status: str, op: str, turn: Turn) -> None:
    """End a memory; its row and history stay."""
    before = snapshot(memory)
    memory.status, memory.closed_at = status, timezone.now()
    said_at = turn.occurred_at or turn.created_at
    if memory.valid_until is None:
        memory.valid_until = max(said_at, memory.valid_from or said_at)
    memory.save(update_fields=["status", "closed_at", "valid_until"])
    run.known.pop(memory.pk)
    run.change(memory, op, turn, before)


def _cite(memory: Memory, turn: Turn, claim: Claim, kind: ClaimKind) -> Source:
    """The source of a claim; saying the same words twice in one span is one source."""
    source, _ = Source.objects.get_or_create(
        memory=memory,
        turn=turn,
        span_start=claim.start,
        span_end=claim.end,
        erased_at=None,
        defaults={
            "tenant_id": memory.tenant_id,
            "project_id": memory.project_id,
            "kind": Source.Kind.TURN,
            "quote": turn.content[claim.start : claim.end],
            "trust": TRUST[turn.role],
            "confidence": claim.confidence,
        },
    )
    source.turn = turn
    return source


def _entity(run: Ingest, turn: Turn, claim: Claim) -> Entity | None:
    """The entity that a value names, made on first mention."""
    name = normalize(claim.value)[:300]
    if claim.entity_type is None or not name:
        return None
    entity, is_new = Entity.unscoped.get_or_create(
        project_id=run.trace.project_id,
        scope_key=scope_key(run.scope),
        type=claim.entity_type,
        normalized_name=name,
        defaults={
            "tenant_id": run.trace.tenant_id,
            "user_id": run.trace.user_id,
            "scope": run.scope,
            "name": claim.value[:300],
        },
    )
    quoted = Source(
        turn=turn,
        kind=Source.Kind.TURN,
        span_start=claim.start,
        span_end=claim.end,
        quote=turn.content[claim.start : claim.end],
        trust=TRUST[turn.role],
    )
    shown = {"id": entity.uid, "name": entity.name, "type": entity.type, "is_new": is_new}
    run.diff["entities"].append(shown | {"source": source_json(quoted, turn)})
    return entity


def _show(run: Ingest, memory: Memory, op: str, source: Source) -> None:
    """Put one statement into its list of the diff."""
    turn = source.turn
    item = {"op": str(op), **memory_item(memory)}
    item["source"] = source_json(source, turn) if turn else None
    lists = {"instruction": "instructions", "uncertainty": "uncertainties"}
    name = "relations" if memory.key in RELATIONS else "attributes"
    run.diff[lists.get(memory.category, name)].append(item)


def _show_correction(run: Ingest, memory: Memory, old: Memory) -> None:
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


def _finish(run: Ingest) -> None:
    """Store changes and index, then take the project's next trace number: the last statement."""
    MemoryChange.objects.bulk_create(run.changes)
    TraceTurn.objects.bulk_create(
        [
            TraceTurn(
                tenant_id=run.trace.tenant_id,
                project_id=run.trace.project_id,
                trace=run.trace,
                turn=turn,
            )
            for turn in run.turns
        ]
    )
    index_memories([change.memory_id for change in run.changes])
    trace = run.trace
    trace.detail = {name: len(run.diff[name]) for name in DIFF_LISTS}
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
