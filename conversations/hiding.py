"""Hiding items: readers of a conversation and recall pass them over, the record still has them."""

from __future__ import annotations

from django.utils import timezone

from accounts import audit
from accounts.principals import Principal
from conversations import redaction
from conversations.history import read_history
from conversations.items import WORDS, items_of
from conversations.models import Conversation, Turn
from conversations.services import refuse_unless_key_may_write
from memsync.common.errors import NotFound
from memsync.common.tenancy import tenant_scope


def hide_item(*, principal: Principal, conversation: Conversation, seq: int, place: int) -> None:
    """Hide one item of a turn, and with its last one the turn.

    Locks the conversation and the forks that show the turn, so that no append indexes its words as
    those before its own. Raises Forbidden, TurnInherited, NotFound when it is hidden already.
    """
    refuse_unless_key_may_write(principal, conversation)
    with tenant_scope(principal.tenant_id):
        turn = Turn.unscoped.for_history(conversation, seq, seq).get()
        if turn.conversation_id != conversation.pk:
            raise redaction.TurnInherited(turn.conversation.uid)
        redaction.lock_conversations(redaction.showing([turn]))
        [row] = read_history(conversation, seq, seq)
        left = {item.place for item in items_of(row)}
        if place not in left:
            raise NotFound
        hidden = sorted({*(row["hidden_items"] or ()), place})
        change = {"hidden_items": hidden} if left != {place} else {"hidden_at": timezone.now()}
        Turn.unscoped.filter(pk=turn.pk).update(**change)
        if place == WORDS:
            redaction.index_turns(redaction.turns_after(turn))
        audit.record(principal, "item.hidden", target=turn, place=place)
