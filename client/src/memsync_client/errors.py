"""What can go wrong, as one tree below `MemsyncError`."""

from __future__ import annotations

import copyreg
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNEXPECTED = "unexpected_answer"
"""The code of an answer that no MemSync server gives: the URL is that of something else."""
NOT_MEMSYNC = "This is no answer of a MemSync server. Is the URL right?"


class MemsyncError(Exception):
    """Anything this package raises on purpose."""


class InvalidValue(MemsyncError, ValueError):
    """A value refused before any request: a session id that is no UUID, a URL without a host."""


class ConnectionFailed(MemsyncError):
    """No answer: the server is away, the name unknown, or the connection was cut."""


class Timeout(ConnectionFailed):
    """No answer in time."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of a request."""

    field: str
    code: str
    detail: str


class APIError(MemsyncError):
    """The server refused. `request_id` finds it in the server's logs."""

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        request_id: str | None = None,
        trace_id: str | None = None,
        errors: tuple[FieldError, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
        self.trace_id = trace_id
        self.errors = errors
        self.retry_after = retry_after
        """Seconds, where the server said when to come back."""
        super().__init__(self._text())

    def _text(self) -> str:
        text = f"{self.status} {self.code}: {self.detail}"
        for error in self.errors:
            text += f" [{error.field or 'body'}: {error.detail}]"
        return f"{text} (request {self.request_id})" if self.request_id else text

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it passes from one process to another, as from a pool of workers."""
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


class Unauthenticated(APIError):
    """401: no credentials, or they do not work (any more)."""


class Forbidden(APIError):
    """403: these credentials may not do this."""


class NotFound(APIError):
    """404: it does not exist, or not for these credentials."""


class Conflict(APIError):
    """409: it contradicts what is stored; `code` says how."""


class ValidationError(APIError):
    """400, 413, 415 or 422: the request itself is wrong; `errors` names the fields."""


class RateLimited(APIError):
    """429: too often; wait `retry_after` seconds."""


class ServerError(APIError):
    """5xx: the server failed, or is not available right now."""


_BY_STATUS: dict[int, type[APIError]] = {
    400: ValidationError,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: ValidationError,
    415: ValidationError,
    422: ValidationError,
    429: RateLimited,
}


def api_error(status: int, body: object, headers: Mapping[str, str]) -> APIError:
    """The exception for an answer that is not a success; `body` is its JSON, or None."""
    problem = _problem_in(body)
    errors = problem.get("errors")
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else APIError)
    return kind(
        status=status,
        code=str(problem.get("code", UNEXPECTED)),
        detail=str(problem.get("detail", NOT_MEMSYNC)),
        request_id=problem.get("request_id") or headers.get("x-request-id"),
        trace_id=problem.get("trace_id"),
        errors=tuple(map(_field_error, errors)) if isinstance(errors, list) else (),
        retry_after=seconds(headers.get("retry-after")),
    )


def _problem_in(body: object) -> Mapping[str, Any]:
    """The problem that an answer tells; /v1/conversations tells it as OpenAI does."""
    if not isinstance(body, dict):
        return {}
    told = body.get("error")
    if isinstance(told, dict) and told.get("code"):
        return {"code": told["code"], "detail": told.get("message", NOT_MEMSYNC)}
    return body if "code" in body else {}


def without_words(error: Exception) -> str:
    """What went wrong, for a log: a server's `detail` may repeat what somebody said."""
    if isinstance(error, ConnectionFailed):
        return str(error)
    if not isinstance(error, APIError):
        return type(error).__name__
    about = f"{error.status} {error.code}"
    return f"{about} (request {error.request_id})" if error.request_id else about


def seconds(text: str | None) -> float | None:
    """A Retry-After header in seconds; its date form is not used by MemSync."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def _field_error(error: Any) -> FieldError:
    fields = error if isinstance(error, dict) else {}
    return FieldError(
        *(str(fields.get(name, "")) for name in ("field", "code", "detail")),
    )
