"""The main job through the public edge: say something, see what was learnt and where from."""

import pytest

from tests.factories import Api, Space

ALICE = [
    {"role": "user", "content": "My name is Alice and I work at Acme Corp."},
    {"role": "assistant", "content": "Hello Alice! How can I help?"},
]
SCOPE = ["org=acme", "user=u_alice", "agent=support"]


@pytest.fixture
def batch(api: Api):
    session = api.session(*SCOPE, metadata={"channel": "web"})
    answer = api.post(
        "/facts/batch", {"session_id": session["id"], "messages": ALICE, "scope": SCOPE[:2]}
    )
    assert answer.status == 200, answer
    return answer.body


def cited(batch: dict, value: str) -> dict:
    items = [*batch["diff"]["attributes"], *batch["diff"]["relations"]]
    return next(item for item in items if item["value"] == value)


@pytest.mark.parametrize(("value", "key"), [("Alice", "name"), ("Acme Corp", "employer")])
def test_a_batch_answers_with_cited_facts(batch, value, key):
    item = cited(batch, value)
    source = item["source"]
    start, end = source["span"]

    assert item["key"] == key
    assert item["op"] == "added"
    assert source["kind"] == "turn"
    assert source["ref"] == f"turn:{batch['turn_ids'][0]}"
    assert source["turn_id"] == batch["turn_ids"][0]
    assert (source["session_id"], source["seq"]) == (batch["session_id"], 1)
    assert ALICE[0]["content"][start:end] == source["quote"]
    assert value in source["quote"]
    assert source["trust"] == 0.9


def test_a_question_finds_the_memory_and_the_turn(api, batch):
    found = api.call("POST", "/memory/query", {"query": "where does Alice work?", "scope": SCOPE})

    assert found.status == 200
    assert {hit["type"] for hit in found["results"]} == {"memory", "turn"}
    assert "Acme" in found["results"][0]["text"]
    assert all(hit["sources"] for hit in found["results"])
    assert found["trace_id"]


def test_the_turns_read_back_in_order(api, batch):
    turns = api.get(f"/sessions/{batch['session_id']}/turns")["data"]

    assert [(t["seq"], t["role"], t["content"]) for t in turns] == [
        (1, "user", ALICE[0]["content"]),
        (2, "assistant", ALICE[1]["content"]),
    ]


def test_the_person_sees_their_memory_and_nobody_elses(space: Space, batch):
    alice = space.api_of(space.make_user("u_alice"))
    bob = space.api_of(space.make_user("u_bob"))

    mine = alice.call("POST", "/memory/query", {"query": "where do I work?"})
    theirs = bob.call("POST", "/memory/query", {"query": "where do I work?"})

    assert any("Acme" in hit["text"] for hit in mine["results"])
    assert theirs["results"] == []


def test_the_trace_of_a_batch_can_be_read(api, batch):
    trace = api.get(f"/traces/{batch['trace_id']}")

    assert trace.status == 200
    assert trace["kind"] == "ingest"
    assert trace["number"] == 1


def test_signing_in_gives_a_token_that_names_its_family(space: Space):
    user = space.make_user("u_alice")
    nobody = Api({}, "app")

    pair = nobody.call(
        "POST", "/auth/login", {"email": user.email, "password": "correct horse battery staple 9"}
    )
    me = Api({"Authorization": f"bearer {pair['access']}"}, "app").call("GET", "/auth/me")

    assert pair.status == 200
    assert me["sid"] == pair["session"]["family_id"]
    assert me["floor"] == ["user=u_alice"]
