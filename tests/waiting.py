"""Calls that wait for a lock while something else happens under it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from django.db import connection, connections, transaction

from memories.models import Memory
from memsync.common.locks import LockSpace, lock
from tests.factories import Answer

_WAITING = """
SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
 WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
"""


def behind_a_scope(
    memory: Memory, call: Callable[[], Answer], meanwhile: Callable[[], object]
) -> Answer:
    """The answer of a call that waits for the scope of a memory until `meanwhile` is committed."""
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock(LockSpace.RECONCILE, f"{memory.project_id}:{memory.scope_key}")
        answer = pool.submit(_closing, call)
        _wait_for_lock(answer)
        meanwhile()
    return answer.result()


def _closing(call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    finally:
        connections.close_all()


def _wait_for_lock(answer: Future[Answer]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(_WAITING)
            if cursor.fetchone()[0]:
                return
        wait([answer], timeout=0.02)
        assert not answer.done(), "it did not wait for the scope"
    raise AssertionError("it never came to the lock")
