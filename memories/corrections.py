"""Writes by hand: people correct, add, settle and retract memories, through the same reconciler.

What a person writes is `manual`, experiential, trust 1.0: an explicit correction, so it replaces
what chat said, but never what is authoritative.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts import audit
from accounts.principals import Principal
from accounts.scope import Scope, scope_key
from conversations.services import refuse_unless_writable, write_scope
from memories.extraction.types import Claim, ClaimKind
from memories.ingest import start_trace
from memories.lifetimes import TRUST_BY_HAND
from memories.models import Memory, MemoryChange, Source, Trace
from memories.persist import Run, Statement, as_known, carry_out, end, finish, learn
from memories.querysets import MemoryQuerySet
from memories.reconcile import Decision, Verdict, normalize, same_value
from memories.uncertainties import CONFLICT, key_in_question
from memsync.common.errors import Conflict, InvalidField, Unprocessable
from memsync.common.locks import LockSpace, lock
from memsync.common.privacy import strip_private
from memsync.common.tenancy import tenant_scope


class NotLive(Conflict):
    """Only a live or contested memory can be changed."""

    code = "memory_not_live"
    detail = "The memory is no longer live."


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a write by hand did."""

    trace: Trace
    diff: dict[str, Any]
    memory: Memory
    """The row that holds the outcome."""
    is_repeat: bool = False
    """Whether that row was stored already, and was said once more."""


def correct_memory(*, principal: Principal, memory: Memory, value: str) -> ByHand:
    """Replace a memory's value; the old row stays as superseded, with its sources.

    Correcting a contested value decides its conflict: what stood is superseded.
    The value it has already is confirmed: it gets one more source. Raises Forbidden, NotLive,
    InvalidField for a value that says nothing, Unprocessable `authoritative` for a curated memory.
    """
    value = _told(value)
    with _changing(principal, memory) as run:
        refuse_curated(principal, memory)
        replacement = _corrected(run, principal, memory, value)
    return ByHand(run.trace, run.diff, replacement)


def add_memory(
    *,
    principal: Principal,
    scope: Scope | None,
    category: str,
    key: str,
    value: str,
    subject: str = "user",
) -> ByHand:
    """A memory written by hand; one that is stored already gets one more source.

    Raises Forbidden when the floor does not cover the scope, InvalidField for a value that says
    nothing.
    """
    scope = write_scope(principal, scope)
    value = _told(value)
    with tenant_scope(principal.tenant_id):
        run = Run(start_trace(principal=principal, scope=scope, extractor="manual"), scope)
        learn(run, [_by_hand(principal, category, subject, key, value)])
        audit.record(principal, "memory.added", target=run.trace)
        finish(run)
        stated = next(c for c in run.changes if c.op != MemoryChange.Op.SUPERSEDED)
    is_repeat = stated.op == MemoryChange.Op.REINFORCED
    return ByHand(run.trace, run.diff, stated.memory, is_repeat)


def retract_memory(*, principal: Principal, memory: Memory) -> ByHand:
    """Take a memory back: it is no longer state, and never revives what it superseded.

    A conflict goes with the contested value that raised it; what stood goes on standing.
    Raises Forbidden, NotLive, Unprocessable `authoritative` for a curated memory.
    """
    with _changing(principal, memory) as run:
        refuse_curated(principal, memory)
        take_back(run, memory)
    return ByHand(run.trace, run.diff, memory)


def resolve_uncertainty(
    *, principal: Principal, memory: Memory, value: str | None = None
) -> ByHand:
    """Settle an uncertainty: with the value that holds, or without one as not worth keeping.

    For a conflict the value becomes the live one of its key, and the other is superseded; without
    one the contested value is retracted and the live one stands. Other conflicts stay open, unless
    the value that holds now is theirs.
    """
    value = value if value is None else _told(value)
    with _changing(principal, memory) as run:
        if memory.category != "uncertainty":
            raise Unprocessable("Only an uncertainty can be resolved.", code="not_an_uncertainty")
        end(run, memory, Memory.Status.CLOSED, MemoryChange.Op.RESOLVED)
        outcome = memory
        if memory.kind == CONFLICT:
            outcome = _decide(run, principal, memory, value) or memory
    return ByHand(run.trace, run.diff, outcome)


def take_back(run: Run, memory: Memory) -> None:
    """Retract a memory with what hangs on it; either may have ended in the run already.

    With a contested value the questions whether it holds close, with such a question its value
    goes. The caller holds the scope's lock.
    """
    ended = {change.memory_id for change in run.changes}
    if memory.pk in ended:
        return
    doubts = _doubts_about(run, memory) if memory.status == Memory.Status.CONTESTED else []
    end(run, memory, Memory.Status.RETRACTED, MemoryChange.Op.RETRACTED)
    for doubt in doubts:
        end(run, doubt, Memory.Status.CLOSED, MemoryChange.Op.RESOLVED)
    if memory.kind == CONFLICT:
        for row in _contested_by(run, memory):
            take_back(run, row)


def refuse_curated(principal: Principal, memory: Memory) -> None:
    """422 `authoritative` for a curated memory, unless management asks."""
    if memory.authority == Memory.Authority.AUTHORITATIVE and not principal.is_management:
        raise Unprocessable("Curated memories are changed by management.", code="authoritative")


