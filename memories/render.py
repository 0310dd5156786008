"""Wire shapes of memories, sources, traces and hits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from conversations.models import Turn
from memories.models import Memory, MemoryChange, Observation, Source, Trace


def source_json(source: Source, turn: Turn | None) -> dict[str, Any]:
    """A source; one shape everywhere. `turn` needs its conversation loaded."""
    return {
        "kind": source.kind,
        "ref": f"turn:{turn.uid}" if turn else f"{source.kind}:{source.uid}",
        "session_id": turn.conversation.uid if turn else None,
        "turn_id": turn.uid if turn else None,
        "seq": turn.seq if turn else None,
        "role": turn.role if turn else None,
        "span": [source.span_start, source.span_end],
        "quote": source.quote,
        "trust": source.trust,
    }


def memory_item(memory: Memory) -> dict[str, Any]:
    """A memory without its sources."""
    item = {
        "memory_id": memory.uid,
        "category": memory.category,
        "subject": memory.subject,
        "key": memory.key,
        "value": memory.value,
        "text": memory.text,
        "confidence": round(memory.confidence, 4),
        "status": memory.status,
        "valid_from": memory.valid_from,
        "valid_until": memory.valid_until,
    }
    if memory.category == "uncertainty":
        item["kind"] = memory.kind
    return item


def memory_json(memory: Memory) -> dict[str, Any]:
    """A memory with its sources, from `MemoryQuerySet.with_sources`."""
    return {
        "id": memory.uid,
        **memory_item(memory),
        "scope": memory.scope_tags,
        "authority": memory.authority,
        "importance": memory.importance,
        "created_at": memory.created_at,
        "sources": [source_json(source, source.turn) for source in memory.sources.all()],
    }


_TIMES = ("valid_from", "valid_until", "expires_at")


def snapshot(memory: Memory) -> dict[str, Any]:
    """What a change stores of a memory: enough to rebuild it as it was."""
    times = {name: _spelled(value) if (value := getattr(memory, name)) else None for name in _TIMES}
    return {
        "category": memory.category,
        "kind": memory.kind,
        "subject": memory.subject,
        "key": memory.key,
        "value": memory.value,
        "text": memory.text,
        "confidence": memory.confidence,
        "strongest_claim": memory.strongest_claim,
        "importance": memory.importance,
        "authority": memory.authority,
        "status": memory.status,
        **times,
    }


def _spelled(moment: datetime) -> str:
    """A time as every answer spells it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment_of(stored: str | None) -> datetime | None:
    """A time of a snapshot, in UTC whatever its spelling."""
    moment = parse_datetime(stored or "")
    return moment.astimezone(UTC) if moment else None


def snapshot_json(stored: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a change stores, with its times as everywhere; older changes spell them otherwise."""
    if stored is None:
        return None
    return stored | {name: moment_of(stored[name]) for name in _TIMES if name in stored}


def change_json(change: MemoryChange) -> dict[str, Any]:
    """One change of a memory; needs its trace and its turn's conversation loaded."""
    turn, trace = change.turn, change.trace
    return {
        "op": change.op,
        "at": change.at,
        "trace_id": trace.uid,
        "number": trace.number,
        "principal": {"kind": trace.principal_kind, "label": trace.principal_label},
        "turn_id": turn.uid if turn else None,
        "session_id": turn.conversation.uid if turn else None,
        "seq": turn.seq if turn else None,
        "before": snapshot_json(change.before),
        "after": snapshot_json(change.after),
    }


def trace_json(trace: Trace) -> dict[str, Any]:
    """A trace: who asked, what was read, what changed or came back."""
    return {
        "id": trace.uid,
        "kind": trace.kind,
        "status": trace.status,
        "number": trace.number,
        "session_id": trace.conversation.uid if trace.conversation else None,
        "scope": trace.scope_tags,
        "principal": {
            "kind": trace.principal_kind,
            "id": trace.principal_id,
            "label": trace.principal_label,
        },
        "extractor": trace.extractor,
        "prompt_version": trace.prompt_version,
        "query": trace.query,
        "returned": trace.returned,
        "detail": trace.detail,
        "error": trace.error or None,
        "latency_ms": trace.latency_ms,
        "request_id": trace.request_id,
        "created_at": trace.created_at,
        "finished_at": trace.finished_at,
    }


def observation_row(row: Observation) -> dict[str, Any]:
    """An observation in an index, from `ObservationQuerySet.for_wire`."""
    return {
        "id": row.uid,
        "content_session_id": row.agent_session.content_session_id,
        "memory_session_id": row.memory_session_id,
        "type": row.type,
        "title": row.title,
        "subtitle": row.subtitle,
        "prompt_number": row.prompt_number,
        "created_at": row.created_at,
    }


def observation_json(row: Observation) -> dict[str, Any]:
    """An observation in full."""
    return observation_row(row) | {
        "platform": row.agent_session.platform,
        "session_id": row.agent_session.conversation.uid,
        "narrative": row.narrative,
        "facts": row.facts,
        "concepts": row.concepts,
        "files_read": row.files_read,
        "files_modified": row.files_modified,
        "scope": row.scope_tags,
    }
