"""The one pipeline behind every write path: extract → reconcile → persist with provenance → diff.

It begins inside the transaction that stores the turns: the trace says what is to be read. Rules run
right there. An extractor that needs the network runs outside, and `memories.learning` stores what
it found in a second transaction. What an extractor claims is stored only if its quote stands
verbatim at its span.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.principals import Principal
from accounts.scope import Scope
from accounts.services import named_user_id
from conversations.models import Conversation, Turn
from memories import extractors
from memories.echoes import Echo, Echoes
from memories.extraction.injection import Passage, scan
from memories.extraction.types import Claim, ClaimKind, Message
from memories.extractors import Extraction
from memories.lifetimes import TRUST
from memories.models import Memory, Trace, TraceTurn
from memories.persist import INJECTION, Run, Statement, empty_diff, finish, learn
from memsync.common import metrics
from memsync.common.context import request_facts
from memsync.common.tenancy import alias

logger = logging.getLogger(__name__)

CONTEXT_TURNS = 4
"""Earlier turns an extractor sees, so that bare answers have their question."""
SCANNED = frozenset({"user", "tool"})
"""Roles whose words may hold an injection; a system message is the application's own."""
FAILED = "extraction_failed"
JOB_GRACE = timedelta(seconds=60)
"""How long the queued job has a pending trace to itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an extractor is given: the new turns of a conversation after a few earlier ones."""

    conversation: Conversation
    said: list[Turn]
    new_from: int

    @property
    def messages(self) -> list[Message]:
        """The turns as an extractor sees them."""
        return [Message(turn.role, turn.content, said_at(turn)) for turn in self.said]


def ingest_turns(
    *,
    principal: Principal,
    conversation: Conversation,
    turns: Sequence[Turn],
    scope: Scope,
    authority: str = Memory.Authority.EXPERIENTIAL,
    later: bool | None = None,
) -> tuple[Trace, dict[str, Any]]:
    """Learn from turns just stored; returns the trace and the diff.

    With `later`, or when the extractor needs the network, the trace is left unfinished and the diff
    is empty: pending for the worker, or with `later=False` running for the caller. If extraction or
    persisting fails, the turns stay and `diff["error"]` says so.
    """
    trace = start_trace(
        principal=principal,
        scope=scope,
        conversation=conversation,
        extractor=extractors.label(),
        prompt_version=extractors.prompt_version(),
        authority=authority,
        **_unfinished(later=later) if turns else {},
    )
    _note_read(trace, turns)
    if not trace.is_finished:
        return trace, empty_diff()
    reading = _reading(conversation, turns)
    return trace, store(trace, reading, extract_here(reading))


def start_trace(
    *,
    principal: Principal,
    scope: Scope,
    conversation: Conversation | None = None,
    extractor: str = "",
    **fields: Any,
) -> Trace:
    """The trace of an ingest, to be finished by `persist.finish`."""
    trace: Trace = Trace.unscoped.create(
        tenant_id=principal.tenant_id,
        project_id=principal.project,
        user_id=_user_named(principal, scope, conversation),
        scope=scope,
        kind=Trace.Kind.INGEST,
        conversation=conversation,
        principal_kind=principal.kind,
        principal_id=principal.id,
        principal_label=principal.label,
        request_id=request_facts().request_id,
        extractor=extractor,
        **fields,
    )
    return trace


def _user_named(
    principal: Principal, scope: Scope, conversation: Conversation | None
) -> UUID | None:
    """The id of the person of the scope, mostly the conversation's, who is known already."""
    if conversation and conversation.scope.get("user") == scope.get("user"):
        return conversation.user_id
    return named_user_id(principal=principal, scope=scope)


def _unfinished(*, later: bool | None) -> dict[str, Any]:
    """How a trace begins whose work does not happen in this transaction."""
    if later or (later is None and extractors.needs_network()):
        return {"status": Trace.Status.PENDING, "lease_until": timezone.now() + JOB_GRACE}
    if extractors.needs_network():
        until = timezone.now() + lease(settings.OPENAI_SECONDS)
        return {"status": Trace.Status.RUNNING, "lease_until": until}
    return {}


def lease(seconds: float) -> timedelta:
    """For how long whoever may take `seconds` over the network is believed to be at it."""
    return timedelta(seconds=seconds + settings.LEASE_MARGIN_SECONDS)


def reading_of(trace: Trace) -> Reading | None:
    """What a trace is to read, as it stands now; None when its conversation is gone."""
    if trace.conversation is None:
        return None
    rows = Turn.unscoped.filter(traces__trace=trace).select_related("conversation")
    turns = list(rows.order_by("seq"))
    return _reading(trace.conversation, turns) if turns else None


def _reading(conversation: Conversation, turns: Sequence[Turn]) -> Reading:
    if not turns:
        return Reading(conversation, [], 0)
    earlier = Turn.unscoped.for_history(conversation).shown().filter(seq__lt=turns[0].seq)
    context = list(earlier.order_by("-seq")[:CONTEXT_TURNS])[::-1]
    return Reading(conversation, [*context, *turns], len(context))


def extract_here(reading: Reading) -> Extraction:
    """What the rules find; a bug in them costs no turn."""
    try:
        return extractors.by_rules(reading.messages, reading.new_from)
    except Exception as error:  # whatever fails here, what was said is kept
        logger.exception("extraction failed: %s", type(error).__name__)
        return Extraction(error=FAILED)


