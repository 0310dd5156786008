"""Erasure: the words of turns go from everywhere they stand; ids, ops, times and digests stay.

A memory that rested on erased words alone is erased; one whose value others still state only loses
them.
Nothing revives what an erased memory had replaced.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit, idempotency
from accounts.principals import Principal
from conversations import checkpoints, redaction
from conversations.models import Conversation, Turn
from conversations.services import refuse_unless_key_may_write, refuse_unless_writable
from memories import citations, entities, observations
from memories.models import (
    ErasureReceipt,
    Memory,
    MemoryChange,
    Observation,
    Source,
    Trace,
    TraceTurn,
    Vector,
)
from memories.persist import take_number
from memories.recall import receipts, sessions
from memories.render import snapshot
from memsync.common.context import request_facts
from memsync.common.errors import Conflict, NotFound
from memsync.common.tenancy import alias, tenant_scope
from memsync.common.words import without_words

_NO_WORDS = {"subject": "", "value": "", "text": ""}


class HasForks(Conflict):
    """Forks show its turns."""

    code = "has_forks"
    detail = "Living forks show turns of this session. Delete them first, or send ?cascade=true."


@dataclass(slots=True)
class Counts:
    """What an erasure reached, in rows."""

    sessions: int = 0
    turns: int = 0
    sources: int = 0
    memories: int = 0
    memories_kept: int = 0
    """Cited the erased words, and live on by other sources."""
    entities: int = 0
    vectors: int = 0
    receipts: int = 0
    idempotency_keys: int = 0
    agent_sessions: int = 0
    observations: int = 0
    checkpoints: int = 0
    checkpoint_writes: int = 0


@dataclass(slots=True)
class Erasure:
    """One erasure under way, in its transaction."""

    principal: Principal
    place: Conversation | Memory
    """Whose project, person and scope the record of it has."""
    turns: Sequence[int]
    observations: Sequence[int] = ()
    sessions: Sequence[UUID] = ()
    """Whose titles and metadata go too, also from stored answers."""
    erased: Sequence[Memory] = ()
    """As they were."""
    now: datetime = field(default_factory=timezone.now)
    counts: Counts = field(default_factory=Counts)


def redact_turn(*, principal: Principal, conversation: Conversation, turn: Turn) -> Counts:
    """Redact one turn of its own conversation. Again, it changes nothing.

    Locks the conversation and the forks that show the turn, so that no append indexes its words
    again, then the scopes of the memories that cite it. Raises Forbidden, TurnInherited.
    """
    refuse_unless_key_may_write(principal, conversation)
    if turn.conversation_id != conversation.pk:
        raise redaction.TurnInherited(turn.conversation.uid)
    with tenant_scope(principal.tenant_id):
        redaction.lock_conversations(redaction.showing([turn]))
        run = Erasure(principal, conversation, [turn.pk])
        _erase(run)
        redaction.index_turns(redaction.turns_after(turn))
        redaction.forget_speaker(turn)
        _note(run, "turn.redacted", turn, [turn.uid])
    return run.counts


def delete_conversation(
    *, principal: Principal, conversation: Conversation, cascade: bool = False
) -> Counts:
    """Delete a conversation, with `cascade` its forks too; their rows stay without words.

    It takes the coding agent's run whose prompts it holds with it, and what that run observed.
    Raises Forbidden, HasForks, NotFound when somebody else deleted it.
    """
    refuse_unless_key_may_write(principal, conversation)
    with tenant_scope(principal.tenant_id):
        runs = observations.locked_runs(conversation)
        doomed = _with_forks(conversation, cascade=cascade)
        turns = Turn.unscoped.filter(conversation__in=[row.pk for row in doomed])
        observed = Observation.unscoped.filter(agent_session__in=runs).order_by("pk")
        observed = observed.select_for_update(of=("self",))
        uids = [row.uid for row in doomed]
        run = Erasure(principal, conversation, _keys(turns), _keys(observed), uids)
        _erase(run)
        observations.remove_runs(runs)
        run.counts.agent_sessions, run.counts.observations = len(runs), len(run.observations)
        run.counts.sessions = redaction.bury([row.pk for row in doomed])
        _note(run, "session.deleted", conversation, uids)
    return run.counts


def erase_with_sources(*, principal: Principal, memories: Sequence[Memory]) -> Erasure:
    """Erase memories together with the turns and observations that said them.

    What else rested on those words alone goes too: see `erased`. The caller has checked who asks
    for the memories, in a transaction of the tenant. Raises Forbidden when a conversation or
    observation that said them may not be written; nothing has changed then.
    """
    turns, observed = citations.lock_sayings(memories)
    for row in citations.sayers(turns, observed):
        refuse_unless_writable(principal, row)
    run = Erasure(principal, memories[0], [turn.pk for turn in turns], observed)
    _erase(run, memories)
    run.counts.observations = observations.blank(run.observations)
    for turn in turns:
        redaction.index_turns(redaction.turns_after(turn))
        redaction.forget_speaker(turn)
    _note(run, "memories.erased", None, [memory.uid for memory in memories])
    return run


def foretell(*, principal: Principal, memories: Sequence[Memory]) -> Erasure:
    """What `erase_with_sources` would reach among what was said and learnt. It only reads.

    Raises Forbidden as that does.
    """
    turns, observed = citations.saying(memories)
    for row in citations.sayers(turns, observed):
        refuse_unless_writable(principal, row)
    run = Erasure(principal, memories[0], [turn.pk for turn in turns], observed)
    cited = citations.citing(run.turns, run.observations)
    resting = set(cited.values_list("memory_id", flat=True))
    doomed = _resting_on_nothing(resting, memories, without=cited)
    run.erased = [*doomed, *_quoting(doomed)]
    run.counts = Counts(
        turns=len(turns),
        observations=len(observed),
        sources=Source.objects.filter(
            Q(pk__in=cited.values("pk")) | Q(memory__in=run.erased), erased_at__isnull=True
        ).count(),
        memories=len(run.erased),
        memories_kept=len(resting - {memory.pk for memory in doomed}),
    )
    return run


def _keys(rows: Any) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def _with_forks(conversation: Conversation, *, cascade: bool) -> list[Conversation]:
    """The conversation and its living descendants, locked. Raises HasForks, NotFound."""
    found = redaction.lock_conversations([conversation.pk])
    if not found:
        raise NotFound
    newest = found
    while newest:
        forks = Conversation.unscoped.living().filter(forked_from__in=[row.pk for row in newest])
        newest = redaction.lock_conversations(forks.values_list("pk", flat=True))
        if newest and not cascade:
            raise HasForks
        found += newest
    return found


def _erase(run: Erasure, asked: Sequence[Memory] = ()) -> None:
    """Take the words of the run's turns, and of memories asked for by name, out of every table."""
    cited = citations.citing(run.turns, run.observations)
    citations.lock_scopes(cited, asked)
    memories = set(cited.values_list("memory_id", flat=True))
    run.counts.sources = cited.update(quote="", erased_at=run.now)
    doomed = _resting_on_nothing(memories, asked)
    run.counts.memories_kept = len(memories - {memory.pk for memory in doomed})
    doomed += _quoting(doomed)
    run.erased = doomed
    _forget_states(run, doomed)
    shown = [*Turn.unscoped.filter(pk__in=run.turns).values_list("uid", flat=True)]
    observed = Observation.unscoped.filter(pk__in=run.observations)
    shown += [*run.sessions, *observed.values_list("uid", flat=True)]
    shown += [memory.uid for memory in doomed]
    run.counts.turns = redaction.blank_turns(run.turns)
    shown += erase_memories(run, doomed)
    vectors = Vector.objects.filter(
        Q(turn__in=run.turns) | Q(memory__in=doomed) | Q(observation__in=run.observations)
    )
    run.counts.vectors, _ = vectors.delete()
    run.counts.receipts = _blank_receipts(run, shown)
    run.counts.idempotency_keys = idempotency.forget_words(
        project_id=run.place.project_id, shown=shown
    )


