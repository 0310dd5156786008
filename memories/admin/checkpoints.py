"""The state of apps' threads: which there are and how big, never what they hold."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import IntegerField, QuerySet
from django.db.models.functions import Cast, Length
from django.http import HttpRequest

from conversations.models import Checkpoint
from memories.admin.base import WordsAdmin


@admin.register(Checkpoint)
class CheckpointAdmin(WordsAdmin):
    """Checkpoints, without their blobs and metadata."""

    viewed = "checkpoint.viewed"
    list_display = [
        *["checkpoint_id", "thread_id", "checkpoint_ns", "size", "project", "created_at"]
    ]
    list_select_related = ["project"]
    search_fields = ["thread_id"]
    readonly_fields: ClassVar[Any] = [*WordsAdmin.readonly_fields, "size"]
    fields = (
        *["thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "type", "size"],
        *["tenant", "project", "user", "scope_shown", "wire_id", "created_at"],
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With the size; the blob stays in the database."""
        rows = super().get_queryset(request).defer("blob", "metadata")
        sized: QuerySet = rows.annotate(size=Cast(Length("blob"), IntegerField()))
        return sized

    @admin.display(description="bytes")
    def size(self, row: Any) -> int:
        """Of the blob."""
        return int(row.size)
