"""`/metrics`: what is counted, for who runs the server."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from django.conf import settings
from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from memsync.common import metrics
from memsync.common.api import ApiView
from memsync.common.errors import NotFound, Unauthenticated

PATIENCE = "2s"
"""How long a statement of a scrape may take; what takes longer is left out."""
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_MEASURE = """
SELECT memsync_embedding_backlog(), memsync_worker_lag(), numbackends,
       current_setting('max_connections')::int
  FROM pg_stat_database WHERE datname = current_database()
"""


class MetricsView(ApiView):
    """Numbers about the whole installation: for a scraper with the token, not for tenants."""

    authentication_classes = []
    permission_classes = [AllowAny]  # `_refuse_strangers` asks for the token

    @extend_schema(exclude=True)
    def list(self, request: Request) -> HttpResponse:
        """Prometheus' text form."""
        _refuse_strangers(request)
        text = metrics.exposition(DatabaseMeasures())
        return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _refuse_strangers(request: HttpRequest | Request) -> None:
    """Without a token the route exists for this machine only, and in production for nobody."""
    if settings.METRICS_TOKEN:
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        is_known = constant_time_compare(sent.strip(), settings.METRICS_TOKEN)
        if scheme.lower() != "bearer" or not is_known:
            raise Unauthenticated
    elif settings.PRODUCTION or not _is_from_here(request):
        raise NotFound


def _is_from_here(request: HttpRequest | Request) -> bool:
    """Whether the peer is this machine and speaks for itself, not a proxy for the world."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR") or "").is_loopback
    except ValueError:
        return False


class DatabaseMeasures(Collector):
    """What only the database knows; without it `memsync_database_up` is 0 and all else absent."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask within `PATIENCE`."""
        is_up, found = False, []
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
                is_up = True
                cursor.execute(_MEASURE)
                found += _gauges(*cursor.fetchone())
                cursor.execute("SELECT state, jobs FROM memsync_jobs_by_state()")
                found.append(_jobs(cursor.fetchall()))
        except Error:  # away, slow, or not migrated yet: the rest is told all the same
            pass
        yield GaugeMetricFamily("memsync_database_up", "The database answers.", value=is_up)
        yield from found


def _gauges(backlog: int, lag: float, connections: int, limit: int) -> list[GaugeMetricFamily]:
    """One gauge for each number."""
    waiting = 0 if settings.EMBEDDINGS == "none" else backlog
    return [
        GaugeMetricFamily("memsync_embedding_backlog", "Rows that wait for a vector.", waiting),
        GaugeMetricFamily("memsync_worker_lag_seconds", "Age of the oldest job that is due.", lag),
        GaugeMetricFamily("memsync_database_connections", "Open connections.", connections),
        GaugeMetricFamily("memsync_database_connections_limit", "Allowed connections.", limit),
    ]


def _jobs(rows: list[tuple[str, int]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "memsync_jobs", "Queued jobs; those that succeeded are deleted.", labels=["state"]
    )
    for state, jobs in rows:
        family.add_metric([state], jobs)
    return family