def store(trace: Trace, reading: Reading | None, extraction: Extraction) -> dict[str, Any]:
    """Reconcile and persist what was found, finish the trace, and return the diff.

    In the caller's transaction; the turns of `reading` (None: there is nothing left to read) must
    be as stored now.
    """
    run = Run(trace, dict(trace.scope), trace.authority)
    error = extraction.error
    counts = Counter({f"dropped_{name}": n for name, n in extraction.dropped.items()})
    if reading and not error:
        try:
            with transaction.atomic(using=alias()):
                learn(run, _statements(trace, reading, extraction.claims, counts))
        except Exception as failure:  # whatever fails here, what was said is kept
            logger.exception("ingest failed: %s", type(failure).__name__)
            run, error = Run(trace, dict(trace.scope)), FAILED
    trace.status = Trace.Status.FAILED if error else Trace.Status.DONE
    trace.error, trace.detail = error, trace.detail | dict(+counts)
    if error:
        run.diff["error"] = FAILED
    finish(run)
    _count(trace, counts)
    return run.diff


def _count(trace: Trace, counts: Counter[str]) -> None:
    """How long it took since it was said, and what was not stored, for `/metrics`."""
    elapsed = (timezone.now() - trace.created_at).total_seconds()
    metrics.time_when_stored(metrics.INGEST_SECONDS, str(trace.status), elapsed)
    for reason, number in (+counts).items():
        metrics.count_when_stored(metrics.DROPPED_CLAIMS, reason.removeprefix("dropped_"), number)


def _statements(
    trace: Trace, reading: Reading, claims: Sequence[Claim], counts: Counter[str]
) -> list[Statement]:
    """What is said at the spans of the claims, less echoes of recall and injections, in order."""
    standing = [claim for claim in claims if _stands(claim, reading)]
    echoes = Echoes.of(trace, reading.conversation) if standing else Echoes()
    found: list[Statement] = []
    for index in range(reading.new_from, len(reading.said)):
        turn = reading.said[index]
        passages = scan(turn.content) if turn.role in SCANNED else []
        own = [claim for claim in standing if claim.message == index]
        for claim in without_injected(own, passages):
            echo = echoes.kind_of(turn.content, claim.start, claim.end)
            counts["echoes"] += echo is not Echo.NO
            if echo is not Echo.AMONG_OTHERS:
                found.append(_statement(claim, turn, reading.conversation, echo))
        for passage in passages:
            counts[f"injection_{passage.kind}"] += 1
            found.append(_suspicion(index, turn, passage))
    return found


def _stands(claim: Claim, reading: Reading) -> bool:
    """Whether a claim cites characters of a new turn that is not redacted."""
    if not reading.new_from <= claim.message < len(reading.said):
        return False
    return 0 <= claim.start < claim.end <= len(reading.said[claim.message].content)


def without_injected(claims: Sequence[Claim], passages: Sequence[Passage]) -> list[Claim]:
    """The claims outside of injected passages; a text with one gives no instructions at all."""
    if not passages:
        return list(claims)
    return [
        claim
        for claim in claims
        if claim.category != "instruction"
        and not any(passage.overlaps(claim.start, claim.end) for passage in passages)
    ]


def _suspicion(index: int, turn: Turn, passage: Passage) -> Statement:
    """The uncertainty that an injected passage becomes."""
    return Statement(
        claim=as_doubt(turn.content, passage, index),
        said_at=said_at(turn),
        quote=turn.content[passage.start : passage.end],
        trust=TRUST[turn.role],
        turn=turn,
        doubt=INJECTION,
    )


def as_doubt(text: str, passage: Passage, message: int = 0) -> Claim:
    """A suspicious passage as a claim of nothing but itself."""
    return Claim(
        message=message,
        kind=ClaimKind.STATE,
        category="uncertainty",
        subject="user",
        key="about",
        value=text[passage.start : passage.end],
        start=passage.start,
        end=passage.end,
        confidence=0.5,
    )


def _statement(claim: Claim, turn: Turn, conversation: Conversation, echo: Echo) -> Statement:
    return Statement(
        claim=_about_speaker(claim, turn, conversation),
        said_at=said_at(turn),
        quote=turn.content[claim.start : claim.end],
        trust=TRUST[turn.role],
        turn=turn,
        is_echo=echo is not Echo.NO,
    )


def said_at(turn: Turn) -> Any:
    """When a turn was said."""
    return turn.occurred_at or turn.created_at


def _about_speaker(claim: Claim, turn: Turn, conversation: Conversation) -> Claim:
    """Among several people, what one says of themselves is about that one, not about the user."""
    if len(conversation.members) < 2 or not turn.sender:
        return claim
    subject = turn.sender if claim.subject == "user" else f"{turn.sender}'s {claim.subject}"
    return replace(claim, subject=subject)


def _note_read(trace: Trace, turns: Sequence[Turn]) -> None:
    """That this trace reads these turns: where each stands in the order of changes."""
    TraceTurn.objects.bulk_create(
        [
            TraceTurn(
                tenant_id=trace.tenant_id, project_id=trace.project_id, trace=trace, turn=turn
            )
            for turn in turns
        ]
    )
