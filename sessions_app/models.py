"""Signed in: devices, refresh-token families with their rotation chains, and security events."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from memsync.common.ids import uuid7


class SessionType(models.TextChoices):
    """How a person is signed in."""

    WEB = "web"
    API = "api"
    MOBILE = "mobile"
    CLI = "cli"


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

    def __str__(self) -> str:
        return self.label or self.user_agent[:60] or str(self.id)


class SessionFamily(AuthRow):
    """One sign-in: the rotation chain of its refresh token. The id is the JWT claim `sid`."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="families")
    session_type = models.CharField(max_length=8, choices=SessionType)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=32, blank=True)

    class Meta:
        verbose_name_plural = "session families"
        indexes = [models.Index(fields=["user", "-created_at"], name="family_by_user")]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoke_reason=""),
                name="family_revoked_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_type} {self.id}"


class Session(AuthRow):
    """One refresh token of a family, kept as an HMAC; rotated rows stay until the family expires."""

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
    successor_used_at = models.DateTimeField(null=True)

    class Meta:
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


class SecurityEvent(models.Model):
    """What happened around sign-in; append-only, and it outlives the user it names."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "accounts.Tenant", models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    user = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    family_id = models.UUIDField(null=True)
    session_id = models.UUIDField(null=True)
    device_id = models.UUIDField(null=True)
    actor_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=32)
    severity = models.CharField(max_length=8, default="info")
    at = models.DateTimeField(default=timezone.now)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="event_by_user"),
            models.Index(fields=["tenant", "-id"], name="event_by_tenant"),
            models.Index(fields=["family_id", "kind", "-id"], name="event_by_family"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class ThrottleBucket(models.Model):
    """Attempts under one key in one window, counted atomically for all processes."""

    key = models.CharField(max_length=64)
    window_start = models.DateTimeField()
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "window_start"], name="throttle_bucket_unique"),
        ]
        indexes = [models.Index(fields=["window_start"], name="throttle_by_age")]

    def __str__(self) -> str:
        return f"{self.count} since {self.window_start:%H:%M}"