def _forget_states(run: Erasure, doomed: Sequence[Memory]) -> None:
    """Delete apps' state of these people and scopes that holds the words, while they are known."""
    said = Turn.unscoped.filter(pk__in=run.turns).order_by()
    observed = Observation.unscoped.filter(pk__in=run.observations).order_by()
    owners = {(memory.user_id, memory.scope_key) for memory in (*doomed, run.place)}
    for rows in (said, observed):
        owners.update(rows.values_list("user_id", "scope_key").distinct())
    if not checkpoints.are_kept(project_id=run.place.project_id, owners=owners):
        return
    texts = [(said, "content"), (observed, "narrative"), (observed, "title")]
    words = (rows.values_list(name, flat=True).iterator() for rows, name in texts)
    gone = checkpoints.forget_words(
        project_id=run.place.project_id,
        owners=owners,
        words=chain({memory.value for memory in doomed}, *words),
    )
    run.counts.checkpoints, run.counts.checkpoint_writes = gone.checkpoints, gone.writes


def _resting_on_nothing(
    memories: Collection[int], asked: Sequence[Memory], *, without: QuerySet[Source] | None = None
) -> list[Memory]:
    """Those of the memories that no source states any more, and those asked for by name."""
    rows = Memory.unscoped.exclude(status=Memory.Status.ERASED)
    named = {memory.pk for memory in asked}
    found = list(rows.filter(pk__in=named | set(memories)).order_by("serial"))
    unnamed = [memory for memory in found if memory.pk not in named]
    stated = citations.stated(unnamed, without=without)
    return [memory for memory in found if memory.pk not in stated]


