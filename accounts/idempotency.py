"""Idempotency-Key: a repeated POST is answered again, not done again.

Where the work needs no network it is one transaction: lock, look, work, store the answer. A crash
or an error rolls all of it back and frees the key, so nothing is ever stuck.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.response import Response

from accounts.models import IdempotencyKey
from accounts.principals import Principal
from memsync.common.errors import BadRequest, Conflict, Unprocessable
from memsync.common.locks import LockSpace, try_lock
from memsync.common.rendering import dumps

_FORM = re.compile(r"[\x21-\x7e]{1,255}")
REPLAYED = "Idempotency-Replayed"


def answer_once(
    *, principal: Principal, key: str, route: str, body: Any, work: Callable[[], Response]
) -> Response:
    """The stored answer of this key, or that of `work`, stored in its transaction.

    Raises BadRequest for a malformed key, Conflict (409) while the first request is still running,
    Unprocessable (422) when the key was used for another body or route.
    """
    if not _FORM.fullmatch(key):
        raise BadRequest("1 to 255 visible ASCII characters.", code="bad_idempotency_key")
    if not try_lock(LockSpace.IDEMPOTENCY, f"{principal.kind}:{principal.id}:{key}"):
        raise Conflict(
            "The first request with this key is still running.",
            code="idempotency_in_flight",
            headers={"Retry-After": "1"},
        )
    fingerprint = _fingerprint(route, body)
    mine = IdempotencyKey.objects.filter(
        principal_kind=principal.kind, principal_id=principal.id, key=key
    )
    stored = mine.filter(created_at__gt=timezone.now() - _lifetime()).first()
    if stored:
        return _replay(stored, fingerprint)
    mine.delete()  # older than its lifetime: the key is free again
    response = work()
    _store(principal, key, route, fingerprint, response)
    return response


def prune(*, batch: int = 10_000) -> int:
    """Delete keys past their lifetime; returns how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - _lifetime())
    deleted, _ = IdempotencyKey.objects.filter(pk__in=old.values("pk")[:batch]).delete()
    return deleted


def _lifetime() -> timedelta:
    return timedelta(hours=settings.IDEMPOTENCY_HOURS)


def _fingerprint(route: str, body: Any) -> str:
    canonical = json.dumps([route, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _replay(stored: IdempotencyKey, fingerprint: str) -> Response:
    if stored.fingerprint != fingerprint:
        raise Unprocessable(
            "This Idempotency-Key was used for another request.", code="idempotency_key_reused"
        )
    body = json.loads(stored.response_body) if stored.response_body else None
    return Response(body, status=stored.response_status, headers={REPLAYED: "true"})


def _store(
    principal: Principal, key: str, route: str, fingerprint: str, response: Response
) -> None:
    data = response.data if isinstance(response.data, dict) else {}
    IdempotencyKey.objects.create(
        tenant_id=principal.tenant_id,
        project_id=principal.project,
        principal_kind=principal.kind,
        principal_id=principal.id,
        key=key,
        route=route[:255],
        fingerprint=fingerprint,
        state=IdempotencyKey.State.DONE,
        trace_uid=data.get("trace_id"),
        response_status=response.status_code,
        response_body=dumps(data).decode() if response.data is not None else "",
        shown_ids=data.get("turn_ids") or [turn["id"] for turn in data.get("turns", [])],
    )
