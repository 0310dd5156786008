"""Reads of sign-ins. Only the database's clock says what is over."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections, models
from django.db.models import Case, F, Func, Max, Q, Value, When
from django.db.models.functions import Coalesce

from memsync.common.tenancy import alias


class Clock(Func):
    """The database's clock, which goes on inside a transaction (`now()` stands still)."""

    function = "clock_timestamp"
    arity = 0
    output_field = models.DateTimeField()


def database_now() -> datetime:
    """The time by the database's clock."""
    with connections[alias()].cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


class FamilyQuerySet(models.QuerySet):
    """Sign-ins."""

    def of(self, user_id: UUID) -> FamilyQuerySet:
        """One person's."""
        return self.filter(user_id=user_id)  # Uses index: family_by_user

    def live(self) -> FamilyQuerySet:
        """Those whose tokens work: the same conditions as `memsync_find_signed_in`."""
        return self.filter(
            Q(user__sessions_valid_after=None) | Q(created_at__gte=F("user__sessions_valid_after")),
            revoked_at=None,
            expires_at__gt=Clock(),
            device__revoked_at=None,
            user__is_active=True,
        )

    def for_list(self) -> FamilyQuerySet:
        """With the device, in one query."""
        return self.select_related("device")

    def for_admin(self) -> FamilyQuerySet:
        """With person, tenant, device, `state` and `generations`, in one query however many."""
        rows: FamilyQuerySet = self.select_related("user", "tenant", "device").annotate(
            state=_STATE, generations=Coalesce(_generations(), 0)
        )
        return rows


_STATE = Case(
    When(revoked_at__isnull=False, then=F("revoke_reason")),
    When(expires_at__lte=Clock(), then=Value("expired")),
    When(device__revoked_at__isnull=False, then=Value("device_revoked")),
    When(user__is_active=False, then=Value("user_inactive")),
    When(created_at__lt=F("user__sessions_valid_after"), then=Value("sessions_ended")),
    default=Value("live"),
    output_field=models.CharField(),
)


class SessionQuerySet(models.QuerySet):
    """Refresh tokens."""

    def without_secrets(self) -> SessionQuerySet:
        """For people to read: hashes are not even loaded."""
        return self.defer("refresh_token_hash", "retry_key_hash")


def _generations() -> Any:
    """The newest generation of a family: how many refresh tokens it has had."""
    from sessions_app.models import Session

    rows = Session.objects.filter(family=models.OuterRef("pk")).order_by()
    return models.Subquery(rows.values("family").values(newest=Max("generation")))
