"""Rows that wait for a vector, whatever happens to them meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from memories import embeddings
from memories.embeddings import queue
from memories.embeddings.remote import OpenAIEmbedder
from memories.embeddings.types import EmbeddingError
from memories.models import Vector
from tests.factories import Api, Space
from tests.memories.fake_embedder import Fake, honest, serving


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serving() as fake:
        yield fake


@pytest.fixture
def remote(fake: Fake, settings: Any) -> OpenAIEmbedder:
    settings.EMBEDDINGS, settings.EMBEDDING_URL = "openai", fake.url
    settings.EMBEDDING_MODEL, settings.QUESTION_SECONDS = "first", 30.0
    return configured()


def configured() -> OpenAIEmbedder:
    model = embeddings.configured()
    assert isinstance(model, OpenAIEmbedder)
    return model


def backlog() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT memsync_embedding_backlog()")
        return int(cursor.fetchone()[0])


def embed_all(model: OpenAIEmbedder) -> None:
    queue.adopt(model.name)
    while queue.embed_some(model):
        pass
    queue.retire_others(model.name)


def said(api: Api, *texts: str) -> dict[str, Any]:
    session = api.session("user=u_alice")
    return api.say(session["id"], *texts, extract=False).body


def hits(api: Api, query: str, **fields: Any) -> list[dict[str, Any]]:
    body = {"query": query, "scope": ["user=u_alice"], "explain": True, **fields}
    return api.post("/query", body)["results"]


def test_what_is_said_waits_until_it_is_embedded(api: Api, remote):
    said(api, "a red cat", "a blue dog")
    assert backlog() == 2
    embed_all(remote)

    assert backlog() == 0
    assert Vector.objects.count() == 2
    assert {row.model for row in Vector.objects.all()} == {"openai:first"}


def test_a_message_without_words_waits_for_nothing(api: Api, remote):
    said(api, "")
    embed_all(remote)

    assert (backlog(), Vector.objects.count()) == (0, 0)


def test_a_long_message_is_embedded_in_pieces_that_cite_their_characters(api: Api, remote):
    text = "many words " * 400
    said(api, text)
    embed_all(remote)
    rows = list(Vector.objects.order_by("chunk"))

    assert [row.chunk for row in rows] == list(range(5))
    assert rows[0].span_start == 0
    assert rows[-1].span_end == len(text.rstrip())


def test_meaning_counts_once_a_row_is_embedded_and_words_before(api: Api, remote):
    said(api, "a red cat", "the stock market")
    before = hits(api, "red cat", include=["turns"])[0]
    embed_all(remote)
    after = hits(api, "red cat", include=["turns"])[0]

    assert before["id"] == after["id"]
    assert before["explain"]["meaning"] == 0
    assert after["explain"]["meaning"] > 1


def test_another_model_replaces_vectors_without_a_gap(api: Api, remote, settings):
    said(api, *[f"a red cat number {n}" for n in range(70)])
    embed_all(remote)
    settings.EMBEDDING_MODEL = "second"
    second = configured()
    queue.adopt(second.name)
    assert backlog() == 70

    seen = [meanings(api)]
    while queue.embed_some(second):
        seen.append(meanings(api))
    queue.retire_others(second.name)
    seen.append(meanings(api))

    assert all(count == 50 for count in seen), seen
    assert {row.model for row in Vector.objects.all()} == {"openai:second"}
    assert queue.models() == ["openai:second"]


def meanings(api: Api) -> int:
    """How many of 50 hits were found by meaning too."""
    found = hits(api, "red cat", top_k=50, include=["turns"])
    return sum(hit["explain"]["meaning"] > 0 for hit in found)


def test_words_redacted_while_they_are_embedded_leave_no_vector(api: Api, remote, fake):
    made = said(api, "a red cat")
    path = f"/sessions/{made['session_id']}/turns/{made['turns'][0]['id']}"

    redactions: list[int] = []
    queue.adopt(remote.name)
    model = Interrupted(remote, lambda: redactions.append(delete(api, path)))
    queue.embed_some(model)

    assert redactions == [200]
    assert (Vector.objects.count(), backlog()) == (0, 0)


def delete(api: Api, path: str) -> int:
    return api.call("DELETE", f"/api/v1/{api.ctx}{path}").status


class Interrupted:
    """A real model during whose work something else happens."""

    is_remote = True

    def __init__(self, model: OpenAIEmbedder, happens: Any) -> None:
        self.name, self._model, self._happens = model.name, model, happens

    def embed(self, texts: Any, *, seconds: float = 30.0) -> Any:
        vectors = self._model.embed(texts, seconds=seconds)
        self._happens()
        return vectors


def test_a_text_that_the_model_refuses_does_not_hold_up_the_others(api: Api, remote, fake):
    said(api, "a red cat", "POISON", "a blue dog")
    fake.behavior = lambda body: (
        (400, {}, b"{}") if any("POISON" in text for text in body["input"]) else honest(body)
    )
    embed_all(remote)

    assert (backlog(), Vector.objects.count()) == (0, 2)


def test_a_model_that_is_down_leaves_everything_waiting_and_recall_lexical(api, remote, fake):
    said(api, "a red cat")
    queue.adopt(remote.name)
    fake.behavior = lambda body: (503, {}, b"")
    with pytest.raises(EmbeddingError):
        queue.embed_some(remote)

    assert backlog() == 1
    assert hits(api, "red cat")[0]["text"] == "a red cat"


def test_newest_rows_come_first(api: Api, remote, fake):
    said(api, *[f"number {n}" for n in range(90)])
    queue.adopt(remote.name)
    queue.embed_some(remote)

    assert fake.requests[0]["input"][0] == "number 89"


def test_no_model_means_no_backlog_to_wait_for(api: Api, settings, client):
    settings.EMBEDDINGS = "none"
    said(api, "a red cat")

    assert client.get("/readyz").json()["embedding_backlog"] == 0


def test_vectors_are_within_the_walls_of_their_row(api: Api, space: Space, remote):
    said(api, "a red cat")
    embed_all(remote)
    [row] = Vector.objects.all()

    assert row.scope_key == "user=u_alice"
    assert (row.tenant_id, row.project_id) == (space.tenant.pk, space.project.pk)
    assert row.user_id == row.turn.user_id