def _quoting(doomed: Sequence[Memory]) -> list[Memory]:
    """Uncertainties that name the value of a doomed memory beside another one."""
    values = {(memory.scope_key, memory.value) for memory in doomed if memory.value}
    if not values:
        return []
    doubts = Memory.unscoped.filter(
        project_id=doomed[0].project_id, scope_key__in={key for key, _ in values}, kind="conflict"
    )
    doubts = doubts.exclude(status=Memory.Status.ERASED).exclude(pk__in=[m.pk for m in doomed])
    return [
        doubt
        for doubt in doubts.order_by("serial")
        if any(key == doubt.scope_key and value in doubt.value for key, value in values)
    ]


def erase_memories(run: Erasure, doomed: Sequence[Memory]) -> list[UUID]:
    """Blank memories with their sources and history, under a trace of its own that says so.

    Returns the ids of the entities whose answers showed their names.
    """
    names = entities.ForgottenNames()
    traces = set(TraceTurn.objects.filter(turn__in=run.turns).values_list("trace_id", flat=True))
    if doomed:
        history = MemoryChange.objects.filter(memory__in=doomed)
        traces |= set(history.values_list("trace_id", flat=True))
        sources = Source.objects.filter(memory__in=doomed, erased_at__isnull=True)
        run.counts.sources += sources.update(quote="", erased_at=run.now)
        _record(run, doomed)
        _blank_changes([memory.pk for memory in doomed])
        heads = entities.locked_groups({row.object_id for row in doomed if row.object_id})
        run.counts.memories = _blank(doomed, run.now)
        names = entities.forget_names(heads, {memory.normalized_value for memory in doomed})
        run.counts.entities = names.entities
    _blank_traces(traces)
    return list(names.shown)


def _blank(doomed: Sequence[Memory], now: datetime) -> int:
    """The rows themselves; `user` as the subject is no name."""
    rows = Memory.unscoped.filter(pk__in=[memory.pk for memory in doomed])
    rows.exclude(subject="user").update(subject="")
    rows.filter(closed_at__isnull=True).update(closed_at=now)
    blanked: int = rows.update(
        status=Memory.Status.ERASED,
        value="",
        normalized_value="",
        text="",
        object=None,
        search=None,
        embedded_with="",
    )
    return blanked


