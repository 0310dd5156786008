"""Admin actions that ask before they act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

SHOWN = 20
"""Rows that the question names; of more it says that there are more."""


def ask(
    admin: ModelAdmin,
    request: HttpRequest,
    rows: QuerySet,
    *,
    action: str,
    question: str,
    name: Callable[[Any], str] = str,
) -> TemplateResponse | None:
    """The page that asks whether to do `action` to `rows`; None once that was confirmed."""
    if request.POST.get("confirmed"):
        return None
    named = list(rows[: SHOWN + 1])
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        "title": "Are you sure?",
        "opts": admin.opts,
        "question": question,
        "rows": [name(row) for row in named[:SHOWN]],
        "has_more": len(named) > SHOWN,
        "action": action,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across", "0"),
    }
    return TemplateResponse(request, "admin/confirm.html", context)
