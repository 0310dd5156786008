"""`manage.py worker`: runs the jobs and the periodic tasks until it is told to stop."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app


class Command(BaseCommand):
    """The background worker."""

    help = "Run queued jobs and periodic tasks."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGINT or SIGTERM; a running job is finished first."""
        with app.replace_connector(app.connector.get_worker_connector()) as worker:
            worker.run_worker(
                name="memsync", concurrency=2, delete_jobs="successful", shutdown_graceful_timeout=8
            )
