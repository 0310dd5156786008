"""Writes of coding agents' sessions: two ids per run, and the memory one may change (DESIGN §6).

A prompt is a turn (role user) of the run's conversation; its metadata holds the prompt's number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.principals import Principal
from accounts.scope import Scope
from conversations import services
from conversations.messages import new_turn
from conversations.models import AgentSession, MemorySessionId, Turn
from memsync.common.errors import Conflict, InvalidField, NotFound
from memsync.common.ids import uuid7
from memsync.common.tenancy import alias, tenant_scope

SAME_PROMPT_WITHIN = timedelta(seconds=10)
"""The same prompt again within this time is a repetition of the call, not of the prompt."""
KIND = "agent"
"""The kind of an agent session's conversation."""


class AgentSessionCompleted(Conflict):
    """A completed run takes neither observations nor another memory session id."""

    code = "agent_session_completed"
    detail = "The agent session is completed."


class MemorySessionTaken(Conflict):
    """A memory session id belongs to one run for ever, also when that run has another by now."""

    code = "memory_session_taken"
    detail = "Another agent session has this memory_session_id."


@dataclass(frozen=True, slots=True)
class Opened:
    """What `open_agent_session` found or made."""

    session: AgentSession
    is_new: bool
    skipped: str | None = None
    """`duplicate` when the prompt was not counted; `private` when nothing of it was left."""


