"""Writing JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


def dumps(data: Any) -> bytes:
    """JSON text; times in ISO 8601 with Z, UUIDs as text."""
    return orjson.dumps(data, option=orjson.OPT_UTC_Z)


class OrjsonRenderer(BaseRenderer):
    """JSON by orjson."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The body; empty for None."""
        return b"" if data is None else dumps(data)


class AlwaysJson(BaseContentNegotiation):
    """Answers are JSON whatever Accept says; a route with other formats takes `?format=`."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser of the body's media type, if any."""
        media_type = request.content_type.split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        """The first renderer."""
        return renderers[0], renderers[0].media_type
