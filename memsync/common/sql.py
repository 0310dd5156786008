"""Hot statements: prepared once per connection, past the ORM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connections

from memsync.common.tenancy import alias


def fetch(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that the server plans once; Django's cursor never prepares one.

    It runs in Django's connection and transaction. Values are bound by the server, so a place where
    it cannot tell the type needs a cast.
    """
    connection = connections[alias()]
    connection.ensure_connection()
    if connection.queries_logged:  # tests count statements
        connection.queries_log.append({"sql": sql, "time": ""})
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, parameters, prepare=True)
        return cursor.fetchall()
