"""Forgetting: memories chosen by id, filter or question are taken back, or erased with their words.

Retracting changes a status and keeps the history. Erasing also redacts the turns that said it, so
that the words are gone from every table; the receipt counts the rows, checked afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import Project
from accounts.principals import Principal
from accounts.scope import Scope
from conversations import checkpoints
from conversations.models import Turn
from conversations.services import refuse_unless_writable
from memories import entities, erasure
from memories.corrections import refuse_curated, take_back
from memories.ingest import start_trace
from memories.models import ErasureReceipt, Memory, MemoryChange, Source
from memories.persist import Run, finish
from memories.querysets import MemoryQuerySet
from memsync.common.errors import Forbidden, NotFound
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import tenant_scope

RETRACT, ERASE = "retract", "erase"
FORETOLD = ("memories", "memories_kept", "sources", "turns", "observations")
"""Counts that a dry run of an erasure gives."""
MAX_FORGOTTEN = 1000
"""Memories of one call; what is left is said, and the next call takes it."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a forget did, or with `dry_run` would do."""

    mode: str
    dry_run: bool
    chosen: list[Memory]
    """Those that were meant."""
    memories: list[Memory]
    """What goes, as it was: of an erasure also what rested on the same words alone."""
    counts: dict[str, int] = field(default_factory=dict)
    has_more: bool = False


def choose(
    *,
    principal: Principal,
    scope: Scope | None = None,
    ids: Sequence[UUID] | None = None,
    filters: Mapping[str, Any] | None = None,
    query: str | None = None,
) -> MemoryQuerySet:
    """The memories that a forget means, of those the principal may forget so.

    By id whoever may write the row; by filter or question management keys, and people their own.
    Raises Forbidden, NotFound when none of the ids is in reach.
    """
    rows: MemoryQuerySet = Memory.objects.reachable(principal)
    if principal.is_user:
        rows = rows.filter(user_id=principal.user_id)
    if scope is not None:
        rows = rows.filter(pk__in=Memory.objects.asked(principal, scope).values("pk"))
    if ids is not None:
        rows = rows.filter(uid__in=ids)
        if not rows.exists():
            raise NotFound
        return rows
    if not (principal.is_management or principal.is_user):
        raise Forbidden("Only management keys forget by filter or query.")
    if query is not None:
        return rows.filter(search=SearchQuery(query, config=_search_config(principal)))
    return rows.filter(_matching(filters or {}))


def _search_config(principal: Principal) -> str:
    return Project.objects.get(pk=principal.project).search_config


def _matching(filters: Mapping[str, Any]) -> Q:
    names = {"created_after": "created_at__gte", "created_before": "created_at__lt"}
    return Q(**{names.get(name, name): value for name, value in filters.items()})


def forget(
    *, principal: Principal, memories: MemoryQuerySet, mode: str = RETRACT, dry_run: bool = True
) -> Forgotten:
    """Retract or erase the chosen memories.

    Raises Forbidden for one that may not be written, or to be erased with words of a conversation
    that may not be; Unprocessable `authoritative` for a curated one that is to be retracted.
    """
    if mode == ERASE and not (principal.is_management or principal.is_user):
        raise Forbidden("Only management keys erase.")
    with tenant_scope(principal.tenant_id):
        rows = list(_open(memories, mode).order_by("serial")[: MAX_FORGOTTEN + 1])
        chosen, has_more = rows[:MAX_FORGOTTEN], len(rows) > MAX_FORGOTTEN
        for memory in chosen:
            _refuse_unless_forgettable(principal, memory, mode)
        gone, counts = _DEEDS[mode, dry_run](principal, chosen)
    return Forgotten(mode, dry_run, chosen, gone, counts, has_more)


def _refuse_unless_forgettable(principal: Principal, memory: Memory, mode: str) -> None:
    refuse_unless_writable(principal, memory)
    if mode == RETRACT:
        refuse_curated(principal, memory)


def _open(memories: MemoryQuerySet, mode: str) -> MemoryQuerySet:
    """What there is to do: an ended memory cannot be retracted, an erased one not be erased."""
    if mode == ERASE:
        return memories.exclude(status=Memory.Status.ERASED)
    return memories.filter(status__in=[Memory.Status.LIVE, Memory.Status.CONTESTED])


_Done = tuple[list[Memory], dict[str, int]]
"""What went or would go, and its counts."""


def _would_retract(principal: Principal, chosen: Sequence[Memory]) -> _Done:
    return list(chosen), {"memories": len(chosen)}


def _would_erase(principal: Principal, chosen: Sequence[Memory]) -> _Done:
    """Of the counts those of what was said and learnt; indexes and answers follow the words."""
    if not chosen:
        return [], {"memories": 0}
    told = erasure.foretell(principal=principal, memories=chosen)
    return list(told.erased), {name: getattr(told.counts, name) for name in FORETOLD}


def _erase(principal: Principal, chosen: Sequence[Memory]) -> _Done:
    if not chosen:
        return [], {"memories": 0}
    done = erasure.erase_with_sources(principal=principal, memories=chosen)
    return list(done.erased), asdict(done.counts) | {"left_over": _verify(chosen)}


def _retract(principal: Principal, chosen: Sequence[Memory]) -> _Done:
    """Retract each scope's under a trace of its own; those that were still to retract.

    The scopes are locked in one order, so that two forgets do not deadlock.
    """
    retracted: list[Memory] = []
    for key in sorted({memory.scope_key for memory in chosen}):
        lock(LockSpace.RECONCILE, f"{chosen[0].project_id}:{key}")
        retracted += _retract_open(
            principal, [memory.pk for memory in chosen if memory.scope_key == key]
        )
    if retracted:
        audit.record(principal, "memories.retracted", memories=len(retracted))
    return retracted, {"memories": len(retracted)}


_DEEDS = {
    (RETRACT, True): _would_retract,
    (RETRACT, False): _retract,
    (ERASE, True): _would_erase,
    (ERASE, False): _erase,
}


def _retract_open(principal: Principal, serials: Sequence[int]) -> list[Memory]:
    """Those of one locked scope that nobody ended meanwhile, as they stand now."""
    found = _open(Memory.unscoped.filter(pk__in=serials), RETRACT)
    rows = list(found.order_by("serial").select_for_update(of=("self",)))
    if rows:
        scope = dict(rows[0].scope)
        run = Run(start_trace(principal=principal, scope=scope, extractor="forget"), scope)
        for memory in rows:
            take_back(run, memory)
        finish(run)
    return rows


_HAS_WORDS = (
    Q(before__value__regex=".")
    | Q(before__text__regex=".")
    | Q(after__value__regex=".")
    | Q(after__text__regex=".")
)


def _verify(chosen: Sequence[Memory]) -> int:
    """Rows that still hold words of the memories, which are given as they were: none.

    The receipt notes when it looked.
    """
    serials = [memory.pk for memory in chosen]
    left = Memory.unscoped.filter(pk__in=serials).exclude(text="", value="").count()
    left += Source.objects.filter(memory__in=serials).exclude(quote="").count()
    cited = Turn.unscoped.filter(sources__memory__in=serials)
    left += cited.exclude(content="").count()
    left += MemoryChange.objects.filter(_HAS_WORDS, memory__in=serials).count()
    left += entities.left_over(chosen)
    left += checkpoints.holding_words(
        project_id=chosen[0].project_id,
        owners={(memory.user_id, memory.scope_key) for memory in chosen},
        words={memory.value for memory in chosen},
    )
    uids = [memory.uid for memory in chosen]
    ErasureReceipt.objects.filter(subject_ids=uids).update(verified_at=timezone.now())
    return left
