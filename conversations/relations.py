"""Relations between sessions and turns, listed: what was forked from what, replies, belonging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from conversations.models import Conversation, Turn


@dataclass(frozen=True, slots=True)
class Relation:
    """How one kind of relation is read and shown; pages are keyed by a unique column."""

    rows: Callable[[Conversation], QuerySet]
    show: Callable[[dict[str, Any]], dict[str, Any]]
    key: str


def _forks(conversation: Conversation) -> Any:
    """The session's own fork and its living forks."""
    beside = Q(pk=conversation.pk, forked_from__isnull=False) | Q(forked_from=conversation.pk)
    rows = Conversation.unscoped.living().filter(beside)
    return rows.values("serial", "uid", "forked_from__uid", "fork_seq", "fork_reason", "created_at")


def _turns(conversation: Conversation) -> Any:
    """Every turn of the visible history."""
    return Turn.unscoped.for_history(conversation).values(
        "seq", "uid", "conversation__uid", "parent__uid", "created_at"
    )


def _edge(kind: str, ref: str, target: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "from_ref": ref, "to_ref": target, "created_at": row["created_at"]}


def _fork(row: dict[str, Any]) -> dict[str, Any]:
    edge = _edge("forked_from", f"session:{row['uid']}", f"session:{row['forked_from__uid']}", row)
    return edge | {"seq": row["fork_seq"], "reason": row["fork_reason"]}


def _reply(row: dict[str, Any]) -> dict[str, Any]:
    edge = _edge("reply_to", f"turn:{row['uid']}", f"turn:{row['parent__uid']}", row)
    return edge | {"seq": row["seq"]}


def _belonging(row: dict[str, Any]) -> dict[str, Any]:
    edge = _edge("belongs_to", f"turn:{row['uid']}", f"session:{row['conversation__uid']}", row)
    return edge | {"seq": row["seq"]}


RELATIONS: dict[str, Relation] = {
    "forked_from": Relation(_forks, _fork, "serial"),
    "reply_to": Relation(lambda c: _turns(c).filter(parent__isnull=False), _reply, "seq"),
    "belongs_to": Relation(_turns, _belonging, "seq"),
}
