"""Erasing all there is under a scope: what a person who leaves may demand, in one call.

A row belongs to it when its scope holds all the tags asked for, whatever else it holds: with
`user=u_alice` also what was said under `user=u_alice, team=red`. Each session and each batch of
memories goes in a transaction of its own, as if it were deleted alone, so nobody waits for long;
what was interrupted is gone on with by the next call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import audit, idempotency
from accounts.principals import Principal
from accounts.scope import Scope, add_tags, tags
from conversations.models import AgentSession, Checkpoint, CheckpointWrite, Conversation, Turn
from memories import erasure
from memories.models import Entity, Memory, Observation, Source, Trace
from memories.recall import receipts, sessions
from memsync.common.errors import Forbidden, NotFound
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import tenant_scope

MOST_SESSIONS, MOST_MEMORIES, MOST_ROWS = 50, 500, 10_000
"""Of one call, with what hangs on them; what is left is said, and the next call takes it."""


@dataclass(frozen=True, slots=True)
class ScopeErased:
    """What an erasure of a scope did, or with `dry_run` would do, in rows."""

    scope: Scope
    dry_run: bool
    counts: dict[str, int]
    has_more: bool = False
    left_over: int = 0
    """Rows of these kinds that are there after all: others may have written meanwhile."""


def erase_scope(*, principal: Principal, scope: Scope, dry_run: bool = True) -> ScopeErased:
    """Erase what stands under the scope: sessions, then memories, then the rest.

    When `has_more`, call again. No transaction may be open. Raises Forbidden for all but management
    keys, and for memories that were said where a key with a floor may not write; nothing has
    changed then. Raises ScopeContradiction, BadScope.
    """
    if not principal.is_management:
        raise Forbidden("Only management keys erase a scope.")
    whole = add_tags(principal.floor, scope)
    with tenant_scope(principal.tenant_id):
        _refuse_said_beyond_floor(principal, whole)
        if dry_run:
            return ScopeErased(whole, dry_run, _held(principal, whole))
    counts: Counter[str] = Counter()
    is_done = all(step(principal, whole, counts) for step in _STEPS)
    done = {name: count for name, count in counts.items() if count}
    with tenant_scope(principal.tenant_id):
        if done:
            audit.record(
                principal, "scope.erased", project_id=principal.project, scope=tags(whole), **done
            )
        left = sum(_held(principal, whole).values()) if is_done else 0
    return ScopeErased(whole, dry_run, done, not is_done, left)


def _refuse_said_beyond_floor(principal: Principal, scope: Scope) -> None:
    """403 where a bounded key would have to redact turns outside its bounds."""
    if not principal.floor:
        return
    conversations = Conversation.unscoped.exclude(scope__contains=principal.floor)
    memories = _under(Memory, principal, scope).exclude(status=Memory.Status.ERASED)
    said = Source.objects.filter(memory__in=memories, turn__conversation__in=conversations)
    if said.filter(erased_at__isnull=True).exists():
        raise Forbidden("Some of it was said in sessions where this key may not write.")


def _held(principal: Principal, scope: Scope) -> dict[str, int]:
    """How many rows with words there are under the scope; after the erasure none."""
    rows = {
        "sessions": _sessions(principal, scope),
        "turns": _turns(principal, scope),
        "memories": _memories(principal, scope),
        "agent_sessions": _under(AgentSession, principal, scope),
        "observations": _under(Observation, principal, scope).filter(erased_at__isnull=True),
        "entities": _under(Entity, principal, scope),
        "receipts": _receipts(principal, scope).exclude(query=""),
        "checkpoints": _under(Checkpoint, principal, scope),
        "checkpoint_writes": _under(CheckpointWrite, principal, scope),
    }
    found = {name: some.count() for name, some in rows.items()}
    return {name: count for name, count in found.items() if count}


def _under(model: Any, principal: Principal, scope: Scope) -> QuerySet:
    rows: QuerySet = model.objects.reachable(principal).filter(scope__contains=scope)
    return rows


def _sessions(principal: Principal, scope: Scope) -> QuerySet:
    rows: QuerySet = _under(Conversation, principal, scope).living()  # type: ignore[attr-defined]
    return rows


def _memories(principal: Principal, scope: Scope) -> QuerySet:
    return _under(Memory, principal, scope).exclude(status=Memory.Status.ERASED)


def _turns(principal: Principal, scope: Scope) -> QuerySet:
    """Of its sessions, and those elsewhere that said its memories."""
    cited = Source.objects.filter(
        memory__in=_memories(principal, scope), turn=OuterRef("pk"), erased_at__isnull=True
    )
    own = Q(conversation__in=_under(Conversation, principal, scope))
    rows: QuerySet = Turn.unscoped.filter(own | Exists(cited), redacted_at__isnull=True)
    return rows


def _receipts(principal: Principal, scope: Scope) -> QuerySet:
    """Recalls that asked about the scope, or for one of its sessions."""
    rows = Trace.objects.reachable(principal).filter(kind=Trace.Kind.RECALL)
    asked: QuerySet = rows.filter(
        Q(scope__contains=scope) | Q(conversation__in=_under(Conversation, principal, scope))
    )
    return asked


def _erase_sessions(principal: Principal, scope: Scope, counts: Counter[str]) -> bool:
    """Delete sessions with their forks; whether none is left."""
    with tenant_scope(principal.tenant_id):
        chosen = list(_sessions(principal, scope).order_by("serial")[: MOST_SESSIONS + 1])
    for conversation in chosen[:MOST_SESSIONS]:
        with suppress(NotFound):  # as a fork of one before it
            counts += _done(
                erasure.delete_conversation(
                    principal=principal, conversation=conversation, cascade=True
                )
            )
    return len(chosen) <= MOST_SESSIONS


def _erase_memories(principal: Principal, scope: Scope, counts: Counter[str]) -> bool:
    """Erase memories that no session of the scope said; whether none is left."""
    with tenant_scope(principal.tenant_id):
        rows = _memories(principal, scope).order_by("scope_key", "serial")
        chosen = list(rows[: MOST_MEMORIES + 1])
        if chosen:
            done = erasure.erase_with_sources(principal=principal, memories=chosen[:MOST_MEMORIES])
            counts += _done(done.counts)
    return len(chosen) <= MOST_MEMORIES


def _erase_rest(principal: Principal, scope: Scope, counts: Counter[str]) -> bool:
    """Names, questions and apps' state, which no session and no memory took along."""
    receipts.flush()
    with tenant_scope(principal.tenant_id):
        counts["entities"] += _erase_names(principal, scope)
        counts["receipts"] += _erase_questions(principal, scope)
        for name, model in (("checkpoint_writes", CheckpointWrite), ("checkpoints", Checkpoint)):
            some = _under(model, principal, scope).order_by("serial").values("serial")[:MOST_ROWS]
            counts[name] += model.unscoped.filter(serial__in=some).delete()[0]
        rest = (_under(Entity, principal, scope), _under(Checkpoint, principal, scope))
        questions = _receipts(principal, scope).exclude(query="")
        return not any(rows.exists() for rows in (*rest, questions))


