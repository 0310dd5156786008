"""Who and what memories name, under how many names."""

from __future__ import annotations

import pytest

from memories.models import Memory
from tests.factories import Api, Space


@pytest.fixture
def acme(api: Api) -> list[dict]:
    """Two entities that are one company."""
    for text in ("I work at Acme Corp.", "Actually, I work at Globex now."):
        api.post("/facts", {"text": text, "scope": ["user=u_alice"]})
    return api.get("/entities?order=asc")["data"]


def test_an_entity_is_made_once_and_listed_with_its_type(api: Api, acme: list[dict]):
    api.post("/facts", {"text": "I work at Globex.", "scope": ["user=u_alice"]})

    assert [entity["name"] for entity in acme] == ["Acme Corp", "Globex"]
    assert len(api.get("/entities")["data"]) == 2
    assert api.get("/entities?type=nothing")["data"] == []


def test_merging_moves_memories_and_keeps_the_name(api: Api, acme: list[dict]):
    one, other = acme
    merged = api.post(f"/entities/{one['id']}/merge", {"into": other["id"]})

    assert merged.status == 200
    assert merged["aliases"] == ["Acme Corp"]
    assert [entity["id"] for entity in api.get("/entities")["data"]] == [other["id"]]
    assert {str(m.object.uid) for m in Memory.unscoped.filter(key="employer")} == {other["id"]}


def test_a_merged_entity_named_again_is_the_other(api: Api, acme: list[dict]):
    one, other = acme
    api.post(f"/entities/{one['id']}/merge", {"into": other["id"]})
    api.post("/facts", {"text": "Actually, I work at Acme Corp.", "scope": ["user=u_alice"]})

    assert str(Memory.unscoped.get(status="live", key="employer").object.uid) == other["id"]


def test_what_cannot_be_merged_is_refused(api: Api, acme: list[dict]):
    one, other = acme
    itself = api.post(f"/entities/{one['id']}/merge", {"into": one["id"]})
    api.post(f"/entities/{one['id']}/merge", {"into": other["id"]})
    again = api.post(f"/entities/{one['id']}/merge", {"into": other["id"]})

    assert (itself.status, itself["code"]) == (422, "not_mergeable")
    assert (again.status, again["code"]) == (409, "already_merged")


def test_an_alias_is_added_once(api: Api, acme: list[dict]):
    path = f"/entities/{acme[0]['id']}/aliases"
    for _ in range(2):
        answer = api.post(path, {"name": "ACME"})

    assert (answer.status, answer["aliases"]) == (201, ["ACME"])


def test_an_agent_of_somebody_else_does_not_find_it(space: Space, acme: list[dict]):
    agent = space.api(space.make_key("agent", "user=u_bob"))

    assert agent.get(f"/entities/{acme[0]['id']}").status == 404
    assert agent.get("/entities")["data"] == []


def test_a_mention_under_another_name_is_the_same_entity(api: Api):
    said = {"text": "I work at International Business Machines.", "scope": ["user=u_alice"]}
    told = api.post("/facts", said)
    [ibm] = told["diff"]["entities"]
    api.post(f"/entities/{ibm['id']}/aliases", {"name": "Big Blue"})
    again = api.post("/facts", said | {"text": "Actually, I work at Big Blue."})

    [item] = again["diff"]["attributes"]
    assert (item["op"], item["value"]) == ("reinforced", "International Business Machines")
    assert item["source"]["quote"].endswith("Big Blue")
    assert [entity["id"] for entity in api.get("/entities")["data"]] == [ibm["id"]]


def test_a_job_that_ended_is_found_under_the_other_name_of_its_employer(api: Api):
    said = {"text": "I work at International Business Machines.", "scope": ["user=u_alice"]}
    [ibm] = api.post("/facts", said)["diff"]["entities"]
    api.post(f"/entities/{ibm['id']}/aliases", {"name": "Big Blue"})
    api.post("/facts", said | {"text": "I no longer work at Big Blue."})

    assert api.get("/memories?key=employer")["data"] == []


def test_a_name_belongs_to_one_entity_of_a_scope(api: Api, acme: list[dict]):
    one, other = acme
    api.post(f"/entities/{one['id']}/aliases", {"name": "The Firm"})
    path = f"/entities/{other['id']}/aliases"

    for taken in ("acme corp", "the firm"):
        answer = api.post(path, {"name": taken})
        assert (answer.status, answer["code"]) == (409, "name_taken")
    assert api.post(path, {"name": "..."}).status == 400


def test_people_do_not_say_what_names_mean(space: Space, acme: list[dict]):
    alice = space.api_of(space.make_user("u_alice"))
    one, other = acme

    assert alice.post(f"/entities/{one['id']}/aliases", {"name": "ACME"}).status == 403
    assert alice.post(f"/entities/{one['id']}/merge", {"into": other["id"]}).status == 403
