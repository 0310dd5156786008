"""An OpenAI-compatible embeddings endpoint on loopback, which can also misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
Behavior = Callable[[dict[str, Any]], Answer]


def vector_of(text: str, size: int = 8) -> list[float]:
    """A vector that depends on the words only: texts with a common word are near."""
    vector = [0.01] * size
    for word in text.lower().split():
        vector[hashlib.sha256(word.encode()).digest()[0] % size] += 1.0
    return vector


def honest(body: dict[str, Any]) -> Answer:
    """Vectors in an order of its own."""
    rows = [
        {"object": "embedding", "index": i, "embedding": vector_of(text)}
        for i, text in enumerate(body["input"])
    ]
    return 200, {}, json.dumps({"data": rows[::-1], "model": body["model"]}).encode()


def answering(document: Any, status: int = 200, **headers: str) -> Behavior:
    """Always the same."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return lambda body: (status, headers, data)


class Fake:
    """What it was asked, and how it behaves now."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.behavior: Behavior = honest
        self.cut_off = False
        self.url = ""


@contextmanager
def serving() -> Iterator[Fake]:
    """The endpoint while the block runs."""
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.requests.append(body)
            fake.headers.append(dict(self.headers))
            status, headers, data = fake.behavior(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if fake.cut_off else data)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
