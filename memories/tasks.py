"""Jobs of memories. A job carries the key of a row, never words."""

from procrastinate.contrib.django import app

from memories import learning
from memories.recall import receipts, sessions


@app.task(name="learn")
def learn(trace: int) -> bool:
    """Learn from the turns of a trace; run again, it changes nothing."""
    return learning.learn_later(trace)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="learn_overdue")
def learn_overdue(timestamp: int) -> int:
    """Finish what a killed worker or a cut request left behind."""
    return sum(learning.learn_later(trace) for trace in learning.overdue())


@app.periodic(cron="40 * * * *")
@app.task(queueing_lock="prune_recalls")
def prune_recalls(timestamp: int) -> int:
    """Delete receipts past MEMSYNC_RECEIPT_DAYS and stored query sessions that have expired."""
    deleted = sessions.prune()
    while batch := receipts.prune():
        deleted += batch
    return deleted
