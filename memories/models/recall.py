"""What recall needs: vectors, remembered questions, and what callers say of answers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from pgvector.django import HalfVectorField

from accounts.rows import ProjectRow
from conversations.models import Turn
from memories.models.memory import Memory, Observation
from memories.models.record import Trace


class Vector(ProjectRow):
    """The embedding of one chunk of a turn, memory or observation by one model."""

    turn = models.ForeignKey(
        Turn,
        models.CASCADE,
        null=True,
        related_name="vectors",
        db_constraint=False,
        db_index=False,  # vector_chunk_per_model begins with it
    )
    memory = models.ForeignKey(
        Memory, models.CASCADE, null=True, related_name="vectors", db_constraint=False
    )
    observation = models.ForeignKey(
        Observation, models.CASCADE, null=True, related_name="vectors", db_constraint=False
    )
    user = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    scope_key = models.TextField(default="")
    """As of its row, copied so that recall reads an owner's vectors by one index."""
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
        indexes = [
            models.Index(fields=["project", "scope_key"], name="vector_by_scope"),
            models.Index(fields=["user"], name="vector_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.model} chunk {self.chunk}"


class EmbeddingModel(models.Model):
    """A model whose vectors are in use: the configured one, and those it has not yet replaced.

    Of the installation, not of a tenant; the worker alone writes it.
    """

    name = models.CharField(max_length=64, primary_key=True)
    adopted_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class QuerySession(ProjectRow):
    """The earlier questions of a principal under a caller's hint; kept only on opt-in."""

    principal_kind = models.CharField(max_length=8)
    principal_id = models.UUIDField()
    scope_key = models.TextField(default="")
    """Of what was asked: questions about one person never colour those about another."""
    session_id = models.CharField(max_length=128)
    history = models.JSONField(default=list)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "principal_kind", "principal_id", "scope_key", "session_id"],
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
