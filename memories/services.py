"""Writes that reach memories: what is said is stored, then learnt from.

By rules that is one transaction. When the caller will not wait (`later`), the trace is pending and
the worker brings it to its end. When the extractor needs the network, so it is, unless the caller
says `later=False`: then the trace is running, and the caller is to call `learning.learn_now`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.principals import Principal
from accounts.scope import Scope
from conversations import services as conversations
from conversations.messages import NewTurn, new_turn
from conversations.models import Conversation, Turn
from memories import tasks
from memories.ingest import ingest_turns
from memories.models import Memory, Trace
from memories.persist import empty_diff
from memsync.common.errors import Forbidden, NotFound
from memsync.common.privacy import strip_private
from memsync.common.tenancy import tenant_scope


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a write stored and what was learnt from it."""

    conversation: Conversation
    turns: list[Turn]
    trace: Trace | None
    diff: dict[str, Any]
    new_count: int
    """How many of the turns are new rather than repeats."""

    @property
    def status(self) -> str:
        """`pending` when the worker is to learn from it, `running` when the caller is, else `done`
        or `failed`."""
        return str(self.trace.status) if self.trace else str(Trace.Status.DONE)

    @property
    def ids(self) -> dict[str, Any]:
        """What was stored, by its ids."""
        return {
            "trace_id": self.trace.uid if self.trace else None,
            "session_id": self.conversation.uid,
            "turn_ids": [turn.uid for turn in self.turns],
        }

    def as_json(self) -> dict[str, Any]:
        """The answer of `facts` and `facts/batch`."""
        return self.ids | {"diff": self.diff}


def record_turns(
    *,
    principal: Principal,
    conversation: Conversation,
    messages: Sequence[NewTurn],
    scope: Scope | None = None,
    extract: bool = True,
    authority: str = Memory.Authority.EXPERIENTIAL,
    later: bool | None = None,
) -> Recorded:
    """Append messages to a conversation and learn from them.

    `scope` is that of the memories; without it they get the conversation's. A repeat of stored
    messages teaches nothing new. What the worker is to do is queued in the same transaction.
    Raises what `append_turns` raises, and ScopeConflict.
    """
    with tenant_scope(principal.tenant_id):
        appended = conversations.append_turns(
            principal=principal, conversation=conversation, messages=messages
        )
        learn_scope = conversations.scope_within(principal, conversation, scope)
        trace: Trace | None = None
        diff = empty_diff()
        if extract:
            trace, diff = ingest_turns(
                principal=principal,
                conversation=conversation,
                turns=appended.new,
                scope=learn_scope,
                authority=authority,
                later=later,
            )
            if trace.status == Trace.Status.PENDING:
                tasks.learn.defer(trace=trace.pk)
    return Recorded(conversation, appended.turns, trace, diff, len(appended.new))


def record_batch(
    *,
    principal: Principal,
    messages: Sequence[dict[str, Any]],
    session_id: UUID | None = None,
    scope: Scope | None = None,
    metadata: dict[str, Any] | None = None,
    title: str = "",
    kind: str = "chat",
    members: Sequence[str] = (),
    authority: str = Memory.Authority.EXPERIENTIAL,
    later: bool | None = None,
) -> Recorded:
    """Store a list of messages in one conversation, continued or new, and learn from them.

    Raises NotFound for a conversation that exists out of reach, ScopeConflict, Forbidden.
    """
    refuse_unless_recordable(principal=principal, session_id=session_id, authority=authority)
    with tenant_scope(principal.tenant_id):
        conversation = _visible(principal, session_id)
        if conversation is None:
            conversation = _made_or_met(
                principal=principal,
                scope=scope,
                uid=session_id,
                title=title,
                kind=kind,
                metadata=metadata,
                members=members,
            )
        return record_turns(
            principal=principal,
            conversation=conversation,
            messages=[new_turn(message) for message in messages],
            scope=scope,
            authority=authority,
            later=later,
        )


def refuse_unless_recordable(
    *, principal: Principal, session_id: object, authority: object
) -> None:
    """403 for what agents and people may not write, whatever else they send."""
    if authority == Memory.Authority.AUTHORITATIVE and not principal.is_management:
        raise Forbidden("Only management keys write authoritative facts.")
    if principal.is_user and session_id is None:
        raise Forbidden("People write into the sessions they have.")


def _made_or_met(*, principal: Principal, uid: UUID | None, **fields: Any) -> Conversation:
    """A new conversation, or the one that somebody else made under this id a moment ago."""
    try:
        return conversations.create_conversation(principal=principal, uid=uid, **fields)
    except conversations.SessionExists:
        met = _visible(principal, uid)
        if met is None:
            raise
        return met


def record_fact(
    *,
    principal: Principal,
    text: str,
    role: str = Turn.Role.USER,
    session_id: UUID | None = None,
    scope: Scope | None = None,
    authority: str = Memory.Authority.EXPERIENTIAL,
    later: bool | None = None,
) -> Recorded:
    """Store a text as a turn, a long one as several of one session, and learn from it."""
    return record_batch(
        principal=principal,
        messages=[{"role": role, "content": part} for part in paragraphs(strip_private(text))],
        session_id=session_id,
        scope=scope,
        authority=authority,
        later=later,
    )


def paragraphs(text: str, size: int = 4000) -> list[str]:
    """A text cut at line ends into parts of about `size` characters; together they are the text."""
    parts, start = [], 0
    while len(text) - start > size:
        cut = text.rfind("\n", start, start + size) + 1 or start + size
        parts.append(text[start:cut])
        start = cut
    return [*parts, text[start:]]


def _visible(principal: Principal, session_id: UUID | None) -> Conversation | None:
    if session_id is None:
        return None
    found: Conversation | None = (
        Conversation.objects.reachable(principal).for_wire().filter(uid=session_id).first()
    )
    if found is None and principal.is_user:
        raise NotFound
    return found
