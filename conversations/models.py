"""What was said: conversations, their turns, and coding agents' sessions."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.querysets import ScopedManager
from accounts.rows import ProjectRow, ScopedRow
from conversations.lineage import Segment
from conversations.querysets import AgentSessionQuerySet, ConversationQuerySet, TurnQuerySet
from memsync.common.values import JsonValues

MAX_CONTENT = 1_000_000


class Conversation(ScopedRow):
    """An ordered container of turns. A fork holds only its own turns and refers to its parent.

    `next_seq` counts in the visible history: a fork at 5 appends its first turn as 6.
    """

    class Status(models.TextChoices):
        """Only an active conversation takes turns."""

        ACTIVE = "active"
        ARCHIVED = "archived"
        CLOSED = "closed"

    title = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=32, default="chat")
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    metadata = models.JSONField(default=dict, blank=True, decoder=JsonValues)
    members = models.JSONField(default=list, blank=True)
    speakers = ArrayField(models.TextField(), default=list, blank=True, editable=False)
    """The senders of its own turns, kept by the append: recall asks who takes part."""
    created_by = models.CharField(max_length=200, blank=True)
    forked_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="forks", db_constraint=False
    )
    fork_seq = models.IntegerField(null=True, blank=True)
    fork_reason = models.CharField(max_length=300, blank=True)
    next_seq = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    last_activity_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    """Then its words are gone, and it is found by nobody; the row keeps what refers to it whole."""

    line: list[Segment] | None = None
    """Its ancestors, once `lineage.line_of` has read them."""

    unscoped: ClassVar[Any] = models.Manager.from_queryset(ConversationQuerySet)()
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta(ScopedRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["project", "uid"], name="conversation_id_per_project"),
            models.CheckConstraint(
                condition=Q(next_seq__gte=1), name="conversation_next_seq_from_1"
            ),
            models.CheckConstraint(
                condition=Q(forked_from__isnull=True, fork_seq__isnull=True)
                | Q(forked_from__isnull=False, fork_seq__gte=0, next_seq__gt=F("fork_seq")),
                name="conversation_fork_point",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-serial"], name="conversation_newest"),
            models.Index(fields=["project", "scope_key", "-serial"], name="conversation_by_scope"),
            models.Index(fields=["user", "-last_activity_at"], name="conversation_by_user"),
            models.Index(
                fields=["status", "last_activity_at"],
                condition=Q(status="active"),
                name="conversation_idle",
            ),
            GinIndex(
                fields=["metadata"], opclasses=["jsonb_path_ops"], name="conversation_metadata"
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"Conversation {self.uid}"

    @property
    def turn_count(self) -> int:
        """Of the visible history: positions are gap-free from 1."""
        return self.next_seq - 1


class Turn(ProjectRow):
    """One message, stored as sent. Never edited: redaction blanks its words and keeps its place.

    A turn has its conversation's scope; `user` and `scope_key` are copied so that recall reads one
    table. `search` covers the speaker, the words and the day (weight A), and the end of the two
    turns before (D): `memsync_words_of_turn`.
    """

    class Role(models.TextChoices):
        """Who speaks."""

        USER = "user"
        ASSISTANT = "assistant"
        SYSTEM = "system"
        TOOL = "tool"

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="turns", db_constraint=False, db_index=False
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
    seq = models.IntegerField()
    role = models.CharField(max_length=16, choices=Role)
    content = models.TextField(blank=True)
    parts = models.JSONField(null=True, blank=True, decoder=JsonValues)
    sender = models.CharField(max_length=200, blank=True)
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    client_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - unique
    body_hash = models.BinaryField(null=True)
    """SHA-256 of the message as sent, to tell a repeat under one client_id from another message."""
    metadata = models.JSONField(default=dict, blank=True, decoder=JsonValues)
    occurred_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    redacted_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    """Then readers of the conversation and recall pass it over; the record still has it."""
    hidden_items = ArrayField(models.SmallIntegerField(), null=True, blank=True)
    """Of a message that holds several items (words, tool calls): the places of the hidden ones."""
    appended_at_trace = models.BigIntegerField(default=0)
    """The project's trace count when it was appended: where it stands in the order of changes."""
    search = SearchVectorField(null=True)
    embedded_with = models.CharField(max_length=64, null=True)  # noqa: DJ001 - NULL is the queue
    """The model of its vectors; NULL rows are what the embedding worker looks for, redacted ones
    have `""`: nothing to embed."""

    parent_uid: UUID | None = None
    """The id of `parent` on the wire, where a service knows it without another query."""

    unscoped: ClassVar[Any] = models.Manager.from_queryset(TurnQuerySet)()
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta:
        default_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "seq"], name="turn_seq_per_conversation"
            ),
            models.UniqueConstraint(fields=["project", "uid"], name="turn_id_per_project"),
            models.UniqueConstraint(
                fields=["conversation", "client_id"], name="turn_client_id_per_conversation"
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="turn_seq_from_1"),
            models.CheckConstraint(
                condition=Q(redacted_at__isnull=True) | Q(content=""), name="turn_redacted_is_empty"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "scope_key", "serial"], name="turn_by_scope"),
            models.Index(
                fields=["serial"], condition=Q(embedded_with__isnull=True), name="turn_to_embed"
            ),
            models.Index(fields=["user", "serial"], name="turn_by_user"),
        ]

    def __str__(self) -> str:
        return f"turn {self.seq} ({self.role})"


