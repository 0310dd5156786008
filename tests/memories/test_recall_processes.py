"""Recall with real processes: the worker embeds, and a stopping server loses no receipt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import pytest

from memsync.embedded import BASE_DIR, dsn
from tests.processes import Server, free_port, start_server, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = start_server(tmp_path, free_port())
    try:
        wait_until(server.is_ready, 120)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(60)


def manage(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, "--json"],
        cwd=BASE_DIR,
        env=environ | {"MEMSYNC_DATA_DIR": str(tmp_path / "data dir")},
        capture_output=True,
        text=True,
        check=True,
    )
    made: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return made


def call(server: Server, method: str, path: str, body: Any = None, key: str = "") -> Any:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Content-Type": "application/json"} | ({"API-KEY": key} if key else {})
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert response.status < 300, answer
    return answer


def test_what_is_written_is_found_by_meaning_and_receipts_outlive_the_server(
    server: Server, tmp_path: Path
):
    manage(tmp_path, "create_tenant", "acme", "--project", "app")
    made = manage(
        *[tmp_path, "create_api_key", "--tenant", "acme", "--project", "app"],
        *["--name", "k", "--role", "management"],
    )
    key = made["key"]
    texts = ["The physician examined my knee.", "Interest rates rose.", "We planted tulips."]
    body = {
        "messages": [{"role": "user", "content": text} for text in texts],
        "scope": ["user=u_alice"],
    }
    call(server, "POST", "/api/v1/app/facts/batch", body, key)
    wait_until(lambda: call(server, "GET", "/readyz")["embedding_backlog"] == 0, 120)
    asked = {"query": "Which doctor did I see?", "scope": ["user=u_alice"], "include": ["turns"]}
    found = call(server, "POST", "/memory/query", asked, key)
    receipts = {call(server, "POST", "/memory/query", asked, key)["trace_id"] for _ in range(20)}

    server.process.terminate()
    server.process.wait(60)
    stored = stored_receipts(tmp_path)

    assert found["results"][0]["text"] == texts[0]
    assert receipts | {found["trace_id"]} <= stored


def stored_receipts(tmp_path: Path) -> set[str]:
    """The recalls in the database, read by a command after the server has gone."""
    from memsync.embedded import EmbeddedPostgres

    folder = tmp_path / "data dir"
    with EmbeddedPostgres(folder).hold(), psycopg.connect(dsn(folder)) as connection:
        rows = connection.execute("SELECT id FROM memories_trace WHERE kind = 'recall'")
        return {str(uid) for (uid,) in rows}
