"""Periodic jobs of sign-in."""

from procrastinate.contrib.django import app

from sessions_app import services


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="prune_sessions")
def prune_sessions(timestamp: int) -> dict[str, int]:
    """Remove sign-ins past their 14 days, and what only they needed."""
    return services.prune_sessions()
