"""The tools as real clients of the official package use them: over HTTP, and by `memsync mcp`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from memsync_client.cli import profiles
from memsync_client.cli.profiles import Profile
from tests.client.commands import Command
from tests.factories import PASSWORD, Space
from tests.processes import free_port

ROOT = Path(__file__).parents[2]
TOOLS = ["remember", "recall", "context", "list_sessions", "read_session", "forget"]
MODES = ["2026-07-28", "auto", "legacy"]

Work = Callable[[Client], Awaitable[Any]]


def over_http(url: str, key: str, work: Work, mode: str = "auto") -> Any:
    """Do something with a client of `/mcp`."""

    async def connected() -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
        ):
            return await work(client)

    return asyncio.run(connected())


class Stdio:
    """`memsync mcp` as a process of its own; `errors` is its standard error."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "client" / "src"),
            "MEMSYNC_CONFIG_DIR": str(folder / "config"),
            **environ,
        }
        self.log = folder / "stderr"

    @property
    def errors(self) -> str:
        return self.log.read_text()

    def run(self, work: Work, *options: str, mode: str = "legacy") -> Any:
        """Do something with a client of it."""

        async def connected(log: Any) -> Any:
            command = StdioServerParameters(
                command=sys.executable,
                args=["-m", "memsync_client", "mcp", *options],
                env=self.environ,
            )
            async with Client(stdio_client(command, errlog=log), mode=mode) as client:
                return await work(client)

        with self.log.open("w") as log:
            return asyncio.run(connected(log))


@pytest.fixture
def stdio(live_server: Any, house: Space, tmp_path: Path) -> Stdio:
    key = house.make_key()
    return Stdio(tmp_path, MEMSYNC_URL=live_server.url, MEMSYNC_API_KEY=key)


async def use_everything(client: Client) -> None:
    """One round through all tools; the client checks each answer against the tool's schema."""
    assert [tool.name for tool in (await client.list_tools()).tools] == TOOLS
    scope = {"scope": ["user=u_alice"]}
    done = await call(client, "remember", text="I live in Leeds.", **scope)
    found = await call(client, "recall", query="Where does she live?", **scope)
    assert "Leeds" in found["results"][0]["text"]
    session = {"session_id": done["session_id"]}
    assert "Leeds" in (await call(client, "context", **session))["text"]
    assert (await call(client, "list_sessions", **scope))["data"][0]["id"] == done["session_id"]
    assert (await call(client, "read_session", **session))["data"][0]["role"] == "user"
    ids = {"ids": [done["diff"]["attributes"][0]["memory_id"]]}
    token = (await call(client, "forget", **ids))["confirmation"]
    gone = await call(client, "forget", **ids, confirmation=token)
    assert gone["counts"] == {"memories": 1}


async def call(client: Client, name: str, **arguments: Any) -> Any:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result
    return result.structured_content


@pytest.mark.parametrize("mode", MODES)
def test_a_client_uses_all_tools_over_http(live_server, house, mode):
    over_http(live_server.url, house.make_key(), use_everything, mode)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_uses_all_tools_of_the_command(stdio, mode):
    stdio.run(use_everything, mode=mode)

    assert stdio.errors == ""


def test_calls_at_once_do_not_meet(live_server, house):
    async def tell(client: Client) -> list[Any]:
        names = [f"u_{number}" for number in range(8)]
        await asyncio.gather(
            *(
                call(client, "remember", text=f"My code name is {name}.", scope=[f"user={name}"])
                for name in names
            )
        )
        return await asyncio.gather(
            *(call(client, "recall", query="code name", scope=[f"user={name}"]) for name in names)
        )

    found = over_http(live_server.url, house.make_key(), tell)

    for number, answer in enumerate(found):
        texts = {hit["text"] for hit in answer["results"] if hit["type"] == "turn"}
        assert texts == {f"My code name is u_{number}."}


def test_the_server_tells_the_command_what_its_tools_are_for(stdio):
    async def instructions(client: Client) -> str | None:
        return client.instructions

    assert "data, never instructions" in stdio.run(instructions)


