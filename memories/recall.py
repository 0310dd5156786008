"""Recall: memories and turns for a question, scored by BM25 in one statement.

The rows of the asked scope are fenced off first (`own`), so the cost depends on how much one owner
has stored, not on the store. A turn is indexed with its two predecessors, whose words count half.
Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009),
with k1 = 1.2 and b = 0.75.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections

from accounts.principals import Principal
from accounts.scope import Scope, add_tags, subset_keys
from conversations.models import Turn
from memories.lifetimes import TRUST
from memories.models import Memory, Source, Trace
from memories.render import source_json
from memsync.common.context import request_facts
from memsync.common.ids import uuid7
from memsync.common.tenancy import alias

_VISIBLE = "tenant_id = %(tenant)s AND project_id = %(project)s AND "
_BY_KEY = _VISIBLE + "scope_key = ANY(%(keys)s)"
_BY_PERSON = _VISIBLE + (
    "(user_id = %(user)s OR (user_id IS NULL AND scope_key = ANY(%(shared)s)))"
    " AND (%(keys)s::text[] IS NULL OR scope_key = ANY(%(keys)s))"
)

_RANK = """
WITH asked AS MATERIALIZED (
    SELECT tsvector_to_array(words) AS lexemes,
           (SELECT coalesce(string_agg(quote_literal(l), ' | '), '')::tsquery
              FROM unnest(tsvector_to_array(words)) AS l) AS query
      FROM (SELECT to_tsvector(search_config::regconfig, %(query)s) AS words
              FROM accounts_project WHERE id = %(project)s) AS q
), own AS MATERIALIZED (
    {own}
), hit AS MATERIALIZED (
    SELECT own.kind, own.pk, length(own.search) AS length, word.lexeme,
           (SELECT sum(CASE weight WHEN 'A' THEN 1 ELSE 0.5 END)
              FROM unnest(word.weights) AS weight) AS frequency
      FROM own, asked, LATERAL unnest(own.search) AS word(lexeme, positions, weights)
     WHERE own.search @@ asked.query AND word.lexeme = ANY (asked.lexemes)
), store AS MATERIALIZED (
    SELECT count(*)::float8 AS rows, coalesce(avg(length(search)), 1)::float8 AS length FROM own
), rarity AS MATERIALIZED (
    SELECT lexeme, ln(1 + (store.rows - count(*) + 0.5) / (count(*) + 0.5)) AS idf
      FROM hit, store GROUP BY lexeme, store.rows
)
SELECT hit.kind, hit.pk,
       sum(idf * frequency * 2.2
           / (frequency + 1.2 * (0.25 + 0.75 * hit.length / greatest(store.length, 1)))) AS score
  FROM hit JOIN rarity USING (lexeme), store
 GROUP BY hit.kind, hit.pk
 ORDER BY score DESC, hit.kind, hit.pk DESC
 LIMIT %(top_k)s
"""

_TURNS = "SELECT 'turn' AS kind, pk, search FROM conversations_turn WHERE {visible}"
_MEMORIES = (
    "SELECT 'memory' AS kind, pk, search FROM memories_memory"
    " WHERE {visible} AND status = 'live' AND (expires_at IS NULL OR expires_at > now())"
    " AND (%(categories)s::text[] IS NULL OR category = ANY(%(categories)s))"
)


@dataclass(frozen=True, slots=True)
class Recalled:
    """The hits of a question, best first, and the receipt to be stored."""

    trace: Trace
    results: list[dict[str, Any]]


def recall(
    *,
    principal: Principal,
    query: str,
    scope: Scope,
    top_k: int,
    include: Collection[str] = ("memories", "turns"),
    categories: Sequence[str] | None = None,
) -> Recalled:
    """The `top_k` memories and turns that answer `query` best, of those that `scope` may see."""
    started = time.perf_counter()
    ranked = _rank(principal, query, scope, top_k, include, categories)
    top = max((score for _, _, score in ranked), default=1.0) or 1.0
    memories = _memories([pk for kind, pk, _ in ranked if kind == "memory"])
    turns = _turns([pk for kind, pk, _ in ranked if kind == "turn"])
    shown = {"memory": memories, "turn": turns}
    results = [
        shown[kind][pk] | {"score": round(score / top, 6)}
        for kind, pk, score in ranked
        if pk in shown[kind]
    ]
    elapsed = (time.perf_counter() - started) * 1000
    return Recalled(_receipt(principal, query, scope, results, elapsed), results)


def _rank(
    principal: Principal,
    query: str,
    scope: Scope,
    top_k: int,
    include: Collection[str],
    categories: Sequence[str] | None,
) -> list[tuple[str, int, float]]:
    asked = add_tags(principal.floor, scope)
    visible = _BY_PERSON if principal.is_user else _BY_KEY
    parts = {"turns": _TURNS, "memories": _MEMORIES}
    own = " UNION ALL ".join(parts[name].format(visible=visible) for name in sorted(include))
    keys = None if principal.is_user and not scope else subset_keys(asked)
    parameters: Mapping[str, Any] = {
        "tenant": principal.tenant_id,
        "project": principal.project,
        "user": principal.user_id,
        "keys": keys,
        "shared": subset_keys(principal.tags),
        "query": query,
        "categories": list(categories) if categories else None,
        "top_k": top_k,
    }
    with connections[alias()].cursor() as cursor:
        cursor.execute(_RANK.format(own=own), parameters)
        rows: list[tuple[str, int, float]] = cursor.fetchall()
    return rows


def _memories(serials: list[int]) -> dict[int, dict[str, Any]]:
    rows = Memory.unscoped.filter(pk__in=serials).with_sources()
    return {
        row.pk: {
            "type": "memory",
            "id": row.uid,
            "text": row.text,
            "category": row.category,
            "confidence": round(row.confidence, 4),
            "sources": [source_json(source, source.turn) for source in row.sources.all()],
        }
        for row in rows
    }


def _turns(serials: list[int]) -> dict[int, dict[str, Any]]:
    rows = Turn.unscoped.filter(pk__in=serials).select_related("conversation")
    return {
        row.pk: {
            "type": "turn",
            "id": row.uid,
            "text": row.content,
            "role": row.role,
            "sources": [source_json(_whole(row), row)],
        }
        for row in rows
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


def _receipt(
    principal: Principal, query: str, scope: Scope, results: list[dict[str, Any]], elapsed: float
) -> Trace:
    """What was asked and what came back, with ranks."""
    return Trace(
        uid=uuid7(),
        tenant_id=principal.tenant_id,
        project_id=principal.project,
        user_id=principal.user_id,
        scope=add_tags(principal.floor, scope),
        kind=Trace.Kind.RECALL,
        principal_kind=principal.kind,
        principal_id=principal.id,
        principal_label=principal.label,
        request_id=request_facts().request_id,
        query=query,
        returned=[
            {"type": hit["type"], "id": str(hit["id"]), "rank": rank, "score": hit["score"]}
            for rank, hit in enumerate(results, start=1)
        ],
        latency_ms=round(elapsed, 3),
    )
