"""Speaking the Model Context Protocol by hand, as its messages stand on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests.factories import Answer, Api

MODERN = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


def message(method: str, **params: Any) -> dict[str, Any]:
    """A JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


@dataclass(frozen=True)
class Called:
    """What a tool answered."""

    is_error: bool
    shown: Any

    def __getitem__(self, name: str) -> Any:
        return self.shown[name]


@dataclass(frozen=True)
class Mcp:
    """`/mcp` for one credential."""

    api: Api
    query: str = ""

    def post(self, body: Any, **headers: str) -> Answer:
        """Post a message, or bytes as they are."""
        if isinstance(body, bytes):
            response = Client(raise_request_exception=False).post(
                f"/mcp{self.query}",
                body,
                content_type="application/json",
                headers={**self.api.credential, **headers},
            )
            parsed = json.loads(response.content) if response.content else b""
            return Answer(response.status_code, parsed, response.headers)
        return self.api.call("POST", f"/mcp{self.query}", body, **headers)

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a method."""
        answer = self.post(message(method, **params))
        assert answer.status == 200, answer
        return answer["result"]

    def call(self, name: str, **arguments: Any) -> Called:
        """Call a tool; a result is told twice, as text and as structure."""
        result = self.ask("tools/call", name=name, arguments=arguments)
        [content] = result["content"]
        shown = json.loads(content["text"])
        assert result["isError"] or result["structuredContent"] == shown
        return Called(result["isError"], shown)
