"""The local model against golden vectors, and long texts in pieces."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.embeddings import configured, minilm, named
from memories.embeddings.chunks import CHUNK_WORDS, chunks_of
from memsync.embedded import data_dir

GOLDEN = json.loads((Path(__file__).parent / "golden_minilm.json").read_text())
"""Made with an independent 32-bit graph of the same weights, itself checked against torch."""


@pytest.fixture(scope="module")
def model() -> minilm.MiniLM:
    folder = minilm.model_folder()
    assert folder is not None, "make test installs the model"
    return minilm.MiniLM(folder, data_dir() / "models")


def cosine(one, other) -> float:
    return float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda g: g["text"][:20])
def test_the_graph_we_build_gives_the_golden_vectors(model, golden):
    [vector] = model.embed([golden["text"]])

    assert vector.shape == (384,)
    assert cosine(vector, golden["vector"]) > 0.97  # 8 bits; another model would be near 0


def test_texts_alike_in_meaning_are_near_as_in_the_golden_vectors(model):
    ours = model.embed([golden["text"] for golden in GOLDEN])
    for i, one in enumerate(GOLDEN):
        for j, other in enumerate(GOLDEN):
            assert cosine(ours[i], ours[j]) == pytest.approx(
                cosine(one["vector"], other["vector"]), abs=0.05
            )


def test_a_vector_does_not_depend_on_what_it_is_batched_with(model):
    text = "I moved to Porto in May."
    [alone] = model.embed([text])
    batched = model.embed(["short", text, "a much longer text " * 40])[1]

    assert cosine(alone, batched) > 0.99


def test_words_beyond_128_tokens_are_read(model):
    """The tokenizer file of the package cuts there."""
    start = "hello " * 150
    one, other = model.embed([start + "my cat is ill", start + "the stock market fell"])

    assert cosine(one, other) < 0.999


def test_an_unknown_model_cannot_be_asked(settings):
    settings.EMBEDDINGS = "none"

    assert configured() is None
    assert named("all-minilm-l6-v2") is None
    settings.EMBEDDINGS = "minilm"
    assert named("something else") is None


@given(st.text(max_size=3000))
def test_chunks_cover_all_words_in_order(text):
    chunks = chunks_of(text)
    covered = "".join(text[chunk.start : chunk.end] for chunk in chunks)

    assert "".join(covered.split()) == "".join(text.split())
    assert all(one.end <= other.start for one, other in pairwise(chunks))


def test_chunks_have_at_most_the_words_the_model_reads():
    chunks = chunks_of("some words here " * 300)

    assert len(chunks) == -(-900 // CHUNK_WORDS)
    assert all(chunk.end > chunk.start for chunk in chunks)
    assert len(chunks_of("漢字かな" * 200)) == -(-800 // CHUNK_WORDS)
    assert len(chunks_of("x" * 100_000)) < 100


def test_a_text_without_words_has_no_chunks():
    assert chunks_of("") == chunks_of(" \n\t ") == []
