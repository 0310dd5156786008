"""Clearing away what is over. Runs as the owner: it concerns all tenants."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session as PageSession
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from sessions_app.models import (
    ROUTINE,
    Device,
    SecurityEvent,
    Session,
    SessionFamily,
    ThrottleBucket,
)
from sessions_app.querysets import Clock
from sessions_app.throttle import WINDOW

BATCH = 1000
ROUTINE_KEPT = timedelta(days=90)


def prune_sessions() -> dict[str, int]:
    """Remove families past their 14 days with their tokens, and what only they needed.

    A family that still runs, or was revoked before its time, stays whole until then: its used
    tokens are what the reuse alarm knows a thief by. Of security events only the routine goes,
    after 90 days: the database refuses to delete any other.
    """
    expired = SessionFamily.objects.filter(expires_at__lte=Clock())
    routine = SecurityEvent.objects.filter(kind__in=sorted(ROUTINE), at__lt=Clock() - ROUTINE_KEPT)
    empty = ~Exists(SessionFamily.objects.filter(device=OuterRef("pk")))
    idle = Device.objects.filter(empty, revoked_at=None)
    return {
        "families": _in_batches(expired, _delete_families),
        "devices": _in_batches(idle, _delete),
        "page_sessions": _in_batches(PageSession.objects.filter(expire_date__lt=Clock()), _delete),
        "throttle": _in_batches(
            ThrottleBucket.objects.filter(last_at__lt=Clock() - WINDOW), _delete
        ),
        "routine_events": _in_batches(routine, _delete, order="at"),
    }


def _in_batches(rows: QuerySet[Any], delete: Any, *, order: str = "pk") -> int:
    """Delete in short transactions, so that nobody signing in waits for long."""
    deleted = 0
    while True:
        with transaction.atomic():
            batch = rows.order_by(order).select_for_update(skip_locked=True, of=("self",))
            ids = list(batch.values_list("pk", flat=True)[:BATCH])
            delete(rows.model, ids)
        deleted += len(ids)
        if len(ids) < BATCH:
            return deleted


def _delete_families(model: type[SessionFamily], ids: list[Any]) -> None:
    tokens = Session.objects.filter(family__in=ids)
    tokens._raw_delete(tokens.db)
    _delete(model, ids)


def _delete(model: Any, ids: list[Any]) -> None:
    """One statement; the collector would load what cannot be there any more."""
    rows = model._default_manager.filter(pk__in=ids)
    rows._raw_delete(rows.db)
