"""What the server answers with. Times are ISO 8601 text, as on the wire."""

from __future__ import annotations

from typing import Any, Literal

from memsync_client.records import Record

Role = Literal["user", "assistant", "system", "tool"]
Json = dict[str, Any]


class Session(Record):
    """A conversation; on the wire it is called session."""

    id: str
    title: str
    kind: str
    status: str
    scope: list[str]
    metadata: Json
    members: list[str]
    user: str | None
    forked_from: str | None
    fork_seq: int | None
    fork_reason: str
    turn_count: int
    created_at: str
    last_activity_at: str


class Turn(Record):
    """One message of a session, at position `seq`."""

    id: str
    session_id: str
    seq: int
    role: str
    content: str
    parts: Any
    """What text does not hold: tool calls, content blocks. Absent where there is none."""
    sender: str | None
    parent_id: str | None
    client_id: str | None
    metadata: Json
    occurred_at: str | None
    created_at: str
    redacted_at: str | None
    hidden_at: str | None
    """When readers of the session were told to pass it over; the record still has it."""
    hidden_items: list[int]
    """Places of items passed over alone: 0 the words, from 1 the calls. Absent for none."""
    inherited: bool


class Source(Record):
    """Where words stand: `span` counts code points of the turn's content."""

    kind: str
    ref: str
    session_id: str | None
    turn_id: str | None
    seq: int | None
    role: str | None
    span: list[int]
    quote: str
    trust: float


class MemoryItem(Record):
    """A memory as it appears in diffs and states."""

    memory_id: str
    category: str
    subject: str
    key: str
    value: str
    text: str
    confidence: float
    status: str
    valid_from: str | None
    valid_until: str | None
    op: str
    source: Source
    sources: list[Source]


class Memory(MemoryItem):
    """A memory with its sources."""

    id: str
    scope: list[str]
    authority: str
    importance: float
    created_at: str


class Correction(Record):
    """A value that replaced another."""

    subject: str
    key: str
    old_value: str
    new_value: str
    old_memory_id: str
    memory_id: str


class NamedEntity(Record):
    """Somebody or something that a statement names."""

    id: str
    name: str
    type: str
    is_new: bool
    source: Source


class IngestDiff(Record):
    """What a write taught, one item per statement found."""

    entities: list[NamedEntity]
    attributes: list[MemoryItem]
    relations: list[MemoryItem]
    instructions: list[MemoryItem]
    uncertainties: list[MemoryItem]
    corrections: list[Correction]


class Appended(Record):
    """The answer of an append."""

    session_id: str
    turns: list[Turn]
    trace_id: str | None
    diff: IngestDiff


class Recorded(Record):
    """The answer of `facts.add` and `facts.batch`."""

    trace_id: str | None
    session_id: str
    turn_ids: list[str]
    diff: IngestDiff


class ByHand(Record):
    """The answer of a write to one memory."""

    trace_id: str
    memory: Memory
    diff: IngestDiff


class Change(Record):
    """One change of a memory."""

    op: str
    at: str
    trace_id: str
    number: int | None
    principal: Json
    turn_id: str | None
    session_id: str | None
    seq: int | None
    before: Json | None
    after: Json | None


class Hit(Record):
    """One result of a recall."""

    type: Literal["memory", "turn"]
    id: str
    text: str
    score: float
    category: str
    confidence: float
    role: str
    sources: list[Source]


class Recalled(Record):
    """The answer of a recall."""

    trace_id: str
    session_id: str | None
    results: list[Hit]
    latency_ms: float


class State(Record):
    """What is known, now or at a point."""

    scope: list[str]
    at: Json | None
    identity: list[MemoryItem]
    knowledge: list[MemoryItem]
    context: list[MemoryItem]
    instructions: list[MemoryItem]
    uncertainties: list[MemoryItem]
    corrections: list[Correction]


class ChangedItem(MemoryItem):
    """A memory, and the words that changed it; none are left of what was erased."""

    source: Source | None  # type: ignore[assignment]  # a statement found always has its words
    previous_value: str


