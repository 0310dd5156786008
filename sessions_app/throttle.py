"""The sign-in throttle: counted in PostgreSQL, so for all processes, and before hashing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.db import connection

from accounts.keys import keyed_hash
from memsync.common.context import request_facts
from memsync.common.errors import TooManyRequests
from sessions_app.events import record_event
from sessions_app.models import EventKind, Severity

WINDOW = timedelta(minutes=15)
PER_ACCOUNT_AND_IP, PER_IP = 10, 100


class SignInThrottled(TooManyRequests):
    """Too many failures; the answer says how long to wait."""

    code = "sign_in_throttled"
    detail = "Too many failed sign-ins. Wait before the next."


@contextmanager
def counted_attempt(account: str) -> Iterator[None]:
    """Count an attempt on this account (an e-mail) for the block; given back when it ends well.

    Raises SignInThrottled beyond 10 failures in 15 minutes per account and address, or 100 per
    address. Runs outside any transaction, so that no rollback forgives a failure.
    """
    network = _network(request_facts().ip)
    limits = {_key("ip", network): PER_IP, _key("account", network, account): PER_ACCOUNT_AND_IP}
    _take(limits)
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT memsync_return_attempt(%s)", [list(limits)])


def _take(limits: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT wait, is_first_refusal"
            " FROM memsync_take_attempt(%s, %s::integer[], make_interval(secs => %s))",
            [list(limits), list(limits.values()), WINDOW.total_seconds()],
        )
        wait, is_first_refusal = cursor.fetchone()
    if wait:
        if is_first_refusal:
            record_event(EventKind.LOGIN_THROTTLED, severity=Severity.WARNING)
        raise SignInThrottled(headers={"Retry-After": str(math.ceil(wait.total_seconds()))})


def _key(*parts: str) -> str:
    """What is counted, without keeping e-mails or addresses."""
    return keyed_hash("\n".join(("throttle", *parts)), max(settings.TOKEN_PEPPERS))


def _network(ip: str | None) -> str:
    """Who one address stands for: in IPv6 everybody has a whole /64 to draw from."""
    if ip is None:
        return ""
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return str(address)
