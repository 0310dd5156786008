"""Who: tenants, projects, people, API keys, and the record of what staff and keys did."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.rows import TenantRow
from memsync.common.ids import uuid7


class Tenant(models.Model):
    """An organisation: the isolation boundary."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.slug


class Project(TenantRow):
    """One application of a tenant: the `{ctx}` of URLs."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=64)
    name = models.CharField(max_length=200, blank=True)
    search_config = models.CharField(max_length=32, default="english")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="project_slug_per_tenant"),
        ]

    def __str__(self) -> str:
        return self.slug


class ProjectCounter(TenantRow):
    """The commit order of a project's traces: taken as the last statement before each commit."""

    project = models.OneToOneField(
        Project, models.CASCADE, primary_key=True, db_constraint=False, related_name="counter"
    )
    traces = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.project_id}: {self.traces}"


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail, as Django's commands expect."""

    def get_by_natural_key(self, username: str | None) -> User:
        """The person with this e-mail, in any case."""
        return self.get(email__iexact=username)

    def create_superuser(self, email: str, password: str, **fields: Any) -> User:
        """For Django's `createsuperuser`."""
        user = self.model(email=email.lower(), is_staff=True, is_superuser=True, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person of one tenant; without e-mail only known by the tenant's `external_id`.

    Staff may have no tenant; then they see all tenants in the admin.
    """

    class Role(models.TextChoices):
        """What a person is in their organisation; rights come from keys, floors and is_staff."""

        USER = "user"
        DEVELOPER = "developer"
        ADMIN = "admin"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        Tenant, models.PROTECT, null=True, blank=True, db_constraint=False, related_name="+"
    )
    external_id = models.CharField(max_length=128)
    email = models.EmailField(null=True, blank=True)  # noqa: DJ001 - unique, so absent is NULL
    name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=16, choices=Role, default=Role.USER)
    tags = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    sessions_valid_after = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_over_the_installation"),
            models.UniqueConstraint(
                fields=["tenant", "external_id"], name="user_external_id_per_tenant"
            ),
            models.CheckConstraint(
                condition=models.Q(tenant__isnull=False) | models.Q(is_staff=True),
                name="user_without_tenant_is_staff",
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.external_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; the external id of a person nobody else names is their own id."""
        self.external_id = self.external_id or str(self.id)
        super().save(*args, **kwargs)


class ApiKey(TenantRow):
    """A key of one project: found by its public prefix, its secret kept as an HMAC."""

    class Role(models.TextChoices):
        """What a key may do (DESIGN §4)."""

        AGENT = "agent"
        SUPERVISOR = "supervisor"
        MANAGEMENT = "management"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, db_constraint=False, related_name="+")
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=16, choices=Role, default=Role.AGENT)
    floor = models.JSONField(default=dict, blank=True)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    hash_key_id = models.SmallIntegerField(editable=False)
    created_by = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["tenant", "project", "-created_at"], name="key_by_project")]

    def __str__(self) -> str:
        return f"{self.name} (ms_{self.prefix}_…)"


class SqlLogin(TenantRow):
    """A login of the database that may call the SQL interface in one project (docs/sql.md)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, db_constraint=False, related_name="+")
    role_name = models.CharField(max_length=63)
    floor = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["role_name", "project"], name="sql_login_once_per_project"
            ),
        ]

    def __str__(self) -> str:
        return self.role_name


class AuditEvent(models.Model):
    """Who did what to which object; append-only, and it outlives what it names."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        Tenant, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    project = models.ForeignKey(
        Project, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    ip = models.GenericIPAddressField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["tenant", "-id"], name="audit_by_tenant")]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}".strip()


class IdempotencyKey(TenantRow):
    """One keyed request of one principal: what was asked and what was answered, for 24 hours."""

    class State(models.TextChoices):
        """In flight, its turns stored, or answered."""

        STARTED = "started"
        TURNS_STORED = "turns_stored"
        DONE = "done"

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, models.CASCADE, db_constraint=False, related_name="+")
    principal_kind = models.CharField(max_length=8)
    principal_id = models.UUIDField()
    key = models.CharField(max_length=255)
    route = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State, default=State.STARTED)
    lease_until = models.DateTimeField(null=True)
    trace_uid = models.UUIDField(null=True)
    response_status = models.SmallIntegerField(null=True)
    response_body = models.TextField(blank=True)
    shown_ids = ArrayField(models.UUIDField(), default=list)
    """Turns and traces whose words the response holds, so that erasure finds it."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["principal_kind", "principal_id", "key"],
                name="idempotency_key_per_principal",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="idempotency_by_age"),
            GinIndex(fields=["shown_ids"], name="idempotency_by_shown"),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.state}"