class StateDiff(Record):
    """What changed between two turns."""

    session_id: str
    since_seq: int
    until_seq: int
    added: list[ChangedItem]
    updated: list[ChangedItem]
    superseded: list[ChangedItem]
    closed: list[ChangedItem]
    reinforced: list[ChangedItem]
    contested: list[ChangedItem]


class Node(Record):
    """A session in its tree; the root has level 1."""

    id: str
    title: str
    level: int
    forked_from: str | None
    fork_seq: int | None
    status: str


class Tree(Record):
    """A tree of forks, parents before children."""

    root: str
    nodes: list[Node]


class Trace(Record):
    """One ingest or one recall."""

    id: str
    kind: str
    status: str
    number: int | None
    session_id: str | None
    scope: list[str]
    principal: Json
    extractor: str
    query: str
    returned: list[Json]
    detail: Json
    error: str | None
    latency_ms: float | None
    request_id: str
    created_at: str
    finished_at: str | None


class Entity(Record):
    """Somebody or something that memories are about."""

    id: str
    name: str
    type: str
    aliases: list[str]
    merged_into: str | None
    scope: list[str]
    created_at: str


class AgentSession(Record):
    """A coding agent's run."""

    id: str
    content_session_id: str
    platform: str
    memory_session_id: str | None
    state: str
    session_id: str
    title: str
    scope: list[str]
    user: str | None
    metadata: Json
    last_prompt_number: int
    force_init: bool
    status: str
    created_at: str
    completed_at: str | None
    memory_session_ids: list[Record]
    skipped: str | None


class Resume(Record):
    """Whether to resume a run, and with which id."""

    resume: str | None
    reason: str


class Observation(Record):
    """What a run recorded. Lists show the first fields alone."""

    id: str
    content_session_id: str
    memory_session_id: str
    type: str
    title: str
    subtitle: str
    prompt_number: int | None
    created_at: str
    platform: str
    session_id: str
    narrative: str
    facts: list[str]
    concepts: list[str]
    files_read: list[str]
    files_modified: list[str]
    scope: list[str]


class Timeline(Record):
    """Observations around one, oldest first, itself included."""

    anchor: str
    data: list[Observation]
    has_before: bool
    has_after: bool


class Observations(Record):
    """Observations by their ids; `missing` are not there or out of reach."""

    data: list[Observation]
    missing: list[str]


class Promoted(Record):
    """What became of an observation's facts."""

    trace_id: str
    observation_id: str
    diff: IngestDiff


class Key(Record):
    """An API key. `key`, its text, is in the answer of its creation alone."""

    id: str
    name: str
    role: str
    floor: list[str]
    prefix: str
    created_by: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    key: str


class Me(Record):
    """Who asks."""

    kind: Literal["user", "key"]
    id: str
    role: str
    tenant: str
    project: Json
    floor: list[str]
    sid: str


class SignIn(Record):
    """A sign-in: one family of refresh tokens on one device."""

    id: str
    family_id: str
    session_type: str
    device: Json
    created_at: str
    last_used_at: str
    expires_at: str
    is_this_session: bool


class TokenPair(Record):
    """What signing in and refreshing answer."""

    access: str
    refresh: str
    token_type: str
    expires_in: int
    session: SignIn


class SecurityEvent(Record):
    """Something that happened around the caller's sign-ins."""

    id: str
    kind: str
    severity: str
    at: str
    ip: str | None
    device: Json | None
    detail: Json


class CheckpointWrite(Record):
    """What one task of a step wrote; `blob` is base64."""

    task_id: str
    task_path: str
    idx: int
    channel: str
    type: str
    blob: str


class Checkpoint(Record):
    """The state of an app's thread at one moment. Lists show it without the last three fields."""

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str
    parent_checkpoint_id: str | None
    metadata: Json
    scope: list[str]
    created_at: str
    type: str
    blob: str
    writes: list[CheckpointWrite]
