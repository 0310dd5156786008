"""Errors: one small tree, rendered as RFC 9457 problems on every surface of the API."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response

from memsync.common.context import request_facts

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
OPENAI_PREFIX = "/v1/"
_OPENAI_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.CONFLICT: "conflict_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}
TRANSIENT = (OperationalError, InterfaceError)
"""The database is away, restarting, or a lock was not had in time: nothing is known to be lost."""


class Problem(Exception):
    """An error with a stable code. `errors` holds (field, code, detail) of single fields."""

    status = HTTPStatus.BAD_REQUEST
    code = "invalid"
    detail = "The request is not valid."

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        errors: list[tuple[str, str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail or self.detail
        self.code = code or self.code
        self.errors = errors or []
        self.headers = dict(headers or {})
        super().__init__(self.detail)


class BadRequest(Problem):
    """400."""


class InvalidField(BadRequest):
    """400 for one field."""

    def __init__(self, field: str, detail: str, *, code: str = "invalid") -> None:
        super().__init__("Some fields are not valid.", errors=[(field, code, detail)])


class Unauthenticated(Problem):
    """401."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not_authenticated"
    detail = "Valid credentials are needed."

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        super().__init__(detail, code=code, headers=challenge)


class Forbidden(Problem):
    """403: the caller may know that it exists, but not do this."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"
    detail = "These credentials may not do this."


class NotFound(Problem):
    """404: it does not exist, or not for this caller. One body for both."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    detail = "There is no such resource."


class Conflict(Problem):
    """409."""

    status = HTTPStatus.CONFLICT
    code = "conflict"
    detail = "It conflicts with what is stored."


class TooLarge(Problem):
    """413."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"
    detail = "The request body is larger than allowed."


class UnsupportedMedia(Problem):
    """415."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    detail = "Send application/json in UTF-8."


class Unprocessable(Problem):
    """422."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unprocessable"
    detail = "The request cannot be processed."


class TooManyRequests(Problem):
    """429."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    detail = "Too many requests."


class Unavailable(Problem):
    """503: try again; with the same Idempotency-Key a write is done once."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    detail = "The database is not available right now. Try again."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


def problem_body(problem: Problem) -> dict[str, Any]:
    """The JSON body of a problem."""
    body: dict[str, Any] = {
        "type": f"urn:memsync:problem:{problem.code}",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_facts().request_id,
    }
    if problem.errors:
        body["errors"] = [
            {"field": field, "code": code, "detail": detail}
            for field, code, detail in problem.errors
        ]
    return body


def problem_response(problem: Problem) -> HttpResponse:
    """A problem as a plain Django response."""
    return HttpResponse(
        orjson.dumps(problem_body(problem)),
        status=problem.status,
        content_type=PROBLEM_JSON,
        headers=problem.headers,
    )


def openai_body(problem: Problem) -> dict[str, Any]:
    """A problem in OpenAI's envelope; of several bad fields `param` is the first."""
    fields = [(_path(field), detail) for field, _, detail in problem.errors]
    said = "; ".join(f"{field}: {detail}" if field else detail for field, detail in fields)
    kind = "server_error" if problem.status >= 500 else "invalid_request_error"
    error = {
        "message": said or problem.detail,
        "type": _OPENAI_TYPES.get(problem.status, kind),
        "param": (fields[0][0] or None) if fields else None,
        "code": problem.code,
    }
    return {"error": error}


def openai_headers(problem: Problem) -> dict[str, str]:
    """The headers of a problem. OpenAI's clients repeat every 409 unless they are told not to."""
    is_final = problem.status == HTTPStatus.CONFLICT and "Retry-After" not in problem.headers
    return problem.headers | ({"x-should-retry": "false"} if is_final else {})


def openai_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """As `exception_handler`, for the routes that speak as OpenAI's do."""
    problem = as_problem(error)
    if problem is None:
        return None
    return Response(openai_body(problem), problem.status, headers=openai_headers(problem))


def _path(field: str) -> str:
    """`items.0.role` as OpenAI writes it: `items[0].role`."""
    return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", field)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every exception of an API view becomes a problem; None lets a bug be a 500."""
    problem = as_problem(error)
    if problem is None:
        return None
    return Response(
        problem_body(problem),
        status=problem.status,
        headers=problem.headers,
        content_type=PROBLEM_JSON,
    )


def as_problem(error: BaseException | None) -> Problem | None:
    """The problem that an exception amounts to; None for a bug."""
    match error:
        case Problem():
            return error
        case Http404() | exceptions.NotFound():
            return NotFound()
        case PermissionDenied() | exceptions.PermissionDenied():
            return Forbidden()
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Unauthenticated()
        case exceptions.ValidationError():
            return BadRequest("Some fields are not valid.", errors=list(_flat(error.detail)))
        case exceptions.UnsupportedMediaType():
            return UnsupportedMedia()
        case exceptions.APIException():
            return _from_drf(error)
        case IntegrityError():
            logger.warning("unexpected integrity error: %s", type(error.__cause__).__name__)
            return Conflict()
        case DataError():
            return BadRequest("A value is out of range.")
        case _ if isinstance(error, TRANSIENT):
            logger.warning("database unavailable: %s", type(error.__cause__).__name__)
            return Unavailable()
    return None


def _from_drf(error: exceptions.APIException) -> Problem:
    problem = Problem(str(error.detail), code=str(error.default_code))
    problem.status = HTTPStatus(error.status_code)
    return problem


def _flat(detail: Any, field: str = "") -> Iterator[tuple[str, str, str]]:
    """DRF's nested error details as (dotted field, code, text)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _flat(inner, ".".join(part for part in (field, own) if part))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (dict, list))
            yield from _flat(inner, f"{field}.{index}".strip(".") if nested else field)
    else:
        yield field, str(getattr(detail, "code", "invalid")), str(detail)


def is_api(request: HttpRequest) -> bool:
    """Whether the path belongs to the API rather than to pages."""
    return request.path.startswith(settings.API_PREFIXES)


def _answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A problem for the API, in OpenAI's form below its path, a page for people."""
    if request.path.startswith(OPENAI_PREFIX):
        headers = openai_headers(problem)
        return JsonResponse(openai_body(problem), status=problem.status, headers=headers)
    if is_api(request):
        return problem_response(problem)
    response = render(request, "error.html", {"problem": problem}, status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's own 400s: a foreign Host header, a suspicious operation."""
    return _answer(request, BadRequest())


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's own 403s."""
    return _answer(request, Forbidden())


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No such route, or no such row."""
    return _answer(request, NotFound())


def handler500(request: HttpRequest) -> HttpResponse:
    """Anything uncaught: 503 when the database is away, else a bug."""
    problem = as_problem(sys.exc_info()[1])
    if problem is None:
        problem = Problem("An unexpected error occurred.", code="internal_error")
        problem.status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(request, problem)
