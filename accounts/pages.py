"""What every page for signed-in people shares: who reads it, resolved in one place."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.principals import of_user

NO_TENANT = (
    "You belong to no organization, so you have no conversations and memories of your own. "
    "Here is what is stored for everybody."
)


Page = Callable[..., HttpResponseBase]


def reading_page(view: Page) -> Page:
    """A page that a person reads: `view(request, principal=…, …)`."""
    return require_safe(_own_page(view))


def acting_page(view: Page) -> Page:
    """A page that asks on GET and acts on POST: `view(request, principal=…, …)`."""
    return require_http_methods(["GET", "HEAD", "POST"])(_own_page(view))


def _own_page(view: Page) -> Page:
    """Others sign in first; staff without a tenant, who own nothing, are sent to the admin."""

    @login_required
    @wraps(view)
    def page(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        user = signed_in_user(request)
        if user.tenant_id is None:
            messages.info(request, NO_TENANT)
            return redirect("admin:index")
        return view(request, principal=of_user(user), **kwargs)

    return page


def signed_in_user(request: HttpRequest) -> User:
    """The person of a request that only signed-in people can make."""
    if isinstance(request.user, AnonymousUser):
        raise TypeError("nobody is signed in")
    return request.user
