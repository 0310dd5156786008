"""Facts of the current request that deep code may need: its id and the client's address."""

from __future__ import annotations

import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What audit rows and problems say of a request."""

    request_id: str = ""
    ip: str | None = None
    user_agent: str = ""


_NONE = RequestFacts()
_facts: ContextVar[RequestFacts] = ContextVar("memsync_request", default=_NONE)


def request_facts() -> RequestFacts:
    """The current request's facts; empty in commands and jobs."""
    return _facts.get()


def begin_request(request: HttpRequest) -> RequestFacts:
    """Note the facts of a request that has just come in."""
    facts = RequestFacts(
        str(uuid.uuid4()), client_ip(request), request.headers.get("User-Agent", "")[:400]
    )
    _facts.set(facts)
    return facts


def client_ip(request: HttpRequest) -> str | None:
    """The peer's address, or, behind trusted proxies, what the outermost of them saw."""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    count = settings.TRUSTED_PROXY_COUNT
    if count and len(forwarded) >= count and forwarded[-count].strip():
        return _address(forwarded[-count])
    return _address(request.META.get("REMOTE_ADDR") or "")


def _address(text: str) -> str | None:
    """The IP address; None for what a proxy writes when it knows none, and for a socket's path."""
    try:
        return str(ip_address(text.strip().partition("%")[0]))
    except ValueError:
        return None
