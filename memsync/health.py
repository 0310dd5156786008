"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse

from memsync.common.errors import TRANSIENT


def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all; it asks nobody else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served; 503 only without database or with pending migrations."""
    try:
        state = _state()
    except TRANSIENT:
        state = {"status": "unavailable", "database": "unreachable"}
    return JsonResponse(state, status=200 if state["status"] == "ok" else 503)


def _state() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = {tuple(row) for row in cursor.fetchall()}
        cursor.execute("SELECT memsync_embedding_backlog(), memsync_worker_lag()")
        backlog, lag = cursor.fetchone()
    pending = len(_known_migrations() - applied)
    return {
        "status": "pending_migrations" if pending else "ok",
        "database": "ok",
        "pending_migrations": pending,
        "embedding_backlog": backlog,
        "worker_lag_seconds": lag,
    }


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations on disk; they do not change while the process runs."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(loader.disk_migrations or ())
