"""Idempotency-Key: a repeated POST is answered again, not done again.

Where the work needs no network it is one transaction: lock, look, work, store the answer. A crash
or an error rolls all of it back and frees the key, so nothing is ever stuck.

Where it does, `work` returns an `Unfinished` answer: the first transaction stores it as it stands,
with a lease, and `finish` completes it in the second. A repetition is refused (409) while the lease
lasts; after it the first request is dead, and the repetition takes over where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from rest_framework.response import Response

from accounts.models import IdempotencyKey
from accounts.principals import Principal
from memsync.common.errors import BadRequest, Conflict, Unprocessable
from memsync.common.locks import LockSpace, try_lock
from memsync.common.rendering import dumps
from memsync.common.words import ids_in, without_words

_FORM = re.compile(r"[\x21-\x7e]{1,255}")
REPLAYED = "Idempotency-Replayed"


class InFlight(Conflict):
    """The first request with a key has not answered yet."""

    code = "idempotency_in_flight"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "The first request with this key is still running.",
            headers={"Retry-After": str(max(1, math.ceil(seconds)))},
        )


class Unfinished(Response):
    """The answer of a request whose turns are stored, before its work outside of transactions.

    Its data names the trace of that work as `trace_id`.
    """

    is_resumed = False
    """Whether an earlier request stored it, which died since."""


class Showing(Response):
    """An answer that shows rows under other names than their ids; `shows` are those."""

    def __init__(self, data: Any, *, shows: Collection[UUID], status: int | None = None) -> None:
        super().__init__(data, status=status)
        self.shows = frozenset(shows)


def answer_once(
    *, principal: Principal, key: str, route: str, body: Any, work: Callable[[], Response]
) -> Response:
    """The stored answer of this key, or that of `work`, stored in its transaction.

    Raises BadRequest for a malformed key, InFlight (409) while the first request is still running,
    Unprocessable (422) when the key was used for another body or route.
    """
    if not _FORM.fullmatch(key):
        work()  # says first what is not there or not allowed; what it did is undone with the error
        raise BadRequest("1 to 255 visible ASCII characters.", code="bad_idempotency_key")
    if not try_lock(LockSpace.IDEMPOTENCY, f"{principal.kind}:{principal.id}:{key}"):
        raise InFlight(1)
    fingerprint = _fingerprint(route, body)
    mine = _keys_of(principal, key)
    stored = mine.filter(created_at__gt=timezone.now() - _lifetime()).first()
    if stored:
        return _replay(stored, fingerprint)
    mine.delete()  # older than its lifetime: the key is free again
    response = work()
    IdempotencyKey.objects.create(
        tenant_id=principal.tenant_id,
        project_id=principal.project,
        principal_kind=principal.kind,
        principal_id=principal.id,
        key=key,
        route=route[:255],
        fingerprint=fingerprint,
        **_answered(response),
    )
    return response


def finish(*, principal: Principal, key: str, learnt: dict[str, Any]) -> None:
    """Complete the stored answer of an `Unfinished` request with what its second half found.

    What is stored is completed, not what the request still has in hand: words that were erased
    meanwhile stay erased.
    """
    row = _keys_of(principal, key).select_for_update().first()
    if row is None:
        return
    body = json.loads(row.response_body) | learnt
    row.state, row.lease_until = IdempotencyKey.State.DONE, None
    row.response_body = dumps(body).decode()
    row.shown_ids = sorted({*row.shown_ids, *ids_in(learnt)})
    row.save(update_fields=["state", "lease_until", "response_body", "shown_ids"])


def prune(*, batch: int = 10_000) -> int:
    """Delete keys past their lifetime; returns how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - _lifetime())
    deleted, _ = IdempotencyKey.objects.filter(pk__in=old.values("pk")[:batch]).delete()
    return deleted


def forget_words(*, project_id: UUID, shown: Collection[UUID], batch: int = 10_000) -> int:
    """Blank the words of answers that show one of these turns or memories; returns how many.

    A replay then has the ids and times of the first answer.  # Uses index: idempotency_by_shown
    """
    blanked, ids = 0, list(shown)
    for start in range(0, len(ids), batch):
        rows = IdempotencyKey.objects.filter(
            project_id=project_id, shown_ids__overlap=ids[start : start + batch]
        )
        for row in rows.exclude(response_body="").select_for_update():
            without = dumps(without_words(json.loads(row.response_body))).decode()
            if without != row.response_body:
                row.response_body = without
                row.save(update_fields=["response_body"])
                blanked += 1
    return blanked


def _lifetime() -> timedelta:
    return timedelta(hours=settings.IDEMPOTENCY_HOURS)


def _fingerprint(route: str, body: Any) -> str:
    canonical = json.dumps([route, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _keys_of(principal: Principal, key: str) -> Any:
    return IdempotencyKey.objects.filter(
        principal_kind=principal.kind, principal_id=principal.id, key=key
    )


def _replay(stored: IdempotencyKey, fingerprint: str) -> Response:
    if stored.fingerprint != fingerprint:
        raise Unprocessable(
            "This Idempotency-Key was used for another request.", code="idempotency_key_reused"
        )
    body = json.loads(stored.response_body) if stored.response_body else None
    if stored.state == IdempotencyKey.State.TURNS_STORED:
        return _resume(stored, body)
    return Response(body, status=stored.response_status, headers={REPLAYED: "true"})


def _resume(stored: IdempotencyKey, body: Any) -> Unfinished:
    """Take over from a request that died after its turns were stored."""
    now = timezone.now()
    if stored.lease_until and stored.lease_until > now:
        raise InFlight((stored.lease_until - now).total_seconds())
    stored.lease_until = now + _lease()
    stored.save(update_fields=["lease_until"])
    response = Unfinished(body, status=stored.response_status)
    response.is_resumed = True
    return response


def _lease() -> timedelta:
    return timedelta(seconds=settings.OPENAI_SECONDS + settings.LEASE_MARGIN_SECONDS)


def _answered(response: Response) -> dict[str, Any]:
    """The columns of an answer."""
    data = response.data if isinstance(response.data, dict) else {}
    is_unfinished = isinstance(response, Unfinished)
    state = IdempotencyKey.State.TURNS_STORED if is_unfinished else IdempotencyKey.State.DONE
    return {
        "state": state,
        "lease_until": timezone.now() + _lease() if is_unfinished else None,
        "trace_uid": data.get("trace_id"),
        "response_status": response.status_code,
        "response_body": dumps(data).decode() if response.data is not None else "",
        "shown_ids": sorted({*ids_in(data), *getattr(response, "shows", ())}),
    }
