"""Staff correct and retract memories, through the services that keys and people use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import User
from accounts.pages import signed_in_user
from accounts.principals import Principal, of_staff
from memories.admin.base import WordsAdmin
from memories.forms import in_words
from memories.models import Memory
from memsync.common.confirm import SHOWN, ask
from memsync.common.errors import Problem
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import alias

AT_ONCE = 100
"""Memories that one action changes."""
RANGES = {"0-50": "below 50%", "50-70": "50% to 70%", "70-90": "70% to 90%", "90-101": "90% and up"}


class ConfidenceFilter(admin.SimpleListFilter):
    """How sure; below 70% a claim replaces nothing."""

    title = "confidence"
    parameter_name = "sure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The ranges."""
        return list(RANGES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """The memories in the chosen range."""
        if self.value() not in RANGES:
            return queryset
        low, high = (int(edge) / 100 for edge in str(self.value()).split("-"))
        return queryset.filter(confidence__gte=low, confidence__lt=high)


class ActingAdmin(WordsAdmin):
    """Memories that staff with the right to change them act on."""

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """For the actions and their buttons."""
        return request.user.has_perm("memories.change_memory")

    def ask(self, request: HttpRequest, rows: QuerySet, **question: Any) -> HttpResponse | None:
        """The page that asks whether to act on the rows, and shows them; None once confirmed."""
        page = ask(self, request, rows, **question)
        if page is not None:
            self.note_viewed(request, *rows[:SHOWN])
        return page

    def carry_out(
        self,
        request: HttpRequest,
        rows: QuerySet,
        done: str,
        act: Callable[[Principal, Memory], Any],
    ) -> None:
        """Do `act` to each of the rows, and say how many were `done` and what was refused."""
        chosen = list(rows.select_related("project__tenant").order_by("serial")[: AT_ONCE + 1])
        if len(chosen) > AT_ONCE:
            self.message_user(request, f"Choose at most {AT_ONCE} at a time.", messages.ERROR)
            return
        refused = each(signed_in_user(request), chosen, act)
        for reason in sorted(set(refused)):
            self.message_user(request, reason, messages.ERROR)
        if count := len(chosen) - len(refused):
            self.message_user(request, f"{done}: {count}.", messages.SUCCESS)

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        """A page of this admin."""
        around = self.admin_site.each_context(request) | {"opts": self.opts}
        return TemplateResponse(request, template, around | context)


def each(user: User, rows: Sequence[Memory], act: Callable[[Principal, Memory], Any]) -> list[str]:
    """Do `act` to each row, as this staff member of its project. Returns why rows were refused.

    All in one transaction; the locks of all scopes come first, in the order in which erasures take
    them, since each change ends with the lock of its project's counter.
    """
    refused = []
    with transaction.atomic(using=alias()):
        for project_id, scope_key in sorted({(row.project_id, row.scope_key) for row in rows}):
            lock(LockSpace.RECONCILE, f"{project_id}:{scope_key}")
        for row in rows:
            try:
                act(of_staff(user, row.project), row)
            except Problem as problem:
                refused.append(in_words(problem))
    return refused
