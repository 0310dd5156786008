"""The refresh token of a web session: in a cookie that no script reads and no other site sends."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from memsync.common.api import is_of_another_origin
from memsync.common.errors import Forbidden
from sessions_app.services import SignedIn

NAME = "ms_refresh"
REQUIRED_HEADER = "X-Requested-With"


class CrossSite(Forbidden):
    """The request does not show that a page of ours sent it."""

    code = "cross_site"
    detail = f"With the cookie send {REQUIRED_HEADER} and the Origin of this server."


def cookie_name(request: HttpRequest | Request) -> str:
    """Over TLS the prefix makes browsers refuse the cookie from anybody but this very host."""
    return f"__Host-{NAME}" if _is_secure(request) else NAME


def read_cookie(request: Request) -> str | None:
    """The refresh token of the cookie."""
    return request.COOKIES.get(cookie_name(request)) or None


def set_cookie(request: Request, response: Response, signed_in: SignedIn) -> None:
    """Give the browser the refresh token, until the family ends."""
    response.set_cookie(
        cookie_name(request),
        signed_in.refresh,
        expires=signed_in.family.expires_at,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="Strict",
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Take it back."""
    response.set_cookie(
        cookie_name(request),
        "",
        max_age=0,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="Strict",
    )


def require_same_site(request: Request) -> None:
    """A header that no form can send, and our own Origin. Raises CrossSite."""
    if not request.headers.get(REQUIRED_HEADER) or "Origin" not in request.headers:
        raise CrossSite
    refuse_foreign_origin(request)


def refuse_foreign_origin(request: Request) -> None:
    """A page of another site must not even sign somebody in here. Raises CrossSite."""
    if is_of_another_origin(request):
        raise CrossSite


def _is_secure(request: HttpRequest | Request) -> bool:
    return settings.SESSION_COOKIE_SECURE or request.is_secure()
