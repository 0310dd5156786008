"""Memories, the entities they name, and the sources they rest on.

No thread or session column on Memory: a memory belongs to (tenant, project, user, scope), and its
sources say which turns, of any number of conversations, it came from.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.querysets import ScopedManager
from accounts.rows import ProjectRow, ScopedRow
from conversations.models import AgentSession, Turn
from memories.querysets import MemoryQuerySet, ObservationQuerySet

MAX_VALUE = 10_000
"""Characters of a value that somebody writes by hand."""


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


class Uncertainty(Memory):
    """Memories of the category uncertainty, as the admin's desk lists them."""

    class Meta:
        proxy = True
        verbose_name_plural = "uncertainties"
        default_permissions = ()  # those of memories


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

    unscoped: ClassVar[Any] = models.Manager.from_queryset(ObservationQuerySet)()
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta(ScopedRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["agent_session", "content_hash"], name="observation_content_per_session"
            ),
            models.UniqueConstraint(fields=["project", "uid"], name="observation_id_per_project"),
        ]
        indexes = [
            models.Index(fields=["project", "scope_key", "-serial"], name="observation_by_scope"),
            models.Index(fields=["project", "-serial"], name="observation_newest"),
            models.Index(fields=["agent_session", "-serial"], name="observation_by_run"),
            models.Index(
                fields=["serial"],
                condition=Q(embedded_with__isnull=True),
                name="observation_to_embed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.uid}"

    @property
    def text(self) -> str:
        """What it says, as one text: the spans of sources that cite it count in this."""
        said = [self.title, self.subtitle, self.narrative, *self.facts]
        return "\n".join(part for part in said if part)


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
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="sources",
        db_constraint=False,
    )
    trace = models.ForeignKey(
        "Trace", models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    """The trace that cited it: with its number, since when the memory rests on it."""
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
                | Q(kind="observation", turn__isnull=True, erased_at__isnull=False)
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
