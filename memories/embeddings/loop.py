"""The worker's embedding loop: a thread that looks for rows without a vector."""

from __future__ import annotations

import logging
import os
from threading import Event, Thread, get_native_id

from django.db import connections

from memories import embeddings
from memories.embeddings import Embedder, EmbeddingError, queue
from memsync.common.errors import TRANSIENT
from memsync.common.sql import fetch
from memsync.common.tenancy import alias

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
NICENESS = 10
"""Questions come first: on Linux a thread has a priority of its own."""
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
_LOCK = 7_301_202_611_201
"""Of the one loop of an installation that embeds; others stand by."""


class EmbeddingLoop(Thread):
    """Embeds what waits, newest first, until it is stopped. One at a time per database."""

    def __init__(self) -> None:
        super().__init__(name="embeddings", daemon=True)
        self._stopping = Event()
        self._leads = False
        self._failures = 0

    def stop(self, *, patience: float = 8.0) -> None:
        """End after the batch under way."""
        self._stopping.set()
        self.join(patience)

    def run(self) -> None:
        """Look, embed, rest."""
        model = embeddings.configured()
        if model is None:
            return
        os.setpriority(os.PRIO_PROCESS, get_native_id(), NICENESS)
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self._step(model)
        connections.close_all()

    def _step(self, model: Embedder) -> float:
        """One round; returns the seconds until the next."""
        try:
            pause = self._work(model)
        except TRANSIENT:
            self._leads = False
            connections.close_all()
            return self._backoff(None)
        except EmbeddingError as error:
            logger.warning("embedding waits: %s", error)
            return self._backoff(error.retry_after)
        except Exception as error:  # a loop that ends would leave recall lexical, unseen
            logger.exception("embedding failed: %s", type(error).__name__)
            return self._backoff(None)
        self._failures = 0
        return pause

    def _work(self, model: Embedder) -> float:
        if not self._leads and not self._take_lead(model):
            return IDLE_SECONDS * 10
        if queue.embed_some(model):
            return 0.0
        queue.retire_others(model.name)
        return IDLE_SECONDS

    def _take_lead(self, model: Embedder) -> bool:
        """Become the one that embeds; the lock lasts as long as the connection."""
        connections[alias()].close_if_unusable_or_obsolete()
        [(is_ours,)] = fetch("SELECT pg_try_advisory_lock(%(key)s::bigint)", {"key": _LOCK})
        if is_ours:
            queue.adopt(model.name)
            self._leads = True
        return self._leads

    def _backoff(self, wished: float | None) -> float:
        pause = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
        self._failures += 1
        return min(max(pause, wished or 0.0), BACKOFF_SECONDS[-1])
