"""Periodic jobs of conversations."""

from django.conf import settings
from procrastinate.contrib.django import app

from conversations import services


@app.periodic(cron="20 3 * * *")
@app.task(queueing_lock="archive_idle_conversations")
def archive_idle_conversations(timestamp: int) -> int:
    """Archive what nobody has written to for MEMSYNC_ARCHIVE_IDLE_DAYS; off without it."""
    if not settings.ARCHIVE_IDLE_DAYS:
        return 0
    return services.archive_idle(days=settings.ARCHIVE_IDLE_DAYS)
