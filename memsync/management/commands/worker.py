"""`manage.py worker`: runs jobs and periodic tasks and embeds, until it is told to stop."""

from __future__ import annotations

from typing import Any, cast

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from memories.embeddings.loop import EmbeddingLoop


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
                worker.run_worker(
                    name="memsync",
                    concurrency=2,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=8,
                )
        finally:
            embedding.stop()
