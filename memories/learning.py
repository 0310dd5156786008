"""Unfinished traces: what was stored is learnt outside the transaction that stored it.

The trace is the truth, not the job or the request: whoever works on it takes it for a time (its
lease), and whoever finishes first finishes it; a second one finds it done and changes nothing. So a
worker or a request may be killed at any point, and it is learnt exactly once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.idempotency import InFlight
from accounts.principals import Principal
from conversations.models import Conversation
from memories import extractors
from memories.diffs import diff_of
from memories.extractors import Extraction
from memories.ingest import Reading, extract_here, lease, reading_of, store
from memories.models import Trace
from memsync.common.errors import NotFound
from memsync.common.tenancy import tenant_scope

logger = logging.getLogger(__name__)

UNFINISHED = (Trace.Status.PENDING, Trace.Status.RUNNING)
MOST_ATTEMPTS = 5
"""Whatever kills its worker so often is given up; the turns stay."""
Answer = TypeVar("Answer")


def learn_now(
    *,
    principal: Principal,
    trace_id: UUID,
    is_resumed: bool,
    answer: Callable[[dict[str, Any]], Answer],
) -> Answer:
    """Finish a trace for a caller who waits; `answer` of the diff runs in the same transaction.

    A resumed one is taken first. Raises InFlight (409) when somebody else is at it.
    """
    with tenant_scope(principal.tenant_id):
        rows = Trace.unscoped.filter(project_id=principal.project, uid=trace_id)
        trace = rows.select_related("conversation").first()
        if trace is None:
            raise NotFound
        if is_resumed and not trace.is_finished and not take(trace, settings.OPENAI_SECONDS):
            raise InFlight(1)
        reading = None if trace.is_finished else reading_of(trace)
    extraction = _asked(reading, settings.OPENAI_SECONDS)
    with tenant_scope(principal.tenant_id):
        return answer(complete(trace, extraction))


def learn_later(serial: int) -> bool:
    """Finish a trace in the worker; False when it is finished or somebody else is at it."""
    trace = Trace.unscoped.select_related("conversation").filter(pk=serial).first()
    if trace is None:
        return False
    seconds = settings.WORKER_OPENAI_SECONDS if extractors.needs_network() else 0
    with tenant_scope(trace.tenant_id):
        if not take(trace, seconds):
            return False
        reading = reading_of(trace)
    gave_up = trace.detail["attempts"] > MOST_ATTEMPTS
    extraction = Extraction(error="gave_up") if gave_up else _asked(reading, seconds)
    with tenant_scope(trace.tenant_id):
        complete(trace, extraction)
    return True


def overdue(*, now: datetime | None = None, most: int = 100) -> list[int]:
    """Unfinished traces of all tenants that nobody is at.  # Uses index: trace_to_do"""
    rows = Trace.unscoped.filter(status__in=UNFINISHED, lease_until__lt=now or timezone.now())
    return list(rows.order_by("serial").values_list("pk", flat=True)[:most])


def take(trace: Trace, seconds: float) -> bool:
    """Take an unfinished trace for `seconds` and the lease's margin, if nobody has it.

    The job's grace does not bind the job: a pending trace is anybody's.
    """
    row = Trace.unscoped.select_for_update(no_key=True, of=("self",)).get(pk=trace.pk)
    now = timezone.now()
    is_held = row.status == Trace.Status.RUNNING and row.lease_until and row.lease_until > now
    if row.is_finished or is_held:
        return False
    trace.status, trace.lease_until = Trace.Status.RUNNING, now + lease(seconds)
    trace.detail = row.detail | {"attempts": row.detail.get("attempts", 0) + 1}
    trace.extractor, trace.prompt_version = extractors.label(), extractors.prompt_version()
    trace.save(update_fields=["status", "lease_until", "detail", "extractor", "prompt_version"])
    return True


def complete(trace: Trace, extraction: Extraction | None) -> dict[str, Any]:
    """Store what was found (without an Extraction: what rules find now) and finish the trace.

    Locks the conversation, as redaction does, then the trace: claims about words that were redacted
    meanwhile fall away. A trace that somebody else finished is left as it is; returns its diff.
    """
    locked = Conversation.unscoped.select_for_update(no_key=True, of=("self",))
    list(locked.filter(pk=trace.conversation_id))
    rows = Trace.unscoped.select_for_update(no_key=True, of=("self",))
    row: Trace = rows.select_related("conversation").get(pk=trace.pk)
    if row.is_finished:
        return diff_of(row)
    reading = reading_of(row)
    if extraction is None:
        extraction = extract_here(reading) if reading else Extraction()
    return store(row, reading, extraction)


def _asked(reading: Reading | None, seconds: float) -> Extraction | None:
    """What the endpoint finds, outside of any transaction; None where rules do without."""
    if reading is None or not extractors.needs_network():
        return None
    try:
        return extractors.over_network(reading.messages, reading.new_from, seconds=seconds)
    except Exception as error:  # a bug there must not leave the trace unfinished
        logger.exception("extraction failed: %s", type(error).__name__)
        return Extraction(error="extraction_failed")
