"""Reads of conversations and turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accounts.querysets import ScopedQuerySet

if TYPE_CHECKING:
    from accounts.principals import Principal
    from conversations.models import Conversation


class ConversationQuerySet(ScopedQuerySet):
    """Conversations."""

    def for_wire(self) -> ConversationQuerySet:
        """With what the wire shape shows, in one query."""
        return self.select_related("user", "forked_from")


class TurnQuerySet(ScopedQuerySet):
    """Turns; by id they are found through their conversation."""

    def reachable(self, principal: Principal) -> TurnQuerySet:
        """Turns of the conversations a principal may find by id."""
        from conversations.models import Conversation

        return self.filter(conversation__in=Conversation.objects.reachable(principal))

    def for_history(self, conversation: Conversation) -> TurnQuerySet:
        """The visible history of a conversation.  # Uses index: turn_seq_per_conversation"""
        return self.filter(conversation=conversation)

    def for_wire(self) -> Any:
        """Plain dicts of what the wire shape shows: model rows would cost most of a list's time."""
        return self.values(
            "uid",
            "seq",
            "role",
            "content",
            "parts",
            "sender",
            "parent__uid",
            "client_id",
            "metadata",
            "occurred_at",
            "created_at",
            "redacted_at",
            "conversation_id",
            "conversation__uid",
        )
