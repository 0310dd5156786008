"""What an embedding model is to the rest of the house. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]


class EmbeddingError(Exception):
    """The model could not embed the texts now; `retry_after` seconds, if it said so.

    `is_permanent` when the same texts will fail again: the model refuses them.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, is_permanent: bool = False
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_permanent = is_permanent


class Embedder(Protocol):
    """One embedding model. Vectors have length 1, so that cosine is their product."""

    @property
    def name(self) -> str:
        """Stored beside each vector, at most 64 characters; another model has another name."""

    @property
    def is_remote(self) -> bool:
        """Whether it is reached over the network, and so never inside a transaction."""

    def embed(self, texts: Sequence[str], *, seconds: float = 30.0) -> list[Vector]:
        """One vector a text. Raises EmbeddingError, for a remote model after `seconds` at most."""


def as_halfvec(vector: Vector) -> str:
    """The text form of pgvector's halfvec."""
    return "[" + ",".join(f"{value:.5g}" for value in vector.tolist()) + "]"


def unit(vector: Vector) -> Vector:
    """The vector with length 1. Raises EmbeddingError for a zero or non-finite one."""
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        raise EmbeddingError("a vector without direction")
    return (vector / length).astype(np.float32)
