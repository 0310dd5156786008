"""Middleware: the request's id and security headers."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from memsync.common.context import begin_request

Handler = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: Handler) -> Handler:
    """Give each request a UUID; problems, audit rows and the answer's header carry it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        facts = begin_request(request)
        response = get_response(request)
        response["X-Request-ID"] = facts.request_id
        return response

    return middleware


def security_headers(get_response: Handler) -> Handler:
    """A strict Content-Security-Policy on everything; pages with people's words are not cached."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Content-Security-Policy", settings.SECURE_CSP)
        if not request.path.startswith(settings.STATIC_URL):
            response.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware
