"""What was known when: state at a point, and what changed between two."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from accounts.principals import of_command
from memories import state
from memories.models import Memory
from memories.render import snapshot
from tests.factories import Api, Space

SAYINGS = [
    "My name is Alice.",
    "I live in Leeds.",
    "Actually, I live in Porto now.",
    "I work at Acme Corp.",
    "I no longer work at Acme Corp.",
    "I speak Spanish and Dutch.",
    "From now on, answer in short sentences.",
    "I might move to Lisbon.",
    "I live in Ghent.",
    "I'm allergic to peanuts.",
    "I love climbing.",
    "Hello there, how are you?",
    "Actually, my name is Alicia.",
]


def ask(api: Api, **body) -> dict:
    answer = api.post("/state", body)
    assert answer.status == 200, answer
    return answer.body


def values(answer: dict, category: str, key: str) -> list[str]:
    return [item["value"] for item in answer[category] if item["key"] == key]


@pytest.fixture
def moved(api: Api) -> str:
    """A session whose person moved from Leeds to Porto with the second turn."""
    session = api.session("user=u_alice")["id"]
    api.say(session, "I live in Leeds.")
    api.say(session, "Actually, I live in Porto now.")
    return session


def test_state_now_and_at_an_earlier_turn(api: Api, moved: str):
    then = ask(api, session_id=moved, at={"seq": 1})

    assert values(ask(api, session_id=moved), "identity", "home") == ["Porto"]
    assert values(then, "identity", "home") == ["Leeds"]
    assert then["corrections"] == []
    assert then["identity"][0]["sources"][0]["quote"] in "I live in Leeds."


def test_corrections_tell_both_values(api: Api, moved: str):
    [correction] = ask(api, session_id=moved)["corrections"]

    assert (correction["old_value"], correction["new_value"]) == ("Leeds", "Porto")
    assert correction["old_memory_id"] != correction["memory_id"]


def test_state_before_the_first_turn_is_empty(api: Api, moved: str):
    assert ask(api, session_id=moved, at={"seq": 0})["identity"] == []


def test_state_at_a_turn_id_and_at_a_time(api: Api, moved: str):
    turns = api.get(f"/sessions/{moved}/turns")["data"]
    by_id = ask(api, session_id=moved, at={"turn_id": turns[0]["id"]})
    long_ago = ask(api, session_id=moved, at={"time": "2001-01-01T00:00:00Z"})
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()

    assert values(by_id, "identity", "home") == ["Leeds"]
    assert long_ago["identity"] == []
    assert values(ask(api, session_id=moved, at={"time": soon}), "identity", "home") == ["Porto"]


def test_within_one_batch_the_turns_before_count_and_those_after_do_not(api: Api):
    messages = [
        {"role": "user", "content": text}
        for text in ("I live in Leeds.", "Actually, I live in Porto now.")
    ]
    told = api.post("/facts/batch", {"messages": messages, "scope": ["user=u_alice"]})

    first = ask(api, session_id=told["session_id"], at={"seq": 1})
    assert values(first, "identity", "home") == ["Leeds"]


def test_what_other_sessions_said_by_then_counts(api: Api):
    one, other = (api.session("user=u_alice")["id"] for _ in range(2))
    api.say(one, "I live in Leeds.")
    api.say(other, "My name is Alice.")
    api.say(one, "Hello!", "Goodbye!")

    assert values(ask(api, session_id=one, at={"seq": 1}), "identity", "name") == []
    assert values(ask(api, session_id=one, at={"seq": 2}), "identity", "name") == ["Alice"]


def test_a_turn_that_nothing_read_stands_where_it_was_appended(api: Api):
    session = api.session("user=u_alice")["id"]
    api.say(session, "I live in Leeds.")
    api.say(session, "Not read.", extract=False)
    api.say(session, "Actually, I live in Porto now.")

    assert values(ask(api, session_id=session, at={"seq": 2}), "identity", "home") == ["Leeds"]


def test_a_contested_value_shows_as_an_uncertainty_of_kind_conflict(space: Space, api: Api):
    api.post(
        "/facts",
        {"text": "I live in Leeds.", "scope": ["user=u_alice"], "authority": "authoritative"},
    )
    api.post("/facts", {"text": "I live in Porto.", "scope": ["user=u_alice"]})
    now = ask(api, scope=["user=u_alice"])

    assert values(now, "identity", "home") == ["Leeds"]
    assert [item["kind"] for item in now["uncertainties"]] == ["conflict"]
    assert "Porto" in now["uncertainties"][0]["value"]


def test_the_diff_between_two_turns(api: Api, moved: str):
    api.say(moved, "I speak Spanish.")
    since_one = api.get(f"/sessions/{moved}/diff?since_seq=1")
    since_two = api.get(f"/sessions/{moved}/diff?since_seq=2&until_seq=3")
    whole = api.get(f"/sessions/{moved}/diff")

    assert since_one["updated"][0]["previous_value"] == "Leeds"
    assert [item["value"] for item in since_one["superseded"]] == ["Leeds"]
    assert [item["value"] for item in since_two["added"]] == ["Spanish"]
    assert since_two["updated"] == since_two["superseded"] == []
    assert {item["value"] for item in [*whole["added"], *whole["updated"]]} == {"Porto", "Spanish"}


def test_a_repetition_shows_as_reinforced(api: Api):
    session = api.session("user=u_alice")["id"]
    api.say(session, "I work at Acme Corp.")
    api.say(session, "Well, I work at Acme Corp.")
    diff = api.get(f"/sessions/{session}/diff?since_seq=1")

    assert [item["value"] for item in diff["reinforced"]] == ["Acme Corp"]


def test_a_closed_fact_shows_as_closed(api: Api):
    session = api.session("user=u_alice")["id"]
    api.say(session, "I work at Acme Corp.")
    api.say(session, "I no longer work at Acme Corp.")

    assert api.get(f"/sessions/{session}/diff?since_seq=1")["closed"][0]["value"] == "Acme Corp"


@pytest.mark.parametrize(
    "body",
    [
        {"at": {"seq": 1}},
        {"at": {"seq": 1, "time": "2026-01-01T00:00:00Z"}},
        {"at": {}},
        {"at": {"seq": -1}},
        {"at": {"seq": 2**31}},
        {"at": {"time": "yesterday"}},
        {"branch": True},
        {"branch": "yes"},
    ],
)
def test_a_point_that_means_nothing_is_a_400(api: Api, body: dict):
    assert api.post("/state", body).status == 400


def test_a_turn_beyond_the_head_is_a_404(api: Api, moved: str):
    assert api.post("/state", {"session_id": moved, "at": {"seq": 9}}).status == 404


@pytest.mark.parametrize("query", ["since_seq=x", "since_seq=2&until_seq=1", "branch=maybe", "x=1"])
def test_odd_parameters_of_a_diff_are_a_400(api: Api, moved: str, query: str):
    assert api.get(f"/sessions/{moved}/diff?{query}").status == 400


@pytest.mark.parametrize("seed", range(6))
def test_folding_all_changes_gives_the_live_table_at_every_step(space: Space, api: Api, seed: int):
    """The record alone rebuilds the table, whatever the history."""
    dice = random.Random(seed)
    sessions = [api.session("user=u_alice")["id"] for _ in range(2)]
    principal = of_command(space.project, "test")
    rows = Memory.objects.asked(principal, {"user": "u_alice"})
    seen: list[tuple[str, int, dict]] = []
    for _ in range(12):
        session = dice.choice(sessions)
        said = api.say(session, *dice.sample(SAYINGS, dice.randint(1, 3)))
        table = {memory.pk: comparable(snapshot(memory)) for memory in rows.all()}
        folded = state.held_at(rows.all(), state.now())
        assert {pk: comparable(held.after) for pk, held in folded.items()} == table
        seen.append((session, said["turns"][-1]["seq"], state_values(api, session)))
    for session, seq, then in seen:
        assert state_values(api, session, at={"seq": seq}) == then


def comparable(stored: dict) -> dict:
    return {name: round(v, 9) if isinstance(v, float) else v for name, v in stored.items()}


def state_values(api: Api, session: str, **at) -> dict:
    answer = ask(api, session_id=session, **at)
    lists = ("identity", "knowledge", "context", "instructions", "uncertainties")
    return {
        name: sorted((i["key"], i["value"], i["confidence"]) for i in answer[name])
        for name in lists
    }
