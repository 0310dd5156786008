"""Pages: my conversations."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.pages import reading_page
from accounts.principals import Principal
from conversations.models import Conversation
from conversations.querysets import ConversationQuerySet
from memsync.common.keyset import newest

PAGE = 25
DAYS = [(7, "In the last week"), (30, "In the last month"), (365, "In the last year")]


class ConversationFilter(forms.Form):
    """What to show of one's conversations; archived ones only on request."""

    q = forms.CharField(
        label="Title contains",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    status = forms.ChoiceField(
        label="Status",
        choices=[("", "All but archived"), *Conversation.Status.choices],
        required=False,
    )

    kind = forms.CharField(label="Kind", max_length=32, required=False)
    days = forms.TypedChoiceField(
        label="Last active",
        choices=[("", "At any time"), *DAYS],
        coerce=int,
        required=False,
    )

    def applied_to(self, rows: ConversationQuerySet) -> ConversationQuerySet:
        """The rows that the valid fields of the form select; an invalid form selects none."""
        if not self.is_valid():
            return rows.none()
        if self.cleaned_data["q"]:
            rows = rows.filter(title__icontains=self.cleaned_data["q"])
        if self.cleaned_data["kind"]:
            rows = rows.filter(kind=self.cleaned_data["kind"])
        if days := self.cleaned_data["days"]:
            rows = rows.filter(last_activity_at__gte=timezone.now() - timedelta(days=days))
        if status := self.cleaned_data["status"]:
            return rows.filter(status=status)
        return rows.exclude(status=Conversation.Status.ARCHIVED)


@reading_page
def conversations(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """My conversations over all projects of the tenant, the last active first."""
    form = ConversationFilter(request.GET, label_suffix="")
    rows = form.applied_to(Conversation.objects.reachable(principal)).for_pages()
    page = newest(
        rows,
        by=["last_activity_at", "serial"],
        cursor=request.GET.get("before", ""),
        size=PAGE,
    )
    is_filtered = any(request.GET.get(name) for name in form.fields)
    context = {"form": form, "page": page, "is_filtered": is_filtered}
    return render(request, "conversations/list.html", context)
