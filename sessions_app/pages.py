"""A browser signed in to the pages: Django's cookie session, bound to a token family.

One code for the login page and the admin's: whoever is signed in by a cookie has a family, which
they and staff can see and end like any other.
"""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from memsync.common.ids import parse_uuid
from sessions_app import services

FAMILY_KEY = "memsync_family"
DEVICE_COOKIE = "ms_device"
DEVICE_COOKIE_AGE = 365 * 24 * 3600
_DEVICE_FORM = re.compile(r"[0-9a-f]{32}")


def bound_family(request: HttpRequest) -> UUID | None:
    """The family of this page session."""
    return parse_uuid(request.session.get(FAMILY_KEY))


def sign_in_browser(request: HttpRequest, user: User) -> str:
    """Start a family for a person whose credentials were checked, and bind the session to it.

    Returns what recognizes the browser, for `remember_browser`. If somebody else was signed in,
    that ends. Raises BadCredentials.
    """
    device = request.COOKIES.get(DEVICE_COOKIE, "")
    if not _DEVICE_FORM.fullmatch(device):
        device = secrets.token_hex(16)
    family = services.start_page_family(user=user, fingerprint=f"page:{device}")
    end_family_of_browser(request)
    login(request, user)
    request.session[FAMILY_KEY] = str(family.pk)
    return device


def remember_browser(request: HttpRequest, response: HttpResponse, device: str) -> None:
    """Let the same browser be the same device next time. It is a signal, not a credential."""
    response.set_cookie(
        DEVICE_COOKIE,
        device,
        max_age=DEVICE_COOKIE_AGE,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def sign_out_browser(request: HttpRequest) -> None:
    """End the family of this page session, and the session."""
    end_family_of_browser(request)
    logout(request)


def end_family_of_browser(request: HttpRequest) -> None:
    """End the family that this page session is bound to, if any."""
    family = bound_family(request)
    user = request.user
    if family and isinstance(user, User):
        services.sign_out(tenant_id=user.tenant_id, user_id=user.pk, family_id=family)
