"""Forgetting: what is taken back, and what is gone from every table."""

from __future__ import annotations

import pytest
from django.db import connection

from memories import forgetting
from memories.models import Entity, EntityAlias, ErasureReceipt, Memory
from tests.factories import Answer, Api, Space, make_space
from tests.waiting import behind_a_scope

SCOPE = ["user=u_alice"]


@pytest.fixture
def told(api: Api) -> dict[str, str]:
    """Ids by value of what Alice said of herself."""
    texts = ("I live in Zanzibar.", "I work at Acme Corp.", "I speak Spanish and Dutch.")
    for number, text in enumerate(texts):
        api.post("/facts", {"text": text, "scope": SCOPE}, Idempotency_Key=f"key-{number}")
    return {m["value"]: m["id"] for m in api.get("/memories")["data"]}


def forget(api: Api, **body):
    return api.post("/forget", body)


def live(api: Api) -> set[str]:
    return {m["value"] for m in api.get("/memories")["data"]}


def tables_that_hold(word: str) -> list[str]:
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{word}%"]
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_a_dry_run_of_an_erasure_foretells_all_that_goes(api: Api):
    api.post("/facts", {"text": "I live in Kyoto and I like ramen.", "scope": SCOPE})
    choice = {"filter": {"key": "home"}, "mode": "erase"}
    before = tables_that_hold("ramen")
    planned = forget(api, **choice)
    assert tables_that_hold("ramen") == before
    done = forget(api, **choice, dry_run=False)

    assert planned["counts"] == {name: done["counts"][name] for name in planned["counts"]}
    assert {"memories": 2, "turns": 1, "sources": 2}.items() <= planned["counts"].items()
    assert {row["value"] for row in planned["memories"]} == {"Kyoto", "ramen"}
    assert {row["memory_id"] for row in planned["memories"]} == {
        row["memory_id"] for row in done["memories"]
    }
    assert tables_that_hold("ramen") == []


def test_a_dry_run_shows_what_would_go_and_changes_nothing(api: Api, told: dict):
    shown = forget(api, ids=[told["Zanzibar"]])

    assert (shown.status, shown["dry_run"], shown["counts"]) == (200, True, {"memories": 1})
    assert [m["value"] for m in shown["memories"]] == ["Zanzibar"]
    assert "Zanzibar" in live(api)


def test_retracting_keeps_the_words_and_ends_the_memory(api: Api, told: dict):
    done = forget(api, ids=[told["Zanzibar"]], dry_run=False)

    assert done["counts"] == {"memories": 1}
    assert "Zanzibar" not in live(api)
    assert Memory.unscoped.get(uid=told["Zanzibar"]).status == "retracted"


def test_erasing_takes_the_words_out_of_every_table(api: Api, told: dict):
    query = {"query": "Zanzibar", "scope": SCOPE}
    assert api.call("POST", "/memory/query", query)["results"]
    done = forget(api, ids=[told["Zanzibar"]], mode="erase", dry_run=False)

    assert done["counts"]["memories"] == done["counts"]["turns"] == 1
    assert done["counts"]["left_over"] == 0
    assert tables_that_hold("zanzibar") == []
    assert ErasureReceipt.objects.get().verified_at is not None
    assert api.call("POST", "/memory/query", query)["results"] == []


def test_what_the_same_turn_said_goes_with_it_and_the_rest_stays(api: Api, told: dict):
    done = forget(api, ids=[told["Dutch"]], mode="erase", dry_run=False)

    assert done["counts"]["memories"] == 2
    assert live(api) == {"Zanzibar", "Acme Corp"}


def test_a_memory_written_by_hand_is_erased_too(api: Api):
    made = api.post(
        "/memories", {"category": "identity", "key": "home", "value": "Zanzibar", "scope": SCOPE}
    )
    forget(api, ids=[made["memory"]["id"]], mode="erase", dry_run=False)

    assert tables_that_hold("zanzibar") == []


