"""Memories whose lifetime is over: context ends by itself, and the record says so."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from django.utils import timezone

from accounts.models import Project
from accounts.principals import of_command
from memories.ingest import start_trace
from memories.models import Memory, MemoryChange
from memories.persist import Run, end, finish
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import tenant_scope

BATCH = 1000


def end_expired(*, now: datetime | None = None) -> int:
    """Close live memories past their lifetime, of all tenants, each scope in its own trace.

    Returns how many. Until it has run, recall and state leave them out by their time.
    """
    due = Memory.unscoped.filter(status=Memory.Status.LIVE, expires_at__lte=now or timezone.now())
    rows = due.order_by("project_id", "scope_key", "serial")[:BATCH]
    found = rows.values_list("project_id", "scope_key", "serial")
    ended = 0
    for (project_id, scope_key), group in groupby(found, key=lambda row: row[:2]):
        project = Project.objects.select_related("tenant").get(pk=project_id)
        ended += _end(project, scope_key, [serial for _, _, serial in group])
    return ended


def _end(project: Project, scope_key: str, serials: list[int]) -> int:
    with tenant_scope(project.tenant_id):
        lock(LockSpace.RECONCILE, f"{project.pk}:{scope_key}")
        rows = list(Memory.unscoped.filter(pk__in=serials).live().select_for_update())
        if rows:
            principal, scope = of_command(project, "expiry"), rows[0].scope
            run = Run(start_trace(principal=principal, scope=scope, extractor="expiry"), scope)
            for memory in rows:
                end(run, memory, Memory.Status.CLOSED, MemoryChange.Op.EXPIRED)
            finish(run)
    return len(rows)
