"""Writes of tenants, projects, people and keys."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts import audit
from accounts.keys import draw_key
from accounts.models import ApiKey, Project, ProjectCounter, Tenant, User
from accounts.principals import Principal
from accounts.scope import Scope, add_tags, tags
from memsync.common.errors import BadRequest, Conflict
from memsync.common.ids import uuid7
from memsync.common.tenancy import alias, tenant_scope

Actor = Principal | User | None


def create_tenant(*, actor: Actor, slug: str, name: str = "") -> Tenant:
    """A new tenant. Raises BadRequest for a malformed slug, Conflict for a taken one."""
    refuse_bad_slug(slug)
    if Tenant.objects.filter(slug=slug).exists():
        raise Conflict(f"The tenant {slug} exists.", code="tenant_exists")
    with transaction.atomic():
        tenant = Tenant.objects.create(slug=slug, name=name or slug)
        audit.record(actor, "tenant.created", target=tenant, tenant_id=tenant.pk)
    return tenant


def create_project(*, actor: Actor, tenant: Tenant, slug: str, name: str = "") -> Project:
    """A new project of a tenant. Raises BadRequest, Conflict."""
    refuse_bad_slug(slug)
    with tenant_scope(tenant.pk):
        if Project.objects.filter(tenant=tenant, slug=slug).exists():
            raise Conflict(f"The project {slug} exists.", code="project_exists")
        project = Project.objects.create(tenant=tenant, slug=slug, name=name or slug)
        ProjectCounter.objects.create(tenant=tenant, project=project)
        audit.record(actor, "project.created", target=project, project_id=project.pk)
    return project


def refuse_bad_slug(slug: str) -> None:
    """Raise for what would not survive in a URL, or means something else there."""
    if not slug or slug != slugify(slug) or len(slug) > 64:
        raise BadRequest("A slug is 1 to 64 of a-z, 0-9, - and _.", code="bad_slug")
    if slug == "-":
        raise BadRequest("The slug - means the key's own project.", code="bad_slug")


def create_user(
    *,
    actor: Actor,
    tenant: Tenant | None,
    email: str,
    password: str,
    external_id: str = "",
    name: str = "",
    role: str = User.Role.USER,
    is_staff: bool = False,
    is_superuser: bool = False,
) -> User:
    """A person who can sign in; claims the shadow user with this `external_id`, if there is one.

    Raises Conflict when the e-mail is taken, or the external id belongs to somebody with an e-mail.
    """
    is_staff = is_staff or is_superuser
    if tenant is None and not is_staff:
        raise BadRequest("Only staff may have no tenant.", code="tenant_required")
    with transaction.atomic(using=alias()):
        user = _shadow(tenant, external_id) or User(tenant=tenant, external_id=external_id)
        user.email, user.name = email.strip().lower(), name or user.name
        user.role, user.is_staff, user.is_superuser = role, is_staff, is_superuser
        user.set_password(password)
        try:
            with transaction.atomic(using=alias()):
                user.save()
        except IntegrityError as error:
            raise Conflict(f"{user.email} is taken.", code="email_taken") from error
        if is_staff:
            user.groups.add(_staff_group())
        audit.record(actor, "user.created", target=user, is_staff=is_staff)
    return user


def _staff_group() -> int:
    """The key of the group that may do all that the admin offers, within its members' tenants."""
    with connections[alias()].cursor() as cursor:
        cursor.execute("SELECT memsync_staff_group()")
        return int(cursor.fetchone()[0])


def _shadow(tenant: Tenant | None, external_id: str) -> User | None:
    """The person a write has named before they could sign in."""
    if tenant is None or not external_id:
        return None
    known = User.objects.select_for_update().filter(tenant=tenant, external_id=external_id).first()
    if known and known.email:
        raise Conflict(f"{external_id} signs in already.", code="external_id_taken")
    return known