class AgentSession(ScopedRow):
    """A coding agent's run: the caller's `content_session_id` and the agent's memory session id.

    `memory_session_id` is NULL until captured, then never again; earlier ids are kept in
    `MemorySessionId`, and observations refer to this row, whose key never moves.
    """

    class Status(models.TextChoices):
        """A completed run takes no observations."""

        ACTIVE = "active"
        COMPLETED = "completed"

    platform = models.CharField(max_length=32, default="claude")
    content_session_id = models.CharField(max_length=200)
    memory_session_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="agent_sessions", db_constraint=False
    )
    title = models.CharField(max_length=300, blank=True)
    metadata = models.JSONField(default=dict, blank=True, decoder=JsonValues)
    last_prompt_number = models.IntegerField(default=0)
    last_prompt_hash = models.CharField(max_length=64, blank=True)
    last_prompt_at = models.DateTimeField(null=True)
    force_init = models.BooleanField(default=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True)

    unscoped: ClassVar[Any] = models.Manager.from_queryset(AgentSessionQuerySet)()
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta(ScopedRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["project", "platform", "content_session_id"],
                name="agent_session_content_id",
            ),
            models.UniqueConstraint(fields=["project", "uid"], name="agent_session_id_per_project"),
            models.CheckConstraint(
                condition=~Q(memory_session_id=""), name="agent_session_memory_id_not_empty"
            ),
            models.CheckConstraint(
                condition=~Q(memory_session_id=F("content_session_id")),
                name="agent_session_ids_differ",
            ),
        ]
        indexes = [models.Index(fields=["project", "-serial"], name="agent_session_newest")]

    def __str__(self) -> str:
        return f"{self.platform} {self.content_session_id}"

    @property
    def is_captured(self) -> bool:
        """Whether the agent's own session id is known."""
        return self.memory_session_id is not None

    @property
    def state(self) -> str:
        """NOT_CAPTURED or CAPTURED."""
        return "CAPTURED" if self.is_captured else "NOT_CAPTURED"


class MemorySessionId(ProjectRow):
    """One memory session id an agent session had; unique in the project, history included.

    The one that is not superseded is its session's own; observations refer to the one they were
    written under.
    """

    class Reason(models.TextChoices):
        """Named by the agent, or made by us for an agent that has none."""

        REGISTERED = "registered"
        SYNTHESIZED = "synthesized"

    agent_session = models.ForeignKey(
        AgentSession, models.CASCADE, related_name="memory_session_ids", db_constraint=False
    )
    memory_session_id = models.CharField(max_length=200)
    reason = models.CharField(max_length=32, choices=Reason, default=Reason.REGISTERED)
    captured_at = models.DateTimeField(default=timezone.now)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "memory_session_id"], name="memory_session_id_per_project"
            ),
            models.UniqueConstraint(
                fields=["agent_session"],
                condition=Q(superseded_at__isnull=True),
                name="memory_session_id_one_current",
            ),
        ]

    def __str__(self) -> str:
        return self.memory_session_id


from conversations.checkpoint_rows import Checkpoint, CheckpointWrite  # noqa: E402

__all__ = [
    "AgentSession",
    "Checkpoint",
    "CheckpointWrite",
    "Conversation",
    "MemorySessionId",
    "Turn",
]
