"""Recall: memories and turns for a question, ranked by one statement (see `recall.statement`).

    pending = prepare(asked)          # transaction: who takes part, what was asked before
    vectors = ask_models(pending)     # no transaction: a model may be remote
    found = find(pending, vectors)    # transaction: rank, read the rows

`recall` does the three for callers that are in no transaction.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from conversations.models import Conversation, Turn
from memories.embeddings import Vector
from memories.models import Memory, Trace
from memories.recall import receipts, sessions
from memories.recall.asking import INCLUDE, Asked, Known, Ranked, embed, look_up, rank
from memories.recall.filters import AsOf, Filters
from memories.recall.followup import Earlier, enriched
from memories.recall.hits import hits_of
from memories.recall.question import Question, take_apart
from memsync.common import metrics
from memsync.common.tenancy import tenant_scope

__all__ = [
    "INCLUDE",
    "AsOf",
    "Asked",
    "Filters",
    "Pending",
    "Recalled",
    "ask_models",
    "find",
    "prepare",
    "recall",
]

REMEMBERED_HITS = 3
"""Best hits of a question whose names a follow-up may lean on."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that is understood and waits for its vectors."""

    asked: Asked
    question: Question
    known: Known
    session: sessions.Key | None = None
    persist: bool = False
    explain: bool = False
    served: Conversation | None = None
    """The conversation that the question was asked for."""
    started: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class Recalled:
    """The hits of a question, best first, and the receipt to be stored."""

    trace: Trace
    results: list[dict[str, Any]]


def prepare(
    asked: Asked,
    *,
    session_id: str | None = None,
    persist: bool = False,
    explain: bool = False,
    served: Conversation | None = None,
) -> Pending:
    """Understand a question, with the help of those asked before under `session_id`."""
    started = time.perf_counter()
    known = look_up(asked)
    key = sessions.key_of(asked, session_id) if session_id else None
    earlier = sessions.earlier_questions(key, persist=persist) if key else ()
    if earlier:
        answers = _words_of(asked, earlier[-1])
        question = enriched(asked.query, known.participants, earlier, answers)
    else:
        question = take_apart(asked.query, known.participants)
    return Pending(asked, question, known, key, persist, explain, served, started)


def ask_models(pending: Pending) -> dict[str, Vector]:
    """The question's vectors. No transaction may be open: a model may be remote."""
    return embed(pending.question, pending.known.models)


def find(pending: Pending, vectors: dict[str, Vector]) -> Recalled:
    """The best rows for the question, and their receipt, which is not stored yet."""
    ranking = rank(pending.asked, pending.question, vectors, pending.known)
    results = hits_of(ranking, explain=pending.explain)
    receipt = _receipt(pending, vectors, ranking, results)
    if pending.session:
        hits = tuple((row.kind, row.pk) for row in ranking[:REMEMBERED_HITS])
        one = Earlier(pending.asked.query, hits, str(receipt.uid))
        sessions.remember(pending.session, one, persist=pending.persist)
    return Recalled(receipt, results)


def recall(asked: Asked) -> Recalled:
    """Ask and answer at once, without a query session; the receipt is written."""
    tenant = asked.principal.tenant_id
    with tenant_scope(tenant):
        pending = prepare(asked)
    vectors = ask_models(pending)
    with tenant_scope(tenant):
        found = find(pending, vectors)
    receipts.write(found.trace)
    return found


def _words_of(asked: Asked, earlier: Earlier) -> list[str]:
    """What earlier hits say, as far as this question may see it and it was not erased."""
    me, scope = asked.principal, asked.scope
    turns = [pk for kind, pk in earlier.hits if kind == "t"]
    memories = [pk for kind, pk in earlier.hits if kind == "m"]
    said = Turn.objects.asked(me, scope).shown().filter(pk__in=turns)
    learnt = Memory.objects.asked(me, scope).live().filter(pk__in=memories)
    texts = learnt.values_list("text", flat=True)
    return [*said.values_list("content", flat=True), *texts]


def _receipt(
    pending: Pending,
    vectors: dict[str, Vector],
    ranking: Sequence[Ranked],
    results: list[dict[str, Any]],
) -> Trace:
    elapsed = (time.perf_counter() - pending.started) * 1000
    metrics.RECALL_SECONDS.observe(elapsed / 1000)
    detail: dict[str, Any] = {
        "models": sorted(vectors),
        "follow_up": bool(pending.question.carried),
    }
    if pending.served:
        detail["served_seq"] = pending.served.turn_count
    receipt = receipts.receipt_of(pending.asked, results, elapsed_ms=elapsed, detail=detail)
    receipt.conversation = pending.served
    for item, row in zip(receipt.returned, ranking, strict=False):
        item["parts"] = row.parts
    return receipt
