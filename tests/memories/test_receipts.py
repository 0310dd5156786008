"""Receipts of recalls: what is kept, who reads it, and what callers say of the answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from memories.models import RecallFeedback, Trace
from memories.recall import receipts
from tests.factories import Answer, Api, Space, make_space
from tests.processes import wait_until

SCOPE = ["user=u_alice"]


@pytest.fixture
def _writing_apart(settings: Any) -> Iterator[None]:
    settings.RECEIPTS_APART = True
    yield
    receipts.stop()


def recalled(api: Api, **fields: Any) -> Answer:
    session = api.session(*SCOPE)
    api.say(session["id"], "I work at Acme Corp.")
    return api.post("/query", {"query": "Where do I work?", "scope": SCOPE, **fields})


def test_a_receipt_says_what_was_asked_and_what_came_back(api: Api):
    answer = recalled(api)
    receipt = api.get(f"/traces/{answer['trace_id']}")

    assert (receipt["kind"], receipt["query"]) == ("recall", "Where do I work?")
    assert receipt["scope"] == SCOPE
    assert receipt["principal"]["kind"] == "key"
    assert [(r["id"], r["rank"], r["type"]) for r in receipt["returned"]] == [
        (hit["id"], rank, hit["type"]) for rank, hit in enumerate(answer["results"], start=1)
    ]
    assert receipt["returned"][0]["parts"]["words"] == 1.0
    assert receipt["feedback"] == []


def test_a_receipt_names_the_session_and_the_turn_it_served(api: Api):
    session = api.session(*SCOPE)
    api.say(session["id"], "I work at Acme Corp.", "And I like it.")
    answer = api.post("/query", {"query": "Acme", "scope": SCOPE, "session_id": session["id"]})
    receipt = api.get(f"/traces/{answer['trace_id']}")

    assert receipt["session_id"] == session["id"]
    assert receipt["detail"]["served_seq"] == 2


def test_words_can_be_left_out_and_ids_are_kept(api: Api, settings):
    settings.RECEIPT_WORDS = 0.0
    answer = recalled(api)
    receipt = api.get(f"/traces/{answer['trace_id']}")

    assert receipt["query"] == ""
    assert [r["id"] for r in receipt["returned"]] == [hit["id"] for hit in answer["results"]]


def test_private_words_reach_no_receipt(api: Api):
    answer = recalled(api, query="work <private>my pin is 1234</private>")

    assert api.get(f"/traces/{answer['trace_id']}")["query"] == "work "


def test_traces_are_listed_by_kind_newest_first(api: Api):
    answer = recalled(api)
    recalls = api.get("/traces?kind=recall")["data"]
    both = api.get("/traces")["data"]

    assert [one["id"] for one in recalls] == [answer["trace_id"]]
    assert [one["kind"] for one in both] == ["recall", "ingest"]
    assert api.get("/traces?limit=1")["has_more"]
    for bad in ("kind=else", "color=red", "limit=0"):
        assert api.get(f"/traces?{bad}").status == 400


def test_the_list_costs_the_same_however_long_it_is(api: Api, django_assert_max_num_queries):
    for _ in range(5):
        recalled(api)
    with django_assert_max_num_queries(12):
        assert len(api.get("/traces")["data"]) == 10


def test_feedback_is_given_once_per_item_and_the_last_word_counts(api: Api):
    answer = recalled(api)
    path = f"/recalls/{answer['trace_id']}/feedback"
    item = answer["results"][0]["id"]

    first = api.post(path, {"id": item, "verdict": "useful"})
    second = api.post(path, {"id": item, "verdict": "outdated"})

    assert (first.status, second.status) == (201, 200)
    assert second["verdict"] == "outdated"
    assert RecallFeedback.objects.count() == 1
    [given] = api.get(f"/traces/{answer['trace_id']}")["feedback"]
    assert (given["id"], given["verdict"]) == (item, "outdated")


def test_feedback_needs_an_item_of_the_recall(space: Space, api: Api):
    answer = recalled(api)
    path = f"/recalls/{answer['trace_id']}/feedback"
    item = answer["results"][0]["id"]
    ingest = api.get("/traces?kind=ingest")["data"][0]["id"]
    supervisor = space.api(space.make_key("supervisor"))

    assert api.post(path, {"id": str(uuid.uuid4()), "verdict": "useful"}).status == 400
    assert api.post(path, {"id": item, "verdict": "funny"}).status == 400
    assert api.post(f"/recalls/{ingest}/feedback", {"id": item, "verdict": "wrong"}).status == 404
    assert supervisor.post(path, {"id": item, "verdict": "useful"}).status == 403


def test_old_receipts_are_pruned_and_ingests_stay(api: Api, settings):
    answer = recalled(api)
    item = answer["results"][0]["id"]
    api.post(f"/recalls/{answer['trace_id']}/feedback", {"id": item, "verdict": "useful"})
    assert receipts.prune() == 0
    settings.RECEIPT_DAYS = 0

    assert receipts.prune() > 0
    assert {row.kind for row in Trace.unscoped.all()} == {"ingest"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_writing_apart")
def test_a_receipt_written_apart_is_there_when_it_is_asked_for():
    api = make_space().api()
    answers = [recalled(api) for _ in range(3)]

    for answer in answers:
        assert api.get(f"/traces/{answer['trace_id']}").status == 200
    listed = [one["id"] for one in api.get("/traces?kind=recall")["data"]]
    assert listed == [answer["trace_id"] for answer in reversed(answers)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_writing_apart")
def test_a_receipt_that_cannot_be_stored_takes_no_other_with_it():
    """Those behind the first are stored together."""
    space = make_space()
    broken = [
        Trace(uid=uuid.uuid4(), tenant=space.tenant, project_id=uuid.uuid4(), kind="recall")
        for _ in range(20)
    ]
    whole = [
        Trace(uid=uuid.uuid4(), tenant=space.tenant, project=space.project, kind="recall")
        for _ in range(20)
    ]
    for pair in zip(broken, whole, strict=True):
        for receipt in pair:
            receipts.write(receipt)

    wait_until(receipts.flush)
    stored = set(Trace.unscoped.filter(kind="recall").values_list("uid", flat=True))
    assert stored == {receipt.uid for receipt in whole}


def test_receipts_say_when_they_are_from(api: Api):
    answer = recalled(api)
    receipt = Trace.unscoped.get(uid=answer["trace_id"])

    assert timezone.now() - receipt.created_at < timedelta(minutes=1)
    assert receipt.latency_ms > 0
