"""A language model on loopback: an OpenAI-compatible endpoint that does as it is told."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler", dict[str, Any]], None]
_READS = [
    (r"I live in (\w+)", "home", "state"),
    (r"[Aa]ctually I live in (\w+)", "home", "correct"),
    (r"I work at (\w+)", "employer", "state"),
    (r"[Aa]lways (.+?)\.", "instruction", "state"),
]


def claim(quote: str, value: str, key: str = "home", **fields: Any) -> dict[str, Any]:
    """A claim about the first message."""
    row = {"message": 0, "quote": quote, "key": key, "value": value, "subject": "user"}
    return row | {"kind": "state", "confidence": 0.9} | fields


def shown_to(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages that a request shows the model."""
    messages: list[dict[str, Any]] = json.loads(body["messages"][1]["content"])["messages"]
    return messages


def reads(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What a well-behaved model claims of a request."""
    return [
        claim(match[0], match[1], key, kind=kind, message=message["n"])
        for message in shown_to(body)
        if "n" in message
        for pattern, key, kind in _READS
        for match in re.finditer(pattern, message["text"])
    ]


def says(claims: Any) -> Reply:
    """Answers with these claims, whatever was asked."""
    return lambda handler, body: handler.complete(json.dumps({"claims": claims}))


def content(text: str) -> Reply:
    """Answers with this text as the message's content."""
    return lambda handler, body: handler.complete(text)


def status(code: int, **headers: str) -> Reply:
    """Refuses."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, body: handler.send(code, b'{"error": {"message": "no"}}', **named)


def raw(data: bytes) -> Reply:
    """Answers with these bytes."""
    return lambda handler, body: handler.send(200, data)


def huge(handler: Handler, body: dict[str, Any]) -> None:
    """Never stops answering."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" " * 65536)
    except OSError:
        pass


def dripping(handler: Handler, body: dict[str, Any]) -> None:
    """Answers a byte at a time, until the caller has gone."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while not handler.llm.closing.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        pass


def silent(handler: Handler, body: dict[str, Any]) -> None:
    """Says nothing until the test is over."""
    handler.llm.closing.wait(60)


def cut(handler: Handler, body: dict[str, Any]) -> None:
    """Hangs up in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices"')


class FakeLLM(ThreadingHTTPServer):
    """`script` holds what it does with the next requests; without one it reads well."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: deque[Reply] = deque()
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers hang up; that is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: FakeLLM

    @property
    def llm(self) -> FakeLLM:
        """The model."""
        return self.server

    def do_POST(self) -> None:
        """Note the request, then do what the script says."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.llm.bodies.append(body)
        self.llm.keys.append(self.headers.get("Authorization", ""))
        if self.path != "/v1/chat/completions":
            self.send(404, b"{}")
            return
        reply = self.llm.script.popleft() if self.llm.script else None
        (reply or says(reads(body)))(self, body)

    def complete(self, text: str) -> None:
        """A chat completion."""
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        self.send(200, json.dumps({"id": "x", "choices": [choice]}).encode())

    def send(self, code: int, data: bytes, **headers: str) -> None:
        """An answer."""
        self.send_response(code)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def fake_llm() -> Iterator[FakeLLM]:
    """The model, running."""
    llm = FakeLLM()
    thread = threading.Thread(target=llm.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield llm
    finally:
        llm.closing.set()
        llm.shutdown()
        thread.join()
        llm.server_close()
