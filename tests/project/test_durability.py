"""The database is killed in the middle of a load, again and again; nothing acknowledged is gone."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import uuid
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.processes import Server, free_port, start_server, wait_until

pytestmark = pytest.mark.slow
WRITERS, KILLS = 4, 3


class Writer(threading.Thread):
    """Appends numbered turns to one session, each with its own key, until told to stop."""

    def __init__(self, server: Server, key: str, session: str, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.server, self.key, self.session = server, key, session
        self.acknowledged: list[str] = []
        self.unavailable = 0
        self.stop = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            text, once = f"{self.name}-{number}", str(uuid.uuid4())
            while self.append(text, once) != 201:
                self.unavailable += 1
                time.sleep(0.05)
            self.acknowledged.append(text)
            number += 1

    def append(self, text: str, once: str) -> int:
        body = {"messages": [{"role": "user", "content": text}]}
        path = f"/api/v1/-/sessions/{self.session}/turns"
        status, _ = call(self.server, self.key, "POST", path, body, once)
        assert status in {0, 201, 409, 503}, status
        return status


def call(server: Server, key: str, method: str, path: str, body=None, once: str = ""):
    """(status, parsed body); status 0 when the connection was cut."""
    connection = HTTPConnection("127.0.0.1", int(server.port), timeout=30)
    headers = {"API-KEY": key, "Content-Type": "application/json"}
    if once:
        headers["Idempotency-Key"] = once
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or "null")
    except (OSError, HTTPException):
        return 0, None
    finally:
        connection.close()


def everything_stored(server: Server, key: str, session: str) -> list[dict]:
    turns, cursor = [], ""
    while True:
        path = f"/api/v1/-/sessions/{session}/turns?limit=200{cursor}"
        status, page = call(server, key, "GET", path)
        assert status == 200
        turns += page["data"]
        if not page["has_more"]:
            return turns
        cursor = f"&cursor={page['next_cursor']}"


def test_nothing_acknowledged_is_lost_when_the_database_is_killed_under_load(tmp_path: Path):
    server = start_server(tmp_path, free_port())
    try:
        wait_until(server.is_ready, 120)
        key = json.loads((tmp_path / "data dir" / "demo.json").read_text())["api_key"]
        status, made = call(server, key, "POST", "/api/v1/-/sessions", {"scope": ["user=load"]})
        assert status == 201, (made, server.log.read_text())
        writers = [Writer(server, key, made["id"], f"w{n}") for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        for _ in range(KILLS):
            seen = sum(len(writer.acknowledged) for writer in writers)
            wait_until(lambda: sum(len(w.acknowledged) for w in writers) > seen + 20, 60)  # noqa: B023
            os.kill(server.database.pid(), signal.SIGKILL)
        seen = sum(len(writer.acknowledged) for writer in writers)
        wait_until(lambda: sum(len(w.acknowledged) for w in writers) > seen + 20, 60)
        for writer in writers:
            writer.stop.set()
        for writer in writers:
            writer.join(60)
        stored = everything_stored(server, key, made["id"])
    finally:
        server.process.terminate()
        server.process.wait(60)

    assert sum(writer.unavailable for writer in writers) > 0, "no kill was felt"
    texts = [turn["content"] for turn in stored]
    assert [turn["seq"] for turn in stored] == list(range(1, len(stored) + 1))
    assert len(texts) == len(set(texts)), "a retry was stored twice"
    assert {text for writer in writers for text in writer.acknowledged} <= set(texts)
