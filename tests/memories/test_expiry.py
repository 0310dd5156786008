"""Context ends after its lifetime; the rest does not."""

from __future__ import annotations

from datetime import datetime, timedelta

import time_machine
from django.utils import timezone

from conversations.models import Turn
from memories.expiry import end_expired
from memories.models import Memory, MemoryChange
from tests.factories import Api

SCOPE = ["user=u_alice"]


def test_only_what_is_past_its_lifetime_ends_and_the_history_says_so(api: Api):
    api.post(
        "/facts",
        {"text": "I'm working on the budget. I live in Leeds.", "scope": ["user=u_alice"]},
    )
    soon = timezone.now() + timedelta(days=6)
    later = timezone.now() + timedelta(days=8)

    assert end_expired(now=soon) == 0
    assert end_expired(now=later) == 1
    assert end_expired(now=later) == 0
    [ended] = Memory.unscoped.filter(status="closed")
    assert ended.category == "context"
    assert MemoryChange.objects.filter(memory=ended).latest("serial").op == "expired"
    assert Memory.unscoped.filter(key="home", status="live").exists()


def test_what_is_past_its_lifetime_is_not_recalled_before_the_job_has_run(api: Api):
    scope = ["user=u_alice"]
    api.post("/facts", {"text": "I'm working on the budget.", "scope": scope})
    past = timezone.now() - timedelta(seconds=1)
    Memory.unscoped.filter(category="context").update(expires_at=past)
    found = api.call("POST", "/memory/query", {"query": "budget", "scope": scope})

    assert {hit["type"] for hit in found["results"]} == {"turn"}


def live_values(api: Api, at: datetime | None = None) -> dict[str, str]:
    body = {"scope": SCOPE} | ({"at": {"time": at.isoformat()}} if at else {})
    state = api.post("/state", body).body
    lists = ("identity", "knowledge", "context", "instructions")
    return {item["key"]: item["value"] for name in lists for item in state[name]}


def test_what_holds_until_a_date_ends_with_it(api: Api):
    """Also where the category would not end by itself."""
    api.post("/facts", {"text": "I work at Acme until tomorrow. I live in Leeds.", "scope": SCOPE})
    said_at = Turn.unscoped.get().created_at  # midnight may have passed since
    tomorrow, two_days = said_at + timedelta(days=1), said_at + timedelta(days=2)

    assert live_values(api) == {"employer": "Acme", "home": "Leeds"}
    assert end_expired(now=tomorrow.replace(hour=0)) == 0
    with time_machine.travel(two_days, tick=False):
        assert live_values(api) == {"home": "Leeds"}
    assert end_expired(now=two_days) == 1
    ended = Memory.unscoped.get(status="closed")
    assert (ended.key, ended.valid_until.date()) == ("employer", tomorrow.date())


def test_what_has_ended_is_not_recalled(api: Api):
    session = api.session("user=u_alice")["id"]
    long_ago = (timezone.now() - timedelta(days=3)).isoformat()
    turn = {"role": "user", "content": "I work at Acme until tomorrow.", "occurred_at": long_ago}
    api.post(f"/sessions/{session}/turns", {"messages": [turn]})

    found = api.call("POST", "/memory/query", {"query": "where do I work?", "scope": SCOPE})

    assert Memory.unscoped.get().status == "live"
    assert {hit["type"] for hit in found["results"]} == {"turn"}


def test_dates_are_those_of_the_turn_and_not_of_its_arrival(api: Api):
    session = api.session("user=u_alice")["id"]
    turn = {
        "role": "user",
        "content": "I moved to Oslo two years ago and I've worked at Acme since March.",
        "occurred_at": "2020-06-15T10:00:00Z",
    }
    diff = api.post(f"/sessions/{session}/turns", {"messages": [turn]}).body["diff"]

    began = {item["key"]: item["valid_from"][:10] for item in diff["attributes"]}
    assert began == {"home": "2018-01-01", "employer": "2020-03-01"}
    quotes = {item["key"]: item["source"]["quote"] for item in diff["attributes"]}
    assert quotes["home"].endswith("two years ago")


def test_an_old_value_ends_when_the_new_one_began(api: Api):
    session = api.session("user=u_alice")["id"]
    for content in ("I've lived in Leeds since 2010.", "I moved to Oslo in May 2024."):
        turn = {"role": "user", "content": content, "occurred_at": "2024-09-01T10:00:00Z"}
        api.post(f"/sessions/{session}/turns", {"messages": [turn]})

    old = Memory.unscoped.get(status="superseded")
    assert (old.value, old.valid_until.date().isoformat()) == ("Leeds", "2024-05-01")
    assert live_values(api) == {"home": "Oslo"}


def test_saying_it_again_with_a_date_gives_the_memory_that_date(api: Api):
    session = api.session("user=u_alice")["id"]
    api.say(session, "I work at Acme.")
    api.say(session, "I've worked at Acme since 2019.")
    memory = Memory.unscoped.get()
    assert (memory.valid_from.year, memory.valid_until) == (2019, None)

    api.say(session, "I work at Acme until tomorrow.")
    memory.refresh_from_db()
    assert memory.expires_at == memory.valid_until

    api.say(session, "I work at Acme.")
    memory.refresh_from_db()
    assert memory.expires_at == memory.valid_until


def test_what_had_run_out_and_is_said_again_holds_again(api: Api):
    session = api.session("user=u_alice")["id"]
    long_ago = (timezone.now() - timedelta(days=3)).isoformat()
    turn = {"role": "user", "content": "I work at Acme until tomorrow.", "occurred_at": long_ago}
    api.post(f"/sessions/{session}/turns", {"messages": [turn]})
    assert live_values(api) == {}

    api.say(session, "I work at Acme.")
    assert live_values(api) == {"employer": "Acme"}