def _erase_names(principal: Principal, scope: Scope) -> int:
    """Entities with their aliases, while nobody learns new names in their scopes."""
    some = _under(Entity, principal, scope).order_by("scope_key", "serial")
    chosen = list(some.values_list("scope_key", "serial", "uid")[:MOST_ROWS])
    for key in sorted({key for key, _, _ in chosen}):
        lock(LockSpace.RECONCILE, f"{principal.project}:{key}")
    Entity.unscoped.filter(serial__in=[serial for _, serial, _ in chosen]).delete()
    shown = [uid for _, _, uid in chosen]
    idempotency.forget_words(project_id=principal.project, shown=shown)
    return len(chosen)


def _erase_questions(principal: Principal, scope: Scope) -> int:
    """Of recalls, and those that a follow-up would still lean on."""
    asked = _receipts(principal, scope)
    since = timezone.now() - timedelta(minutes=settings.QUERY_SESSION_MINUTES)
    recent = asked.filter(created_at__gte=since).values_list("uid", flat=True)
    sessions.forget_asked(principal.project, list(recent))
    some = asked.exclude(query="").order_by("serial").values("serial")[:MOST_ROWS]
    return int(Trace.unscoped.filter(serial__in=some).update(query="", detail={}))


def _done(counts: erasure.Counts) -> Counter[str]:
    """Without what lives on by other sources: that is another step's, or others' words."""
    found = asdict(counts)
    del found["memories_kept"]
    return Counter(found)


_Step = Callable[[Principal, Scope, Counter[str]], bool]
_STEPS: tuple[_Step, ...] = (_erase_sessions, _erase_memories, _erase_rest)
