"""Observations become memories through the one pipeline, with the observation as their source.

What a coding agent wrote down has been extracted once already: each entry of its `facts` (without
any, its title) is a statement in its own words, about the project. No extractor reads it again: its
"I" is the agent, not the user, and what it tells to do is not for us.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from accounts import audit
from accounts.principals import Principal
from conversations.services import refuse_unless_writable
from memories.extraction.injection import scan
from memories.extraction.types import Claim, ClaimKind
from memories.ingest import as_doubt, start_trace, without_injected
from memories.keys import OBSERVED
from memories.lifetimes import TRUST
from memories.models import Observation, Source, Trace
from memories.persist import INJECTION, Run, Statement, finish, learn
from memsync.common.errors import NotFound
from memsync.common.tenancy import tenant_scope

SUBJECT = "project"
"""What an agent observes is about what it works on."""
CONFIDENCE = 0.8


@dataclass(frozen=True, slots=True)
class Promoted:
    """What a promotion did."""

    trace: Trace
    diff: dict[str, Any]


def promote_observation(*, principal: Principal, observation: Observation) -> Promoted:
    """Learn from an observation, in its scope; what was promoted before is left alone.

    Raises Forbidden, NotFound when it was deleted meanwhile.
    """
    with tenant_scope(principal.tenant_id):
        refuse_unless_writable(principal, observation)
        locked = Observation.unscoped.select_for_update(no_key=True, of=("self",))
        if not locked.filter(pk=observation.pk).exists():
            raise NotFound
        scope = dict(observation.scope)
        trace = start_trace(principal=principal, scope=scope, extractor="observation")
        run = Run(trace, scope)
        learn(run, _new(observation, _statements(observation)))
        audit.record(principal, "observation.promoted", target=observation)
        finish(run)
    return Promoted(run.trace, run.diff)


def _in_own_words(observation: Observation) -> Iterator[Claim]:
    """Each fact, as it stands; without facts the title."""
    parts = [observation.title, observation.subtitle, observation.narrative]
    start = sum(len(part) + 1 for part in parts if part)
    if not any(observation.facts):
        yield _observed(observation.title, 0)
        return
    for fact in observation.facts:
        if fact.strip():
            yield _observed(fact, start)
        start += len(fact) + 1 if fact else 0


def _observed(words: str, start: int) -> Claim:
    return Claim(
        message=0,
        kind=ClaimKind.STATE,
        category="knowledge",
        subject=SUBJECT,
        key=OBSERVED,
        value=words,
        start=start,
        end=start + len(words),
        confidence=CONFIDENCE,
    )


def _statements(observation: Observation) -> list[Statement]:
    text = observation.text
    passages = scan(text)
    told = without_injected(list(_in_own_words(observation)), passages)
    suspicions = [as_doubt(text, passage) for passage in passages]
    return [
        *(_statement(observation, claim) for claim in told),
        *(_statement(observation, claim, INJECTION) for claim in suspicions),
    ]


def _statement(observation: Observation, claim: Claim, doubt: str = "said") -> Statement:
    return Statement(
        claim=claim,
        said_at=observation.created_at,
        quote=observation.text[claim.start : claim.end],
        trust=TRUST["observation"],
        kind=Source.Kind.OBSERVATION,
        observation=observation,
        doubt=doubt,
    )


def _new(observation: Observation, statements: Sequence[Statement]) -> list[Statement]:
    """The statements whose words no source cites yet: promoting twice makes nothing surer."""
    cited = Source.objects.filter(observation=observation, erased_at__isnull=True)
    spans = set(cited.values_list("span_start", "span_end"))
    return [said for said in statements if (said.claim.start, said.claim.end) not in spans]
