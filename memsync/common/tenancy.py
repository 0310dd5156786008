"""The third wall: row-level security, and the only ways through it.

`tenant_scope` opens a transaction as the runtime role with the tenant set; every service and every
API read runs inside one. The web process connects as the runtime role from the start, so code that
forgets `tenant_scope` sees no rows at all. `owner` routes its queries to a second connection, for
staff without a tenant; no API route uses it. Commands and the worker connect as the owner.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import connections, transaction

_owner: ContextVar[bool] = ContextVar("memsync_owner", default=False)
_tenant: ContextVar[uuid.UUID | None] = ContextVar("memsync_tenant", default=None)

_ENTER = "SELECT set_config('role', %s, true), set_config('memsync.tenant_id', %s, true)"
_LOOK = "SELECT current_setting('role'), coalesce(current_setting('memsync.tenant_id', true), '')"


class OwnerRouter:
    """Sends queries to the owner's connection inside `owner()`."""

    def db_for_read(self, model: type, **hints: Any) -> str | None:
        """The alias for a read."""
        return alias() if _owner.get() else None

    db_for_write = db_for_read

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        """Both aliases are the same database."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Migrations run on the default alias, which is the owner in commands."""
        return db == "default"


@contextmanager
def owner() -> Iterator[None]:
    """Run the block's queries as the owner role, past row-level security."""
    token = _owner.set(True)
    try:
        yield
    finally:
        _owner.reset(token)


def alias() -> str:
    """The database alias that queries go to now."""
    return "owner" if _owner.get() and "owner" in settings.DATABASES else "default"


@contextmanager
def tenant_scope(tenant_id: uuid.UUID | None) -> Iterator[None]:
    """A transaction as the runtime role in which only this tenant's rows exist.

    Nested for the same tenant it is a savepoint. The settings are local to the transaction, so no
    later user of the connection inherits them; inside a foreign transaction (a page's, a test's)
    what was set before comes back. Without a tenant (staff) it is a plain transaction.
    """
    if tenant_id is None or _tenant.get() == tenant_id:
        with transaction.atomic(using=alias()):
            yield
        return
    token = _tenant.set(tenant_id)
    try:
        with transaction.atomic(using=alias()), _as_runtime(tenant_id):
            yield
    finally:
        _tenant.reset(token)


@contextmanager
def _as_runtime(tenant_id: uuid.UUID) -> Iterator[None]:
    """The role and tenant of the block; those before it come back, if the transaction is theirs.

    After an error the rollback to the savepoint puts them back.
    """
    connection = connections[alias()]
    with connection.cursor() as cursor:
        before = None
        if connection.savepoint_ids:  # inside somebody else's transaction
            cursor.execute(_LOOK)
            before = cursor.fetchone()
        cursor.execute(_ENTER, [settings.RUNTIME_ROLE, str(tenant_id)])
    yield
    if before:
        with connection.cursor() as cursor:
            cursor.execute(_ENTER, before)


def current_tenant() -> uuid.UUID | None:
    """The tenant of the open scope."""
    return _tenant.get()
