"""`manage.py seed_demo`: a demo tenant whose every screen is worth looking at."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts import services as accounts
from accounts.models import ApiKey, Project, Tenant, User
from accounts.principals import of_command
from accounts.scope import parse_tags
from conversations.forks import fork_conversation
from conversations.models import Conversation
from memories import services
from memories.demo import CONVERSATIONS, FORK, PEOPLE, PROJECT, STAFF, TENANT
from memsync.common.commands import JsonCommand
from memsync.common.errors import Problem
from sessions_app import services as signing_in


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
            _steal_a_token(project)
        for story in CONVERSATIONS:
            _tell(project, story)
        _fork(project)
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
    """One of the demo people, new or with a new password."""
    known = User.objects.filter(email=person["email"]).first()
    if known is not None:
        accounts.set_password(actor=None, user=known, password=password)
        return
    accounts.create_user(
        actor=None,
        tenant=project.tenant,
        email=person["email"],
        password=password,
        external_id=person["external_id"],
        name=person["name"],
        is_staff=is_staff,
    )


def _steal_a_token(project: Project) -> None:
    """A sign-in whose refresh token somebody used a second time: its family was ended."""
    alice = User.objects.get(tenant=project.tenant, external_id=PEOPLE[0]["external_id"])
    device = {"fingerprint": "demo-phone", "label": "Alice's old phone", "location": "Leeds"}
    first = signing_in.sign_in(user=alice, session_type="mobile", device=device).refresh
    signing_in.refresh(token=first)
    with suppress(Problem):
        signing_in.refresh(token=first)


def _fork(project: Project) -> None:
    """A second way that the first conversation could have gone."""
    if Conversation.unscoped.filter(project=project, uid=FORK["id"]).exists():
        return
    principal = of_command(project, "seed_demo")
    fork_conversation(
        principal=principal,
        conversation=Conversation.unscoped.get(project=project, uid=FORK["of"]),
        seq=FORK["seq"],
        title=FORK["title"],
        reason=FORK["reason"],
        uid=UUID(FORK["id"]),
    )
    _record(project, FORK)


def _tell(project: Project, story: dict[str, Any]) -> None:
    """Record one conversation, unless it was recorded before."""
    if Conversation.unscoped.filter(project=project, uid=story["id"]).exists():
        return
    _record(project, story)


def _record(project: Project, story: dict[str, Any]) -> None:
    """The story's messages, a minute apart."""
    began = datetime.fromisoformat(story["began"])
    services.record_batch(
        principal=of_command(project, "seed_demo"),
        session_id=UUID(story["id"]),
        title=story["title"],
        scope=parse_tags(story["scope"]),
        metadata=story["metadata"],
        messages=[
            {**message, "occurred_at": began + timedelta(minutes=minute)}
            for minute, message in enumerate(story["messages"])
        ],
    )
