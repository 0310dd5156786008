"""A Model Context Protocol server on standard input and output that asks the MemSync server.

It knows no tools: what is listed and called is forwarded to `/mcp`, each time in one request of its
own. So it outlives a server that is away: a call then is answered by an error of the tool, and the
next one may do better. Nothing but the protocol goes to standard output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import anyio
import httpx2
import mcp_types as types
from anyio import to_thread
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types.version import LATEST_MODERN_VERSION

from memsync_client.cli import profiles
from memsync_client.cli.access import Access, fresh
from memsync_client.cli.profiles import Profile
from memsync_client.errors import (
    APIError,
    ConnectionFailed,
    InvalidValue,
    MemsyncError,
    Timeout,
    api_error,
)
from memsync_client.transport import Settings
from memsync_client.version import __version__

ResultT = TypeVar("ResultT", bound=types.Result)


def serve(asked: Access, scope: Sequence[str]) -> None:
    """Serve until standard input ends. Raises InvalidValue for a profile or URL that is none."""
    profile = asked.known()
    Settings(profile.url, profile.api_key or profile.access or None)
    anyio.run(_serve, Remote(asked, profile, scope))


async def _serve(remote: Remote) -> None:
    server: Server[Any] = Server(
        "memsync",
        version=__version__,
        title="MemSync",
        instructions=await remote.instructions(),
        on_list_tools=remote.list_tools,
        on_call_tool=remote.call_tool,
    )
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


class Remote:
    """The MemSync server's `/mcp`."""

    def __init__(self, asked: Access, profile: Profile, scope: Sequence[str]) -> None:
        named = [] if profile.context == "-" else [("context_id", profile.context)]
        query = httpx2.QueryParams([*named, *(("scope", tag) for tag in scope)])
        self._server = profile.url
        self._url = str(httpx2.URL(f"{profile.url.rstrip('/')}/mcp", params=query))
        self._credentials = Credentials(asked, profile.url)
        self._timeout = asked.timeout

    async def instructions(self) -> str | None:
        """What the server says of its tools; None when it is away, which is said here and now."""
        try:
            return (await self._ask(types.DiscoverRequest(), types.DiscoverResult)).instructions
        except (MemsyncError, MCPError):
            return None

    async def list_tools(
        self, ctx: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """The server's tools."""
        try:
            return await self._ask(types.ListToolsRequest(), types.ListToolsResult)
        except MemsyncError as error:
            raise MCPError(code=types.INTERNAL_ERROR, message=str(error)) from error

    async def call_tool(
        self, ctx: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """What the server's tool answers; without an answer, an error of the tool."""
        sent = types.CallToolRequestParams(name=params.name, arguments=params.arguments)
        try:
            return await self._ask(types.CallToolRequest(params=sent), types.CallToolResult)
        except MemsyncError as error:
            text = json.dumps({"code": _code(error), "detail": str(error)}, ensure_ascii=False)
            content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
            return types.CallToolResult(content=content, is_error=True)

    async def _ask(self, message: types.Request[Any, Any], kind: type[ResultT]) -> ResultT:
        """One request to the server. Raises MemsyncError, and MCPError where the server says so."""
        try:
            async with (
                httpx2.AsyncClient(auth=self._credentials, timeout=self._timeout) as http,
                Client(
                    streamable_http_client(self._url, http_client=http),
                    mode=LATEST_MODERN_VERSION,
                    cache=None,
                ) as client,
            ):
                return await client.session.send_request(message, kind)
        except Exception as error:
            known = _known(error, self._server)
            if known is None:
                raise
            if isinstance(known, MemsyncError):
                print(f"memsync mcp: {known}", file=sys.stderr, flush=True)
            raise known from error


class Credentials(httpx2.Auth):
    """The profile's credentials; an access token that has ended is renewed once."""

    def __init__(self, asked: Access, server: str) -> None:
        self._asked = asked
        self._name = asked.name  # another may become current while this runs
        self._server = server

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Sign the request; raises APIError for an answer that is a problem."""
        profile = await self._sign(request)
        response = yield request
        if response.status_code == HTTPStatus.UNAUTHORIZED and profile.refresh:
            await self._sign(request, is_refused=True)
            response = yield request
        is_json_rpc = response.headers.get("content-type", "").startswith("application/json")
        if response.is_error and not is_json_rpc:
            body = await response.aread()
            raise api_error(response.status_code, _document(body), response.headers)

    async def _sign(self, request: httpx2.Request, *, is_refused: bool = False) -> Profile:
        profile = await to_thread.run_sync(partial(self._profile, is_refused=is_refused))
        if token := profile.api_key or profile.access:
            request.headers["Authorization"] = f"Bearer {token}"
        return profile

    def _profile(self, *, is_refused: bool) -> Profile:
        """The profile as it is kept now. Raises InvalidValue when it is of another server."""
        found = self._asked.server(profiles.load(self._name))
        if found.url != self._server:
            raise InvalidValue(f"Profile {self._name} is of another server now: start again.")
        return fresh(self._name, found, self._asked.timeout, is_refused=is_refused)


def _document(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _known(error: BaseException, server: str) -> MemsyncError | MCPError | None:
    """What went wrong, out of the groups that tasks wrap it in; None for a bug."""
    match error:
        case MemsyncError() | MCPError():
            return error
        case httpx2.TimeoutException():
            return Timeout(f"{server} did not answer in time.")
        case httpx2.TransportError():
            return ConnectionFailed(f"{server} is away: {error}")
    inner = [_known(one, server) for one in getattr(error, "exceptions", ())]
    return next((one for one in inner if one is not None), None)


def _code(error: MemsyncError) -> str:
    return error.code if isinstance(error, APIError) else "unavailable"
