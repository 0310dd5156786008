"""Periodic jobs of the house."""

from procrastinate.contrib.django import app

from accounts import idempotency


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="prune_idempotency_keys")
def prune_idempotency_keys(timestamp: int) -> int:
    """Delete Idempotency-Keys past their 24 hours, a batch at a time."""
    deleted = 0
    while batch := idempotency.prune():
        deleted += batch
    return deleted
