"""Reads of conversations and turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Left

from accounts.querysets import ScopedQuerySet
from conversations.lineage import LAST, segments_of

if TYPE_CHECKING:
    from accounts.principals import Principal
    from conversations.models import Conversation

OPENING = 100
"""Characters of the first turn that stand in for a title."""


class ConversationQuerySet(ScopedQuerySet):
    """Conversations."""

    def of(self, principal: Principal) -> ConversationQuerySet:
        """As of every scoped table; deleted ones are nobody's."""
        rows: ConversationQuerySet = super().of(principal).filter(deleted_at__isnull=True)  # type: ignore[assignment]
        return rows

    def living(self) -> ConversationQuerySet:
        """Without deleted ones, whose rows stay for what refers to them."""
        return self.filter(deleted_at__isnull=True)

    def for_wire(self) -> ConversationQuerySet:
        """With what the wire shape shows, in one query."""
        return self.select_related("user", "forked_from")

    def for_pages(self) -> ConversationQuerySet:
        """With the project, and as `opening` the first words said, for those without a title."""
        from conversations.models import Turn

        first = Turn.unscoped.filter(conversation=OuterRef("pk")).shown().exclude(content="")
        opening = first.order_by("seq").values(words=Left("content", OPENING))[:1]
        rows: ConversationQuerySet = self.select_related("project").annotate(
            opening=Subquery(opening)
        )
        return rows


class TurnQuerySet(ScopedQuerySet):
    """Turns; by id they are found through their conversation."""

    def reachable(self, principal: Principal) -> TurnQuerySet:
        """Turns of the conversations a principal may find by id."""
        from conversations.models import Conversation

        return self.filter(conversation__in=Conversation.objects.reachable(principal))

    def for_history(
        self, conversation: Conversation, first: int = 1, last: int = LAST
    ) -> TurnQuerySet:
        """The visible history of a conversation, or its positions [first, last] alone.

        Bounds keep the cost flat in its length and depth.  # Uses index: turn_seq_per_conversation
        """
        held = Q()
        for part in segments_of(conversation, first, last):
            place = Q(conversation_id=part.conversation, seq__gte=part.first)
            held |= place if part.last == LAST else place & Q(seq__lte=part.last)
        return self.filter(held) if held else self.none()

    def shown(self) -> TurnQuerySet:
        """Turns whose words are not hidden."""
        rows: TurnQuerySet = self.filter(hidden_at__isnull=True).exclude(hidden_items__contains=[0])
        return rows


class AgentSessionQuerySet(ScopedQuerySet):
    """Coding agents' sessions."""

    def for_wire(self) -> AgentSessionQuerySet:
        """With what the wire shape shows: two queries, however many rows."""
        rows = self.select_related("user", "conversation")
        return rows.prefetch_related("memory_session_ids")


class CheckpointQuerySet(ScopedQuerySet):
    """Checkpoints, and the writes of their tasks."""

    def at_outer(self) -> CheckpointQuerySet:
        """Those at the place of the outer query's row, for EXISTS."""
        return self.filter(
            thread_key=OuterRef("thread_key"),
            checkpoint_ns=OuterRef("checkpoint_ns"),
            checkpoint_id=OuterRef("checkpoint_id"),
        )
