"""Forgetting in two calls: the first shows what would go, the second confirms exactly that.

The confirmation is a signature, good for some minutes, over who asked, in which project, how, and
the ids and words that were shown. The second call chooses anew: when somebody else sends it, or
what it means has changed, nothing is forgotten.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core import signing

from accounts.principals import Principal
from memories import forgetting
from memories.models import Memory
from memories.querysets import MemoryQuerySet
from memsync.common.errors import BadRequest, Conflict
from memsync.common.tenancy import tenant_scope

MOST = 100
"""Memories of one confirmation: a person is to read what goes."""
SECONDS = 300
_SALT = "memories.mcp.forget"


class ConfirmationInvalid(BadRequest):
    """It was not given by this server, or was changed on the way."""

    code = "confirmation_invalid"
    detail = "This is no confirmation of ours. Call forget without one first."


class ConfirmationExpired(BadRequest):
    """It is too old."""

    code = "confirmation_expired"
    detail = f"The confirmation was good for {SECONDS // 60} minutes. Ask again without it."


class ConfirmationStale(Conflict):
    """It is for something else than what would go now."""

    code = "confirmation_stale"
    detail = (
        "Nothing was forgotten: the confirmation is for other memories, another mode or somebody "
        "else, or what it was for has changed. Ask again without it."
    )


def propose(
    *, principal: Principal, memories: MemoryQuerySet, mode: str
) -> tuple[forgetting.Forgotten, str]:
    """What would go, and the confirmation for it; "" when nothing would."""
    shown = _shown(principal, memories, mode)
    token = signing.dumps(_digest(principal, mode, shown.memories), salt=_SALT)
    return shown, token if shown.memories else ""


def confirm(
    *, principal: Principal, memories: MemoryQuerySet, mode: str, confirmation: str
) -> forgetting.Forgotten:
    """Forget what a confirmation is for. Raises ConfirmationInvalid, …Expired, …Stale."""
    digest = _read(confirmation)
    with tenant_scope(principal.tenant_id):
        shown = _shown(principal, memories, mode)
        if not shown.memories or digest != _digest(principal, mode, shown.memories):
            raise ConfirmationStale
        return forgetting.forget(
            principal=principal,
            memories=_exactly(principal, [memory.uid for memory in shown.chosen]),
            mode=mode,
            dry_run=False,
        )


def _shown(principal: Principal, memories: MemoryQuerySet, mode: str) -> forgetting.Forgotten:
    """The dry run of at most MOST memories, with what goes with just these."""
    every = forgetting.forget(principal=principal, memories=memories, mode=mode)
    if len(every.chosen) <= MOST:
        return every
    first = _exactly(principal, [memory.uid for memory in every.chosen[:MOST]])
    return replace(forgetting.forget(principal=principal, memories=first, mode=mode), has_more=True)


def _exactly(principal: Principal, ids: Sequence[UUID]) -> MemoryQuerySet:
    rows: MemoryQuerySet = Memory.objects.reachable(principal).filter(uid__in=ids)
    return rows


def _digest(principal: Principal, mode: str, memories: Sequence[Memory]) -> str:
    """Who, where, how and what, in 32 characters: a model has to copy it."""
    what: list[Any] = [[str(memory.uid), memory.status, memory.text] for memory in memories]
    whole = [principal.kind, str(principal.id), str(principal.project), mode, what]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:32]


def _read(confirmation: str) -> str:
    try:
        return str(signing.loads(confirmation, salt=_SALT, max_age=SECONDS))
    except signing.SignatureExpired as error:
        raise ConfirmationExpired from error
    except (signing.BadSignature, ValueError) as error:
        raise ConfirmationInvalid from error
