"""Finding people before their tenant is known, and the transaction for their rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from accounts.models import User
from memsync.common.tenancy import owner, tenant_scope


def canonical_email(email: str) -> str:
    """The one form in which an e-mail is stored, looked up and counted."""
    return email.strip().lower()


def find_by_email(email: str) -> User | None:
    """The person with this e-mail, whatever their tenant."""
    query = "SELECT * FROM memsync_find_user_by_email(%s)"
    return next(iter(User.objects.raw(query, [canonical_email(email)])), None)


def find_by_id(user_id: UUID | str) -> User | None:
    """The person with this id, whatever their tenant."""
    return next(iter(User.objects.raw("SELECT * FROM memsync_find_user(%s)", [user_id])), None)


@contextmanager
def tenant_or_owner(tenant_id: UUID | None) -> Iterator[None]:
    """The transaction for a person's rows: their tenant's, or the owner's for staff without one."""
    if tenant_id is None:
        with owner(), tenant_scope(None):
            yield
    else:
        with tenant_scope(tenant_id):
            yield
