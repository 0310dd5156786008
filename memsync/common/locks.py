"""Advisory locks: one table of key spaces, so that no two uses collide."""

from __future__ import annotations

import hashlib
from enum import IntEnum

from django.db import connections

from memsync.common.tenancy import alias


class LockSpace(IntEnum):
    """What a lock protects; the first of its two keys."""

    IDEMPOTENCY = 1
    """One keyed request at a time. Not held across requests."""
    RECONCILE = 2
    """The memories of one scope, while an ingest compares claims with them."""
    CHECKPOINT_WRITES = 3
    """The writes of one thread, while they are added and counted."""


def try_lock(space: LockSpace, name: str) -> bool:
    """Take the lock until the transaction ends; False when somebody else has it."""
    return _lock("pg_try_advisory_xact_lock", space, name)


def lock(space: LockSpace, name: str) -> None:
    """Wait for the lock and hold it until the transaction ends."""
    _lock("pg_advisory_xact_lock", space, name)


def _lock(function: str, space: LockSpace, name: str) -> bool:
    connection = connections[alias()]
    if not connection.in_atomic_block:
        raise RuntimeError("an advisory lock needs a transaction")
    digest = hashlib.sha256(f"{int(space)}:{name}".encode()).digest()
    key = int.from_bytes(digest[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [key])
        return bool(cursor.fetchone()[0] is not False)
