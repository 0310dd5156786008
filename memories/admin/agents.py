"""Coding agents' runs with their capture state, and what they observed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from conversations.models import AgentSession, MemorySessionId
from memories.admin.base import WordsAdmin
from memories.models import Observation
from memsync.common.admin import RecentValuesFilter


class CaptureFilter(admin.SimpleListFilter):
    """Whether the agent's own session id is known."""

    title = "state"
    parameter_name = "captured"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """As on the wire."""
        return [("1", "CAPTURED"), ("0", "NOT_CAPTURED")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Rows with a memory session id, or without."""
        if self.value() not in {"0", "1"}:
            return queryset
        return queryset.filter(memory_session_id__isnull=self.value() == "0")


class MemorySessionIdInline(admin.TabularInline):
    """The ids a run had, the first one first; the one not superseded is its own."""

    model = MemorySessionId
    verbose_name_plural = "memory session ids"
    ordering = ["serial"]
    can_delete = False
    fields: ClassVar[Any] = ["memory_session_id", "reason", "captured_at", "superseded_at"]
    readonly_fields = ("memory_session_id", "reason", "captured_at", "superseded_at")
    max_num = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the run itself."""
        return request.user.has_perm("conversations.view_agentsession")


@admin.register(AgentSession)
class AgentSessionAdmin(WordsAdmin):
    """Runs of coding agents."""

    viewed = "agent_session.viewed"
    list_display = [
        *["content_session_id", "platform", "state", "status", "last_prompt_number"],
        *["memory_session_id", "project", "created_at"],
    ]
    list_filter = [CaptureFilter, "status", ("platform", RecentValuesFilter)]
    list_select_related = ["project"]
    search_fields = ["content_session_id", "memory_session_id", "title"]
    readonly_fields = [*WordsAdmin.readonly_fields, "state"]
    inlines = [MemorySessionIdInline]
    fields = (
        *["content_session_id", "platform", "state", "memory_session_id"],
        *["status", "title", "conversation", "last_prompt_number", "force_init", "metadata"],
        *["tenant", "project", "user", "scope_shown", "wire_id", "created_at", "completed_at"],
    )

    @admin.display(description="state")
    def state(self, row: AgentSession) -> str:
        """As on the wire."""
        return row.state


@admin.register(Observation)
class ObservationAdmin(WordsAdmin):
    """What agents recorded."""

    viewed = "observation.viewed"
    list_display = [
        "shown_title",
        "type",
        "agent_session",
        "prompt_number",
        "project",
        "created_at",
    ]
    list_filter = [("type", RecentValuesFilter)]
    list_select_related = ["project", "agent_session"]
    search_fields = ["title", "uid", "memory_session_id"]
    fields = (
        *["title", "subtitle", "type", "narrative", "facts", "concepts", "files_read"],
        *["files_modified", "agent_session", "memory_session_id", "prompt_number"],
        *["tenant", "project", "user", "scope_shown", "wire_id", "created_at", "erased_at"],
    )

    @admin.display(description="title")
    def shown_title(self, row: Observation) -> str:
        """The beginning of the title."""
        return Truncator(row.title).chars(80) or "(erased)"
