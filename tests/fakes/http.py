"""A small HTTP server on loopback whose answers a test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Given:
    """An answer: JSON, or a stream of server-sent events, each sent when it is asked for."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    events: Iterable[tuple[str | None, str]] | None = None


Answer = Callable[[Asked], Given]


class Handler(BaseHTTPRequestHandler):
    """Hands requests to the server's `answer`."""

    protocol_version = "HTTP/1.1"
    server: Loopback

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, body)
        self.server.asked.append(asked)
        given = self.server.answer(asked)
        if given.events is None:
            self._send(given, json.dumps(given.body).encode(), "application/json")
        else:
            self._stream(given, given.events)

    do_GET = do_PATCH = do_DELETE = do_POST

    def log_message(self, *args: Any) -> None:
        """Nothing on standard error."""

    def _send(self, given: Given, content: bytes, content_type: str) -> None:
        self.send_response(given.status)
        for name, value in {"Content-Type": content_type, **given.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, given: Given, events: Iterable[tuple[str | None, str]]) -> None:
        self.send_response(given.status)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for name, data in events:
                head = f"event: {name}\n" if name else ""
                self.wfile.write(f"{head}data: {data}\n\n".encode())
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the reader has left
        self.close_connection = True


class Loopback(ThreadingHTTPServer):
    """The server; `asked` are the requests so far."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(answer: Answer) -> Iterator[Loopback]:
    """A server that runs for the length of a block."""
    server = Loopback(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
