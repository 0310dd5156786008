"""Requests to a provider that the settings name: bounded in time and size, never redirected.

The address comes from the operator alone, never from a request or a row. Nothing of an answer that
is not used is read, kept or logged, and no error carries its words.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import SHUT_RDWR, socket
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

_CHUNK = 2**16


class OutboundError(Exception):
    """The provider could not be had or answered badly.

    `code` is short and without words; `may_pass` says whether the same request may succeed later
    (429, 5xx, no connection, no answer in time); `retry_after` seconds, if the provider said so.
    """

    def __init__(self, code: str, *, may_pass: bool, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.may_pass = may_pass
        self.retry_after = retry_after


def post_json(
    url: str, body: Any, *, headers: Mapping[str, str], seconds: float, max_bytes: int
) -> Any:
    """The JSON that a POST of `body` is answered with, within `seconds` in all.

    A timer shuts the socket at the deadline, however slowly the answer drips. Raises OutboundError.
    """
    deadline = time.monotonic() + seconds
    connection = _connection(url, seconds)
    try:
        connection.connect()
        timer = Timer(max(0.0, deadline - time.monotonic()), _shut, [connection.sock])
        timer.daemon = True
        timer.start()
        try:
            return _exchange(connection, url, body, headers, max_bytes)
        finally:
            timer.cancel()
    except (OSError, HTTPException) as error:
        late = time.monotonic() >= deadline or isinstance(error, TimeoutError)
        raise OutboundError("timeout" if late else "no_connection", may_pass=True) from error
    except (ValueError, RecursionError) as error:
        late = time.monotonic() >= deadline
        raise OutboundError("timeout" if late else "invalid_json", may_pass=late) from error
    finally:
        connection.close()


def _connection(url: str, seconds: float) -> HTTPConnection:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=seconds)


def _shut(sock: socket) -> None:
    with suppress(OSError):  # it is closed already
        sock.shutdown(SHUT_RDWR)


def _exchange(
    connection: HTTPConnection, url: str, body: Any, headers: Mapping[str, str], max_bytes: int
) -> Any:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    connection.request("POST", target, json.dumps(body).encode(), sent)
    response = connection.getresponse()
    if response.status != 200:
        raise _refusal(response)
    return json.loads(_read(response, max_bytes))


def _read(response: HTTPResponse, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise OutboundError("too_large", may_pass=False)
    if response.length:
        raise ConnectionError("the answer was cut off")
    return b"".join(parts)


def _refusal(response: HTTPResponse) -> OutboundError:
    wait = response.headers.get("Retry-After", "")
    seconds = float(wait) if wait.isascii() and wait.isdecimal() else None
    may_pass = response.status == 429 or response.status >= 500
    return OutboundError(f"status_{response.status}", may_pass=may_pass, retry_after=seconds)
