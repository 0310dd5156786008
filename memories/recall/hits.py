"""The rows that a ranking names, in their wire shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Prefetch

from conversations.models import Turn
from memories.lifetimes import TRUST
from memories.models import Memory, Source
from memories.recall.asking import Ranked
from memories.render import source_json

SHOWN_SOURCES = 20
"""Newest sources of one memory; it may have been said a thousand times."""
_OF_TURN = ("seq", "role", "sender", "uid", "occurred_at", "created_at", "conversation__uid")


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


def _memories(serials: list[int]) -> dict[int, dict[str, Any]]:
    cited = Source.objects.filter(erased_at__isnull=True).select_related("turn__conversation")
    cited = cited.only(
        *["kind", "uid", "span_start", "span_end", "quote", "trust", "memory"],
        *[f"turn__{name}" for name in _OF_TURN],
    )
    newest = Prefetch(
        "sources", cited.order_by("-serial")[:SHOWN_SOURCES], to_attr="newest_sources"
    )
    rows = Memory.unscoped.filter(pk__in=serials).defer("search").prefetch_related(newest)
    return {row.pk: _memory(row) for row in rows} if serials else {}


def _memory(row: Any) -> dict[str, Any]:
    return {
        "type": "memory",
        "id": row.uid,
        "text": row.text,
        "category": row.category,
        "confidence": round(row.confidence, 4),
        "subject": row.subject,
        "key": row.key,
        "value": row.value,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "sources": [source_json(source, source.turn) for source in reversed(row.newest_sources)],
    }


def _turns(serials: list[int]) -> dict[int, dict[str, Any]]:
    rows = Turn.unscoped.filter(pk__in=serials).select_related("conversation")
    return {row.pk: _turn(row) for row in rows.only("content", *_OF_TURN)} if serials else {}


def _turn(row: Turn) -> dict[str, Any]:
    return {
        "type": "turn",
        "id": row.uid,
        "text": row.content,
        "role": row.role,
        "sender": row.sender or None,
        "said_at": row.occurred_at or row.created_at,
        "sources": [source_json(_whole(row), row)],
    }


def _whole(turn: Turn) -> Source:
    """A turn as the source of itself."""
    return Source(
        kind=Source.Kind.TURN,
        turn=turn,
        span_start=0,
        span_end=len(turn.content),
        quote=turn.content,
        trust=TRUST[turn.role],
    )
