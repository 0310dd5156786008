"""Erasing all there is under a scope, as for a person who leaves."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import connections

from memories import scope_erasure
from memories.models import Memory
from tests.agents import observe, run
from tests.factories import Answer, Api, Space, make_space
from tests.memories.test_erasure import kept_by_an_app, tables_saying, told
from tests.project.test_commands import run as command

ALICE = ["user=u_alice"]
WORD = "zanzibar"


def erase(api: Api, *scope: str, dry_run: bool = False, **headers: str) -> Answer:
    body = {"scope": list(scope or ALICE), "dry_run": dry_run}
    return api.post("/erase", body, **headers)


@pytest.fixture
def everything(api: Api) -> None:
    """The word in whatever holds words, under Alice's scope or a narrower one."""
    chat = api.session(*ALICE, title="About Zanzibar")["id"]
    told(api, "I live in Zanzibar.", session=chat, Idempotency_Key="k1")
    fork = api.post(f"/sessions/{chat}/fork", {"reason": "Zanzibar again"})["id"]
    told(api, "My sister lives in Zanzibar too.", session=fork)
    closed = api.session(*ALICE, "team=red")["id"]
    told(api, "My dog is called Zanzibar.", session=closed)
    api.patch(f"/sessions/{closed}", {"status": "archived"})
    fact = {"category": "identity", "key": "hometown", "value": "Zanzibar", "scope": ALICE}
    assert api.post("/memories", fact).status == 201
    run(api, "cs", "m-1", *ALICE, prompt="Fix Zanzibar")
    observe(api, title="Zanzibar is fixed")
    kept_by_an_app(api, "I live in Zanzibar.")
    question = {
        "query": "who lives in Zanzibar?",
        "scope": ALICE,
        "session_id": "s",
        "persist": True,
    }
    assert api.call("POST", "/memory/query", question)["results"]
    nothing = {"query": "Zanzibar?", "scope": [*ALICE, "team=blue"], "include": ["memories"]}
    api.call("POST", "/memory/query", nothing)


def test_all_of_a_person_goes_and_nothing_of_others(api, everything):
    others = api.session("user=u_bob")["id"]
    told(api, "I like Madagascar.", session=others)
    shared = {"category": "knowledge", "key": "likes", "value": "Madagascar", "scope": ["team=red"]}
    assert api.post("/memories", shared).status == 201
    before = (tables_saying("madagascar"), api.get(f"/sessions/{others}/turns").body)
    dry = erase(api, dry_run=True)
    done = erase(api)

    assert done.status == 200
    assert (done["has_more"], done["left_over"]) == (False, 0)
    assert done["counts"]["sessions"] == 4
    assert done["counts"]["turns"] == dry["counts"]["turns"] == 4
    assert {"memories", "entities", "receipts", "checkpoints", "checkpoint_writes"} <= set(
        done["counts"]
    )
    assert tables_saying(WORD) == []
    assert (tables_saying("madagascar"), api.get(f"/sessions/{others}/turns").body) == before
    assert command("check_orphans") == {"orphans": 0}
    found = command("verify_provenance")
    assert found["wrong_quotes"] == found["memories_without_source"] == 0


def test_by_default_it_only_counts(api, everything):
    before = tables_saying(WORD)
    counted = api.post("/erase", {"scope": ALICE})
    dry = erase(api, dry_run=True)

    assert counted.body == dry.body
    assert (dry["dry_run"], dry["scope"]) == (True, ALICE)
    assert dry["counts"]["sessions"] == 4
    assert dry["counts"]["observations"] == 1
    assert tables_saying(WORD) == before


def test_again_it_finds_nothing_more(api, everything):
    erase(api)
    again = erase(api)

    assert (again.status, again["counts"], again["left_over"]) == (200, {}, 0)
    assert erase(api, dry_run=True)["counts"] == {}


def test_a_narrower_scope_takes_only_what_has_all_its_tags(api, everything):
    done = erase(api, *ALICE, "team=red")

    assert done["counts"]["sessions"] == 1
    assert api.call("POST", "/memory/query", {"query": "Zanzibar", "scope": ALICE})["results"]


def test_what_is_too_much_for_one_call_is_left_to_the_next(api, everything, monkeypatch):
    monkeypatch.setattr(scope_erasure, "MOST_SESSIONS", 1)
    monkeypatch.setattr(scope_erasure, "MOST_MEMORIES", 1)
    first = erase(api)
    assert (first["has_more"], first["counts"]["sessions"]) == (True, 2)  # with its fork

    calls = 1
    while erase(api)["has_more"]:
        calls += 1
        assert calls < 20
    assert tables_saying(WORD) == []


def test_the_command_goes_on_until_all_is_gone(space: Space, api, everything, monkeypatch):
    monkeypatch.setattr(scope_erasure, "MOST_SESSIONS", 1)
    where = ("--tenant", space.tenant.slug, "--project", "app")
    counted = command("erase_scope", *where, *ALICE)
    assert (counted["dry_run"], counted["counts"]["sessions"]) == (True, 4)
    assert tables_saying(WORD)

    done = command("erase_scope", *where, *ALICE, "--yes")
    assert (done["dry_run"], done["counts"]["sessions"], done["left_over"]) == (False, 4, 0)
    assert tables_saying(WORD) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"scope": []},
        {"scope": "user=u_alice"},
        {"scope": ["user"]},
        {"scope": ["user=a", "user=b"]},
        {"scope": ALICE, "dry_run": "no"},
        {"scope": ALICE, "mode": "erase"},
    ],
)
def test_a_body_that_does_not_say_what_is_refused(api, everything, body):
    before = tables_saying(WORD)
    assert api.post("/erase", body).status == 400
    assert tables_saying(WORD) == before


