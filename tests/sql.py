"""What tests of the SQL interface need: statements as a login of the database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories import Space

LOGIN = "sql_login_of_a_test"
BOB = "ARRAY['user=u_bob']"


def rows(sql: str, *parameters: Any) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def value(sql: str, *parameters: Any) -> Any:
    [(only,)] = rows(sql, *parameters)
    return only


@contextmanager
def login(name: str = LOGIN) -> Iterator[None]:
    """As this login of the database; an error ends it with the transaction."""
    rows(f"SET SESSION AUTHORIZATION {name}")
    yield
    rows("RESET SESSION AUTHORIZATION")


@contextmanager
def refused(match: str) -> Iterator[None]:
    """The database refuses, and the transaction goes on."""
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        yield


def use(space: Space, scope: str = BOB) -> None:
    with login():
        rows(f"SELECT memsync.use_project(%s, 'app', {scope})", space.tenant.slug)


def create(title: str = "Team Discussion", metadata: Any = None) -> uuid.UUID:
    with login():
        return value(
            "SELECT memsync.create_session(%s, %s::jsonb)", title, json.dumps(metadata or {})
        )


def add(session: Any, sender: str | None, content: str | None, metadata: Any = None, parent=None):
    with login():
        return value(
            "SELECT memsync.add_message_to_session(%s, %s, %s, %s::jsonb, %s)",
            session, sender, content, json.dumps(metadata or {}), parent,
        )  # fmt: skip


def fork(session: Any, title: str | None = None, metadata: Any = None) -> uuid.UUID:
    with login():
        return value(
            "SELECT memsync.fork_session(%s, %s, %s::jsonb)",
            session, title, json.dumps(metadata or {}),
        )  # fmt: skip


def contents(session: Any) -> list[str]:
    with login():
        found = rows("SELECT content FROM memsync.get_session_messages(%s)", session)
    return [content for (content,) in found]
