"""One HTTP request through the official package's streamable HTTP, from a WSGI thread.

The package speaks ASGI. `async_to_sync` runs it in an event loop that lives as long as the request,
and a tool's work comes back into the request's thread (`memories.mcp.server`). Each message is its
own exchange: no sessions, no streams, nothing that a second process would have to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mcp_types as types
from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpResponse
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import ValidationError
from rest_framework.request import Request

from memories.mcp.caller import Caller
from memories.mcp.server import CALLER, server
from memsync.common.errors import BadRequest
from memsync.common.parsing import MalformedJSON, loads
from memsync.common.rendering import dumps

FORWARDED = ("accept", "content-type", "mcp-")
"""Headers of the protocol, by their beginnings; credentials go no further than the view."""
BATCHED_IN = "2025-03-26"
"""The one version with batches; its clients name no version in a header."""
MAX_BATCH = 20


def answer(request: Request, caller: Caller) -> HttpResponse:
    """The answer to what was posted: one message, or a batch of them."""
    try:
        document = loads(request.data if isinstance(request.data, bytes) else b"")
    except MalformedJSON as error:
        return _refused(types.PARSE_ERROR, error.detail)
    except BadRequest as error:
        return _refused(types.INVALID_REQUEST, error.detail)
    if isinstance(document, list):
        return _batch(request, caller, document)
    return _one(request, caller, document)


def _batch(request: Request, caller: Caller, messages: list[Any]) -> HttpResponse:
    """The answers to the requests of a batch, in order."""
    version = request.headers.get("MCP-Protocol-Version", BATCHED_IN)
    if version != BATCHED_IN or not 1 <= len(messages) <= MAX_BATCH:
        return _refused(
            types.INVALID_REQUEST,
            f"A batch has 1 to {MAX_BATCH} messages, and only "
            f"version {BATCHED_IN} of the protocol has batches.",
        )
    answers = [_one(request, caller, message).content for message in messages]
    bodies = [body for body in answers if body]
    if not bodies:
        return HttpResponse(status=202)
    return HttpResponse(b"[" + b",".join(bodies) + b"]", content_type="application/json")


def _one(request: Request, caller: Caller, message: Any) -> HttpResponse:
    if not _is_message(message):
        return _refused(types.INVALID_REQUEST, "This is no JSON-RPC 2.0 message.")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "headers": list(_headers(request)),
        "client": None,
        "server": None,
        CALLER: caller,
    }
    return _exchange(scope, dumps(message))


def _is_message(document: Any) -> bool:
    try:
        read = types.jsonrpc_message_adapter.validate_python(document, by_name=False)
    except ValidationError:
        return False
    # With an id that is none it would pass for a notification, and wait for an answer forever.
    return not isinstance(read, types.JSONRPCNotification) or "id" not in document


def _headers(request: Request) -> Iterator[tuple[bytes, bytes]]:
    if "Accept" not in request.headers:  # then anything is accepted (RFC 9110 §12.5.1)
        yield b"accept", b"*/*"
    for name, value in request.headers.items():
        if name.lower().startswith(FORWARDED):
            yield name.lower().encode(), value.encode("latin-1")


@async_to_sync
async def _exchange(scope: dict[str, Any], body: bytes) -> HttpResponse:
    """What the package's own application answers to one message."""
    response = HttpResponse(content_type="application/json")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Any) -> None:
        if event["type"] == "http.response.start":
            response.status_code = event["status"]
        else:
            response.write(event.get("body", b""))

    manager = StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=settings.MAX_BODY_BYTES
    )
    async with manager.run():
        await manager.handle_request(scope, receive, send)
    return response


def _refused(code: int, message: str) -> HttpResponse:
    """A JSON-RPC error that belongs to no request."""
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return HttpResponse(dumps(body), status=400, content_type="application/json")
