"""`manage.py check_orphans`: rows that refer to nothing; the foreign keys should allow none.

The references of Django's models are tried one by one, and those of a coding agent's two ids, which
no model field declares: an observation's id is one its run had, a run's own id is in its history.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import CommandParser
from django.db import connection
from django.db.models import ForeignKey

from memsync.common.commands import JsonCommand

APPS = ("conversations", "memories")

_NOT_OF_ITS_RUN = """
SELECT count(*) FROM {table} a
 WHERE a.memory_session_id IS NOT NULL AND NOT EXISTS (
       SELECT FROM conversations_memorysessionid b
        WHERE b.agent_session_id = a.{run} AND b.memory_session_id = a.memory_session_id)
"""
MEMORY_SESSION_IDS = {
    "memories.Observation.memory_session_id": _NOT_OF_ITS_RUN.format(
        table="memories_observation", run="agent_session_id"
    ),
    "conversations.AgentSession.memory_session_id": _NOT_OF_ITS_RUN.format(
        table="conversations_agentsession", run="pk"
    ),
}


class Command(JsonCommand):
    """Count rows whose reference has no row, over every reference of the stored record."""

    help = "Count rows that refer to nothing, over every reference of the stored record."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--details`: per reference."""
        super().add_arguments(parser)
        parser.add_argument("--details", action="store_true", help="count per reference")

    def perform(self, **options: Any) -> dict[str, Any]:
        """The number of orphans."""
        found = {name: count for name, query in _queries() if (count := _count(query))}
        result: dict[str, Any] = {"orphans": sum(found.values())}
        return result | {"references": found} if options["details"] else result


def _queries() -> list[tuple[str, str]]:
    """One query per foreign key: rows with a reference that leads nowhere."""
    fields = [
        field
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.column
    ]
    return [*((str(field), _query(field)) for field in fields), *MEMORY_SESSION_IDS.items()]


def _query(field: ForeignKey) -> str:
    here, there = field.model._meta.db_table, field.related_model._meta
    key = there.pk.column
    return (
        f"SELECT count(*) FROM {here} a WHERE a.{field.column} IS NOT NULL"  # noqa: S608 - names
        f" AND NOT EXISTS (SELECT FROM {there.db_table} b WHERE b.{key} = a.{field.column})"
    )


def _count(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])
