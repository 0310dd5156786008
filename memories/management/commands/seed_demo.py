"""`manage.py seed_demo`: a demo tenant whose every screen is worth looking at."""

from __future__ import annotations

import json
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts import services as accounts
from accounts.models import ApiKey, Project, Tenant, User
from accounts.principals import of_command
from accounts.scope import parse_tags
from conversations.models import Conversation
from memories import services
from memories.demo import CONVERSATIONS, PEOPLE, PROJECT, STAFF, TENANT
from memsync.common.commands import JsonCommand


class Command(JsonCommand):
    """Fill the demo tenant through the real services; a second run changes nothing."""

    help = "Create the demo tenant, or show its logins again."

    def perform(self, **options: Any) -> dict[str, Any]:
        """The logins. They are random, kept beside the database, readable by its owner only."""
        path = settings.DATA_DIR / "demo.json"
        project = _project()
        logins = _stored(path, project)
        if logins is None:
            logins = _make_logins(project)
            _store(path, logins)
        for story in CONVERSATIONS:
            _tell(project, story)
        return logins


def _project() -> Project:
    tenant = Tenant.objects.filter(slug=TENANT).first()
    if tenant is None:
        tenant = accounts.create_tenant(actor=None, slug=TENANT, name="Demo")
    project = Project.objects.filter(tenant=tenant, slug=PROJECT).first()
    return project or accounts.create_project(actor=None, tenant=tenant, slug=PROJECT)


def _stored(path: Path, project: Project) -> dict[str, str] | None:
    """The logins of an earlier run, if they belong to this database."""
    if not path.exists():
        return None
    logins: dict[str, str] = json.loads(path.read_text())
    return logins if logins.get("project_id") == str(project.pk) else None


def _store(path: Path, logins: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(logins, file, indent=1)


def _make_logins(project: Project) -> dict[str, str]:
    """Fresh passwords for the demo people, and a fresh management key."""
    logins = {"project_id": str(project.pk), "project": project.slug}
    for name, person, is_staff in (
        ("staff", STAFF, True),
        ("user", PEOPLE[0], False),
        ("other_user", PEOPLE[1], False),
    ):
        password = secrets.token_urlsafe(12)
        _person(project, person, password, is_staff)
        logins |= {f"{name}_email": person["email"], f"{name}_password": password}
    _, logins["api_key"] = accounts.create_api_key(
        actor=None, project=project, name="demo", role=ApiKey.Role.MANAGEMENT
    )
    return logins


def _person(project: Project, person: dict[str, str], password: str, is_staff: bool) -> None:
    known = User.objects.filter(email=person["email"]).first()
    if known is None:
        known = accounts.create_user(
            actor=None,
            tenant=project.tenant,
            email=person["email"],
            password=password,
            external_id=person["external_id"],
            is_staff=is_staff,
        )
    known.name = person["name"]
    known.set_password(password)
    known.save(update_fields=["name", "password"])


def _tell(project: Project, story: dict[str, Any]) -> None:
    """Record one conversation, unless it was recorded before."""
    uid = UUID(story["id"])
    if Conversation.unscoped.filter(project=project, uid=uid).exists():
        return
    began = datetime.fromisoformat(story["began"])
    services.record_batch(
        principal=of_command(project, "seed_demo"),
        session_id=uid,
        title=story["title"],
        scope=parse_tags(story["scope"]),
        metadata=story["metadata"],
        messages=[
            {**message, "occurred_at": began + timedelta(minutes=minute)}
            for minute, message in enumerate(story["messages"])
        ],
    )