def test_only_management_keys_erase_a_scope_and_within_their_floor(space: Space, api, everything):
    before = tables_saying(WORD)
    alice = space.api_of(space.make_user("u_alice"))
    bounded = space.api(space.make_key("management", "team=red"))

    assert erase(alice).status == 403
    assert erase(space.api(space.make_key("agent", "user=u_alice"))).status == 403
    assert erase(bounded, "team=blue").status == 403
    assert tables_saying(WORD) == before
    assert erase(bounded)["counts"]["sessions"] == 1


def test_words_that_a_recall_left_elsewhere_go_too(api, everything, settings):
    settings.RECEIPT_WORDS = 0.0
    question = {"query": "Zanzibar?", "scope": ALICE, "session_id": "t", "persist": True}
    api.call("POST", "/memory/query", question)
    settings.RECEIPT_WORDS = 1.0
    chat = api.session(*ALICE)["id"]
    told(api, "What about Zanzibar?", session=chat)
    assert api.get(f"/sessions/{chat}/context?scope=team%3Dred").status == 200

    assert erase(api)["left_over"] == 0
    assert tables_saying(WORD) == []


def test_a_session_takes_along_what_was_asked_for_it(api):
    said = told(api, "What about Zanzibar?")
    api.get(f"/sessions/{said['session_id']}/context?scope=team%3Dred")
    assert tables_saying(WORD)

    api.delete(f"/sessions/{said['session_id']}")
    assert tables_saying(WORD) == []


def test_names_that_no_memory_states_go_with_the_answers_that_showed_them(api):
    told(api, "I work at Acme Corp.")
    [entity] = api.get("/entities")["data"]
    Memory.unscoped.update(object=None)
    path = f"/entities/{entity['id']}/aliases"
    assert api.post(path, {"name": "Zanzibar"}, Idempotency_Key="a").status in {200, 201}

    erase(api)
    assert tables_saying(WORD) == []


def test_turns_elsewhere_that_said_its_memories_are_counted_before(api):
    chat = api.session(*ALICE)["id"]
    red = {"text": "I live in Zanzibar.", "scope": [*ALICE, "team=red"], "session_id": chat}
    assert api.post("/facts", red).status == 200
    dry = erase(api, "team=red", dry_run=True)
    done = erase(api, "team=red")

    assert dry["counts"]["turns"] == done["counts"]["turns"] == 1
    assert tables_saying(WORD) == []


def test_what_was_said_beyond_a_keys_floor_it_cannot_erase(space: Space, api):
    chat = api.session(*ALICE)["id"]
    red = {"text": "I live in Zanzibar.", "scope": [*ALICE, "team=red"], "session_id": chat}
    api.post("/facts", red)
    bounded = space.api(space.make_key("management", "team=red"))

    assert erase(bounded, dry_run=True).status == 403
    assert erase(bounded).status == 403
    assert tables_saying(WORD)


def test_too_many_tags_with_the_floor_are_refused(space: Space, api):
    bounded = space.api(space.make_key("management", "team=red"))
    assert erase(bounded, *[f"k{n}=v" for n in range(8)]).status == 400


@pytest.mark.django_db(transaction=True)
def test_it_holds_up_nobody_who_learns_meanwhile():
    """It takes scopes and the project's counter as every write does, one session at a time."""
    api = make_space().api()
    for number in range(8):
        told(api, "I live in Zanzibar.", session=api.session(*ALICE, f"zone=z{number}")["id"])
        told(api, "I like Zanzibar.", session=api.session(*ALICE)["id"])
    together, statuses = Barrier(4), []

    def work(scope: list[str]) -> None:
        try:
            together.wait()
            for _ in range(6):
                body = {"text": "I work at Acme Corp.", "scope": scope}
                statuses.append(api.post("/facts", body).status)
        finally:
            connections.close_all()

    scopes = [["user=u_bob"], [*ALICE, "zone=z7"], [*ALICE, "zone=z3"]]
    threads = [Thread(target=work, args=[scope]) for scope in scopes]
    for thread in threads:
        thread.start()
    together.wait()
    done = erase(api)
    for thread in threads:
        thread.join(60)

    assert done.status == 200
    assert set(statuses) == {200}
    assert len(statuses) == 18


@pytest.mark.django_db(transaction=True)
def test_two_at_once_and_an_append_between_them_leave_nothing_behind():
    api = make_space().api()
    chats = [api.session(*ALICE)["id"] for _ in range(6)]
    for chat in chats:
        told(api, "I live in Zanzibar.", session=chat)
    together, statuses = Barrier(4), []

    def work(call, *arguments) -> None:
        try:
            together.wait()
            statuses.append(call(*arguments).status)
        finally:
            connections.close_all()

    tasks = [(erase, api), (erase, api)]
    tasks += [(api.say, chat, "I live in Zanzibar, still.") for chat in chats[:2]]
    threads = [Thread(target=work, args=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(statuses) == 4
    assert statuses.count(200) == 2
    assert set(statuses) <= {200, 201, 404, 409}
    erase(api)
    assert tables_saying(WORD) == []
