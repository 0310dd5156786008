"""`manage.py worker`: runs jobs and periodic tasks and embeds, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, cast

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from memories.embeddings.loop import EmbeddingLoop
from memsync.pulse import BEAT_EVERY, HEARTBEAT_VARIABLE


class Command(BaseCommand):
    """The background worker."""

    help = "Run queued jobs and periodic tasks, and embed what was written."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGINT or SIGTERM; a running job is finished first."""
        connector = cast(DjangoConnector, app.connector).get_worker_connector()
        embedding = EmbeddingLoop()
        embedding.start()
        try:
            with app.replace_connector(connector) as worker:
                asyncio.run(_work(worker))
        finally:
            embedding.stop()


async def _work(worker: Any) -> None:
    """Run jobs, and show the supervisor that the loop which hands them out goes round."""
    beating = asyncio.create_task(_beat(os.environ.get(HEARTBEAT_VARIABLE)))
    try:
        async with worker.open_async():
            await worker.run_worker_async(
                name="memsync",
                concurrency=2,
                delete_jobs="successful",
                shutdown_graceful_timeout=8,
            )
    finally:
        beating.cancel()


async def _beat(path: str | None) -> None:
    while path:
        Path(path).touch()
        await asyncio.sleep(BEAT_EVERY)
