"""Any OpenAI-compatible `/embeddings` endpoint. What it answers is not trusted."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, NoReturn
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import numpy as np

from memories.embeddings.types import EmbeddingError, Vector, unit

MAX_ANSWER_BYTES = 64 * 2**20
_PERMANENT = frozenset({400, 413, 422})
"""The provider will refuse the same texts again."""
_CHUNK = 2**16


class _NoRedirect(HTTPRedirectHandler):
    """The key goes to the configured host and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Refuse; the caller sees the 3xx as an error."""


_opener = build_opener(_NoRedirect)


@dataclass(frozen=True, slots=True)
class OpenAIEmbedder:
    """A model behind `{base_url}/embeddings`."""

    base_url: str
    model: str
    api_key: str = ""
    dimensions: int | None = None
    """Asked for when given, and then demanded of the answer."""
    is_remote: bool = True

    @property
    def name(self) -> str:
        """Provider, model and size: vectors of two sizes are never compared."""
        size = f":{self.dimensions}" if self.dimensions else ""
        return f"openai:{self.model}{size}"[:64]

    def embed(self, texts: Sequence[str], *, seconds: float = 30.0) -> list[Vector]:
        """One unit vector a text. Raises EmbeddingError."""
        if not texts:
            return []
        wish = {"dimensions": self.dimensions} if self.dimensions else {}
        body = {"model": self.model, "input": list(texts), "encoding_format": "float", **wish}
        answer = _post(f"{self.base_url.rstrip('/')}/embeddings", body, self.api_key, seconds)
        return _vectors(answer, len(texts), self.dimensions)


def _post(url: str, body: dict[str, Any], key: str, seconds: float) -> Any:
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    request = Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - from the settings
    deadline = time.monotonic() + seconds
    try:
        with _opener.open(request, timeout=seconds) as response:
            return json.loads(_read(response, deadline))
    except HTTPError as error:
        _refuse(error)
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise EmbeddingError(f"the provider failed: {type(error).__name__}") from error


def _read(response: HTTPResponse, deadline: float) -> bytes:
    """The body, within the deadline however slowly it drips."""
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES or time.monotonic() > deadline:
            raise EmbeddingError("the provider's answer is too large or too slow")
    return b"".join(parts)


def _refuse(error: HTTPError) -> NoReturn:
    wait = error.headers.get("Retry-After", "")
    seconds = float(wait) if wait.isascii() and wait.isdecimal() else None
    raise EmbeddingError(
        f"the provider answered {error.code}",
        retry_after=seconds,
        is_permanent=error.code in _PERMANENT,
    ) from error


def _vectors(answer: Any, count: int, dimensions: int | None) -> list[Vector]:
    """The vectors in the order of the texts. Raises EmbeddingError for any other shape."""
    try:
        by_place = {int(row["index"]): row["embedding"] for row in answer["data"]}
        vectors = [np.asarray(by_place[place], dtype=np.float32) for place in range(count)]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EmbeddingError("the provider's answer has another shape") from error
    sizes = {vector.shape for vector in vectors}
    wanted = {(dimensions,)} if dimensions else sizes
    if len(sizes) != 1 or sizes != wanted or any(len(size) != 1 for size in sizes):
        raise EmbeddingError("the provider's vectors differ in size")
    return [unit(vector) for vector in vectors]
