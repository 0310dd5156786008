"""Signed in: devices, refresh-token families with their rotation chains, and security events."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from memsync.common.ids import uuid7
from sessions_app.agents import describe_agent
from sessions_app.querysets import FamilyQuerySet, SessionQuerySet

FAMILY_LIFETIME = timedelta(days=14)
"""From sign-in to the end of its last token, whatever happens in between."""


class SessionType(models.TextChoices):
    """How a person is signed in."""

    WEB = "web", "Browser"
    API = "api", "API"
    MOBILE = "mobile", "Mobile app"
    CLI = "cli", "Command line"


class RevokeReason(models.TextChoices):
    """Why a family ended before its time."""

    LOGOUT = "logout", "signed out"
    LOGOUT_ALL = "logout_all", "signed out everywhere"
    REVOKED = "revoked", "ended by its owner"
    STAFF = "staff", "revoked by staff"
    REUSE = "reuse", "a used token came back"
    PASSWORD_CHANGED = "password_changed", "password changed"
    DEVICE_REVOKED = "device_revoked", "device revoked"
    USER_INACTIVE = "user_inactive", "account deactivated"
    SESSIONS_ENDED = "sessions_ended", "password or account changed"


class AuthRow(models.Model):
    """A row about one person's sign-in; staff without a tenant sign in too."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "accounts.Tenant", models.PROTECT, null=True, db_constraint=False, related_name="+"
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class Device(AuthRow):
    """A device a person signed in on; the same user and fingerprint is the same device.

    Fingerprint, address and agent are the client's word: signals, never credentials.
    """

    fingerprint = models.CharField(max_length=128)
    label = models.CharField(max_length=200, blank=True)
    ip = models.GenericIPAddressField(null=True)
    location = models.CharField(max_length=200, blank=True)
    user_agent = models.CharField(max_length=400, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "fingerprint"], name="device_per_fingerprint"),
        ]
        permissions = [("revoke_device", "Can revoke devices")]

    def __str__(self) -> str:
        return self.label or describe_agent(self.user_agent) or "Unknown device"

    @property
    def place(self) -> str:
        """Where it was last seen, as far as known."""
        return " · ".join(part for part in (self.location, self.ip) if part)


class SessionFamily(AuthRow):
    """One sign-in: the rotation chain of its refresh token. The id is the JWT claim `sid`."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="families")
    session_type = models.CharField(max_length=8, choices=SessionType)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=32, choices=RevokeReason, blank=True)

    objects: ClassVar[models.Manager[SessionFamily]] = FamilyQuerySet.as_manager()

    class Meta:
        verbose_name = "sign-in"
        permissions = [("revoke_sessionfamily", "Can revoke sign-ins")]
        indexes = [models.Index(fields=["user", "-created_at"], name="family_by_user")]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoke_reason=""),
                name="family_revoked_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + FAMILY_LIFETIME),
                name="family_lives_14_days_at_most",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_type} {self.id}"


class Session(AuthRow):
    """One refresh token of a family, kept as an HMAC; used ones stay until the family expires."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    family = models.ForeignKey(SessionFamily, models.CASCADE, related_name="sessions")
    refresh_token_hash = models.CharField(max_length=64)
    hash_key_id = models.SmallIntegerField()
    session_type = models.CharField(max_length=8, choices=SessionType)
    generation = models.IntegerField(default=1)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="+")
    is_active = models.BooleanField(default=True)
    is_current = models.BooleanField(default=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    rotated_at = models.DateTimeField(null=True)
    retry_key_hash = models.CharField(max_length=64, blank=True)
    """HMAC of the Idempotency-Key of the request that rotated this token."""

    objects: ClassVar[models.Manager[Session]] = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = "refresh token"
        constraints = [
            models.UniqueConstraint(fields=["refresh_token_hash"], name="session_hash_unique"),
            models.UniqueConstraint(
                fields=["family", "generation"], name="session_generation_per_family"
            ),
            models.UniqueConstraint(
                fields=["family"], condition=Q(is_current=True), name="session_one_current"
            ),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(is_active=True), name="session_current_is_active"
            ),
            models.CheckConstraint(
                condition=Q(rotated_at__isnull=True) | Q(is_current=False),
                name="session_rotated_is_not_current",
            ),
            models.CheckConstraint(
                condition=Q(generation__gte=1), name="session_generation_from_1"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="session_expires_later"
            ),
        ]

    def __str__(self) -> str:
        return f"generation {self.generation} of {self.family_id}"


class EventKind(models.TextChoices):
    """What is recorded, in words for people."""

    LOGIN_OK = "login_ok", "Signed in"
    LOGIN_FAILED = "login_failed", "Sign-in failed: wrong password"
    LOGIN_THROTTLED = "login_throttled", "Sign-in blocked: too many failures"
    REFRESH_ROTATED = "refresh_rotated", "Stayed signed in"
    REFRESH_RACE = "refresh_race", "Two refreshes of one token at once"
    REFRESH_RETRY = "refresh_retry", "A refresh was repeated after a lost answer"
    REFRESH_REUSE = "refresh_reuse", "A used token came back: signed out, it may be stolen"
    REFRESH_AFTER_REVOKE = "refresh_after_revoke", "A token was tried after its sign-in had ended"
    DEVICE_MISMATCH = "device_mismatch", "A token was refreshed by other software"
    LOGOUT = "logout", "Signed out"
    LOGOUT_ALL = "logout_all", "Signed out on other devices"
    FAMILY_REVOKED = "family_revoked", "A sign-in was ended"
    DEVICE_REVOKED = "device_revoked", "A device was revoked"
    PASSWORD_CHANGED = "password_changed", "Password changed: signed out everywhere"
    PASSWORD_REFUSED = "password_refused", "Password change refused: wrong password"


ROUTINE = frozenset({EventKind.REFRESH_ROTATED, EventKind.REFRESH_RACE, EventKind.REFRESH_RETRY})
"""What happens every few minutes without anybody's doing. The database keeps the same list: it
lets its owner delete these after 90 days, and no other event ever."""


class Severity(models.TextChoices):
    """How much an event asks for attention."""

    INFO = "info"
    WARNING = "warning"
    HIGH = "high"


class SecurityEvent(models.Model):
    """What happened around sign-in; append-only but for old routine, it outlives what it names."""

    id = models.BigAutoField(primary_key=True)
    """The order of events, of the whole installation: it is nobody's to know."""
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    tenant = models.ForeignKey(
        "accounts.Tenant", models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    user = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    family = models.ForeignKey(
        SessionFamily,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    session_id = models.UUIDField(null=True)
    device = models.ForeignKey(
        Device,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    actor = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    """Who did it, where that is not the person it happened to."""
    kind = models.CharField(max_length=32, choices=EventKind)
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.INFO)
    at = models.DateTimeField(default=timezone.now)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="event_by_user"),
            models.Index(fields=["tenant", "-id"], name="event_by_tenant"),
            models.Index(fields=["family", "kind", "-id"], name="event_by_family"),
            models.Index(
                fields=["at"], condition=Q(kind__in=sorted(ROUTINE)), name="event_routine_by_age"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class ThrottleBucket(models.Model):
    """The attempts of one key within the window, counted atomically for all processes."""

    key = models.CharField(max_length=64, primary_key=True)
    attempts = ArrayField(models.DateTimeField(), default=list)
    refused_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_at"], name="throttle_by_age")]

    def __str__(self) -> str:
        return f"{len(self.attempts)} attempts until {self.last_at:%H:%M}"
