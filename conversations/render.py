"""Wire shapes of conversations and turns."""

from __future__ import annotations

from typing import Any

from conversations.models import AgentSession, Conversation, Turn


def session_json(row: Conversation) -> dict[str, Any]:
    """A conversation; on the wire it is a session. Reads `user` and `forked_from`."""
    return {
        "id": row.uid,
        "title": row.title,
        "kind": row.kind,
        "status": row.status,
        "scope": row.scope_tags,
        "metadata": row.metadata,
        "members": row.members,
        "user": row.user.external_id if row.user else None,
        "forked_from": row.forked_from.uid if row.forked_from else None,
        "fork_seq": row.fork_seq,
        "fork_reason": row.fork_reason,
        "turn_count": row.next_seq - 1,
        "created_at": row.created_at,
        "last_activity_at": row.last_activity_at,
    }


def turn_json(row: dict[str, Any], conversation: Conversation) -> dict[str, Any]:
    """A turn of `history.read_history`, as seen from a conversation."""
    shown = {
        "id": row["uid"],
        "session_id": row["conversation__uid"],
        "seq": row["seq"],
        "role": row["role"],
        "content": row["content"],
        "sender": row["sender"] or None,
        "parent_id": row["parent__uid"],
        "client_id": row["client_id"],
        "metadata": row["metadata"],
        "occurred_at": row["occurred_at"],
        "created_at": row["created_at"],
        "redacted_at": row["redacted_at"],
        "hidden_at": row["hidden_at"],
        "inherited": row["conversation_id"] != conversation.pk,
    }
    if row["parts"] is not None:
        shown["parts"] = row["parts"]
    if row["hidden_items"]:
        shown["hidden_items"] = row["hidden_items"]
    return shown


def stored_turn_json(turn: Turn, conversation: Conversation) -> dict[str, Any]:
    """A turn just stored or found again; `parent_uid` is set by the service."""
    row = turn_row(turn)
    row["parent__uid"] = turn.parent_uid
    row["conversation__uid"] = conversation.uid
    return turn_json(row, conversation)


def turn_row(turn: Turn) -> dict[str, Any]:
    """The columns of a turn by name, as `history.read_history` gives them."""
    return {name: getattr(turn, name) for name in _COLUMNS}


def agent_session_json(row: AgentSession) -> dict[str, Any]:
    """A coding agent's run with the ids it had, from `AgentSessionQuerySet.for_wire`."""
    return {
        "id": row.uid,
        "content_session_id": row.content_session_id,
        "platform": row.platform,
        "memory_session_id": row.memory_session_id,
        "state": row.state,
        "session_id": row.conversation.uid,
        "title": row.title,
        "scope": row.scope_tags,
        "user": row.user.external_id if row.user else None,
        "metadata": row.metadata,
        "last_prompt_number": row.last_prompt_number,
        "force_init": row.force_init,
        "status": row.status,
        "created_at": row.created_at,
        "completed_at": row.completed_at,
        "memory_session_ids": [
            {
                "memory_session_id": one.memory_session_id,
                "reason": one.reason,
                "captured_at": one.captured_at,
                "superseded_at": one.superseded_at,
            }
            for one in sorted(row.memory_session_ids.all(), key=lambda one: one.pk)
        ],
    }


_COLUMNS = (
    "uid",
    "seq",
    "role",
    "content",
    "parts",
    "sender",
    "client_id",
    "metadata",
    "occurred_at",
    "created_at",
    "redacted_at",
    "hidden_at",
    "hidden_items",
    "conversation_id",
)
