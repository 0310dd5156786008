"""`/readyz` of a server whose database hangs: stopped, not dead, so that nothing refuses."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.processes import Server, children_of, free_port, start_server, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = start_server(tmp_path, free_port())
    try:
        wait_until(running.is_ready, 120)
        yield running
    finally:
        signal_database(running, signal.SIGCONT)
        running.process.terminate()
        running.process.wait(60)


def signal_database(server: Server, number: int) -> None:
    """To the postmaster and all of its processes."""
    postmaster = server.database.pid()
    assert postmaster is not None
    for pid in (postmaster, *children_of(postmaster)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def asked(server: Server, path: str = "/readyz") -> tuple[int, str, float]:
    """Status, what it says, and how long that took."""
    started = time.monotonic()
    connection = HTTPConnection("127.0.0.1", int(server.port), timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body["status"], time.monotonic() - started


def test_a_database_that_hangs_is_told_in_time_to_all_who_ask_and_forgotten_when_it_is_back(
    server: Server,
):
    with ThreadPoolExecutor(12) as pool:
        ready = list(pool.map(lambda _: asked(server), range(12)))
        signal_database(server, signal.SIGSTOP)
        hung = list(pool.map(lambda _: asked(server), range(12)))
        again = asked(server)
        alive = asked(server, "/healthz")
        signal_database(server, signal.SIGCONT)

    assert {answer[:2] for answer in ready} == {(200, "ok")}
    assert {answer[:2] for answer in [*hung, again]} == {(503, "unavailable")}
    assert max(answer[2] for answer in [*hung, again]) < 30  # 5 on a machine that is not busy
    assert alive[0] == 200
    wait_until(server.is_ready)
    assert [asked(server)[:2] for _ in range(8)] == [(200, "ok")] * 8
