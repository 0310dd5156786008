"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse

from memsync.common.errors import TRANSIENT

PATIENCE = 4.0
"""Seconds that the database has for its answer, as `connect_timeout`; who asks us waits 5."""
QUIET = 1.0
"""Seconds after a look that hung in which nobody looks again."""
UNREACHABLE = {"status": "unavailable", "database": "unreachable"}


def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all; it asks nobody else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served; 503 only without database or with pending migrations."""
    state = _readiness.state()
    return JsonResponse(state, status=200 if state["status"] == "ok" else 503)


class Readiness:
    """One look at the database at a time, of PATIENCE at most, however many ask.

    The server has few threads, and a database that hangs would hold each of them: who meets a look
    that hangs, or comes right after it, takes its answer.
    """

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._hung_at: float | None = None

    def state(self) -> dict[str, Any]:
        """What `/readyz` says."""
        if not self._looking.acquire(timeout=0 if self._hung_at else PATIENCE):
            return UNREACHABLE
        try:
            if self._hung_at and time.monotonic() < self._hung_at + QUIET:
                return UNREACHABLE
            return self._look()
        finally:
            self._looking.release()

    def _look(self) -> dict[str, Any]:
        started = time.monotonic()
        try:
            with _hanging_up(PATIENCE):
                state = _state()
        except TRANSIENT:
            has_hung = time.monotonic() > started + PATIENCE / 2
            self._hung_at = time.monotonic() if has_hung else None
            return UNREACHABLE
        self._hung_at = None
        return state


_readiness = Readiness()


@contextmanager
def _hanging_up(seconds: float) -> Iterator[None]:
    """End this thread's connection when the block takes longer; libpq itself would wait for ever.

    Raises OperationalError when no connection is had, or the one there is does not answer.
    """
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
        is_over = threading.Event()
        timer = threading.Thread(target=_hang_up, args=(line, is_over, seconds), daemon=True)
        timer.start()
        try:
            connection.close_if_health_check_failed()
            if not timer.is_alive():
                raise OperationalError("the database does not answer")
            yield
        except TRANSIENT:
            connection.close()
            raise
        finally:
            is_over.set()
            timer.join()


def _hang_up(line: socket.socket, is_over: threading.Event, seconds: float) -> None:
    if not is_over.wait(seconds):
        line.shutdown(socket.SHUT_RDWR)


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
