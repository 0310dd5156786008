"""What the tables of a tenant have in common: the columns of the isolation boundary.

Every tenant table has `tenant_id`; below a project also `project_id`; scoped ones `user_id` and the
scope. The single-column foreign keys are not enforced one by one: composite ones, added by the
`walls` migrations, forbid references across tenants and projects (DESIGN §4).
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from accounts.querysets import ScopedManager, ScopedQuerySet
from accounts.scope import scope_key, tags
from memsync.common.ids import uuid7


class TenantRow(models.Model):
    """A row of one tenant."""

    tenant = models.ForeignKey(
        "accounts.Tenant", models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True


class ProjectRow(TenantRow):
    """A row of one project, with a surrogate key beside its id on the wire.

    The wire id may be chosen by a client or kept by an import, so it is unique per project only: a
    foreign id is neither blocked nor revealed.
    """

    serial = models.BigAutoField(primary_key=True, db_column="pk")
    uid = models.UUIDField(default=uuid7, editable=False, db_column="id")
    project = models.ForeignKey(
        "accounts.Project", models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True


class ScopedRow(ProjectRow):
    """A row with a scope, and the user whom its `user=` tag names."""

    user = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    scope = models.JSONField(default=dict, editable=False)
    scope_key = models.TextField(editable=False, default="")

    unscoped: ClassVar[Any] = models.Manager.from_queryset(ScopedQuerySet)()
    """Reads of every tenant's rows: each use is spelt out and listed in a test."""
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta:
        abstract = True
        default_manager_name = "unscoped"

    @property
    def scope_tags(self) -> list[str]:
        """The scope as on the wire."""
        return tags(self.scope)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new row gets the key of its scope."""
        if self._state.adding:
            self.scope_key = scope_key(self.scope)
        super().save(*args, **kwargs)
