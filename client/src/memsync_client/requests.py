"""One call of the API without I/O: what is sent, when it is repeated, how the answer is read."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import httpx

from memsync_client.errors import (
    NOT_MEMSYNC,
    UNEXPECTED,
    APIError,
    ConnectionFailed,
    InvalidValue,
    MemsyncError,
    Timeout,
    api_error,
)
from memsync_client.records import Page, Record

T = TypeVar("T")
R = TypeVar("R", bound=Record)

Scope = Sequence[str] | Mapping[str, str]
"""Tags, as `["user=u_alice"]` or as `{"user": "u_alice"}`."""

LONGEST_PAUSE = 8.0
"""Seconds; a server that asks for more is not waited for."""
NDJSON = "application/x-ndjson"
"""The content type of an export."""
IN_FLIGHT = "idempotency_in_flight"
UNSENDABLE = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)
"""What httpx raises for a request that is wrong, before or instead of sending it."""


@dataclass(frozen=True)
class Request(Generic[T]):
    """A call: `path` is below the project unless `is_global`; `read` makes the result."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = None
    content: bytes | None = None
    content_type: str = "application/json"
    is_keyed: bool = False
    """A write that the server does once per Idempotency-Key."""
    is_read: bool = False
    """It changes nothing, so it may be repeated."""
    is_global: bool = False
    is_streamed: bool = False
    """Its answer is handed on while it comes."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def may_repeat(self) -> bool:
        """Whether sending it twice does it once."""
        return self.is_read or self.is_keyed


@dataclass(frozen=True)
class Send:
    """Asks the driver to send; it gives back a response or the httpx error."""

    request: Request[Any]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Sleep:
    """Asks the driver to wait."""

    seconds: float


Outcome = httpx.Response | httpx.HTTPError
Exchange = Generator[Send | Sleep, Any, T]
"""What a driver does step by step for one result."""
Plan = Generator[Request[Any], Any, T]
"""Several calls that make one: it yields requests and is given their results."""


def get(path: str, read: Callable[[httpx.Response], T], **params: Any) -> Request[T]:
    """A read."""
    return Request("GET", path, read, params=query(params), is_read=True)


def post(
    path: str,
    read: Callable[[httpx.Response], T],
    body: Mapping[str, Any],
    *,
    wait: bool = True,
    **params: Any,
) -> Request[T]:
    """A write that is done once however often it is sent; `wait` for what it teaches, or not."""
    return Request(
        "POST",
        path,
        read,
        params=query(params),
        body=without_none(body),
        is_keyed=True,
        headers={} if wait else {"Prefer": "respond-async"},
    )


def streamed(path: str, **params: Any) -> Request[httpx.Response]:
    """A read whose answer is as long as it likes."""
    return Request(
        "GET", path, lambda answer: answer, params=query(params), is_read=True, is_streamed=True
    )


def ask(path: str, read: Callable[[httpx.Response], T], body: Mapping[str, Any]) -> Request[T]:
    """A read that needs a body."""
    return Request("POST", path, read, body=without_none(body), is_read=True)


def steps_of(plan: Plan[T], *, retries: int) -> Exchange[T]:
    """The steps of a plan; a plan may catch what one of its requests raises."""
    try:
        request = next(plan)
        while True:
            try:
                result = yield from exchange(request, retries=retries)
            except MemsyncError as error:
                request = plan.throw(error)
            else:
                request = plan.send(result)
    except StopIteration as done:
        final: T = done.value
        return final
    finally:
        plan.close()


def exchange(request: Request[T], *, retries: int) -> Exchange[T]:
    """Send a request, again where that is safe and may help. Raises MemsyncError.

    All attempts of one call carry the same random Idempotency-Key.
    """
    headers = dict(request.headers)
    if request.is_keyed:
        headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
    for attempt in range(retries + 1):
        outcome: Outcome = yield Send(request, headers)
        pause = pause_before_retry(request, outcome, attempt)
        if attempt == retries or pause is None:
            break
        yield Sleep(pause)
    return result_of(request, outcome)


def pause_before_retry(request: Request[Any], outcome: Outcome, attempt: int) -> float | None:
    """Seconds to wait before sending again; None when it must not or need not be."""
    if not request.may_repeat:
        return None
    backoff: float = min(LONGEST_PAUSE, 0.25 * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
    if isinstance(outcome, UNSENDABLE):
        return None
    if isinstance(outcome, httpx.HTTPError):
        return backoff
    if outcome.status_code < 500 and not _is_in_flight(outcome):
        return None
    asked = api_error(outcome.status_code, None, outcome.headers).retry_after
    if asked is None:
        return backoff
    return asked if asked <= LONGEST_PAUSE else None


def _is_in_flight(response: httpx.Response) -> bool:
    """Our own earlier attempt is still at work."""
    body = json_of(response) if response.status_code == 409 else None
    return isinstance(body, dict) and body.get("code") == IN_FLIGHT


def result_of(request: Request[T], outcome: Outcome) -> T:
    """The result, or the exception that fits."""
    if isinstance(outcome, UNSENDABLE):
        raise without_answer(outcome)  # its words may repeat a header: they stay out of tracebacks
    if isinstance(outcome, httpx.HTTPError):
        raise without_answer(outcome) from outcome
    if not outcome.is_success:
        raise api_error(outcome.status_code, json_of(outcome), outcome.headers)
    try:
        return request.read(outcome)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise APIError(
            status=outcome.status_code,
            code=UNEXPECTED,
            detail=NOT_MEMSYNC,
        ) from error


def without_answer(error: httpx.HTTPError) -> MemsyncError:
    """The exception for what httpx raised; not its words, which may repeat what was sent."""
    if isinstance(error, UNSENDABLE):
        return InvalidValue(f"This cannot be sent to {_host(error)}: {type(error).__name__}")
    if isinstance(error, httpx.TimeoutException):
        return Timeout(f"No answer in time from {_host(error)}.")
    return ConnectionFailed(f"No connection to {_host(error)}: {type(error).__name__}")


def _host(error: httpx.HTTPError) -> str:
    try:
        return error.request.url.netloc.decode()
    except RuntimeError:
        return "the server"


def record(kind: type[R]) -> Callable[[httpx.Response], R]:
    """Reads an object."""
    return lambda response: kind(response.json())


def page(kind: type[R]) -> Callable[[httpx.Response], Page[R]]:
    """Reads a page of a list."""

    def read(response: httpx.Response) -> Page[R]:
        body = dict(response.json())
        return cast("Page[R]", Page(body | {"data": [kind(row) for row in body["data"]]}))

    return read


def text(response: httpx.Response) -> str:
    """Reads text."""
    return response.text


class LineReader:
    """Lines of an export out of pieces of bytes: a line feed ends them, and nothing else.

    Raises APIError for what is no export.
    """

    def __init__(self, answer: httpx.Response) -> None:
        self._status = answer.status_code
        self._begun = b""
        self._has_header = False
        self._kind = answer.headers.get("content-type", "").partition(";")[0].strip()

    def feed(self, piece: bytes) -> list[str]:
        """The lines that this piece ends."""
        if self._kind != NDJSON:
            raise self._no_export()
        *ended, self._begun = (self._begun + piece).split(b"\n")
        return [self._checked(line) for line in ended]

    def end(self) -> list[str]:
        """The last line, where nothing ended it."""
        lines = [self._checked(self._begun)] if self._begun else []
        if not self._has_header:
            raise self._no_export()
        return lines

    def _checked(self, raw: bytes) -> str:
        try:
            line = raw.decode()
            self._has_header = self._has_header or json.loads(line)["type"] == "memsync"
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise self._no_export() from error
        if not self._has_header:
            raise self._no_export()
        return line

    def _no_export(self) -> APIError:
        return APIError(status=self._status, code=UNEXPECTED, detail=NOT_MEMSYNC)


def nothing(response: httpx.Response) -> None:
    """Reads nothing."""


def json_of(response: httpx.Response) -> object:
    """The body as JSON; None when it is none."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def tags(scope: Scope | str | None) -> list[str] | None:
    """A scope as the wire wants it."""
    if scope is None:
        return None
    if isinstance(scope, str):
        return [scope]
    if isinstance(scope, Mapping):
        return [f"{name}={value}" for name, value in scope.items()]
    return list(scope)


def query(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Query parameters; a list repeats its name, None is left out."""
    return [(name, _as_text(each)) for name, value in params.items() for each in _each(value)]


def _each(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def segment(value: object) -> str:
    """A value as one segment of a path. Raises InvalidValue for what cannot be one."""
    shown = str(value)
    if shown in {"", ".", ".."}:
        raise InvalidValue(f"{shown!r} cannot be part of a path.")
    return quote(shown, safe="")
