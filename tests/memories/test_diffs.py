"""The diff of one ingest: the doubts that a statement settles show beside what it says."""

from __future__ import annotations

import pytest

from memories.models import Source
from tests.factories import Api

DOUBT = "home: Leeds or Porto"


@pytest.fixture
def session(api: Api) -> str:
    """A session in which a second home was thought of, not surely enough to replace the first."""
    session = api.session("user=u_alice")["id"]
    api.say(session, "I live in Leeds.")
    api.say(session, "I think I live in Porto.")
    return session


def settled(diff: dict) -> list[tuple[str, str, int]]:
    """What is resolved: kind, value, and the turn that says so."""
    rows = [item for item in diff["uncertainties"] if item["op"] == "resolved"]
    assert all(item["status"] == "closed" and item["valid_until"] for item in rows)
    return [(item["kind"], item["value"], item["source"]["seq"]) for item in rows]


@pytest.mark.parametrize(
    ("said", "op"),
    [
        ("Actually, I live in Porto now.", "corrected"),
        ("I live in Leeds.", "reinforced"),
        ("Actually, I live in Ghent now.", "corrected"),
        ("I no longer live in Porto.", "closed"),
    ],
)
def test_a_conflict_that_a_turn_decides_shows_as_resolved(
    api: Api, session: str, said: str, op: str
):
    answer = api.say(session, said)
    [doubt] = answer["diff"]["uncertainties"]
    [statement] = [i for i in answer["diff"]["attributes"] if i["op"] == op]

    assert settled(answer["diff"]) == [("conflict", DOUBT, 3)]
    assert doubt["source"] == statement["source"]
    assert api.get(f"/traces/{answer['trace_id']}")["diff"] == answer["diff"]


def test_doubts_said_and_found_are_resolved_in_the_order_of_turns(api: Api, session: str):
    api.say(session, "I might apply to Yale.")
    answer = api.say(session, "I live in Leeds.", "Hello!", "Ok, I did it, I applied.")

    assert [(kind, seq) for kind, _, seq in settled(answer["diff"])] == [
        ("conflict", 4),
        ("said", 6),
    ]
    assert api.get(f"/traces/{answer['trace_id']}")["diff"] == answer["diff"]


def test_a_doubt_settled_by_a_memory_written_by_hand_shows_it(api: Api, session: str):
    made = {"category": "identity", "key": "home", "value": "Ghent", "scope": ["user=u_alice"]}
    answer = api.post("/memories", made)
    [doubt] = answer["diff"]["uncertainties"]

    assert (doubt["op"], doubt["value"]) == ("resolved", DOUBT)
    assert (doubt["source"]["kind"], doubt["source"]["quote"]) == ("manual", "Ghent")
    assert api.get(f"/traces/{answer['trace_id']}")["diff"] == answer["diff"]


def test_the_settled_doubt_rests_on_no_more_words_than_before(api: Api, session: str):
    """Else it would outlive the words that it quotes when those are erased."""
    before = Source.objects.filter(memory__kind="conflict").count()
    api.say(session, "Actually, I live in Ghent now.")

    assert Source.objects.filter(memory__kind="conflict").count() == before


def test_an_erased_doubt_shows_without_words(api: Api, session: str):
    answer = api.say(session, "Actually, I live in Ghent now.")
    turns = api.get(f"/sessions/{session}/turns")["data"]
    assert api.delete(f"/sessions/{session}/turns/{turns[1]['id']}").status == 200
    shown = api.get(f"/traces/{answer['trace_id']}")["diff"]

    assert "Porto" not in str(shown)
    assert settled(shown) == [("conflict", "", 3)]


@pytest.mark.parametrize(
    "way", ["the contested value corrected", "decided", "dismissed", "the contested value deleted"]
)
def test_what_is_settled_by_hand_shows_alike_in_the_answer_and_made_anew(
    api: Api, session: str, way: str
):
    [doubt] = api.get("/memories?category=uncertainty")["data"]
    [porto] = api.get("/memories?status=contested")["data"]
    answer = {
        "the contested value corrected": lambda: api.patch(
            f"/memories/{porto['id']}", {"value": "Lisbon"}
        ),
        "decided": lambda: api.post(f"/memories/{doubt['id']}/resolve", {"value": "Porto"}),
        "dismissed": lambda: api.post(f"/memories/{doubt['id']}/resolve", {"reject": True}),
        "the contested value deleted": lambda: api.delete(f"/memories/{porto['id']}"),
    }[way]()

    assert answer.status == 200
    assert api.get("/memories?category=uncertainty")["data"] == []
    assert api.get(f"/traces/{answer['trace_id']}")["diff"] == answer["diff"]


def test_what_is_said_and_unsaid_in_one_breath_has_the_words_of_each(api: Api, session: str):
    answer = api.say(session, "I work at Acme Corp. I no longer work at Acme Corp.")
    quotes = [(item["op"], item["source"]["quote"]) for item in answer["diff"]["attributes"]]

    assert [op for op, _ in quotes] == ["added", "closed"]
    assert quotes[0][1] != quotes[1][1]
    assert api.get(f"/traces/{answer['trace_id']}")["diff"] == answer["diff"]


def test_a_doubt_raised_and_settled_in_one_breath_has_the_words_of_each(api: Api):
    session = api.session("user=u_alice")["id"]
    api.say(session, "I live in Leeds.")
    answer = api.say(session, "I think I live in Porto. Actually, I live in Ghent now.")
    told = [(i["op"], i["source"]["quote"]) for i in answer["diff"]["uncertainties"]]

    assert [op for op, _ in told] == ["added", "resolved"]
    assert "Porto" in told[0][1]
    assert "Ghent" in told[1][1]
    assert api.get(f"/traces/{answer['trace_id']}")["diff"] == answer["diff"]
