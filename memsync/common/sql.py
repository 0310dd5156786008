"""Hot statements: prepared once per connection, past the ORM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connections

from memsync.common.tenancy import alias

_PLACE = re.compile(r"%\((\w+)\)s")


def fetch(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that the server plans once; Django's cursor never prepares one.

    It runs in Django's connection and transaction. Values are bound by the server, so a place where
    it cannot tell the type needs a cast.
    """
    connection = connections[alias()]
    connection.ensure_connection()
    if connection.queries_logged:  # tests count statements
        connection.queries_log.append({"sql": sql, "time": ""})
    numbered, names = _numbered(sql)
    values = [parameters[name] for name in names]
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        cursor.execute(numbered, values, prepare=True)
        return cursor.fetchall()


@lru_cache(512)
def _numbered(sql: str) -> tuple[str, list[str]]:
    """The statement with $1, $2, … for its named places, and their names.

    psycopg would do the same, but for long statements anew each time, which takes a millisecond.
    """
    names = list(dict.fromkeys(_PLACE.findall(sql)))
    numbers = {name: f"${number}" for number, name in enumerate(names, start=1)}
    return _PLACE.sub(lambda place: numbers[place[1]], sql).replace("%%", "%"), names
