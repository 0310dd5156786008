"""Memories with where they came from and everything that happened to them; entities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Substr
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.text import Truncator

from accounts.pages import signed_in_user
from accounts.principals import of_staff
from memories import corrections
from memories.admin.acting import ActingAdmin, ConfidenceFilter
from memories.admin.base import WordsAdmin
from memories.cards import is_changeable, is_correctable, label_of
from memories.forms import CorrectForm, attempt
from memories.history import Step, steps_of
from memories.marking import Segment, Span, mark
from memories.models import Entity, Memory, Source
from memsync.common.admin import RecentValuesFilter

SHOWN = 50
"""Newest sources and changes of one memory."""
AROUND = 200
"""Characters of the turn shown on either side of a quote."""


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A source, and the words around its quote."""

    source: Source
    segments: list[Segment[str]]


class ShownMemoryAdmin(ActingAdmin):
    """Memories and uncertainties, with where they came from and what happened to them."""

    viewed = "memory.viewed"
    change_form_template = "admin/memories/memory.html"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "text",
                    ("category", "kind", "status"),
                    ("subject", "key", "value"),
                    ("confidence", "strongest_claim", "importance", "authority"),
                    ("valid_from", "valid_until", "expires_at"),
                    ("created_at", "closed_at", "superseded_by"),
                    ("tenant", "project", "user", "object"),
                    ("scope_shown", "extractor", "wire_id"),
                ]
            },
        )
    ]

    @admin.display(description="memory")
    def label(self, row: Memory) -> str:
        """Its key, and whose it is."""
        return label_of(row)

    @admin.display(description="value")
    def shown_value(self, row: Memory) -> str:
        """The beginning of the value."""
        return Truncator(row.value).chars(80)

    @admin.display(description="confidence")
    def confidence_percent(self, row: Memory) -> str:
        """In percent."""
        return f"{row.confidence:.0%}"

    def context_of(self, request: HttpRequest, row: Memory) -> dict[str, Any]:
        """Its newest sources and changes."""
        return {
            "title": row.text or "An erased memory",
            "subtitle": f"{row.get_category_display()}, {row.get_status_display().lower()}",
            "sources": _sources(row),
            "steps": _steps(row),
            "limit": SHOWN,
            "may_act": self.has_decide_permission(request) and is_changeable(row),
            "may_correct": is_correctable(row),
        }


@admin.register(Memory)
class MemoryAdmin(ShownMemoryAdmin):
    """Memories; nothing is edited here, they are corrected and retracted through services."""

    list_display = [
        *["label", "shown_value", "category", "status", "confidence_percent", "user", "project"],
        "created_at",
    ]
    list_filter = [
        "category",
        "status",
        ConfidenceFilter,
        ("kind", RecentValuesFilter),
        ("extractor", RecentValuesFilter),
    ]
    list_select_related = ["user", "project"]
    search_fields = ["key", "value", "subject", "uid"]
    actions = ["retract"]

    def get_urls(self) -> list[Any]:
        """With the page that corrects."""
        view = self.admin_site.admin_view(self.correct)
        return [
            path("<int:pk>/correct/", view, name="memories_memory_correct"),
            *super().get_urls(),
        ]

    def correct(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The form that replaces a memory's value."""
        memory = self._to_change(request, pk)
        if memory.category == "uncertainty":
            raise Http404
        if not is_correctable(memory):
            self.message_user(request, "Only what is live is corrected.", messages.WARNING)
            return redirect("admin:memories_memory_change", pk)
        form = CorrectForm(memory, request.POST if request.method == "POST" else None)
        who = of_staff(signed_in_user(request), memory.project)
        if done := attempt(
            form,
            lambda: corrections.correct_memory(
                principal=who, memory=memory, value=form.cleaned_data["value"]
            ),
        ):
            self.message_user(request, f"Corrected: {label_of(memory)}.", messages.SUCCESS)
            return redirect("admin:memories_memory_change", done.memory.pk)
        self.note_viewed(request, memory)
        context = {"title": f"Correct: {label_of(memory)}", "memory": memory, "form": form}
        return self.page(request, "admin/memories/correct.html", context)

    @admin.action(description="Retract", permissions=["decide"])
    def retract(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        """Take the chosen memories back, after a question."""
        question = (
            "These memories are taken back: nobody is told them any more. "
            "Their history stays, and what they replaced does not come back."
        )
        if page := self.ask(request, rows, action="retract", question=question, name=_named):
            return page
        self.carry_out(
            request,
            rows,
            "Retracted",
            lambda who, row: corrections.retract_memory(principal=who, memory=row),
        )
        return None

    def _to_change(self, request: HttpRequest, pk: int) -> Memory:
        """A memory that this staff member sees and may change. Raises PermissionDenied, Http404."""
        if not self.has_decide_permission(request):
            raise PermissionDenied
        rows: Any = self.get_queryset(request).select_related("project__tenant")
        memory: Memory | None = rows.filter(pk=pk).first()
        if memory is None:
            raise Http404
        return memory


def _named(memory: Memory) -> str:
    return Truncator(memory.text).chars(200)


def _sources(memory: Memory) -> list[ShownSource]:
    """The newest sources with the words around each quote, cut by the database."""
    around = Substr(
        "turn__content",
        Greatest(F("span_start") - AROUND, 0) + 1,
        F("span_end") - F("span_start") + 2 * AROUND,
    )
    rows = Source.objects.filter(memory=memory).select_related("turn__conversation")
    rows = rows.defer("turn__content", "turn__search").annotate(around=around).order_by("-serial")
    return [ShownSource(source, _marked(source)) for source in rows[:SHOWN]]


def _marked(source: Any) -> list[Segment[str]]:
    start = min(source.span_start, AROUND)
    span = Span(start, start + source.span_end - source.span_start, "quote")
    return mark(source.around or "", [span])


def _steps(memory: Memory) -> list[Step]:
    rows = memory.changes.select_related("trace", "turn__conversation")
    rows = rows.defer("turn__content", "turn__search", "trace__returned", "trace__detail")
    return steps_of(rows.order_by("-serial")[:SHOWN])


@admin.register(Entity)
class EntityAdmin(WordsAdmin):
    """People, places and things that memories name."""

    viewed = "entity.viewed"
    list_display = ["name", "type", "merged_into", "user", "project", "created_at"]
    list_filter = [("type", RecentValuesFilter)]
    list_select_related = ["user", "project", "merged_into"]
    search_fields = ["name", "uid"]
    readonly_fields = [*WordsAdmin.readonly_fields, "known_as"]
    fields = [
        *["name", "type", "known_as", "merged_into", "tenant", "project", "user", "scope_shown"],
        *["wire_id", "created_at"],
    ]

    @admin.display(description="also known as")
    def known_as(self, row: Entity) -> str:
        """Its aliases."""
        return ", ".join(row.aliases.values_list("name", flat=True)[:SHOWN])
