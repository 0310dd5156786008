"""Conversations; opening one shows its transcript."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import Truncator

from conversations.models import Conversation
from conversations.windows import window_of
from memories.admin.base import WordsAdmin
from memories.models import Memory
from memories.transcripts import read_turns
from memsync.common.admin import RecentValuesFilter


@admin.register(Conversation)
class ConversationAdmin(WordsAdmin):
    """The list shows the newest; a transcript takes the same few queries at any length."""

    viewed = "transcript.viewed"
    list_display = ["name", "kind", "status", "user", "project", "turns", "last_activity_at"]
    list_filter = ["status", ("kind", RecentValuesFilter)]
    search_fields = ["title", "uid"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With the project and the opening words, but for deleted ones, which have no words."""
        rows: Any = super().get_queryset(request)
        shown: QuerySet = rows.living().for_pages().select_related("project", "user", "tenant")
        return shown

    @admin.display(description="conversation")
    def name(self, row: Any) -> str:
        """The title, or the first words."""
        opening = Truncator(row.opening or "").chars(60)
        return row.title or (f"“{opening}”" if opening else "Untitled")

    @admin.display(description="turns")
    def turns(self, row: Conversation) -> int:
        """Of its visible history."""
        return row.turn_count

    def context_of(self, request: HttpRequest, row: Conversation) -> dict[str, Any]:
        """A page of its turns, and beside them every memory that cites them."""
        window = window_of(request.GET, head=row.turn_count)
        memories = Memory.unscoped.filter(tenant_id=row.tenant_id)
        return {
            "conversation": row,
            "window": window,
            "turns": read_turns(row, window, memories),
            "in_admin": True,
            "project_query": "",
        }

    def answer(self, request: HttpRequest, row: Any, context: dict[str, Any]) -> HttpResponse:
        """The transcript."""
        context |= {"title": self.name(row), "opts": self.opts}
        context |= self.admin_site.each_context(request)
        return render(request, "admin/memories/transcript.html", context)
