"""Writes that reach memories: what is said is stored, then learnt from, in one transaction."""

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
from memories.ingest import DIFF_LISTS, ingest_turns
from memories.models import Memory, Trace
from memsync.common.errors import Forbidden, NotFound
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

    def as_json(self) -> dict[str, Any]:
        """The answer of `facts` and `facts/batch`."""
        return {
            "trace_id": self.trace.uid if self.trace else None,
            "session_id": self.conversation.uid,
            "turn_ids": [turn.uid for turn in self.turns],
            "diff": self.diff,
        }


def record_turns(
    *,
    principal: Principal,
    conversation: Conversation,
    messages: Sequence[NewTurn],
    scope: Scope | None = None,
    extract: bool = True,
    authority: str = Memory.Authority.EXPERIENTIAL,
) -> Recorded:
    """Append messages to a conversation and learn from them.

    `scope` is that of the memories; without it they get the conversation's. A repeat of stored
    messages teaches nothing new. Raises what `append_turns` raises, and ScopeConflict.
    """
    with tenant_scope(principal.tenant_id):
        appended = conversations.append_turns(
            principal=principal, conversation=conversation, messages=messages
        )
        learn_scope = conversations.scope_within(conversation, scope)
        trace: Trace | None = None
        diff: dict[str, Any] = {name: [] for name in DIFF_LISTS}
        if extract:
            trace, diff = ingest_turns(
                principal=principal,
                conversation=conversation,
                turns=appended.new,
                scope=learn_scope,
                authority=authority,
            )
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
) -> Recorded:
    """Store a list of messages in one conversation, continued or new, and learn from them.

    Raises NotFound for a conversation that exists out of reach, ScopeConflict, Forbidden.
    """
    if authority == Memory.Authority.AUTHORITATIVE and not principal.is_management:
        raise Forbidden("Only management keys write authoritative facts.")
    with tenant_scope(principal.tenant_id):
        conversation = _visible(principal, session_id)
        if conversation is None:
            conversation = conversations.create_conversation(
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
        )


def _visible(principal: Principal, session_id: UUID | None) -> Conversation | None:
    if session_id is None:
        return None
    found: Conversation | None = (
        Conversation.objects.reachable(principal).for_wire().filter(uid=session_id).first()
    )
    if found is None and principal.is_user:
        raise NotFound
    return found
