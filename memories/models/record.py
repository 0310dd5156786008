"""Traces and the changes they made: history, diff and state are read from these rows."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.rows import ProjectRow, ScopedRow
from conversations.models import Conversation, Turn
from memories.models.memory import Memory


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
    authority = models.CharField(max_length=16, blank=True)
    """Of an ingest: what its memories are to be."""
    lease_until = models.DateTimeField(null=True)
    """Of unfinished work: until when whoever took it is believed to be at it."""
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
            GinIndex(
                fields=["returned"],
                opclasses=["jsonb_path_ops"],
                condition=Q(kind="recall"),
                name="trace_returned",
            ),
            models.Index(
                fields=["serial"],
                condition=Q(status__in=["pending", "running"]),
                name="trace_to_do",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.status in {self.Status.DONE, self.Status.FAILED}


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
