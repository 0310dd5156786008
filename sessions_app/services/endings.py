"""Ending sign-ins. All that touches a family holds its row lock: refresh, sign-out, revocation.

Locks are taken in this order, so that nobody waits in a circle: the person (only by what concerns
all their sign-ins), families by id, devices.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet

from accounts.models import User
from memsync.common.errors import NotFound, Unauthenticated
from memsync.common.tenancy import alias
from sessions_app.events import record_family_events
from sessions_app.models import (
    Device,
    EventKind,
    RevokeReason,
    Session,
    SessionFamily,
    Severity,
)
from sessions_app.querysets import Clock
from sessions_app.services.people import tenant_or_owner

LOCK_TIMEOUT = "3s"


def sign_out(*, tenant_id: UUID | None, user_id: UUID, family_id: UUID) -> None:
    """End one sign-in of a person; a second time changes nothing."""
    with tenant_or_owner(tenant_id):
        mine = SessionFamily.objects.filter(user_id=user_id, pk=family_id)
        ended = end_families(mine, reason=RevokeReason.LOGOUT)
        record_family_events(EventKind.LOGOUT, ended)


def sign_out_all(*, tenant_id: UUID | None, user_id: UUID, keep: UUID | None = None) -> int:
    """End all sign-ins of a person but `keep`; returns how many ended.

    A sign-in that happens meanwhile comes before or after, never between. Raises Unauthenticated
    when the one to keep has itself been ended.
    """
    with tenant_or_owner(tenant_id):
        User.objects.select_for_update(no_key=True).get(pk=user_id)
        mine = SessionFamily.objects.filter(user_id=user_id)
        if keep and not mine.live().filter(pk=keep).exists():
            raise Unauthenticated
        ended = end_families(mine.exclude(pk=keep), reason=RevokeReason.LOGOUT_ALL)
        record_family_events(EventKind.LOGOUT_ALL, ended)
    return len(ended)


def revoke_own_family(*, tenant_id: UUID | None, user_id: UUID, family_id: UUID) -> None:
    """End a sign-in from another one; a second time changes nothing. Raises NotFound."""
    with tenant_or_owner(tenant_id):
        mine = SessionFamily.objects.filter(user_id=user_id, pk=family_id)
        if not mine.exists():
            raise NotFound
        ended = end_families(mine, reason=RevokeReason.REVOKED)
        record_family_events(EventKind.FAMILY_REVOKED, ended)


def revoke_families(*, actor: User, families: QuerySet[SessionFamily]) -> int:
    """Staff ends sign-ins within their reach; returns how many were still going on."""
    with tenant_or_owner(actor.tenant_id):
        ended = end_families(families, reason=RevokeReason.STAFF)
        _record_by_staff(EventKind.FAMILY_REVOKED, ended, actor)
    return len(ended)


def revoke_devices(*, actor: User, devices: QuerySet[Device]) -> int:
    """Staff ends devices within their reach and all sign-ins on them; returns how many devices."""
    with tenant_or_owner(actor.tenant_id):
        ids = list(devices.values_list("pk", flat=True))
        on_them = SessionFamily.objects.filter(device__in=ids)
        ended = end_families(on_them, reason=RevokeReason.DEVICE_REVOKED)
        _record_by_staff(EventKind.DEVICE_REVOKED, ended, actor)
        going = Device.objects.filter(pk__in=ids, revoked_at=None)
        return going.update(revoked_at=Clock())


def _record_by_staff(kind: EventKind, ended: list[SessionFamily], actor: User) -> None:
    record_family_events(kind, ended, severity=Severity.WARNING, actor_id=actor.pk)


def end_families(families: QuerySet[Any], *, reason: RevokeReason) -> list[SessionFamily]:
    """Revoke those that are not; returns them. Needs a transaction; four statements for any number.

    Nothing that this has returned ever lives again: not by a refresh that was under way, which
    waits for the lock and then sees what happened.
    """
    set_lock_timeout()
    going = families.filter(revoked_at=None).order_by("pk").select_for_update(no_key=True)
    ended = list(going)
    ids = [family.pk for family in ended]
    SessionFamily.objects.filter(pk__in=ids).update(revoked_at=Clock(), revoke_reason=reason)
    tokens = Session.objects.filter(family__in=ids, is_active=True)
    tokens.update(is_active=False, is_current=False)
    return ended


def set_lock_timeout() -> None:
    """Answer 503 rather than wait for long; until the transaction ends."""
    with connections[alias()].cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
