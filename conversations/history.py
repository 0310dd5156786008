"""The visible history of a conversation, read by positions: flat in its length and its depth."""

from __future__ import annotations

import json
from typing import Any

from conversations.lineage import segments_of
from conversations.models import Conversation
from memsync.common.sql import fetch
from memsync.common.values import JsonValues

# Uses index: turn_seq_per_conversation, once per segment
_PAGE = """
SELECT t.id, t.seq, t.role, t.content, t.parts, t.sender, parent.id, t.client_id, t.metadata,
       t.occurred_at, t.created_at, t.redacted_at, t.hidden_at, t.hidden_items,
       t.conversation_id, owner.id
  FROM unnest(%(pks)s::bigint[], %(firsts)s::integer[], %(lasts)s::integer[])
       AS segment(pk, first, last)
  JOIN conversations_conversation owner ON owner.pk = segment.pk
 CROSS JOIN LATERAL (
       SELECT * FROM conversations_turn
        WHERE conversation_id = segment.pk AND seq BETWEEN segment.first AND segment.last
       ) AS t
  LEFT JOIN conversations_turn parent ON parent.pk = t.parent_id
 ORDER BY t.seq
"""
_COLUMNS = (
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
    "hidden_at",
    "hidden_items",
    "conversation_id",
    "conversation__uid",
)


def read_history(conversation: Conversation, first: int, last: int) -> list[dict[str, Any]]:
    """The turns at positions [first, last], in order, as the dicts that `turn_json` takes.

    Model rows would cost most of a list's time.
    """
    parts = segments_of(conversation, first, last)
    if not parts:
        return []
    rows = fetch(
        _PAGE,
        {
            "pks": [part.conversation for part in parts],
            "firsts": [part.first for part in parts],
            "lasts": [part.last for part in parts],
        },
    )
    return [_as_dict(row) for row in rows]


def _as_dict(row: tuple[Any, ...]) -> dict[str, Any]:
    turn = dict(zip(_COLUMNS, row, strict=True))
    turn["parts"], turn["metadata"] = _json(turn["parts"]), _json(turn["metadata"])
    return turn


def _json(text: str | None) -> Any:
    """A `jsonb` column, which Django's connections hand over as text."""
    if text is None:
        return None
    return {} if text == "{}" else json.loads(text, cls=JsonValues)
