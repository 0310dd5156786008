"""The sign-in throttle: counted in PostgreSQL, so for all processes, and before hashing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection

from memsync.common.context import request_facts
from memsync.common.errors import TooManyRequests

WINDOW_SECONDS = 15 * 60
PER_ACCOUNT_AND_IP, PER_IP = 10, 100


class SignInThrottled(TooManyRequests):
    """Too many failures; the answer says how long to wait."""

    code = "sign_in_throttled"
    detail = "Too many failed sign-ins. Wait before the next."


@contextmanager
def counted_attempt(email: str) -> Iterator[None]:
    """Count an attempt for the block; given back when it ends well.

    Raises SignInThrottled beyond 10 failures in 15 minutes per account and address, or 100 per
    address. Runs outside any transaction, so that no rollback forgives a failure.
    """
    now = int(datetime.now(UTC).timestamp())
    start = now - now % WINDOW_SECONDS
    ip = request_facts().ip or ""
    limits = {_key("ip", ip): PER_IP, _key("account", email.lower(), ip): PER_ACCOUNT_AND_IP}
    for key, limit in limits.items():
        if _count(key, start, 1) > limit:
            raise SignInThrottled(headers={"Retry-After": str(start + WINDOW_SECONDS - now)})
    yield
    for key in limits:
        _count(key, start, -1)


def _key(*parts: str) -> str:
    """What is counted, without keeping e-mails or addresses."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _count(key: str, start: int, step: int) -> int:
    with connection.cursor() as cursor:
        window = datetime.fromtimestamp(start, UTC)
        cursor.execute("SELECT memsync_count_attempt(%s, %s, %s)", [key, window, step])
        return int(cursor.fetchone()[0])
