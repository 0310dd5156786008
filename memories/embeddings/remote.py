"""Any OpenAI-compatible `/embeddings` endpoint. What it answers is not trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memories.embeddings.types import EmbeddingError, Vector, unit
from memsync.common.outbound import OutboundError, post_json

MAX_ANSWER_BYTES = 64 * 2**20
_PERMANENT = frozenset({"status_400", "status_413", "status_422"})
"""The provider will refuse the same texts again."""


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
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        return post_json(url, body, headers=headers, seconds=seconds, max_bytes=MAX_ANSWER_BYTES)
    except OutboundError as error:
        raise EmbeddingError(
            f"the provider failed: {error.code}",
            retry_after=error.retry_after,
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
