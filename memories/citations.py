"""What says memories: the turns and observations they cite, and the locks that keep it so.

Locks are taken in one order: conversations, observations, scopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from django.db import transaction
from django.db.models import Q, QuerySet

from conversations import redaction
from conversations.models import Conversation, Turn
from memories.models import Memory, Observation, Source
from memories.reconcile import normalize
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import alias


class _SaidAgain(Exception):
    """More words say the memories than were locked."""


def lock_sayings(memories: Sequence[Memory]) -> tuple[list[Turn], list[int]]:
    """The turns and observations that say memories, after everything that could add to them waits.

    An append and a promotion hold the conversation or observation when they come to the scope, so
    nobody may ask in another order. If the memories were said again while this waited for the
    scope, all locks go back and it begins anew.
    """
    while True:
        with suppress(_SaidAgain), transaction.atomic(using=alias()):
            turns, observed = said = saying(memories)
            redaction.lock_conversations(redaction.showing(turns))
            rows = Observation.unscoped.filter(pk__in=observed).order_by("pk")
            list(rows.select_for_update(of=("self",)))
            lock_scopes(citing([turn.pk for turn in turns], observed), memories)
            if saying(memories) != said:
                raise _SaidAgain
            return said


def saying(memories: Sequence[Memory]) -> tuple[list[Turn], list[int]]:
    """The turns, and the serials of the observations, that these memories cite."""
    cited = Source.objects.filter(memory__in=memories, erased_at__isnull=True)
    turns = Turn.unscoped.filter(pk__in=cited.values("turn")).order_by("pk")
    observed = cited.filter(observation__isnull=False).values_list("observation_id", flat=True)
    return list(turns), sorted(set(observed))


def sayers(turns: Sequence[Turn], observed: Sequence[int]) -> list[Conversation | Observation]:
    """What decides who may write these words."""
    conversations = {turn.conversation_id for turn in turns}
    return [
        *Conversation.unscoped.filter(pk__in=conversations),
        *Observation.unscoped.filter(pk__in=observed),
    ]


def citing(turns: Sequence[int], observed: Sequence[int]) -> QuerySet[Source]:
    """The sources that cite these turns and observations."""
    said = Q(turn__in=turns) | Q(observation__in=observed)
    return Source.objects.filter(said, erased_at__isnull=True)


def lock_scopes(cited: QuerySet[Source], asked: Sequence[Memory]) -> None:
    """Wait for whoever changes memories that cite the words or are asked for by name.

    In one order, against deadlock.
    """
    serials = {*cited.values_list("memory_id", flat=True), *(memory.pk for memory in asked)}
    rows = Memory.unscoped.filter(pk__in=serials).values_list("project_id", "scope_key")
    for project_id, key in sorted(set(rows)):
        lock(LockSpace.RECONCILE, f"{project_id}:{key}")


def stated(memories: Sequence[Memory], *, without: QuerySet[Source] | None = None) -> set[int]:
    """Those of the memories whose whole value stands in words that are left to cite.

    `without`: sources that will not be.
    """
    values = {memory.pk: memory.normalized_value for memory in memories}
    sources = Source.objects.filter(memory__in=values, erased_at__isnull=True)
    if without is not None:
        sources = sources.exclude(pk__in=without.values("pk"))
    quotes = sources.values_list("memory_id", "quote").distinct()
    return {serial for serial, quote in quotes if values[serial] in normalize(quote)}
