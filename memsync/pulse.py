"""Signs of life of the supervised processes: a hung one is alive to the kernel, and serves nobody.

Each is looked at on every pass of the supervisor, which waits for none of them.
"""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

#: Seconds from one question to the next.
ASK_EVERY = 10.0
#: Seconds the loop waits for a connection; a server that is only busy has it at once.
CONNECT_PATIENCE = 0.5
#: Seconds between two beats of the worker.
BEAT_EVERY = 5.0
HEARTBEAT_VARIABLE = "MEMSYNC_HEARTBEAT"

_QUESTION = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Pulse(Protocol):
    """How to tell that a process still does something."""

    def has_beaten(self) -> bool:
        """Whether it has shown since the last look that it does."""


class HttpPulse:
    """A web server that answers `/healthz`, whatever it answers.

    One question stays open until it is answered: under load it keeps its place in the queue.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._connection: socket.socket | None = None
        self._due_at = 0.0

    def has_beaten(self) -> bool:
        """Ask when it is time; tell whether an open question was answered."""
        if self._connection is None:
            self._ask()
            return False
        is_readable, _, _ = select.select([self._connection], [], [], 0)
        return bool(is_readable) and self._hear(self._connection)

    def _ask(self) -> None:
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + ASK_EVERY
        with suppress(OSError):
            self._connection = socket.create_connection(self._address, CONNECT_PATIENCE)
            self._connection.sendall(_QUESTION)

    def _hear(self, connection: socket.socket) -> bool:
        self._connection, answer = None, b""
        with connection, suppress(OSError):
            answer = connection.recv(64)
        return answer.startswith(b"HTTP/")


class FilePulse:
    """A process that touches a file again and again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: int | None = None

    def has_beaten(self) -> bool:
        """Whether the file was touched since the last look."""
        last, self._last = self._last, self._touched_at()
        return self._last != last

    def _touched_at(self) -> int | None:
        with suppress(FileNotFoundError):
            return self._path.stat().st_mtime_ns
        return None
