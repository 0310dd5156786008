"""The start page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What MemSync is and where to sign in; signed-in people go on to their conversations."""
    if request.user.is_authenticated:
        return redirect("conversations" if request.user.tenant_id else "admin:index")
    return render(request, "home.html")
