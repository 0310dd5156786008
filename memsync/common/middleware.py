"""Middleware: how long it took, the request's id, security headers."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from memsync.common import metrics
from memsync.common.context import begin_request

Handler = Callable[[HttpRequest], HttpResponse]


def measured(get_response: Handler) -> Handler:
    """Count each request and its time for `/metrics`; a streamed answer counts as it begins."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        metrics.note_request(request, response.status_code, time.perf_counter() - started)
        return response

    return middleware


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
