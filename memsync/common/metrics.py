"""What is counted, for `/metrics`: by route, status, kind and reason, never by whom or of what.

Each label has few values, all of them ours: no tenant, no id, no word. Web process and worker count
in files of a folder that both share when PROMETHEUS_MULTIPROC_DIR names one (`manage.py serve` sees
to it), so a process that was started again goes on where its predecessor stopped; without it, each
process has its own numbers.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
    multiprocess,
)
from prometheus_client.registry import Collector

from memsync.common.tenancy import alias

_COUNTED = CollectorRegistry()
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")

REQUESTS = Counter(
    "memsync_http_requests",
    "Requests answered.",
    ["route", "method", "status"],
    registry=_COUNTED,
)
REQUEST_SECONDS = Histogram(
    "memsync_http_request_seconds",
    "From a request's arrival to the start of its answer.",
    ["route", "method"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=_COUNTED,
)
INGEST_SECONDS = Histogram(
    "memsync_ingest_seconds",
    "From the start of an ingest to what was learnt, waiting for the worker included.",
    ["status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
    registry=_COUNTED,
)
DROPPED_CLAIMS = Counter(
    "memsync_dropped_claims",
    "What an extractor claimed and was not stored, such as a quote that nobody said.",
    ["reason"],
    registry=_COUNTED,
)
RECALL_SECONDS = Histogram(
    "memsync_recall_seconds",
    "From a question to its ranked hits.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=_COUNTED,
)
SECURITY_EVENTS = Counter(
    "memsync_security_events",
    "Security events; refresh_reuse is the alarm of a used token that came back.",
    ["kind"],
    registry=_COUNTED,
)


def count_when_stored(counter: Counter, label: str, amount: float = 1) -> None:
    """Count something that the open transaction stores, once it has committed."""
    counted = counter.labels(label)
    transaction.on_commit(lambda: counted.inc(amount), using=alias())


def time_when_stored(histogram: Histogram, label: str, seconds: float) -> None:
    """Note how long something took that the open transaction stores, once it has committed."""
    timed = histogram.labels(label)
    transaction.on_commit(lambda: timed.observe(max(0.0, seconds)), using=alias())


def note_request(request: HttpRequest, status: int, seconds: float) -> None:
    """Count an answered request under the template of its route."""
    method = request.method if request.method in _METHODS else "other"
    route = _route_of(request)
    REQUESTS.labels(route, method, status).inc()
    REQUEST_SECONDS.labels(route, method).observe(seconds)


def exposition(*collectors: Collector) -> bytes:
    """All numbers in Prometheus' text form, with those of `collectors`."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_COUNTED)
    ProcessCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)


def _route_of(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is not None:
        return _template(match.route)
    return settings.STATIC_URL if request.path.startswith(settings.STATIC_URL) else "none"


@lru_cache(512)
def _template(route: str) -> str:
    """`api/v1/<str:ctx>/sessions` → `/api/v1/{ctx}/sessions`."""
    return "/" + _PLACE.sub(r"{\1}", route)
