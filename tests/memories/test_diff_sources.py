"""Which words each item of a diff between two turns comes from."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import Api

LISTS = ("added", "updated", "superseded", "closed", "reinforced", "contested")
SHAPE = {"kind", "ref", "session_id", "turn_id", "seq", "role", "span", "quote", "trust"}


@pytest.fixture
def session(api: Api) -> str:
    """A session whose first turn says a few things."""
    session = api.session("user=u_alice")["id"]
    api.say(session, "I live in Leeds. I work at Acme Corp. I speak Spanish.")
    return session


def changed(api: Api, session: str, since: int = 1) -> dict[tuple[str, str], dict | None]:
    """The source of each item after a turn, by list and value."""
    diff = api.get(f"/sessions/{session}/diff?since_seq={since}")
    assert diff.status == 200, diff
    return {(name, item["value"]): item["source"] for name in LISTS for item in diff[name]}


def places(api: Api, session: str, since: int = 1) -> dict[tuple[str, str], int | None]:
    """The turn of each source."""
    found = changed(api, session, since)
    return {item: source and source["seq"] for item, source in found.items()}


def memory_of(api: Api, value: str) -> str:
    return next(m["id"] for m in api.get("/memories")["data"] if m["value"] == value)


def test_every_item_has_the_words_that_made_the_change(api: Api, session: str):
    api.say(session, "Actually, I live in Porto now.")
    api.say(session, "I no longer work at Acme Corp.")
    api.say(session, "Well, I speak Spanish.")
    api.say(session, "I love climbing.")
    found = changed(api, session)

    assert {item: source["seq"] for item, source in found.items()} == {
        ("superseded", "Leeds"): 2,
        ("updated", "Porto"): 2,
        ("closed", "Acme Corp"): 3,
        ("reinforced", "Spanish"): 4,
        ("added", "climbing"): 5,
    }
    assert all(set(source) == SHAPE for source in found.values())
    assert found["superseded", "Leeds"] == found["updated", "Porto"]
    assert "no longer work" in found["closed", "Acme Corp"]["quote"]


def test_what_was_added_and_then_repeated_has_the_words_that_added_it(api: Api, session: str):
    api.say(session, "I love climbing.")
    api.say(session, "Yes, I love climbing.")

    assert places(api, session)["added", "climbing"] == 2


def test_what_is_repeated_twice_has_its_newest_words(api: Api, session: str):
    api.say(session, "Well, I speak Spanish.")
    api.say(session, "You know I speak Spanish.")
    half = api.get(f"/sessions/{session}/diff?since_seq=1&until_seq=2")["reinforced"]

    assert places(api, session)["reinforced", "Spanish"] == 3
    assert [item["source"]["seq"] for item in half] == [2]


def test_within_one_batch_each_turn_is_told_apart(api: Api):
    texts = ("I live in Leeds.", "Actually, I live in Porto now.", "Actually, I live in Ghent now.")
    messages = [{"role": "user", "content": text} for text in texts]
    told = api.post("/facts/batch", {"messages": messages, "scope": ["user=u_alice"]})

    assert places(api, told["session_id"]) == {("superseded", "Leeds"): 2, ("updated", "Ghent"): 3}


def test_a_contested_value_and_the_settled_doubt_have_their_words(api: Api):
    curated = {"text": "I live in Leeds.", "authority": "authoritative", "scope": ["user=u_alice"]}
    api.post("/facts", curated)
    session = api.session("user=u_alice")["id"]
    api.say(session, "Hello!", "I live in Porto.")
    doubted = places(api, session)
    api.say(session, "I live in Leeds.")

    assert doubted == {("contested", "Porto"): 2, ("added", "home: Leeds or Porto"): 2}
    assert places(api, session, since=2) == {
        ("closed", "home: Leeds or Porto"): 3,
        ("reinforced", "Leeds"): 3,
    }


def test_a_correction_by_hand_is_the_source_of_both_values(api: Api, session: str):
    api.patch(f"/memories/{memory_of(api, 'Leeds')}", {"value": "York"})
    api.say(session, "Hello!")
    found = changed(api, session)

    assert found["superseded", "Leeds"] == found["updated", "York"]
    assert (found["updated", "York"]["kind"], found["updated", "York"]["quote"]) == (
        "manual",
        "York",
    )


def test_what_was_taken_back_without_words_has_its_newest_source(api: Api, session: str):
    api.say(session, "Well, I speak Spanish.")
    api.delete(f"/memories/{memory_of(api, 'Spanish')}")
    api.say(session, "Hello!")

    assert places(api, session) == {("closed", "Spanish"): 2}


def test_what_is_erased_has_no_source_left(api: Api, session: str):
    api.say(session, "I love climbing.")
    erased = {"ids": [memory_of(api, "climbing")], "mode": "erase", "dry_run": False}
    assert api.post("/forget", erased).status == 200
    api.say(session, "Hello!")

    assert changed(api, session, since=2) == {("closed", ""): None}


def test_a_later_statement_is_no_source_of_an_earlier_diff(api: Api, session: str):
    api.delete(f"/memories/{memory_of(api, 'Spanish')}")
    api.say(session, "Hello!")
    api.say(session, "I speak Spanish.")
    diff = api.get(f"/sessions/{session}/diff?since_seq=1&until_seq=2")

    assert [item["source"]["seq"] for item in diff["closed"]] == [1]


def test_queries_do_not_grow_with_what_changed(api: Api, session: str):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            found = changed(api, session, since=0)
        assert all(found.values())
        return len(queries)

    api.say(session, "Actually, I live in Porto now.", "I no longer work at Acme Corp.")
    few = asked()
    for town in ("Ghent", "Oslo", "Bath"):
        api.say(session, f"Actually, I live in {town} now.", f"I love the theatre of {town}.")
    api.say(session, "I speak Dutch, German and Danish.", "I no longer speak Dutch.")

    assert asked() == few