@pytest.mark.parametrize(
    ("choice", "gone"),
    [
        ({"filter": {"key": "languages"}}, {"Spanish", "Dutch"}),
        ({"filter": {"category": "identity", "key": "home"}}, {"Zanzibar"}),
        ({"query": "acme"}, {"Acme Corp"}),
        ({"filter": {"key": "home"}, "scope": ["user=u_bob"]}, set()),
        ({"filter": {"created_after": "2200-01-01T00:00:00Z"}}, set()),
    ],
)
def test_choosing_by_filter_or_question(api: Api, told: dict, choice: dict, gone: set):
    forget(api, **choice, dry_run=False)

    assert live(api) == set(told) - gone


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"filter": {}},
        {"ids": ["00000000-0000-0000-0000-000000000000"], "query": "x"},
        {"query": ""},
        {"query": "x", "mode": "burn"},
        {"query": "x", "dry_run": "no"},
        {"filter": {"user": "u_bob"}},
    ],
)
def test_an_unclear_choice_is_a_400(api: Api, told: dict, body: dict):
    assert forget(api, **body).status == 400
    assert live(api) == set(told)


def test_unknown_ids_are_a_404(api: Api):
    assert forget(api, ids=["00000000-0000-0000-0000-000000000000"]).status == 404


def test_who_may_forget_how(space: Space, api: Api, told: dict):
    agent = space.api(space.make_key("agent", "user=u_alice"))
    supervisor = space.api(space.make_key("supervisor"))
    alice = space.api_of(space.make_user("u_alice"))
    bob = space.api_of(space.make_user("u_bob"))
    one = [told["Acme Corp"]]

    assert forget(supervisor, ids=one).status == 403
    assert forget(agent, query="acme").status == 403
    assert forget(agent, ids=one, mode="erase").status == 403
    assert forget(bob, ids=one).status == 404
    assert forget(bob, query="acme", dry_run=False)["counts"] == {"memories": 0}
    assert forget(agent, ids=one, dry_run=False).status == 200
    assert forget(alice, query="zanzibar", mode="erase", dry_run=False).status == 200
    assert live(api) == {"Spanish", "Dutch"}


def test_forgetting_never_revives_what_was_superseded(api: Api, told: dict):
    api.post("/facts", {"text": "Actually, I live in Porto now.", "scope": SCOPE})
    porto = next(m["id"] for m in api.get("/memories")["data"] if m["value"] == "Porto")
    forget(api, ids=[porto], mode="erase", dry_run=False)

    assert "Zanzibar" not in live(api)


def by_hand(api: Api, value: str) -> Memory:
    body = {"category": "identity", "key": "home", "value": value, "scope": SCOPE}
    return Memory.unscoped.get(uid=api.post("/memories", body)["memory"]["id"])


def erase(api: Api, memory: Memory) -> Answer:
    return forget(api, ids=[str(memory.uid)], mode="erase", dry_run=False)


@pytest.mark.django_db(transaction=True)
def test_a_retraction_that_waited_behind_an_erasure_brings_no_words_back():
    api = make_space().api()
    memory = by_hand(api, "Zanzibar")
    done = behind_a_scope(
        memory,
        lambda: forget(api, ids=[str(memory.uid)], dry_run=False),
        lambda: erase(api, memory),
    )

    assert (done.status, done["counts"], done["memories"]) == (200, {"memories": 0}, [])
    assert Memory.unscoped.get().status == "erased"
    assert tables_that_hold("zanzibar") == []


@pytest.mark.django_db(transaction=True)
def test_a_correction_that_waited_behind_an_erasure_brings_no_words_back():
    api = make_space().api()
    memory = by_hand(api, "Zanzibar")
    done = behind_a_scope(
        memory,
        lambda: api.patch(f"/memories/{memory.uid}", {"value": "Porto"}),
        lambda: erase(api, memory),
    )

    assert (done.status, done["code"]) == (409, "memory_not_live")
    assert tables_that_hold("zanzibar") == []


@pytest.mark.django_db(transaction=True)
def test_erasing_what_was_written_by_hand_waits_for_whoever_changes_its_scope():
    api = make_space().api()
    memory = by_hand(api, "Zanzibar")
    done = behind_a_scope(
        memory,
        lambda: erase(api, memory),
        lambda: api.patch(f"/memories/{memory.uid}", {"value": "Porto"}),
    )

    assert (done.status, done["counts"]["left_over"]) == (200, 0)
    assert tables_that_hold("zanzibar") == []
    assert live(api) == {"Porto"}


@pytest.mark.django_db(transaction=True)
def test_what_is_said_again_while_an_erasure_waits_goes_too():
    api = make_space().api()
    memory = by_hand(api, "Zanzibar")
    done = behind_a_scope(
        memory,
        lambda: erase(api, memory),
        lambda: api.post("/facts", {"text": "I live in Zanzibar.", "scope": SCOPE}),
    )

    assert (done.status, done["counts"]["turns"]) == (200, 1)
    assert tables_that_hold("zanzibar") == []