def _record(run: Erasure, doomed: Sequence[Memory]) -> None:
    """A trace with one change per erased memory, in the project's order of changes."""
    trace = Trace.unscoped.create(
        tenant_id=run.principal.tenant_id,
        project_id=run.place.project_id,
        user_id=run.place.user_id,
        scope=run.place.scope,
        kind=Trace.Kind.INGEST,
        conversation=run.place if isinstance(run.place, Conversation) else None,
        principal_kind=run.principal.kind,
        principal_id=run.principal.id,
        principal_label=run.principal.label,
        request_id=request_facts().request_id,
        extractor="erasure",
        detail={"erased": len(doomed)},
        finished_at=run.now,
    )
    cause = run.turns[0] if len(run.turns) == 1 else None
    MemoryChange.objects.bulk_create(
        [_change(trace, position, memory, cause) for position, memory in enumerate(doomed)]
    )
    take_number(trace)


def _change(trace: Trace, position: int, memory: Memory, turn: int | None) -> MemoryChange:
    before = snapshot(memory) | _NO_WORDS
    return MemoryChange(
        tenant_id=trace.tenant_id,
        project_id=trace.project_id,
        trace=trace,
        position=position,
        memory=memory,
        turn_id=turn,
        op=MemoryChange.Op.ERASED,
        before=before,
        after=before | {"status": str(Memory.Status.ERASED)},
    )


def _blank_changes(memories: Sequence[int]) -> None:
    """The words in the history of memories."""
    with connections[alias()].cursor() as cursor:
        cursor.execute(
            """
            UPDATE memories_memorychange
               SET before = before || '{"subject": "", "value": "", "text": ""}',
                   after = after || '{"subject": "", "value": "", "text": ""}'
             WHERE memory_id = ANY(%s)
            """,
            [list(memories)],
        )


def _blank_traces(traces: Collection[int]) -> None:
    """What ingests noted of what they considered."""
    for trace in Trace.unscoped.filter(pk__in=traces).only("detail"):
        blanked = without_words(trace.detail)
        if blanked != trace.detail:
            Trace.unscoped.filter(pk=trace.pk).update(detail=blanked)


def _blank_receipts(run: Erasure, shown: Sequence[UUID]) -> int:
    """The questions that these rows answered, also where a follow-up would have leant on them.

    And those that were asked for the conversations: without one of its own, a context asks what
    the user said last.
    # Uses index: trace_returned, trace_by_conversation
    """
    receipts.flush()
    with connections[alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT t.id FROM unnest(%s::uuid[]) AS shown(id)
              JOIN memories_trace t ON t.kind = 'recall' AND t.project_id = %s
               AND t.returned @> jsonb_build_array(jsonb_build_object('id', shown.id))
            """,
            [list(shown), run.place.project_id],
        )
        answered = [uid for (uid,) in cursor.fetchall()]
    recalls = Trace.unscoped.filter(project_id=run.place.project_id, kind=Trace.Kind.RECALL)
    served = recalls.filter(conversation__in=_showing(run.turns)).values_list("uid", flat=True)
    answered.extend(served)
    sessions.forget_asked(run.place.project_id, answered)
    rows = recalls.filter(uid__in=answered).exclude(query="")
    return int(rows.update(query="", detail={}))


def _showing(turns: Sequence[int]) -> set[int]:
    """The conversations of these turns, and all forks of them."""
    found: set[int] = set()
    newest = set(Turn.unscoped.filter(pk__in=turns).values_list("conversation_id", flat=True))
    while newest := newest - found:
        found |= newest
        forks = Conversation.unscoped.filter(forked_from__in=newest)
        newest = set(forks.values_list("pk", flat=True))
    return found


def _note(run: Erasure, action: str, target: Any, subjects: list[UUID]) -> None:
    """The receipt of the erasure and its audit row: counts, never words."""
    counts = asdict(run.counts)
    ErasureReceipt.objects.create(
        tenant_id=run.principal.tenant_id,
        project_id=run.place.project_id,
        mode="erase",
        counts=counts,
        subject_ids=subjects,
        principal_kind=run.principal.kind,
        principal_id=run.principal.id,
    )
    audit.record(run.principal, action, target=target, **counts)
