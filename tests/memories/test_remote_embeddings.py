"""An OpenAI-compatible provider: what it answers is not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from memories.embeddings.remote import OpenAIEmbedder
from memories.embeddings.types import EmbeddingError
from tests.memories.fake_embedder import Fake, answering, serving, vector_of


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serving() as fake:
        yield fake


@pytest.fixture
def model(fake: Fake) -> OpenAIEmbedder:
    return OpenAIEmbedder(fake.url, "small", "sk-secret")


def test_vectors_come_in_the_order_of_the_texts_with_length_one(fake: Fake, model):
    vectors = model.embed(["red cat", "blue dog"])

    for text, vector in zip(["red cat", "blue dog"], vectors, strict=True):
        wanted = np.array(vector_of(text))
        assert vector == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)
    assert fake.requests == [
        {"model": "small", "input": ["red cat", "blue dog"], "encoding_format": "float"}
    ]
    assert fake.headers[0]["Authorization"] == "Bearer sk-secret"


def test_a_wished_size_is_asked_for_and_demanded(fake: Fake):
    model = OpenAIEmbedder(fake.url, "small", dimensions=4)

    with pytest.raises(EmbeddingError, match="size"):
        model.embed(["red cat"])
    assert fake.requests[0]["dimensions"] == 4
    assert model.name == "openai:small:4"


ROW = {"index": 0, "embedding": [1.0, 2.0]}
MISBEHAVIORS = {
    "no JSON": b"<html>bad gateway</html>",
    "not UTF-8": b"\xff\xfe",
    "another shape": {"vectors": []},
    "a list": [],
    "too few": {"data": []},
    "a text for a vector": {"data": [ROW | {"embedding": "AAAA"}]},
    "not a number": {"data": [ROW | {"embedding": [1.0, None]}]},
    "NaN": json.dumps({"data": [ROW | {"embedding": [1.0, float("nan")]}]}).encode(),
    "infinite": json.dumps({"data": [ROW | {"embedding": [1e999]}]}).encode(),
    "zeros": {"data": [ROW | {"embedding": [0.0, 0.0]}]},
    "a matrix": {"data": [ROW | {"embedding": [[1.0], [2.0]]}]},
    "another index": {"data": [ROW | {"index": 7}]},
    "a strange index": {"data": [ROW | {"index": None}]},
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("answer", MISBEHAVIORS.values(), ids=MISBEHAVIORS.keys())
def test_nonsense_is_an_error_that_may_pass(fake: Fake, model, answer):
    fake.behavior = answering(answer)

    with pytest.raises(EmbeddingError) as caught:
        model.embed(["red cat"])
    assert not caught.value.is_permanent


def test_vectors_of_two_sizes_are_refused(fake: Fake, model):
    fake.behavior = answering({"data": [ROW, {"index": 1, "embedding": [1.0]}]})

    with pytest.raises(EmbeddingError, match="size"):
        model.embed(["one", "two"])


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (401, False), (500, False)])
def test_a_refusal_says_whether_it_will_pass(fake: Fake, model, status, permanent):
    fake.behavior = answering({}, status)

    with pytest.raises(EmbeddingError) as caught:
        model.embed(["red cat"])
    assert caught.value.is_permanent is permanent


def test_a_limit_says_when_to_come_back(fake: Fake, model):
    fake.behavior = answering({}, 429, Retry_After="7")

    with pytest.raises(EmbeddingError) as caught:
        model.embed(["red cat"])
    assert caught.value.retry_after == 7.0


def test_the_key_does_not_follow_a_redirect(fake: Fake, model):
    fake.behavior = answering({}, 307, Location=fake.url + "/elsewhere")

    with pytest.raises(EmbeddingError):
        model.embed(["red cat"])
    assert len(fake.requests) == 1


def test_a_connection_cut_off_is_an_error(fake: Fake, model):
    fake.cut_off = True

    with pytest.raises(EmbeddingError):
        model.embed(["red cat"], seconds=0.5)


def test_nobody_there_is_an_error():
    with pytest.raises(EmbeddingError):
        OpenAIEmbedder("http://127.0.0.1:9", "small").embed(["red cat"])


def test_nothing_to_embed_asks_nobody(fake: Fake, model):
    assert model.embed([]) == []
    assert fake.requests == []
