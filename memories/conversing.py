"""Writes of OpenAI's Conversations: the same conversations and turns, given as items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.principals import Principal
from conversations import services as conversations
from conversations.item_messages import messages_of, own_id
from conversations.item_reads import shown_among
from conversations.messages import new_turn
from conversations.models import Conversation
from memories.services import Recorded, record_turns
from memsync.common.tenancy import tenant_scope


def create_with_items(
    *, principal: Principal, metadata: Mapping[str, Any], items: Sequence[Mapping[str, Any]]
) -> Conversation:
    """A new conversation of the floor's scope that begins with these items. Raises Forbidden."""
    with tenant_scope(principal.tenant_id):
        row = conversations.create_conversation(principal=principal, scope=None, metadata=metadata)
        if items:
            add_items(principal=principal, conversation=row, items=items)
    return row


def add_items(
    *, principal: Principal, conversation: Conversation, items: Sequence[Mapping[str, Any]]
) -> Recorded:
    """Append items to a conversation and learn from them, as from any turns.

    An item that keeps its id gives it up where the conversation shows one of that id. Raises what
    `record_turns` raises.
    """
    with tenant_scope(principal.tenant_id):
        if any(own_id(item) for item in items):
            conversations.lock_head(conversation)
        messages = messages_of(_named_once(conversation, items))
        return record_turns(
            principal=principal,
            conversation=conversation,
            messages=[new_turn(message) for message in messages],
        )


def _named_once(
    conversation: Conversation, items: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The items, without ids that would not name one item of the conversation."""
    taken = shown_among(conversation, {name for item in items if (name := own_id(item))})
    named: list[Mapping[str, Any]] = []
    for item in items:
        name = own_id(item)
        is_free = bool(name) and name not in taken
        taken |= {name} if name else set()
        named.append(item if is_free else {k: v for k, v in item.items() if k != "id"})
    return named
