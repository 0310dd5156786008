"""Wire shapes of memories, sources, traces and hits."""

from __future__ import annotations

from typing import Any

from conversations.models import Turn
from memories.models import Memory, Source, Trace


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


def snapshot(memory: Memory) -> dict[str, Any]:
    """What a change stores of a memory: enough to rebuild it as it was."""
    times = {
        name: value.isoformat() if (value := getattr(memory, name)) else None
        for name in ("valid_from", "valid_until", "expires_at")
    }
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
        "query": trace.query,
        "returned": trace.returned,
        "detail": trace.detail,
        "error": trace.error or None,
        "latency_ms": trace.latency_ms,
        "request_id": trace.request_id,
        "created_at": trace.created_at,
        "finished_at": trace.finished_at,
    }
