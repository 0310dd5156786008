"""Whole servers as real processes, for tests that kill parts of them."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from memsync.embedded import BASE_DIR, EmbeddedPostgres


def wait_until(is_true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def children_of(pid: int) -> dict[int, str]:
    """The living child processes of `pid`, with their command lines."""
    children = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        if command:
            children[int(child)] = command
    return children


def is_alive(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_port() -> int:
    """A port that nobody listens on.

    It is below those that the kernel hands out by itself: no connection of another test takes it
    before the server is up, or while the server restarts.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


@dataclass
class Server:
    """A running `manage.py serve`."""

    process: subprocess.Popen[str]
    port: int | str
    database: EmbeddedPostgres
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def pid_of(self, part: str) -> int | None:
        """The process id of a child by a word of its command line."""
        found = [pid for pid, command in children_of(self.pid).items() if part in command]
        return found[0] if found else None

    def status(self, path: str) -> int | None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.status("/readyz") == 200


def start_server(folder: Path, port: int | str) -> Server:
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environ |= {"MEMSYNC_DATA_DIR": str(folder / "data dir"), "PORT": str(port)}
    log = folder / "log"
    with log.open("w") as output:
        command = [sys.executable, "manage.py", "serve"]
        process = subprocess.Popen(
            command, cwd=BASE_DIR, env=environ, stdout=output, stderr=subprocess.STDOUT, text=True
        )
    return Server(process, port, EmbeddedPostgres(folder / "data dir"), log)
