"""What a line of each type holds: columns of its row, and references to lines before it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Model

from conversations.models import AgentSession, Conversation, MemorySessionId, Turn
from memories.models import (
    Entity,
    EntityAlias,
    Memory,
    MemoryChange,
    Observation,
    Source,
    Trace,
    TraceTurn,
)

VERSION = 1
HEADER = {"type": "memsync", "version": VERSION}


@dataclass(frozen=True, slots=True)
class Record:
    """How rows of one model are written and read."""

    name: str
    model: type[Model]
    columns: tuple[str, ...]
    """Kept as they are."""
    references: tuple[tuple[str, str], ...] = ()
    """(foreign key, type of what it refers to); a line has the id of that, or null."""
    later: tuple[str, ...] = ()
    """Columns that files written before they existed lack; they are null there."""
    is_scoped: bool = False
    extra: tuple[str, ...] = ()
    """What only ranks can say: a trace's place in the order of changes, and how many came before a
    turn."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in a line, in order."""
        refers = [name for name, _ in self.references]
        scope = ["scope"] if self.is_scoped else []
        return ("type", "id", *scope, *refers, *self.columns, *self.extra)

    def attribute(self, name: str) -> str:
        """The column that a line calls `name`; `type` says what the line is."""
        is_type = name == "kind" and self.name in {"observation", "entity"}
        return "type" if is_type else name


SESSION = Record(
    "session",
    Conversation,
    (
        "title",
        "kind",
        "status",
        "metadata",
        "members",
        "speakers",
        "created_by",
        "fork_seq",
        "fork_reason",
        "created_at",
        "last_activity_at",
    ),
    references=(("forked_from", "session"),),
    is_scoped=True,
)
TURN = Record(
    "turn",
    Turn,
    (
        "seq",
        "role",
        "content",
        "parts",
        "sender",
        "client_id",
        "body_hash",
        "metadata",
        "occurred_at",
        "created_at",
        "redacted_at",
        "hidden_at",
        "hidden_items",
    ),
    later=("hidden_at", "hidden_items"),
    references=(("conversation", "session"), ("parent", "turn")),
    extra=("appended_at",),
)
AGENT_SESSION = Record(
    "agent_session",
    AgentSession,
    (
        "platform",
        "content_session_id",
        "memory_session_id",
        "title",
        "metadata",
        "last_prompt_number",
        "last_prompt_hash",
        "last_prompt_at",
        "force_init",
        "status",
        "created_at",
        "completed_at",
    ),
    references=(("conversation", "session"),),
    is_scoped=True,
)
MEMORY_SESSION_ID = Record(
    "memory_session_id",
    MemorySessionId,
    ("memory_session_id", "reason", "captured_at", "superseded_at"),
    references=(("agent_session", "agent_session"),),
)
OBSERVATION = Record(
    "observation",
    Observation,
    (
        "memory_session_id",
        "kind",
        "title",
        "subtitle",
        "narrative",
        "facts",
        "concepts",
        "files_read",
        "files_modified",
        "prompt_number",
        "content_hash",
        "created_at",
    ),
    references=(("agent_session", "agent_session"),),
    is_scoped=True,
)
ENTITY = Record(
    "entity",
    Entity,
    ("name", "normalized_name", "kind", "created_at"),
    references=(("merged_into", "entity"),),
    is_scoped=True,
)
ENTITY_ALIAS = Record(
    "entity_alias", EntityAlias, ("name", "normalized_name"), references=(("entity", "entity"),)
)
TRACE = Record(
    "trace",
    Trace,
    (
        "status",
        "principal_kind",
        "principal_id",
        "principal_label",
        "request_id",
        "extractor",
        "prompt_version",
        "detail",
        "error",
        "latency_ms",
        "created_at",
        "finished_at",
    ),
    references=(("conversation", "session"),),
    is_scoped=True,
    extra=("place",),
)
TRACE_TURN = Record("trace_turn", TraceTurn, (), references=(("trace", "trace"), ("turn", "turn")))
MEMORY = Record(
    "memory",
    Memory,
    (
        "category",
        "kind",
        "subject",
        "key",
        "value",
        "normalized_value",
        "text",
        "confidence",
        "strongest_claim",
        "importance",
        "authority",
        "status",
        "is_single",
        "valid_from",
        "valid_until",
        "expires_at",
        "extractor",
        "created_at",
        "closed_at",
    ),
    references=(("object", "entity"), ("superseded_by", "memory")),
    is_scoped=True,
)
SOURCE = Record(
    "source",
    Source,
    ("kind", "actor", "span_start", "span_end", "quote", "trust", "confidence", "created_at"),
    references=(
        ("memory", "memory"),
        ("turn", "turn"),
        ("observation", "observation"),
        ("trace", "trace"),
    ),
)
CHANGE = Record(
    "change",
    MemoryChange,
    ("position", "op", "before", "after", "at"),
    references=(("trace", "trace"), ("memory", "memory"), ("turn", "turn")),
)

RECORDS = (
    SESSION,
    TURN,
    AGENT_SESSION,
    MEMORY_SESSION_ID,
    OBSERVATION,
    ENTITY,
    ENTITY_ALIAS,
    TRACE,
    TRACE_TURN,
    MEMORY,
    SOURCE,
    CHANGE,
)
"""In the order of a file."""
BY_TYPE = {record.name: record for record in RECORDS}