def test_what_is_left_over_counts_history_and_names_too(api: Api, told: dict):
    chosen = list(Memory.unscoped.filter(uid=told["Acme Corp"]))

    assert forgetting._verify(chosen) == len(["memory", "source", "turn", "change", "entity"])


@pytest.fixture
def one_company(api: Api) -> dict[str, str]:
    """Ids of the memories that name Acme Corp and Globex, which were merged into Globex."""
    for text in ("I work at Acme Corp.", "Actually, I work at Globex now."):
        api.post("/facts", {"text": text, "scope": SCOPE})
    acme, globex = (row["id"] for row in api.get("/entities?order=asc")["data"])
    api.post(f"/entities/{acme}/merge", {"into": globex}, Idempotency_Key="merge")
    rows = Memory.unscoped.filter(key="employer")
    return {"entity": globex} | {row.value: str(row.uid) for row in rows}


def test_erasing_takes_the_name_of_what_was_merged_into_an_entity(api: Api, one_company: dict):
    api.post(f"/entities/{one_company['entity']}/aliases", {"name": "GX"}, Idempotency_Key="alias")
    forget(api, ids=[one_company["Acme Corp"]], mode="erase", dry_run=False)

    assert tables_that_hold("acme") == []
    shown = api.get(f"/entities/{one_company['entity']}")
    assert (shown["name"], shown["aliases"]) == ("Globex", ["GX"])


def test_an_entity_whose_own_name_is_erased_goes_on_under_its_other_one(
    api: Api, one_company: dict
):
    forget(api, ids=[one_company["Globex"]], mode="erase", dry_run=False)

    assert tables_that_hold("globex") == []
    shown = api.get(f"/entities/{one_company['entity']}")
    assert (shown["name"], shown["aliases"]) == ("Acme Corp", [])
    assert str(Memory.unscoped.get(value="Acme Corp").object.uid) == one_company["entity"]


def test_an_entity_goes_with_all_its_names_when_nothing_says_any_of_them(
    api: Api, one_company: dict
):
    ids = [one_company["Acme Corp"], one_company["Globex"]]
    path = f"/entities/{one_company['entity']}/aliases"
    api.post(path, {"name": "The Globe"}, Idempotency_Key="alias")
    done = forget(api, ids=ids, mode="erase", dry_run=False)

    assert (done["counts"]["entities"], done["counts"]["left_over"]) == (2, 0)
    assert [Entity.unscoped.count(), EntityAlias.objects.count()] == [0, 0]
    assert tables_that_hold("acme") == tables_that_hold("globex") == []
    assert tables_that_hold("the globe") == []  # no word that a key may hold by chance


def test_only_management_takes_back_what_is_curated(space: Space, api: Api):
    body = {"text": "I live in Leeds.", "scope": SCOPE, "authority": "authoritative"}
    curated = api.post("/facts", body)["diff"]["attributes"][0]["memory_id"]
    agent = space.api(space.make_key("agent", "user=u_alice"))
    alice = space.api_of(space.make_user("u_alice"))
    for who in (agent, alice):
        for refused in (who.delete(f"/memories/{curated}"), forget(who, ids=[curated])):
            assert (refused.status, refused["code"]) == (422, "authoritative")

    assert live(api) == {"Leeds"}
    assert api.delete(f"/memories/{curated}").status == 200


def test_words_of_a_session_that_may_not_be_written_are_not_erased(space: Space, api: Api):
    session = api.session("user=u_alice")["id"]
    said = {"messages": [{"role": "user", "content": "I live in Zanzibar."}], "session_id": session}
    api.post("/facts/batch", said | {"scope": ["user=u_alice", "team=red"]})
    memory = Memory.unscoped.get()
    red = space.api(space.make_key("management", "team=red"))
    planned = red.post("/forget", {"ids": [str(memory.uid)], "mode": "erase"})
    refused = erase(red, memory)

    assert planned.status == refused.status == 403
    assert live(api) == {"Zanzibar"}
    assert api.get(f"/sessions/{session}/turns")["data"][0]["content"] == "I live in Zanzibar."
    assert erase(space.api_of(space.make_user("u_alice")), memory).status == 200
