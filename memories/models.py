"""What was learnt: memories with their sources, the traces that changed them, and what recall needs.

No thread or session column on Memory: a memory belongs to (tenant, project, user, scope), and its
sources say which turns, of any number of conversations, it came from.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from pgvector.django import HalfVectorField

from accounts.querysets import ScopedManager
from accounts.rows import ProjectRow, ScopedRow
from conversations.models import AgentSession, Conversation, Turn
from memories.querysets import MemoryQuerySet


class Category(models.TextChoices):
    """Categories live differently: see `memories.lifetimes`."""

    IDENTITY = "identity"
    KNOWLEDGE = "knowledge"
    CONTEXT = "context"
    INSTRUCTION = "instruction"
    UNCERTAINTY = "uncertainty"


class Entity(ScopedRow):
    """A person, place or thing that memories name; `merged_into` another when they are the same."""

    name = models.CharField(max_length=300)
    normalized_name = models.CharField(max_length=300)
    type = models.CharField(max_length=32, default="other")
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(ScopedRow.Meta):
        verbose_name_plural = "entities"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "scope_key", "type", "normalized_name"],
                name="entity_name_per_scope",
            ),
            models.UniqueConstraint(fields=["project", "uid"], name="entity_id_per_project"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.type})"


class EntityAlias(ProjectRow):
    """Another name of an entity."""

    entity = models.ForeignKey(Entity, models.CASCADE, related_name="aliases", db_constraint=False)
    name = models.CharField(max_length=300)
    normalized_name = models.CharField(max_length=300)

    class Meta:
        verbose_name_plural = "entity aliases"
        constraints = [
            models.UniqueConstraint(fields=["entity", "normalized_name"], name="alias_per_entity"),
        ]

    def __str__(self) -> str:
        return self.name


class Memory(ScopedRow):
    """One fact, instruction or uncertainty, with where it came from and how sure it is."""

    class Authority(models.TextChoices):
        """Chat is experiential; curated documents are authoritative and never changed by chat."""

        EXPERIENTIAL = "experiential"
        AUTHORITATIVE = "authoritative"

    class Status(models.TextChoices):
        """Only live rows are state; contested ones wait for a decision."""

        LIVE = "live"
        CONTESTED = "contested"
        SUPERSEDED = "superseded"
        CLOSED = "closed"
        RETRACTED = "retracted"
        ERASED = "erased"

    category = models.CharField(max_length=16, choices=Category)
    kind = models.CharField(max_length=16, blank=True)
    """Of uncertainties: `said`, `conflict` or `injection`."""
    subject = models.CharField(max_length=300, default="user", blank=True)
    key = models.CharField(max_length=64)
    value = models.TextField(blank=True)
    normalized_value = models.TextField(blank=True, editable=False)
    object = models.ForeignKey(
        Entity, models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    text = models.TextField(blank=True)
    confidence = models.FloatField(default=0.9)
    strongest_claim = models.FloatField(default=0.9)
    """Of its single claims; what a contradicting claim is measured against."""
    importance = models.FloatField(default=0.5)
    authority = models.CharField(max_length=16, choices=Authority, default=Authority.EXPERIENTIAL)
    status = models.CharField(max_length=16, choices=Status, default=Status.LIVE)
    is_single = models.BooleanField(default=False)
    """Whether its key holds one value at a time; then the database allows one live row."""
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    extractor = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    search = SearchVectorField(null=True)
    embedded_with = models.CharField(max_length=64, null=True)  # noqa: DJ001 - NULL is the queue

    unscoped: ClassVar[Any] = models.Manager.from_queryset(MemoryQuerySet)()
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta(ScopedRow.Meta):
        verbose_name_plural = "memories"
        constraints = [
            models.UniqueConstraint(fields=["project", "uid"], name="memory_id_per_project"),
            models.UniqueConstraint(
                fields=["project", "scope_key", "subject", "key"],
                condition=Q(status="live", is_single=True),
                name="memory_one_live_value",
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="memory_confidence_0_to_1"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="memory_valid_from_before_until",
            ),
            models.CheckConstraint(
                condition=~Q(status="erased") | Q(value="", text=""), name="memory_erased_is_empty"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "scope_key", "status", "key"], name="memory_by_scope"),
            models.Index(fields=["project", "-serial"], name="memory_newest"),
            models.Index(fields=["user", "status", "-serial"], name="memory_by_user"),
            models.Index(
                fields=["expires_at"], condition=Q(status="live"), name="memory_to_expire"
            ),
            models.Index(
                fields=["serial"], condition=Q(embedded_with__isnull=True), name="memory_to_embed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.key} ({self.status})"


class Observation(ScopedRow):
    """What an agent's run recorded, under the memory session id it had at the time."""

    agent_session = models.ForeignKey(
        AgentSession, models.CASCADE, related_name="observations", db_constraint=False
    )
    memory_session_id = models.CharField(max_length=200)
    type = models.CharField(max_length=32)
    title = models.TextField()
    subtitle = models.TextField(blank=True)
    narrative = models.TextField(blank=True)
    facts = models.JSONField(default=list, blank=True)
    concepts = models.JSONField(default=list, blank=True)
    files_read = models.JSONField(default=list, blank=True)
    files_modified = models.JSONField(default=list, blank=True)
    prompt_number = models.IntegerField(null=True, blank=True)
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)
    search = SearchVectorField(null=True)
    embedded_with = models.CharField(max_length=64, null=True)  # noqa: DJ001 - NULL is the queue

    class Meta(ScopedRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["agent_session", "content_hash"], name="observation_content_per_session"
            ),
            models.UniqueConstraint(fields=["project", "uid"], name="observation_id_per_project"),
        ]
        indexes = [
            models.Index(fields=["project", "scope_key", "-serial"], name="observation_by_scope"),
            models.Index(
                fields=["serial"],
                condition=Q(embedded_with__isnull=True),
                name="observation_to_embed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.uid}"


class Source(ProjectRow):
    """Where a memory came from: the exact characters of a turn, an observation, or a person's hand.

    For a turn, `quote` equals the characters [span_start, span_end) of its content; the database
    checks it at commit.
    """

    class Kind(models.TextChoices):
        """What is cited."""

        TURN = "turn"
        OBSERVATION = "observation"
        MANUAL = "manual"
        IMPORT = "import"

    memory = models.ForeignKey(Memory, models.CASCADE, related_name="sources", db_constraint=False)
    kind = models.CharField(max_length=16, choices=Kind)
    turn = models.ForeignKey(
        Turn, models.CASCADE, null=True, blank=True, related_name="sources", db_constraint=False
    )
    observation = models.ForeignKey(
        Observation,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="sources",
        db_constraint=False,
    )
    actor = models.CharField(max_length=254, blank=True)
    """Who wrote it by hand, for `manual`; where from, for `import`."""
    span_start = models.IntegerField(default=0)
    span_end = models.IntegerField(default=0)
    quote = models.TextField(blank=True)
    trust = models.FloatField()
    confidence = models.FloatField(default=0.9)
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "uid"], name="source_id_per_project"),
            models.UniqueConstraint(
                fields=["memory", "turn", "span_start", "span_end"],
                condition=Q(turn__isnull=False, erased_at__isnull=True),
                name="source_span_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="turn", turn__isnull=False, observation__isnull=True)
                | Q(kind="observation", turn__isnull=True, observation__isnull=False)
                | Q(kind__in=["manual", "import"], turn__isnull=True, observation__isnull=True),
                name="source_cites_what_its_kind_says",
            ),
            models.CheckConstraint(
                condition=Q(span_start__gte=0, span_end__gte=F("span_start")),
                name="source_span_half_open",
            ),
            models.CheckConstraint(
                condition=Q(trust__gt=0, trust__lte=1), name="source_trust_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} source of memory {self.memory_id}"


class Trace(ScopedRow):
    """One ingest or one recall: who asked, what was read, considered, changed or returned."""

    class Kind(models.TextChoices):
        """Ingests number the order of changes; recalls are receipts."""

        INGEST = "ingest"
        RECALL = "recall"

    class Status(models.TextChoices):
        """Of work that may be done later by the worker."""

        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=8, choices=Kind)
    status = models.CharField(max_length=8, choices=Status, default=Status.DONE)
    number = models.BigIntegerField(null=True, blank=True)
    """Its place in the project's order of commits."""
    conversation = models.ForeignKey(
        Conversation,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    principal_kind = models.CharField(max_length=8)
    principal_id = models.UUIDField(null=True)
    principal_label = models.CharField(max_length=254, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    extractor = models.CharField(max_length=64, blank=True)
    prompt_version = models.CharField(max_length=64, blank=True)
    query = models.TextField(blank=True)
    returned = models.JSONField(default=list)
    """Of a recall: `[{type, id, rank, score}]`."""
    detail = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    latency_ms = models.FloatField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta(ScopedRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["project", "uid"], name="trace_id_per_project"),
            models.UniqueConstraint(
                fields=["project", "number"],
                condition=Q(number__isnull=False),
                name="trace_number_per_project",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "kind", "-serial"], name="trace_newest"),
            models.Index(fields=["conversation", "-serial"], name="trace_by_conversation"),
            models.Index(
                fields=["serial"],
                condition=Q(status__in=["pending", "running"]),
                name="trace_to_do",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"


class TraceTurn(ProjectRow):
    """That an ingest read a turn."""

    trace = models.ForeignKey(Trace, models.CASCADE, related_name="turns", db_constraint=False)
    turn = models.ForeignKey(Turn, models.CASCADE, related_name="traces", db_constraint=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trace", "turn"], name="trace_turn_once")]

    def __str__(self) -> str:
        return f"trace {self.trace_id} read turn {self.turn_id}"


class MemoryChange(ProjectRow):
    """One change of one memory; history, diff and state-as-of are all read from these rows."""

    class Op(models.TextChoices):
        """What happened to the memory."""

        ADDED = "added"
        REINFORCED = "reinforced"
        CORRECTED = "corrected"
        CONTESTED = "contested"
        SUPERSEDED = "superseded"
        CLOSED = "closed"
        RESOLVED = "resolved"
        REVOKED = "revoked"
        RETRACTED = "retracted"
        ERASED = "erased"
        EXPIRED = "expired"
        EDITED = "edited"

    trace = models.ForeignKey(Trace, models.PROTECT, related_name="changes", db_constraint=False)
    position = models.IntegerField()
    """Order within the trace."""
    memory = models.ForeignKey(Memory, models.PROTECT, related_name="changes", db_constraint=False)
    turn = models.ForeignKey(
        Turn, models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    """The turn that caused it."""
    op = models.CharField(max_length=16, choices=Op)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trace", "position"], name="change_position_per_trace"),
        ]

    def __str__(self) -> str:
        return f"{self.op} memory {self.memory_id}"


class Vector(ProjectRow):
    """The embedding of one chunk of a turn, memory or observation by one model."""

    turn = models.ForeignKey(
        Turn, models.CASCADE, null=True, related_name="vectors", db_constraint=False
    )
    memory = models.ForeignKey(
        Memory, models.CASCADE, null=True, related_name="vectors", db_constraint=False
    )
    observation = models.ForeignKey(
        Observation, models.CASCADE, null=True, related_name="vectors", db_constraint=False
    )
    model = models.CharField(max_length=64)
    chunk = models.SmallIntegerField(default=0)
    span_start = models.IntegerField(default=0)
    span_end = models.IntegerField(default=0)
    embedding = HalfVectorField()
    """Of the model's dimensions; an index would cast to them."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(turn__isnull=False, memory__isnull=True, observation__isnull=True)
                | Q(turn__isnull=True, memory__isnull=False, observation__isnull=True)
                | Q(turn__isnull=True, memory__isnull=True, observation__isnull=False),
                name="vector_of_one_row",
            ),
            models.UniqueConstraint(
                fields=["turn", "memory", "observation", "model", "chunk"],
                nulls_distinct=False,
                name="vector_chunk_per_model",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} chunk {self.chunk}"


class QuerySession(ProjectRow):
    """The earlier questions of a principal under a caller's hint; kept only on opt-in."""

    principal_kind = models.CharField(max_length=8)
    principal_id = models.UUIDField()
    session_id = models.CharField(max_length=128)
    history = models.JSONField(default=list)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "principal_kind", "principal_id", "session_id"],
                name="query_session_per_principal",
            ),
        ]
        indexes = [models.Index(fields=["updated_at"], name="query_session_by_age")]

    def __str__(self) -> str:
        return f"query session of {self.principal_kind} {self.principal_id}"


class RecallFeedback(ProjectRow):
    """What a caller said of one item of a recall."""

    class Verdict(models.TextChoices):
        """Useful, wrong or outdated."""

        USEFUL = "useful"
        WRONG = "wrong"
        OUTDATED = "outdated"

    trace = models.ForeignKey(Trace, models.CASCADE, related_name="feedback", db_constraint=False)
    item_id = models.UUIDField()
    verdict = models.CharField(max_length=16, choices=Verdict)
    principal_kind = models.CharField(max_length=8)
    principal_id = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "recall feedback"
        constraints = [
            models.UniqueConstraint(
                fields=["trace", "item_id", "principal_kind", "principal_id"],
                name="feedback_once_per_principal",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.item_id}"


class ErasureReceipt(ProjectRow):
    """What a forget did: counts per table and the digest of what was asked; never the words."""

    mode = models.CharField(max_length=8)
    counts = models.JSONField(default=dict)
    subject_ids = ArrayField(models.UUIDField(), default=list)
    principal_kind = models.CharField(max_length=8)
    principal_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "uid"], name="erasure_receipt_id_per_project"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.created_at:%Y-%m-%d}"
