"""Writes of observations: what a coding agent's run recorded, under the id it had at the time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.principals import Principal
from conversations.agent_sessions import AgentSessionCompleted, is_private_prompt, locked
from conversations.models import AgentSession, Conversation
from conversations.services import refuse_unless_writable
from memories.models import Observation
from memsync.common.errors import Conflict, NotFound
from memsync.common.sql import fetch
from memsync.common.tenancy import tenant_scope

TEXTS, LISTS = ("title", "subtitle", "narrative"), ("facts", "concepts")
FILES = ("files_read", "files_modified")
CONTENT = ("type", *TEXTS, *LISTS, *FILES)
"""What makes two observations of a run the same one."""


class MemorySessionNotCaptured(Conflict):
    """The content session is known, but the agent's own id is not: nothing to store it under."""

    code = "memory_session_not_captured"
    detail = "Register the memory_session_id of this agent session first."


class PrivatePrompt(Conflict):
    """Nothing of the prompt was kept, so nothing that came of it is."""

    code = "private_prompt"
    detail = "The prompt with this number was private."


@dataclass(frozen=True, slots=True)
class Recorded:
    """An observation, new or found again."""

    observation: Observation
    is_new: bool


def run_of(principal: Principal, memory_session_id: str | None) -> AgentSession:
    """The run within reach that has, or had, this id.

    Raises MemorySessionNotCaptured for no id, or for the content id of a run without one; NotFound.
    """
    if memory_session_id is None:
        raise MemorySessionNotCaptured
    rows = AgentSession.objects.reachable(principal)
    has_or_had = Q(memory_session_ids__memory_session_id=memory_session_id)
    found: AgentSession | None = rows.filter(has_or_had).first()
    if found is not None:
        return found
    named_by_content = rows.filter(content_session_id=memory_session_id)
    if named_by_content.filter(memory_session_id__isnull=True).exists():
        raise MemorySessionNotCaptured
    raise NotFound


def record_observation(
    *,
    principal: Principal,
    session: AgentSession,
    memory_session_id: str,
    prompt_number: int | None = None,
    **content: Any,
) -> Recorded:
    """Store an observation of a run once; the same content again is the stored one.

    The run's row is locked, so a run that is being completed takes none after that. Raises
    Forbidden, AgentSessionCompleted, PrivatePrompt.
    """
    with tenant_scope(principal.tenant_id):
        refuse_unless_writable(principal, session)
        session = locked(session)
        if session.status == AgentSession.Status.COMPLETED:
            raise AgentSessionCompleted
        if prompt_number is not None and is_private_prompt(session, prompt_number):
            raise PrivatePrompt
        digest = content_hash(content)
        stored = Observation.unscoped.for_wire().filter(agent_session=session, content_hash=digest)
        if found := stored.first():
            return Recorded(found, is_new=False)
        observation = Observation.unscoped.create(
            tenant_id=session.tenant_id,
            project_id=session.project_id,
            user_id=session.user_id,
            scope=session.scope,
            agent_session=session,
            memory_session_id=memory_session_id,
            prompt_number=prompt_number,
            content_hash=digest,
            **content,
        )
        _index(observation)
    return Recorded(observation, is_new=True)


def content_hash(content: dict[str, Any]) -> str:
    """SHA-256 of what an observation says; absent and empty are the same."""
    said = {name: content[name] for name in CONTENT if content.get(name)}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


_INDEX = """
UPDATE memories_observation o
   SET search = setweight(to_tsvector(p.search_config::regconfig, %(title)s::text), 'A')
             || setweight(to_tsvector(p.search_config::regconfig, %(said)s::text), 'B')
             || setweight(to_tsvector(p.search_config::regconfig, %(files)s::text), 'C')
  FROM accounts_project p
 WHERE p.id = o.project_id AND o.pk = %(pk)s::bigint
RETURNING o.pk
"""


def _index(observation: Observation) -> None:
    """Fill the lexical index; files are found by their paths, names and words of these."""
    said = [observation.subtitle, *observation.facts, *observation.concepts, observation.narrative]
    files = [*observation.files_read, *observation.files_modified]
    fetch(
        _INDEX,
        {
            "pk": observation.pk,
            "title": observation.title,
            "said": "\n".join(said)[:100_000],
            "files": " ".join(_path_words(path) for path in files)[:20_000],
        },
    )


def _path_words(path: str) -> str:
    return f"{path} {path.replace('/', ' ')} {re.sub(r'[^A-Za-z0-9]+', ' ', path)}"


def locked_runs(conversation: Conversation) -> list[AgentSession]:
    """The runs of a conversation that is to be deleted, locked; their rows come before its own."""
    rows = AgentSession.unscoped.filter(conversation=conversation).order_by("serial")
    return list(rows.select_for_update(of=("self",)))


def remove_runs(runs: Sequence[AgentSession]) -> None:
    """Remove runs with their id history and observations; `memories.erasure` calls it.

    Sources that cited these observations are erased by then, and refer to nothing afterwards.
    """
    Observation.unscoped.filter(agent_session__in=runs).delete()
    AgentSession.unscoped.filter(pk__in=[run.pk for run in runs]).delete()


def blank(serials: Sequence[int]) -> int:
    """Take the words out of observations; ids, types and times stay. Returns how many."""
    rows = Observation.unscoped.filter(pk__in=serials, erased_at__isnull=True)
    blanked: int = rows.update(
        title="",
        subtitle="",
        narrative="",
        facts=[],
        concepts=[],
        files_read=[],
        files_modified=[],
        search=None,
        embedded_with="",
        erased_at=timezone.now(),
    )
    return blanked
