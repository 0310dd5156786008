"""System checks: what would lose or show words is said before the server takes any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.db import connections

from memsync.secrets import MIN_LENGTH

MINIMUM_VERSION = 160_000
DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")


@register(Tags.database)
def durable_database(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """E001: the database may lose what was acknowledged. E002: it is older than we use."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DURABILITY)]
            )
            lax = sorted(name for name, setting in cursor.fetchall() if setting == "off")
            cursor.execute("SHOW server_version_num")
            version = int(cursor.fetchone()[0])
        if lax:
            found.append(
                Error(
                    f"{', '.join(lax)} off: a crash would lose acknowledged turns.",
                    hint="Turn it on in postgresql.conf.",
                    id="memsync.E001",
                )
            )
        if version < MINIMUM_VERSION:
            found.append(Error("PostgreSQL 16 or newer is needed.", id="memsync.E002"))
    return found


@register()
def endpoint_of_the_extractor(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E003: the extractor is a language model, and nobody said where it is."""
    parts = urlsplit(settings.OPENAI_BASE_URL)
    is_given = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if settings.EXTRACTOR != "openai" or is_given:
        return []
    hint = "Set MEMSYNC_OPENAI_BASE_URL to http(s)://host[:port]/path; the key goes apart."
    return [
        Error("MEMSYNC_EXTRACTOR is openai, without an endpoint.", hint=hint, id="memsync.E003")
    ]


@register(Tags.security, deploy=True)
def own_database_in_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """I001: production on the embedded database, which has no backup and no second machine."""
    if settings.PRODUCTION and not settings.HAS_DATABASE_URL:
        return [Info("DATABASE_URL is not set in production.", id="memsync.I001")]
    return []


@register(Tags.security)
def token_of_the_metrics(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E004: whoever guesses the token reads how much is going on here."""
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= MIN_LENGTH:
        return []
    hint = f"At least {MIN_LENGTH} random characters."
    return [Error("MEMSYNC_METRICS_TOKEN is too short.", hint=hint, id="memsync.E004")]
