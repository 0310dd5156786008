"""The principal: who asks, resolved once per request."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from accounts.scope import Scope, covers

if TYPE_CHECKING:
    from accounts.models import Project, User

ROLE_AGENT, ROLE_SUPERVISOR, ROLE_MANAGEMENT, ROLE_USER = (
    "agent",
    "supervisor",
    "management",
    "user",
)
MANAGEMENT = frozenset({ROLE_MANAGEMENT})
WRITING_KEYS = MANAGEMENT | {ROLE_AGENT}
WRITERS = WRITING_KEYS | {ROLE_USER}


@dataclass(frozen=True, slots=True)
class Principal:
    """A key or a signed-in person, with what bounds them."""

    kind: Literal["key", "user", "staff", "command"]
    id: uuid.UUID
    """Of the API key or the user."""
    role: str
    """`agent`, `supervisor`, `management`; `user` for a person."""
    tenant_id: uuid.UUID
    tenant_slug: str
    floor: Scope
    label: str
    """Name of the key or command, e-mail of the person; for audit rows and sources."""
    project_id: uuid.UUID | None = None
    project_slug: str | None = None
    user_id: uuid.UUID | None = None
    """The person, for `kind == "user"`."""
    tags: Scope = field(default_factory=dict)
    """Within which a person sees user-less rows."""
    sid: uuid.UUID | None = None
    """The token family of a person's access token."""

    @property
    def project(self) -> uuid.UUID:
        """The id of the project asked about; an error where none was resolved."""
        if self.project_id is None:
            raise RuntimeError("this principal is in no project")
        return self.project_id

    @property
    def is_user(self) -> bool:
        """A signed-in person."""
        return self.kind == "user"

    @property
    def is_agent(self) -> bool:
        """A key of role agent."""
        return self.role == ROLE_AGENT

    @property
    def is_management(self) -> bool:
        """A key of role management."""
        return self.role == ROLE_MANAGEMENT

    @property
    def may_write(self) -> bool:
        """Everyone but supervisors."""
        return self.role != ROLE_SUPERVISOR

    def may_write_scope(self, scope: Scope) -> bool:
        """Writing needs floor ⊆ scope; the scope {} needs management."""
        return self.may_write and covers(scope, self.floor) and (bool(scope) or self.is_management)


def of_command(project: Project, name: str) -> Principal:
    """A management command, which may do in a project what a management key may."""
    return Principal(
        kind="command",
        id=project.pk,
        role=ROLE_MANAGEMENT,
        tenant_id=project.tenant_id,
        tenant_slug=project.tenant.slug,
        floor={},
        label=name,
        project_id=project.pk,
        project_slug=project.slug,
    )


def of_staff(user: User, project: Project) -> Principal:
    """A staff member in the admin, who may do in a project what a management key may.

    Raises ValueError for a project of another tenant than their own.
    """
    if not user.is_staff or user.tenant_id not in {None, project.tenant_id}:
        raise ValueError("no staff of this project")
    return Principal(
        kind="staff",
        id=user.pk,
        role=ROLE_MANAGEMENT,
        tenant_id=project.tenant_id,
        tenant_slug=project.tenant.slug,
        floor={},
        label=str(user),
        project_id=project.pk,
        project_slug=project.slug,
    )


def in_project(principal: Principal, project: Project) -> Principal:
    """A person, who has all projects of their tenant, in one of them: for a write."""
    if project.tenant_id != principal.tenant_id:
        raise ValueError("a project of another tenant")
    return replace(principal, project_id=project.pk, project_slug=project.slug)


def of_user(user: User) -> Principal:
    """The principal of a person of a tenant on the pages: all projects of it."""
    if user.tenant is None:
        raise ValueError("staff without a tenant are no principal")
    return Principal(
        kind="user",
        id=user.pk,
        role=ROLE_USER,
        tenant_id=user.tenant.pk,
        tenant_slug=user.tenant.slug,
        floor={"user": user.external_id},
        label=str(user),
        user_id=user.pk,
        tags=user.tags,
    )
