"""The uncertainty desk: what is not settled yet, for staff to decide or to dismiss."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator

from memories import corrections
from memories.admin.memories import ShownMemoryAdmin
from memories.forms import DismissForm, SettleForm
from memories.models import Memory, Uncertainty
from memories.uncertainties import KINDS, options_of
from memsync.common.confirm import SHOWN


class KindFilter(admin.SimpleListFilter):
    """What kind of uncertainty."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """In words."""
        return list(KINDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() in KINDS else queryset


@admin.register(Uncertainty)
class UncertaintyAdmin(ShownMemoryAdmin):
    """Live uncertainties; what is settled is found among the memories."""

    list_display = ["question", "what", "user", "project", "created_at"]
    list_filter = [KindFilter]
    list_select_related = ["user", "project"]
    search_fields = ["value", "subject", "uid"]
    actions = ["resolve", "reject"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Not settled yet."""
        return super().get_queryset(request).filter(category="uncertainty", status="live")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As of memories."""
        return request.user.has_perm("memories.view_memory")

    @admin.display(description="question")
    def question(self, row: Uncertainty) -> str:
        """What it is about."""
        return Truncator(row.value).chars(100)

    @admin.display(description="kind")
    def what(self, row: Uncertainty) -> str:
        """In words."""
        return KINDS.get(row.kind, row.kind)

    @admin.action(description="Reject", permissions=["decide"])
    def reject(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        """Dismiss the chosen uncertainties, after a question."""
        question = (
            "These questions are dismissed: what holds now goes on holding, and the values that "
            "contest it are taken back."
        )
        if page := self.ask(request, rows, action="reject", question=question, name=self.question):
            return page
        self.carry_out(
            request,
            rows,
            "Rejected",
            lambda who, row: corrections.resolve_uncertainty(principal=who, memory=row),
        )
        return None

    @admin.action(description="Resolve", permissions=["decide"])
    def resolve(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        """Decide the chosen uncertainties, each on its own, on one page."""
        doubts = list(rows.select_related("project")[: SHOWN + 1])
        if len(doubts) > SHOWN:
            self.message_user(request, f"Choose at most {SHOWN} at a time.", messages.ERROR)
            return None
        forms = self._forms(request, doubts)
        if not (request.POST.get("confirmed") and all(form.is_valid() for form in forms.values())):
            self.note_viewed(request, *doubts)
            return self._ask(request, doubts, forms)
        self.carry_out(
            request,
            rows.filter(pk__in=forms),
            "Resolved",
            lambda who, row: corrections.resolve_uncertainty(
                principal=who, memory=row, value=forms[row.pk].value
            ),
        )
        return None

    def _forms(
        self, request: HttpRequest, doubts: list[Memory]
    ) -> dict[int, SettleForm | DismissForm]:
        """A form for each, with what is in question; the values of all take one statement."""
        sent = request.POST if request.POST.get("confirmed") else None
        options = options_of(doubts, super().get_queryset(request))
        return {
            doubt.pk: SettleForm(options[doubt.pk], sent, prefix=f"doubt-{doubt.pk}")
            if options.get(doubt.pk)
            else DismissForm(sent)
            for doubt in doubts
        }

    def _ask(
        self, request: HttpRequest, doubts: list[Memory], forms: dict[int, Any]
    ) -> HttpResponse:
        context = {
            "title": "What is right?",
            "asked": [(doubt, KINDS.get(doubt.kind, ""), forms[doubt.pk]) for doubt in doubts],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
        }
        return self.page(request, "admin/memories/resolve.html", context)
