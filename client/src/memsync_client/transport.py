"""Two drivers of the same exchanges: one blocks, one awaits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from memsync_client.errors import InvalidValue
from memsync_client.requests import Outcome, Plan, Request, Send, Sleep, steps_of
from memsync_client.version import __version__

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Where the server is, who asks, and how patient we are."""

    base_url: str
    api_key: str | None
    """An API key, or the access token of a signed-in user."""
    context: str = "-"
    timeout: float = 30.0
    """Seconds for each attempt to connect, to send and to get the next bytes."""
    retries: int = 2

    def __post_init__(self) -> None:
        if not _is_server(self.base_url):
            raise InvalidValue(f"{self.base_url!r} is not the http(s) URL of a server.")
        key = self.api_key or ""
        if not (key.isascii() and key.isprintable()):
            raise InvalidValue("An API key has printable ASCII characters only.")

    def arguments(self, send: Send) -> dict[str, Any]:
        """What httpx is told."""
        request = send.request
        arguments: dict[str, Any] = {"params": list(request.params), "headers": dict(send.headers)}
        if request.content is not None:
            arguments["content"] = request.content
            arguments["headers"]["Content-Type"] = request.content_type
        elif request.body is not None:
            arguments["json"] = request.body
        return arguments | {"method": request.method, "url": self.url_of(request)}

    def url_of(self, request: Request[Any]) -> str:
        """The whole URL."""
        project = "" if request.is_global else f"/api/v1/{quote(self.context, safe='')}"
        return f"{self.base_url.rstrip('/')}{project}{request.path}"

    def headers(self) -> Mapping[str, str]:
        """What every request carries."""
        headers = {"User-Agent": f"memsync-client/{__version__}", "Accept": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return headers


class Blocking:
    """Sends and waits."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._http = httpx.Client(headers=settings.headers(), timeout=settings.timeout)

    def perform(self, call: Request[T] | Plan[T]) -> T:
        """The result of one call, or of several that make one. Raises MemsyncError."""
        if isinstance(call, Request):
            call = _alone(call)
        steps = steps_of(call, retries=self.settings.retries)
        try:
            action = next(steps)
            while True:
                action = steps.send(self._act(action))
        except StopIteration as done:
            result: T = done.value
            return result
        finally:  # cut short, the plan is told at once
            steps.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _act(self, action: Send | Sleep) -> Outcome | None:
        if isinstance(action, Sleep):
            time.sleep(action.seconds)
            return None
        try:
            return self._http.send(_built(self._http, self.settings.arguments(action)))
        except httpx.HTTPError as error:
            return error


class Awaiting:
    """Sends and awaits."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._http = httpx.AsyncClient(headers=settings.headers(), timeout=settings.timeout)

    async def perform(self, call: Request[T] | Plan[T]) -> T:
        """The result of one call, or of several that make one. Raises MemsyncError."""
        if isinstance(call, Request):
            call = _alone(call)
        steps = steps_of(call, retries=self.settings.retries)
        try:
            action = next(steps)
            while True:
                action = steps.send(await self._act(action))
        except StopIteration as done:
            result: T = done.value
            return result
        finally:  # cut short, the plan is told at once
            steps.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _act(self, action: Send | Sleep) -> Outcome | None:
        if isinstance(action, Sleep):
            await asyncio.sleep(action.seconds)
            return None
        try:
            return await self._http.send(_built(self._http, self.settings.arguments(action)))
        except httpx.HTTPError as error:
            return error


def _is_server(url: str) -> bool:
    """Whether a text is the http(s) URL of a host that can be asked."""
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        name, _ = (parts.hostname or "").encode("idna"), parts.port
    except (ValueError, httpx.InvalidURL):
        return False
    return parts.scheme in {"http", "https"} and bool(name)


def _built(http: httpx.Client | httpx.AsyncClient, arguments: dict[str, Any]) -> httpx.Request:
    """What is sent. Raises InvalidValue for a value that no request can hold."""
    try:
        return http.build_request(**arguments)
    except (ValueError, TypeError, httpx.InvalidURL) as error:
        raise InvalidValue(f"This cannot be sent: {error}") from error


def _alone(request: Request[T]) -> Plan[T]:
    """A plan of one request."""
    result: T = yield request
    return result
