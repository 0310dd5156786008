"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
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
        pending = len(_known_migrations() - _applied(cursor))
        if pending:
            shown = {"status": "pending_migrations", "database": "ok"}
            return shown | {"pending_migrations": pending}
        cursor.execute("SELECT memsync_embedding_backlog(), memsync_worker_lag()")
        waiting, lag = cursor.fetchone()
    return {
        "status": "ok",
        "database": "ok",
        "pending_migrations": 0,
        "embedding_backlog": 0 if settings.EMBEDDINGS == "none" else waiting,
        "worker_lag_seconds": lag,
    }


def _applied(cursor: Any) -> set[tuple[str, str]]:
    """The migrations that were run; of an empty database none."""
    cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return set()
    cursor.execute("SELECT app, name FROM django_migrations")
    return {(app, name) for app, name in cursor.fetchall()}


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations on disk; they do not change while the process runs."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(loader.disk_migrations or ())
