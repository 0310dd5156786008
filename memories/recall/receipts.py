"""Receipts: what was asked and what came back, written apart from the answer.

A thread stores them in batches, so an answer does not wait for a commit; `flush` waits until all
are stored, before they are read and when the process ends. Ids and ranks are always kept, the words
of the question for the share of recalls that the settings say.
"""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from multiprocessing.util import Finalize
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone

from memories.models import Trace
from memories.recall.asking import Asked
from memsync.common.context import request_facts
from memsync.common.errors import TRANSIENT
from memsync.common.ids import uuid7
from memsync.common.tenancy import tenant_scope

logger = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""Receipts that wait for the database; beyond, answers wait for their receipts again."""
PATIENCE = 5.0
RETRIES = 3


def receipt_of(
    asked: Asked, hits: Sequence[dict[str, Any]], *, elapsed_ms: float, detail: dict[str, Any]
) -> Trace:
    """The receipt of an answer, not yet stored."""
    me = asked.principal
    keeps_words = random.random() < settings.RECEIPT_WORDS  # noqa: S311 - a sample, no secret
    return Trace(
        uid=uuid7(),
        tenant_id=me.tenant_id,
        project_id=me.project,
        user_id=me.user_id,
        scope=asked.whole_scope,
        kind=Trace.Kind.RECALL,
        principal_kind=me.kind,
        principal_id=me.id,
        principal_label=me.label,
        request_id=request_facts().request_id,
        query=asked.query if keeps_words else "",
        returned=[
            {"type": hit["type"], "id": str(hit["id"]), "rank": rank, "score": hit["score"]}
            for rank, hit in enumerate(hits, start=1)
        ],
        detail=detail,
        latency_ms=round(elapsed_ms, 3),
        finished_at=timezone.now(),
    )


class Writer:
    """Stores receipts in a thread of its own, in the order they came."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Trace | Event | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._starting = Lock()

    def submit(self, receipt: Trace) -> None:
        """Store a receipt soon."""
        self._start()
        self._waiting.put(receipt)
        if self._waiting.qsize() > MAX_WAITING:
            self.flush()

    def flush(self, *, seconds: float = PATIENCE) -> bool:
        """Wait until what was submitted before is stored; False when it took too long."""
        if self._thread is None:
            return True
        reached = Event()
        self._waiting.put(reached)
        return reached.wait(seconds)

    def stop(self) -> None:
        """Store what waits and end the thread, with its database connection."""
        with self._starting:
            if self._thread is not None:
                self._waiting.put(None)
                self._thread.join(PATIENCE)
                self._thread = None

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="receipts", daemon=True)
                self._thread.start()
                # Not atexit: a process started by multiprocessing, as the web's, would skip it.
                Finalize(None, self.stop, exitpriority=10)

    def _run(self) -> None:
        batch: list[Trace | Event | None] = []
        while None not in batch:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            _store_all([item for item in batch if isinstance(item, Trace)])
            for item in batch:
                if isinstance(item, Event):
                    item.set()
        connections.close_all()


def _store_all(receipts: Sequence[Trace]) -> None:
    """One transaction a tenant; a broken receipt is dropped, and no other with it."""
    by_tenant: dict[Any, list[Trace]] = defaultdict(list)
    for receipt in receipts:
        by_tenant[receipt.tenant_id].append(receipt)
    for tenant, rows in by_tenant.items():
        try:
            _store_soon(tenant, rows)
        except Exception:
            for row in rows:
                _store_or_drop(tenant, row)


def _store_or_drop(tenant: Any, row: Trace) -> None:
    try:
        _store_soon(tenant, [row])
    except Exception as error:
        logger.error("a receipt is lost: %s", type(error).__name__)


def _store_soon(tenant: Any, rows: Sequence[Trace]) -> None:
    """Store; a lost connection is tried again."""
    for _ in range(RETRIES):
        try:
            store(tenant, rows)
            return
        except TRANSIENT:
            connections.close_all()
    logger.error("%d receipts are lost: no database", len(rows))


def store(tenant: Any, receipts: Iterable[Trace]) -> None:
    """Store receipts of a tenant now."""
    with tenant_scope(tenant):
        for receipt in receipts:
            receipt.save(force_insert=True)


_writer = Writer()


def write(receipt: Trace) -> None:
    """Store a receipt: apart from the answer, or at once where the settings say so (tests)."""
    if settings.RECEIPTS_APART:
        _writer.submit(receipt)
    else:
        store(receipt.tenant_id, [receipt])


def flush() -> bool:
    """Wait for the receipts of this process, so that a reader finds those it was told of."""
    return _writer.flush()


def stop() -> None:
    """Store what waits and let go of the database."""
    _writer.stop()


def prune(*, batch: int = 10_000) -> int:
    """Delete receipts past their days; returns how many."""
    old = Trace.unscoped.filter(
        kind=Trace.Kind.RECALL,
        created_at__lt=timezone.now() - timedelta(days=settings.RECEIPT_DAYS),
    )
    deleted, _ = Trace.unscoped.filter(pk__in=old.values("pk")[:batch]).delete()
    return deleted