def named_user_id(*, principal: Principal, scope: Scope) -> uuid.UUID | None:
    """The id of the person whom the scope's `user=` tag names, made on the first write of it.

    One statement; two writers naming the same new person at once get the same row.
    """
    if "user" not in scope:
        return None
    if principal.is_user and principal.floor.get("user") == scope["user"]:
        return principal.user_id
    with connections[alias()].cursor() as cursor:
        named: dict[str, Any] = {
            "id": uuid7(),
            "tenant": principal.tenant_id,
            "external_id": scope["user"],
        }
        cursor.execute(_NAMED_USER, named)
        found: uuid.UUID = cursor.fetchone()[0]
    return found


_NAMED_USER = """
WITH known AS (
    SELECT id FROM accounts_user WHERE tenant_id = %(tenant)s AND external_id = %(external_id)s
), made AS (
    INSERT INTO accounts_user (id, tenant_id, external_id, name, role, tags, is_active, is_staff,
                               is_superuser, password, created_at)
    SELECT %(id)s, %(tenant)s, %(external_id)s, '', 'user', '{}', true, false, false, '!', now()
     WHERE NOT EXISTS (SELECT FROM known)
    -- A key column here would lock out the foreign keys of others, and deadlock.
    ON CONFLICT (tenant_id, external_id) DO UPDATE SET role = accounts_user.role
    RETURNING id
)
SELECT id FROM known UNION ALL SELECT id FROM made
"""


def create_api_key(
    *,
    actor: Actor,
    project: Project,
    name: str,
    role: str = ApiKey.Role.AGENT,
    floor: Scope | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key of a project, and its text, which is never to be had again."""
    drawn = draw_key()
    floor = add_tags({}, floor or {})
    with tenant_scope(project.tenant_id):
        key = ApiKey.objects.create(
            tenant_id=project.tenant_id,
            project=project,
            name=name,
            role=role,
            floor=floor,
            prefix=drawn.prefix,
            secret_hash=drawn.secret_hash,
            hash_key_id=drawn.hash_key_id,
            expires_at=expires_at,
            created_by=str(getattr(actor, "label", actor) or "command"),
        )
        audit.record(actor, "key.created", target=key, role=role, floor=tags(floor))
    return key, drawn.text


def revoke_api_key(*, actor: Actor, key: ApiKey) -> ApiKey:
    """End a key at once; a second time changes nothing."""
    with tenant_scope(key.tenant_id):
        key = ApiKey.objects.select_for_update().get(pk=key.pk)
        if key.revoked_at is None:
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            audit.record(actor, "key.revoked", target=key)
    return key


def rename(*, actor: Actor, row: Tenant | Project, name: str) -> None:
    """Give a tenant or project another display name; slugs stay, as URLs hold them."""
    tenant_id = row.pk if isinstance(row, Tenant) else row.tenant_id
    with transaction.atomic(using=alias()):
        row.name = name
        row.save(update_fields=["name"])
        kind = type(row).__name__.lower()
        audit.record(actor, f"{kind}.renamed", target=row, tenant_id=tenant_id)


def update_user(*, actor: Actor, user: User, **changes: Any) -> User:
    """Change a person's `name`, `email`, `role`, `tags`, `is_active` or `is_staff`.

    Deactivating ends all their sessions, by a trigger. Raises Conflict when the e-mail is taken.
    """
    with transaction.atomic(using=alias()):
        locked = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
        changed = {name: value for name, value in changes.items() if getattr(locked, name) != value}
        for name, value in changed.items():
            setattr(locked, name, value)
        try:
            with transaction.atomic(using=alias()):
                locked.save(update_fields=list(changed))
        except IntegrityError as error:
            raise Conflict(f"{locked.email} is taken.", code="email_taken") from error
        if "is_staff" in changed:
            (locked.groups.add if locked.is_staff else locked.groups.remove)(_staff_group())
        audit.record(actor, "user.updated", target=locked, changed=sorted(changed))
    return locked


def set_password(*, actor: Actor, user: User, password: str) -> None:
    """Another password; whoever is signed in with the old one is signed out at once."""
    with transaction.atomic(using=alias()):
        user.set_password(password)
        user.sessions_valid_after = timezone.now()
        user.save(update_fields=["password", "sessions_valid_after"])
        audit.record(actor, "user.password_set", target=user)
