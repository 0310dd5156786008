"""`/mcp` on the wire: what the protocol asks of a server, and what a browser must not reach."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from tests.factories import Api, Space, anonymous
from tests.mcp import ENVELOPE, MODERN, Mcp, message

PING = message("ping")
NOTE = {"jsonrpc": "2.0", "method": "notifications/initialized"}


@pytest.fixture
def mcp(api: Api) -> Mcp:
    return Mcp(api)


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_it_speaks_the_version_that_the_client_asks_for(mcp: Mcp, version: str):
    told = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t"}}
    told["clientInfo"] |= {"version": "1"}
    result = mcp.ask("initialize", **told)

    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "memsync"
    assert "data" in result["instructions"]
    assert result["capabilities"] == {"tools": {"listChanged": False}}


def test_an_unknown_version_is_answered_with_one_it_has(mcp: Mcp):
    told = {"protocolVersion": "1999-01-01", "capabilities": {}}
    result = mcp.ask("initialize", **told, clientInfo={"name": "t", "version": "1"})

    assert result["protocolVersion"] == "2025-11-25"


def test_the_stateless_version_needs_no_handshake(mcp: Mcp):
    asked = message("tools/list", _meta=ENVELOPE)
    answer = mcp.post(asked, MCP_Protocol_Version=MODERN, Mcp_Method="tools/list")

    assert answer.status == 200
    assert len(answer["result"]["tools"]) == 6


def test_the_stateless_version_refuses_one_that_it_does_not_speak(mcp: Mcp):
    name = "io.modelcontextprotocol/protocolVersion"
    asked = message("tools/list", _meta=ENVELOPE | {name: "2031-01-01"})
    answer = mcp.post(asked, MCP_Protocol_Version="2031-01-01", Mcp_Method="tools/list")

    assert (answer.status, answer["error"]["code"]) == (400, -32022)
    assert answer["error"]["data"]["supported"] == [MODERN]


def test_tools_are_described_for_models_and_take_nothing_unknown(mcp: Mcp):
    tools = {tool["name"]: tool for tool in mcp.ask("tools/list")["tools"]}

    assert list(tools) == [
        "remember",
        "recall",
        "context",
        "list_sessions",
        "read_session",
        "forget",
    ]
    for tool in tools.values():
        schema = tool["inputSchema"]
        assert len(tool["description"]) > 50
        assert (schema["type"], schema["additionalProperties"]) == ("object", False)
        assert "$ref" not in json.dumps(schema)
        assert all(
            "description" in one or "enum" in one or "type" in one
            for one in (schema["properties"].values())
        )
        assert tool["outputSchema"]["required"]
    hints = {name: tool["annotations"] for name, tool in tools.items()}
    reading = {name for name, hint in hints.items() if hint["readOnlyHint"]}
    assert reading == {"recall", "context", "list_sessions", "read_session"}
    assert [name for name, hint in hints.items() if hint["destructiveHint"]] == ["forget"]


@pytest.mark.parametrize("body", [NOTE, {"jsonrpc": "2.0", "id": 1, "result": {}}, [NOTE, NOTE]])
def test_what_wants_no_answer_is_accepted_without_one(mcp: Mcp, body):
    answer = mcp.post(body)

    assert (answer.status, answer.body) == (202, b"")


def test_a_batch_is_answered_in_order_without_its_notifications(mcp: Mcp):
    answer = mcp.post([PING, NOTE, PING | {"id": "two"}, 5])

    assert answer.status == 200
    assert [one["id"] for one in answer.body] == [1, "two", None]
    assert answer.body[2]["error"]["code"] == -32600


@pytest.mark.parametrize(
    ("body", "version"), [([], None), ([PING] * 21, None), ([PING], "2025-06-18")]
)
def test_batches_are_bounded_and_of_one_version_only(mcp: Mcp, body, version):
    headers = {"MCP_Protocol_Version": version} if version else {}
    answer = mcp.post(body, **headers)

    assert (answer.status, answer["error"]["code"]) == (400, -32600)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "ping"}', -32700),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}', -32700),
        (b'\xff{"jsonrpc": "2.0"}', -32700),
        (b"7", -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": [], "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "\\u0000"}}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "\\ud800"}}', -32600),
        (
            b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": '
            + b'{"a":' * 200
            + b"1"
            + b"}" * 201,
            -32600,
        ),
    ],
)
def test_what_is_no_message_is_an_error_of_the_protocol(mcp: Mcp, body: bytes, code: int):
    answer = mcp.post(body)

    assert answer.status == 400
    assert (answer["id"], answer["error"]["code"]) == (None, code)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (message("no/such"), -32601),
        (message("resources/list"), -32601),
        (message("tools/call"), -32602),
        (message("tools/call", name="no_such_tool"), -32602),
        (message("tools/call", name="recall", arguments=[]), -32602),
    ],
)
def test_unknown_methods_and_tools_are_errors_of_the_protocol(mcp: Mcp, asked, code: int):
    assert mcp.post(asked)["error"]["code"] == code


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_are_no_streams_and_no_sessions_to_end(api: Api, method: str):
    answer = api.call(method, "/mcp", Accept="text/event-stream")

    assert answer.status == 405
    assert "POST" in answer.headers["Allow"]


def test_a_client_that_takes_no_json_is_refused(mcp: Mcp):
    assert mcp.post(PING, Accept="text/html").status == HTTPStatus.NOT_ACCEPTABLE


def test_other_bodies_than_json_are_refused(api: Api):
    from django.test import Client

    sent = Client().post("/mcp", b"<x/>", content_type="text/xml", headers=api.credential)

    assert sent.status_code == 415


def test_a_body_that_is_too_long_is_refused(mcp: Mcp, settings):
    settings.MAX_BODY_BYTES = 1000

    assert mcp.post(message("ping", x="y" * 1000)).status == 413


@pytest.mark.parametrize(
    "credential", [{}, {"API-KEY": "ms_no_such"}, {"Authorization": "Bearer x"}]
)
@pytest.mark.parametrize("body", [PING, b"{"])
def test_nobody_gets_an_answer_of_the_protocol(db, credential, body):
    answer = Mcp(Api(credential, "app")).post(body)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "jsonrpc" not in answer.body


def test_two_credentials_are_one_too_many(space: Space):
    both = {"API-KEY": space.key, "Authorization": f"Bearer {space.key}"}

    assert Mcp(Api(both, "app")).post(PING).body["code"] == "two_credentials"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://testserver:81"])
def test_pages_of_other_sites_are_refused_before_anybody_is_asked_who_they_are(db, origin: str):
    answer = Mcp(anonymous()).post(PING, Origin=origin)

    assert (answer.status, answer["code"]) == (403, "foreign_origin")


def test_our_own_pages_and_trusted_ones_are_not(mcp: Mcp, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://tools.example"]

    for origin in ("http://testserver", "https://tools.example"):
        assert mcp.post(PING, Origin=origin).status == 200


def test_a_name_that_somebody_bound_to_our_address_is_refused(mcp: Mcp):
    assert mcp.post(PING, Host="rebound.example").status == 400


def test_the_project_may_be_named(space: Space):
    assert Mcp(space.api(), "?context_id=app").post(PING).status == 200
    assert Mcp(space.api(), "?context_id=other").post(PING).status == 404
    assert Mcp(space.api(), "?nothing=1").post(PING).status == 400
    assert Mcp(space.api(), "?scope=nonsense").post(PING)["errors"][0]["field"] == "scope"