@contextmanager
def _changing(principal: Principal, memory: Memory) -> Iterator[Run]:
    """One transaction around a change of one memory: lock, re-check, change, audit, number."""
    with tenant_scope(principal.tenant_id):
        refuse_unless_writable(principal, memory)
        lock(LockSpace.RECONCILE, f"{memory.project_id}:{scope_key(memory.scope)}")
        memory.refresh_from_db()
        if memory.status not in {Memory.Status.LIVE, Memory.Status.CONTESTED}:
            raise NotLive
        trace = start_trace(principal=principal, scope=memory.scope, extractor="manual")
        run = Run(trace, dict(memory.scope))
        yield run
        audit.record(principal, "memory.changed", target=memory, trace_id=str(trace.uid))
        finish(run)


def _told(value: str) -> str:
    """A value without its private parts. Raises InvalidField when nothing is left to compare."""
    told = strip_private(value)
    if not normalize(told):
        raise InvalidField("value", "something with a letter or digit")
    return told


def _by_hand(principal: Principal, category: str, subject: str, key: str, value: str) -> Statement:
    return Statement(
        claim=Claim(0, ClaimKind.STATE, category, subject, key, value, 0, len(value), 1.0),
        said_at=timezone.now(),
        quote=value,
        trust=TRUST_BY_HAND,
        kind=Source.Kind.MANUAL,
        actor=principal.label,
    )


def _supersede(run: Run, old: Memory, said: Statement) -> Memory:
    """Replace a row, whatever else its key holds; the new one has its authority."""
    run.authority, run.known = old.authority, {old.pk: old}
    row = as_known(old)
    carry_out(run, said, Decision(Verdict.CORRECTED, row, ended=[row]))
    return run.changes[-1].memory


def _corrected(run: Run, principal: Principal, memory: Memory, value: str) -> Memory:
    """The row that holds the corrected value."""
    said = _by_hand(principal, memory.category, memory.subject, memory.key, value)
    if memory.status == Memory.Status.LIVE and memory.value == value:
        row = as_known(memory)
        run.known = {memory.pk: memory}
        carry_out(run, said, Decision(Verdict.REINFORCED, row))
        return memory
    if memory.status != Memory.Status.CONTESTED:
        return _supersede(run, memory, said)
    live = _standing(run, memory.subject, memory.key, _doubts_about(run, memory))
    take_back(run, memory)
    return _hold(run, principal, said, live)


def _decide(run: Run, principal: Principal, doubt: Memory, value: str | None) -> Memory | None:
    """Carry out the decision of a conflict, `key: one or other`; returns the row that holds now."""
    key = key_in_question(doubt)
    live = _standing(run, doubt.subject, key, [doubt])
    in_question = [live] if live else []
    for row in _contested_by(run, doubt):
        take_back(run, row)
        in_question.append(row)
    if value is None:
        return live
    category = in_question[0].category if in_question else "knowledge"
    said = _by_hand(principal, category, doubt.subject, key, value)
    return _hold(run, principal, said, live)


def _hold(run: Run, principal: Principal, said: Statement, live: Memory | None) -> Memory:
    """Make a value the one that holds instead of `live`, unless that says it already."""
    value = normalize(said.claim.value)
    rows = _values(run, said.claim.subject, said.claim.key)
    for row in rows.filter(status=Memory.Status.CONTESTED, normalized_value=value):
        take_back(run, row)
    if live and same_value(live.normalized_value, value):
        return live
    if live:
        refuse_curated(principal, live)
        return _supersede(run, live, said)
    carry_out(run, said, Decision(Verdict.ADDED))
    return run.changes[-1].memory


def _values(run: Run, subject: str, key: str) -> MemoryQuerySet:
    """What the scope of a run says of a subject under a key, oldest first."""
    rows: MemoryQuerySet = Memory.unscoped.filter(
        project_id=run.trace.project_id, scope_key=scope_key(run.scope), subject=subject, key=key
    )
    return rows.order_by("serial")


def _standing(run: Run, subject: str, key: str, doubts: Sequence[Memory]) -> Memory | None:
    """The live value that a decision is about: the only one, or of several the one in doubt."""
    rows: list[Memory] = list(_values(run, subject, key).live())
    for row in reversed(rows):
        one = f"{key}: {row.value} or "
        if row.is_single or any(doubt.value.startswith(one) for doubt in doubts):
            return row
    return None


def _doubts_about(run: Run, contested: Memory) -> list[Memory]:
    """The open conflicts, `key: one or other`, in which a contested value is the other one."""
    rows = _values(run, contested.subject, "about").live().filter(kind=CONFLICT)
    begins, ends = f"{contested.key}: ", _other(contested)
    return list(rows.filter(value__startswith=begins, value__endswith=ends))


def _contested_by(run: Run, doubt: Memory) -> list[Memory]:
    """The contested values that a conflict, `key: one or other`, asks about."""
    rows = _values(run, doubt.subject, key_in_question(doubt))
    contested = rows.filter(status=Memory.Status.CONTESTED)
    return [row for row in contested if doubt.value.endswith(_other(row))]


def _other(contested: Memory) -> str:
    """How the value of a conflict ends that a contested value caused."""
    return f" or {contested.value}"
