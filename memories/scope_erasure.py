"""Erasing all there is under a scope: what a person who leaves may demand, in one call.

A row belongs to it when its scope holds all the tags asked for, whatever else it holds: with
`user=u_alice` also what was said under `user=u_alice, team=red`. What everybody shares stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Q

from accounts import audit
from accounts.principals import Principal
from accounts.scope import Scope, add_tags, tags
from conversations import redaction
from conversations.models import AgentSession, Checkpoint, CheckpointWrite, Conversation, Turn
from memories import erasure, observations
from memories.models import Entity, Memory, Observation, Trace
from memories.recall import receipts, sessions
from memsync.common.errors import Forbidden
from memsync.common.tenancy import tenant_scope

MOST_SESSIONS, MOST_MEMORIES = 50, 500
"""Of one call; what is left is said, and the next call takes it."""


@dataclass(frozen=True, slots=True)
class ScopeErased:
    """What an erasure of a scope did, or with `dry_run` would do, in rows."""

    scope: Scope
    dry_run: bool
    counts: dict[str, int]
    has_more: bool = False
    left_over: int = 0
    """Rows that still hold words of it, looked for afterwards."""


def erase_scope(*, principal: Principal, scope: Scope, dry_run: bool = True) -> ScopeErased:
    """Erase what stands under the scope: sessions, then memories, then the rest.

    One transaction; when `has_more`, call again. Raises Forbidden for all but management keys,
    ScopeContradiction, BadScope.
    """
    if not principal.is_management:
        raise Forbidden("Only management keys erase a scope.")
    whole = add_tags(principal.floor, scope)
    with tenant_scope(principal.tenant_id):
        if dry_run:
            return ScopeErased(whole, dry_run, _held(principal, whole))
        counts: Counter[str] = Counter()
        is_done = all(step(principal, whole, counts) for step in _STEPS)
        if counts:
            audit.record(principal, "scope.erased", scope=tags(whole), **counts)
        left = sum(_held(principal, whole).values()) if is_done else 0
        return ScopeErased(whole, dry_run, dict(counts), not is_done, left)


def _held(principal: Principal, scope: Scope) -> dict[str, int]:
    """How many rows with words stand under the scope; after the erasure none."""
    found = {name: rows.count() for name, rows in _rows(principal, scope).items()}
    return {name: count for name, count in found.items() if count}


def _rows(principal: Principal, scope: Scope) -> dict[str, Any]:
    """The rows under the scope that hold words, by the names of `erasure.Counts`."""

    def of(model: Any) -> Any:
        return model.objects.reachable(principal).filter(scope__contains=scope)

    conversations = of(Conversation)
    erased = Memory.Status.ERASED
    return {
        "sessions": conversations.living(),
        "turns": Turn.unscoped.filter(conversation__in=conversations, redacted_at__isnull=True),
        "memories": of(Memory).exclude(status=erased),
        "agent_sessions": of(AgentSession),
        "observations": of(Observation).filter(erased_at__isnull=True),
        "entities": of(Entity),
        "receipts": of(Trace).filter(_HOLDS_QUESTION),
        "checkpoints": of(Checkpoint),
        "checkpoint_writes": of(CheckpointWrite),
    }


_HOLDS_QUESTION = Q(kind=Trace.Kind.RECALL) & ~Q(query="")


def _erase_sessions(principal: Principal, scope: Scope, counts: Counter[str]) -> bool:
    """Delete sessions with their forks; whether none is left.

    All are locked before the first is deleted, as an append locks its session before the scope of
    its memories, and scopes are taken in one order.
    """
    living = _rows(principal, scope)["sessions"].order_by("scope_key", "serial")
    chosen = list(living[:MOST_SESSIONS])
    for conversation in chosen:
        observations.locked_runs(conversation)
    redaction.lock_conversations(conversation.pk for conversation in chosen)
    for conversation in chosen:
        if Conversation.unscoped.living().filter(pk=conversation.pk).exists():  # no fork of another
            done = erasure.delete_conversation(
                principal=principal, conversation=conversation, cascade=True
            )
            counts.update(_done(done))
    return len(chosen) < MOST_SESSIONS or not living.exists()


def _erase_memories(principal: Principal, scope: Scope, counts: Counter[str]) -> bool:
    """Erase memories that no session of the scope said; whether none is left."""
    rows = _rows(principal, scope)["memories"].order_by("scope_key", "serial")
    chosen = list(rows[:MOST_MEMORIES])
    if chosen:
        done = erasure.erase_with_sources(principal=principal, memories=chosen)
        counts.update(_done(done.counts))
    return len(chosen) < MOST_MEMORIES or not rows.exists()


def _erase_rest(principal: Principal, scope: Scope, counts: Counter[str]) -> bool:
    """Names, questions and apps' state, which no session and no memory took along."""
    receipts.flush()
    rows = _rows(principal, scope)
    asked = list(rows["receipts"].values_list("uid", flat=True))
    sessions.forget_asked(principal.project, asked)
    counts["receipts"] += Trace.unscoped.filter(uid__in=asked).update(query="", detail={})
    for name in ("entities", "checkpoint_writes", "checkpoints"):
        counts[name] += rows[name].count()
        rows[name].delete()
    counts += Counter()  # drops zeros
    return True


def _done(counts: erasure.Counts) -> dict[str, int]:
    """Without what lives on by other sources: that is the next step's, unless others' words."""
    found = asdict(counts)
    del found["memories_kept"]
    return {name: count for name, count in found.items() if count}


_Step = Callable[[Principal, Scope, Counter[str]], bool]
_STEPS: tuple[_Step, ...] = (_erase_sessions, _erase_memories, _erase_rest)
