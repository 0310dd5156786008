"""Reading JSON bodies strictly: what PostgreSQL or another parser would stumble over is a 400."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from memsync.common.errors import BadRequest, InvalidField, TooLarge, UnsupportedMedia

MAX_INTEGER = 2**53
"""Beyond it a JavaScript client would read another number."""
MAX_NUMBER = 999_999_999
"""Of a query parameter: positions and budgets are far below."""
MAX_DEPTH = 100
"""Of a body; metadata is bounded tighter."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class MalformedJSON(BadRequest):
    """The body is no JSON document that every parser reads alike."""

    code = "malformed_json"


class UnsafeNumber(ValueError):
    """A number that parsers read differently."""


class StrictJSONParser(BaseParser):
    """UTF-8 JSON without duplicate keys, NaN, NUL, lone surrogates or unsafe integers."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The document. Raises MalformedJSON, TooLarge, UnsupportedMedia."""
        charset = re.search(r"charset=\"?([^\s;\"]+)", media_type or "", re.IGNORECASE)
        if charset and charset[1].lower() not in {"utf-8", "utf8"}:
            raise UnsupportedMedia
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise TooLarge
        return self.read(body)

    def read(self, body: bytes) -> Any:
        """The document in a body."""
        return loads(body)


class NdjsonParser(StrictJSONParser):
    """JSON Lines: a list of the documents, each read as strictly as a body of its own."""

    media_type = "application/x-ndjson"

    def read(self, body: bytes) -> Any:
        """One document a line; empty lines do not count."""
        return [loads(line) for line in body.split(b"\n") if line.strip()]


def loads(body: bytes) -> Any:
    """Parse a JSON document strictly."""
    try:
        document = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_safe_integer,
        )
    except UnsafeNumber as error:
        raise MalformedJSON(f"{error}.") from error
    except (ValueError, RecursionError) as error:
        raise MalformedJSON("The body is not valid JSON.") from error
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH < depth(document):
        raise BadRequest(f"The body nests deeper than {MAX_DEPTH}.", code="too_deep")
    if b"\\u" in body:  # only an escape can smuggle in what UTF-8 and JSON forbid
        _refuse_unstorable(document)
    return document


def refuse_unstorable(text: str) -> None:
    """Raise BadRequest for NUL and lone surrogates, which PostgreSQL cannot store."""
    if _UNSTORABLE.search(text):
        raise BadRequest("NUL and lone surrogates cannot be stored.", code="unstorable_text")


def read_number(
    request: Request, name: str, *, default: int, least: int = 0, most: int = MAX_NUMBER
) -> int:
    """The whole number that a query parameter gives, written as in JSON. Raises InvalidField."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if _NUMBER.fullmatch(text) and least <= int(text) <= most:
        return int(text)
    end = f" to {most}" if most < MAX_NUMBER else ""
    raise InvalidField(name, f"a number from {least}{end}")


def depth(value: Any) -> int:
    """How deep lists and objects nest: 0 for a scalar."""
    deepest, level = 0, [value]
    while level := [v for v in level if isinstance(v, (dict, list))]:
        deepest += 1
        level = [inner for v in level for inner in (v.values() if isinstance(v, dict) else v)]
    return deepest


def _refuse_unstorable(document: Any) -> None:
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            refuse_unstorable(value)
        elif isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("duplicate key")
    return unique


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


def _safe_integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise UnsafeNumber("An integer is beyond 2^53; send it as a string")
    return int(text)
