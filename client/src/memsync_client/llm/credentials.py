"""The key that turns are stored with, and whether another key may store them instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from memsync_client.errors import Forbidden, NotFound
from memsync_client.llm.recalling import refuse_foreign
from memsync_client.models import Me, Session
from memsync_client.records import Record
from memsync_client.requests import Plan, Request, get, record
from memsync_client.resources.sessions import at
from memsync_client.scope import Acting, Attribution
from memsync_client.transport import Settings

Project = tuple[str, str]
"""The slugs of a tenant and of its project."""


@dataclass(eq=False)
class Credentials:
    """A key of a client, and what was learnt under it."""

    settings: Settings = field(repr=False)
    project: Project | None = None
    """Where it leads; None until it has worked once."""
    opened: dict[tuple[str, Attribution], None] = field(default_factory=dict)
    """The sessions that were there, and theirs."""


def find_project(credentials: Credentials) -> Plan[Project]:
    """Ask where a key leads, once."""
    if credentials.project is None:
        request: Request[Me] = Request("GET", "/auth/me", record(Me), is_read=True, is_global=True)
        me: Me = yield request
        credentials.project = _project_of(me, credentials.settings)
    return credentials.project


def refuse_elsewhere(acting: Acting, before: Credentials, now: Credentials) -> Plan[None]:
    """Raises Forbidden unless a key leads where an earlier one led.

    Where the earlier one never worked nobody knows where that is: then the session must be there.
    """
    project: Project = yield from find_project(now)
    if before.project is None:
        yield from _refuse_unknown(acting)
    elif project != before.project:
        raise _elsewhere()


def _refuse_unknown(acting: Acting) -> Plan[None]:
    assert acting.attribution is not None, "only attributed turns are kept"  # noqa: S101
    try:
        found: Session = yield get(at(acting.session_id), record(Session))
    except NotFound:
        raise _elsewhere() from None
    refuse_foreign(found, acting.attribution)


def _project_of(me: Me, settings: Settings) -> Project:
    """A key is of a project; a person's token is for the one that the client names."""
    project: Any = me.get("project")
    named = project["slug"] if isinstance(project, Record | dict) else settings.context
    return str(me.tenant), str(named)


def _elsewhere() -> Forbidden:
    return Forbidden(
        status=403,
        code="other_project",
        detail="The new key is not known to be of the project of these turns: they are let go.",
    )