def test_the_commands_scope_is_that_of_calls_without_one(stdio):
    async def tell(client: Client) -> None:
        await call(client, "remember", text="I live in Leeds.")
        assert (await call(client, "recall", query="Leeds"))["results"]
        elsewhere = await call(client, "recall", query="Leeds", scope=["user=u_bob"])
        assert elsewhere["results"] == []

    stdio.run(tell, "--scope", "user=u_alice")


def test_errors_of_tools_and_of_the_protocol_come_through(stdio):
    async def err(client: Client) -> None:
        refused = await client.call_tool("recall", {"quer": "x"})
        assert refused.is_error
        assert json.loads(refused.content[0].text)["code"] == "invalid"
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("no_such_tool", {})

    stdio.run(err)


def test_a_server_that_is_away_is_an_error_of_the_tool_and_the_command_goes_on(tmp_path):
    away = Stdio(tmp_path, MEMSYNC_URL=f"http://127.0.0.1:{free_port()}", MEMSYNC_API_KEY="ms_a_b")

    async def ask(client: Client) -> None:
        for _ in range(2):
            answer = await client.call_tool("recall", {"query": "x"})
            assert answer.is_error
            assert json.loads(answer.content[0].text)["code"] == "unavailable"
        with pytest.raises(MCPError, match="is away"):
            await client.list_tools()

    away.run(ask)

    assert "memsync mcp: http://127.0.0.1:" in away.errors
    assert "Traceback" not in away.errors


def test_a_key_that_does_not_work_is_said(live_server, house, tmp_path):
    stranger = Stdio(tmp_path, MEMSYNC_URL=live_server.url, MEMSYNC_API_KEY="ms_no_such")

    async def ask(client: Client) -> Any:
        return await client.call_tool("recall", {"query": "x"})

    assert json.loads(stranger.run(ask).content[0].text)["code"] == "not_authenticated"
    assert "401" in stranger.errors


def test_what_is_something_else_than_memsync_is_said(live_server, house, tmp_path):
    elsewhere = Stdio(tmp_path, MEMSYNC_URL=f"{live_server.url}/static", MEMSYNC_API_KEY="ms_a_b")

    async def ask(client: Client) -> Any:
        return await client.call_tool("recall", {"query": "x"})

    assert json.loads(elsewhere.run(ask).content[0].text)["code"] == "unexpected_answer"


def test_the_command_renews_what_a_sign_in_got(live_server, house, tmp_path, monkeypatch, connect):
    monkeypatch.setenv("MEMSYNC_CONFIG_DIR", str(tmp_path / "config"))
    user = house.make_user("u_alice")
    pair = connect().auth.login(email=user.email, password=PASSWORD)
    kept = Profile(url=live_server.url, access="old", refresh=pair.refresh)
    profiles.save("default", kept)

    async def ask(client: Client) -> Any:
        return await call(client, "list_sessions")

    assert Stdio(tmp_path).run(ask)["data"] == []
    assert profiles.load("default").refresh != pair.refresh


def test_credentials_go_to_no_other_server_than_the_one_they_are_for(
    live_server, house, tmp_path, monkeypatch
):
    monkeypatch.setenv("MEMSYNC_CONFIG_DIR", str(tmp_path / "config"))
    profiles.save("default", Profile(url=live_server.url, api_key=house.key))

    async def ask(client: Client) -> Any:
        await call(client, "list_sessions")
        profiles.save("default", Profile(url="http://elsewhere.example", api_key="ms_other"))
        return await client.call_tool("list_sessions", {})

    refused = Stdio(tmp_path).run(ask)

    assert refused.is_error
    assert "another server" in refused.content[0].text


def test_nothing_but_the_protocol_goes_to_standard_output(stdio):
    lines = b'not json\n{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    done = subprocess.run(
        [sys.executable, "-m", "memsync_client", "mcp"],
        input=lines,
        env=stdio.environ,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in done.stdout.splitlines())
    assert b'"id":1' in done.stdout
    assert b"Traceback" not in done.stderr


def test_without_the_extra_the_command_says_what_is_missing(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MEMSYNC_CONFIG_DIR", str(tmp_path))
    monkeypatch.delitem(sys.modules, "memsync_client.cli.stdio", raising=False)
    monkeypatch.setitem(sys.modules, "httpx2", None)
    done = Command(monkeypatch, capsys)("mcp")

    assert done.code == 2
    assert "memsync-client[mcp]" in done.err
