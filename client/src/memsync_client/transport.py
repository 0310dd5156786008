"""Two drivers of the same exchanges: one blocks, one awaits."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from memsync_client.errors import InvalidValue
from memsync_client.forks import renew_in_children
from memsync_client.requests import (
    LineReader,
    Outcome,
    Plan,
    Request,
    Send,
    Sleep,
    steps_of,
    without_answer,
)
from memsync_client.version import __version__

T = TypeVar("T")
H = TypeVar("H", httpx.Client, httpx.AsyncClient)
"""What holds connections."""


@dataclass(frozen=True)
class Settings:
    """Where the server is, who asks, and how patient we are."""

    base_url: str
    api_key: str | None = field(repr=False)
    """An API key, or the access token of a signed-in user."""
    context: str = "-"
    timeout: float = 30.0
    """Seconds for each attempt to connect, to send and to get the next bytes."""
    retries: int = 2

    def __post_init__(self) -> None:
        if not _is_server(self.base_url):
            raise InvalidValue(f"{self.base_url!r} is not the http(s) URL of a server.")
        key = self.api_key or ""
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise InvalidValue("An API key has printable ASCII characters only, and no blanks.")

    def with_key(self, api_key: str) -> Settings:
        """The same with another key. Raises InvalidValue, also for none."""
        if not api_key:
            raise InvalidValue("Say which API key.")
        return replace(self, api_key=api_key)

    def arguments(self, send: Send) -> dict[str, Any]:
        """What httpx is told."""
        request = send.request
        headers = {**self._credentials(), **send.headers}
        arguments: dict[str, Any] = {"params": list(request.params), "headers": headers}
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
        """What every request carries, whoever asks."""
        return {"User-Agent": f"memsync-client/{__version__}", "Accept": "application/json"}

    def _credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}


class Driver(Generic[H]):
    """What both drivers share."""

    def __init__(self, settings: Settings, make: Callable[..., H]) -> None:
        self.settings = settings
        self._make: Callable[..., H] = make
        self._tls = httpx.create_ssl_context()
        self.begin()
        self._connected()
        renew_in_children(self)

    def begin(self) -> None:
        """Have no connections: those of a parent process are left alone, as it uses them."""
        self._lock = threading.Lock()
        self._http: H | None = None

    def set_api_key(self, api_key: str) -> None:
        """Ask with another key from now on. Raises InvalidValue."""
        self.settings = self.settings.with_key(api_key)

    def _connected(self) -> H:
        """What holds the connections of this process."""
        with self._lock:
            if self._http is None:
                headers, timeout = self.settings.headers(), self.settings.timeout
                self._http = self._make(headers=headers, timeout=timeout, verify=self._tls)
            return self._http


class Blocking(Driver[httpx.Client]):
    """Sends and waits."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, httpx.Client)

    def perform(self, call: Request[T] | Plan[T], settings: Settings | None = None) -> T:
        """The result of one call, or of several that make one, all asked with one key.

        Raises MemsyncError.
        """
        if isinstance(call, Request):
            call = _alone(call)
        settings = settings or self.settings
        steps = steps_of(call, retries=settings.retries)
        try:
            action = next(steps)
            while True:
                action = steps.send(self._act(action, settings))
        except StopIteration as done:
            result: T = done.value
            return result
        finally:  # cut short, the plan is told at once
            steps.close()

    def lines(self, request: Request[httpx.Response]) -> Iterator[str]:
        """The lines of an answer, as they come. Raises MemsyncError, also between lines."""
        response = self.perform(request)
        try:
            reader = LineReader(response)
            for chunk in response.iter_bytes():
                yield from reader.feed(chunk)
        except httpx.HTTPError as error:
            raise without_answer(error) from error
        finally:
            response.close()
        yield from reader.end()

    def close(self) -> None:
        """Close the connections."""
        self._connected().close()

    def _act(self, action: Send | Sleep, settings: Settings) -> Outcome | None:
        if isinstance(action, Sleep):
            time.sleep(action.seconds)
            return None
        try:
            http = self._connected()
            built = _built(http, settings.arguments(action))
            response = http.send(built, stream=action.request.is_streamed)
            if not response.is_success:
                response.read()
            return response
        except httpx.HTTPError as error:
            return error


class Awaiting(Driver[httpx.AsyncClient]):
    """Sends and awaits."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, httpx.AsyncClient)

    async def perform(self, call: Request[T] | Plan[T]) -> T:
        """The result of one call, or of several that make one, all asked with one key.

        Raises MemsyncError.
        """
        if isinstance(call, Request):
            call = _alone(call)
        settings = self.settings
        steps = steps_of(call, retries=settings.retries)
        try:
            action = next(steps)
            while True:
                action = steps.send(await self._act(action, settings))
        except StopIteration as done:
            result: T = done.value
            return result
        finally:  # cut short, the plan is told at once
            steps.close()

    async def lines(self, request: Request[httpx.Response]) -> AsyncIterator[str]:
        """The lines of an answer, as they come. Raises MemsyncError, also between lines."""
        response = await self.perform(request)
        try:
            reader = LineReader(response)
            async for chunk in response.aiter_bytes():
                for line in reader.feed(chunk):
                    yield line
        except httpx.HTTPError as error:
            raise without_answer(error) from error
        finally:
            await response.aclose()
        for line in reader.end():
            yield line

    async def close(self) -> None:
        """Close the connections."""
        await self._connected().aclose()

    async def _act(self, action: Send | Sleep, settings: Settings) -> Outcome | None:
        if isinstance(action, Sleep):
            await asyncio.sleep(action.seconds)
            return None
        try:
            http = self._connected()
            built = _built(http, settings.arguments(action))
            response = await http.send(built, stream=action.request.is_streamed)
            if not response.is_success:
                await response.aread()
            return response
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
