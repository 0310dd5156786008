"""The rows that a ranking names, in their wire shape.

Plain statements: model instances would cost as much as everything else a question costs here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from memories.lifetimes import TRUST
from memories.recall.asking import Ranked
from memsync.common.sql import fetch

SHOWN_SOURCES = 20
"""Newest sources of one memory; it may have been said a thousand times."""

_TURNS = """
SELECT t.pk, t.id, t.content, t.role, t.sender, t.seq, t.occurred_at, t.created_at, c.id
  FROM conversations_turn t JOIN conversations_conversation c ON c.pk = t.conversation_id
 WHERE t.pk = ANY(%(pks)s::bigint[])
"""
_MEMORIES = """
SELECT pk, id, text, category, confidence, subject, key, value, valid_from, valid_until
  FROM memories_memory WHERE pk = ANY(%(pks)s::bigint[])
"""
_SHOWN = (
    *("id", "text", "category", "confidence", "subject", "key", "value"),
    *("valid_from", "valid_until"),
)
_SOURCES = """
SELECT memory.pk, s.kind, s.id, s.span_start, s.span_end, s.quote, s.trust, t.id, t.seq,
       t.role, c.id
  FROM unnest(%(pks)s::bigint[]) AS memory(pk)
 CROSS JOIN LATERAL (
       SELECT * FROM memories_source WHERE memory_id = memory.pk AND erased_at IS NULL
        ORDER BY pk DESC LIMIT %(sources)s::int) AS s
  LEFT JOIN conversations_turn t ON t.pk = s.turn_id
  LEFT JOIN conversations_conversation c ON c.pk = t.conversation_id
 ORDER BY s.pk
"""


def hits_of(ranking: Sequence[Ranked], *, explain: bool = False) -> list[dict[str, Any]]:
    """One hit a row, in the order of the ranking: three queries."""
    shown = {"m": _memories(_keys(ranking, "m")), "t": _turns(_keys(ranking, "t"))}
    return [
        shown[row.kind][row.pk]
        | {"score": round(row.score, 6)}
        | ({"explain": row.parts} if explain else {})
        for row in ranking
        if row.pk in shown[row.kind]
    ]


def _keys(ranking: Iterable[Ranked], kind: str) -> list[int]:
    return [row.pk for row in ranking if row.kind == kind]


def _turns(serials: list[int]) -> dict[int, dict[str, Any]]:
    rows = fetch(_TURNS, {"pks": serials}) if serials else []
    return {row[0]: _turn(*row[1:]) for row in rows}


def _turn(
    uid: Any,
    content: str,
    role: str,
    sender: str,
    seq: int,
    occurred_at: Any,
    created_at: Any,
    session: Any,
) -> dict[str, Any]:
    """A turn; it is the source of itself."""
    itself = ("turn", uid, 0, len(content), content, TRUST[role], uid, seq, role, session)
    return {
        "type": "turn",
        "id": uid,
        "text": content,
        "role": role,
        "sender": sender or None,
        "said_at": occurred_at or created_at,
        "sources": [_source(*itself)],
    }


def _memories(serials: list[int]) -> dict[int, dict[str, Any]]:
    if not serials:
        return {}
    sources: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for pk, kind, uid, start, end, quote, trust, *turn in fetch(
        _SOURCES, {"pks": serials, "sources": SHOWN_SOURCES}
    ):
        sources[pk].append(_source(kind, uid, start, end, quote, trust, *turn))
    rows = fetch(_MEMORIES, {"pks": serials})
    return {
        pk: {"type": "memory", **dict(zip(_SHOWN, row, strict=True)), "sources": sources[pk]}
        | {"confidence": round(row[3], 4)}
        for pk, *row in rows
    }


def _source(
    kind: str,
    uid: Any,
    start: int,
    end: int,
    quote: str,
    trust: float,
    turn: Any,
    seq: int | None,
    role: str | None,
    session: Any,
) -> dict[str, Any]:
    """The shape of `memories.render.source_json`; a test compares them."""
    return {
        "kind": kind,
        "ref": f"turn:{turn}" if turn else f"{kind}:{uid}",
        "session_id": session,
        "turn_id": turn,
        "seq": seq,
        "role": role,
        "span": [start, end],
        "quote": quote,
        "trust": trust,
    }