def open_agent_session(
    *,
    principal: Principal,
    content_session_id: str,
    platform: str = "claude",
    prompt: str | None = None,
    title: str = "",
    scope: Scope | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Opened:
    """Get or create the run of a content session, with its conversation, and count a prompt.

    A run that exists keeps its memory session id, scope, title and metadata; empty ones are filled.
    Raises Forbidden, ScopeConflict, NotFound when the id is taken out of reach, SessionNotActive.
    """
    with tenant_scope(principal.tenant_id):
        key = {"platform": platform, "content_session_id": content_session_id}
        found = _find(principal, key)
        made = None if found else _create(principal, key, title, scope, metadata)
        session = found or made or _winner(principal, key)
        services.refuse_unless_writable(principal, session)
        session = locked(session)
        if made is None and scope is not None:
            services.scope_within(principal, session.conversation, scope)
        _fill(session, title, metadata)
        skipped = None if prompt is None else _count_prompt(principal, session, prompt)
    return Opened(session, made is not None, skipped)


def _find(principal: Principal, key: Mapping[str, str]) -> AgentSession | None:
    found: AgentSession | None = AgentSession.objects.reachable(principal).filter(**key).first()
    return found


def _winner(principal: Principal, key: Mapping[str, str]) -> AgentSession:
    """The run that another request made in the meantime, if it is within reach."""
    found = _find(principal, key)
    if found is None:
        raise NotFound
    return found


def _create(
    principal: Principal,
    key: Mapping[str, str],
    title: str,
    scope: Scope | None,
    metadata: Mapping[str, Any] | None,
) -> AgentSession | None:
    """A new run and its conversation; None when the content session has one already.

    Two creates at once: the second waits at the unique index until the first has committed.
    """
    try:
        with transaction.atomic(using=alias()):
            conversation = services.create_conversation(
                principal=principal,
                scope=scope,
                title=title or key["content_session_id"],
                kind=KIND,
                metadata=dict(key),
            )
            session = AgentSession(
                tenant_id=conversation.tenant_id,
                project_id=conversation.project_id,
                user_id=conversation.user_id,
                scope=conversation.scope,
                conversation=conversation,
                title=title,
                metadata=dict(metadata or {}),
                **key,
            )
            session.save(force_insert=True)
    except IntegrityError:
        return None
    return session


def locked(session: AgentSession) -> AgentSession:
    """The row as it is now, locked to the end of the transaction."""
    rows = AgentSession.unscoped.select_related("user", "conversation")
    rows = rows.select_for_update(no_key=True, of=("self",))
    row: AgentSession | None = rows.filter(pk=session.pk).first()
    if row is None:
        raise NotFound
    return row


def _fill(session: AgentSession, title: str, metadata: Mapping[str, Any] | None) -> None:
    """Set title and metadata where there are none yet."""
    wanted = {"title": title, "metadata": dict(metadata or {})}
    empty = [name for name, value in wanted.items() if value and not getattr(session, name)]
    for name in empty:
        setattr(session, name, wanted[name])
    if empty:
        session.save(update_fields=empty)


def _count_prompt(principal: Principal, session: AgentSession, prompt: str) -> str | None:
    """Store a prompt as the next turn; one that continues a completed run opens it again."""
    digest, now = hashlib.sha256(prompt.encode()).hexdigest(), timezone.now()
    last = session.last_prompt_at
    if session.last_prompt_hash == digest and last and now - last < SAME_PROMPT_WITHIN:
        return "duplicate"
    number = session.last_prompt_number + 1
    message = {"role": "user", "content": prompt, "metadata": {"prompt_number": number}}
    services.append_turns(
        principal=principal, conversation=session.conversation, messages=[new_turn(message)]
    )
    session.last_prompt_number, session.last_prompt_hash = number, digest
    session.last_prompt_at = now
    session.status, session.completed_at = AgentSession.Status.ACTIVE, None
    session.save(
        update_fields=[
            "last_prompt_number",
            "last_prompt_hash",
            "last_prompt_at",
            "status",
            "completed_at",
        ]
    )
    return None if prompt else "private"


def is_private_prompt(session: AgentSession, number: int) -> bool:
    """Whether nothing of the prompt with this number was kept. A missing prompt is not private."""
    prompts = Turn.unscoped.filter(
        conversation_id=session.conversation_id, metadata__prompt_number=number
    )
    return bool(prompts.filter(content="", redacted_at__isnull=True).exists())


def register_memory_session(
    *, principal: Principal, session: AgentSession, memory_session_id: str | None
) -> AgentSession:
    """Capture the agent's own id; without one, keep the current or make one up.

    The id it had before stays in the history, and what was recorded under it stays there. Ends
    `force_init`. Raises MemorySessionTaken, AgentSessionCompleted, InvalidField for the content id.
    """
    with tenant_scope(principal.tenant_id):
        services.refuse_unless_writable(principal, session)
        session = locked(session)
        wanted, reason = _wanted_id(session, memory_session_id)
        if wanted == session.content_session_id:
            raise InvalidField("memory_session_id", "It is the content_session_id.")
        if wanted != session.memory_session_id:
            _capture(session, wanted, reason)
        session.memory_session_id, session.force_init = wanted, False
        session.save(update_fields=["memory_session_id", "force_init"])
    return session


def _wanted_id(session: AgentSession, given: str | None) -> tuple[str, str]:
    """The id to register. To ask for one twice is to ask once, unless a fresh run is forced."""
    if given is not None:
        return given, MemorySessionId.Reason.REGISTERED
    if session.memory_session_id is not None and not session.force_init:
        return session.memory_session_id, MemorySessionId.Reason.SYNTHESIZED
    return f"{session.platform}-{uuid7()}", MemorySessionId.Reason.SYNTHESIZED


def _capture(session: AgentSession, wanted: str, reason: str) -> None:
    """Supersede the current entry of the history by a new one, or by an older one of this run."""
    if session.status == AgentSession.Status.COMPLETED:
        raise AgentSessionCompleted
    history = MemorySessionId.objects.filter(agent_session=session)
    history.filter(superseded_at__isnull=True).update(superseded_at=timezone.now())
    if history.filter(memory_session_id=wanted).update(superseded_at=None):
        return
    try:
        with transaction.atomic(using=alias()):
            MemorySessionId.objects.create(
                tenant_id=session.tenant_id,
                project_id=session.project_id,
                agent_session=session,
                memory_session_id=wanted,
                reason=reason,
            )
    except IntegrityError as error:
        raise MemorySessionTaken from error


def force_init(*, principal: Principal, session: AgentSession) -> AgentSession:
    """After a restart or crash: the next run starts fresh, until an id is registered."""
    return _change(principal, session, force_init=True)


def complete(*, principal: Principal, session: AgentSession) -> AgentSession:
    """End a run; it takes no more observations. A second time changes nothing."""
    return _change(
        principal, session, status=AgentSession.Status.COMPLETED, completed_at=timezone.now()
    )


def _change(principal: Principal, session: AgentSession, **fields: Any) -> AgentSession:
    """Set columns of a run, unless the first of them holds already."""
    with tenant_scope(principal.tenant_id):
        services.refuse_unless_writable(principal, session)
        session = locked(session)
        first = next(iter(fields))
        if getattr(session, first) != fields[first]:
            for name, value in fields.items():
                setattr(session, name, value)
            session.save(update_fields=list(fields))
    return session


def resume_decision(session: AgentSession) -> tuple[str | None, str]:
    """The memory session id to resume, or None, and why. Never the content session id."""
    if session.memory_session_id is None:
        return None, "not_captured"
    if session.force_init:
        return None, "force_init"
    if session.last_prompt_number <= 1:
        return None, "first_prompt"
    return session.memory_session_id, "continuation"
