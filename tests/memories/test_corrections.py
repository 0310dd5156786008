"""Memories corrected, added, settled and taken back by hand."""

from __future__ import annotations

import pytest

from memories.models import Memory
from tests.factories import Api, Space


@pytest.fixture
def home(api: Api) -> str:
    """The id of a memory: home is Leeds."""
    told = api.post("/facts", {"text": "I live in Leeds.", "scope": ["user=u_alice"]})
    return told["diff"]["attributes"][0]["memory_id"]


@pytest.fixture
def doubt(api: Api) -> str:
    """The id of an uncertainty: home is Leeds, or Porto as was hardly audible."""
    scope = ["user=u_alice"]
    api.post("/facts", {"text": "I live in Leeds.", "scope": scope, "authority": "authoritative"})
    told = api.post("/facts", {"text": "I live in Porto.", "scope": scope})
    return told["diff"]["uncertainties"][0]["memory_id"]


def values(api: Api, key: str = "home", status: str = "live") -> list[str]:
    return [m["value"] for m in api.get(f"/memories?key={key}&status={status}")["data"]]


def test_a_correction_by_hand_supersedes_and_is_its_own_source(api: Api, home: str):
    done = api.call("PATCH", f"/api/v1/app/memories/{home}", {"value": "York"})

    assert done.status == 200
    assert (done["memory"]["value"], done["memory"]["confidence"]) == ("York", 1.0)
    [source] = done["memory"]["sources"]
    assert (source["kind"], source["trust"], source["quote"]) == ("manual", 1.0, "York")
    assert values(api) == ["York"]
    assert values(api, status="superseded") == ["Leeds"]
    assert done["diff"]["corrections"][0]["old_memory_id"] == home


def test_a_corrected_memory_cannot_be_corrected_again(api: Api, home: str):
    api.call("PATCH", f"/api/v1/app/memories/{home}", {"value": "York"})
    again = api.call("PATCH", f"/api/v1/app/memories/{home}", {"value": "Hull"})

    assert (again.status, again["code"]) == (409, "memory_not_live")


def test_correcting_one_of_several_values_leaves_the_others(api: Api):
    told = api.post("/facts", {"text": "I speak Spanish and Dutch.", "scope": ["user=u_alice"]})
    dutch = next(i for i in told["diff"]["attributes"] if i["value"] == "Dutch")
    api.call("PATCH", f"/api/v1/app/memories/{dutch['memory_id']}", {"value": "German"})

    assert sorted(values(api, "languages")) == ["German", "Spanish"]


def test_a_curated_memory_is_changed_by_management_only(space: Space, api: Api, doubt: str):
    [curated] = api.get("/memories?key=home")["data"]
    agent = space.api(space.make_key("agent", "user=u_alice"))
    refused = agent.call("PATCH", f"/api/v1/app/memories/{curated['id']}", {"value": "York"})

    assert (refused.status, refused["code"]) == (422, "authoritative")
    assert (
        api.call("PATCH", f"/api/v1/app/memories/{curated['id']}", {"value": "York"}).status == 200
    )


def test_a_person_corrects_their_own_and_nobody_elses(space: Space, api: Api, home: str):
    alice = space.api_of(space.make_user("u_alice"))
    bob = space.api_of(space.make_user("u_bob"))

    assert bob.call("PATCH", f"/api/v1/app/memories/{home}", {"value": "Hull"}).status == 404
    assert alice.call("PATCH", f"/api/v1/app/memories/{home}", {"value": "Hull"}).status == 200
    assert values(api) == ["Hull"]


def test_a_supervisor_corrects_nothing(space: Space, home: str):
    supervisor = space.api(space.make_key("supervisor"))

    assert supervisor.call("PATCH", f"/api/v1/app/memories/{home}", {"value": "Hull"}).status == 403
    assert supervisor.call("DELETE", f"/api/v1/app/memories/{home}").status == 403


def test_a_retracted_memory_is_gone_from_state_and_revives_nothing(api: Api, home: str):
    corrected = api.call("PATCH", f"/api/v1/app/memories/{home}", {"value": "York"})["memory"]
    done = api.call("DELETE", f"/api/v1/app/memories/{corrected['id']}")

    assert (done.status, done["memory"]["status"]) == (200, "retracted")
    assert values(api) == []
    assert values(api, status="superseded") == ["Leeds"]


def test_a_memory_added_by_hand(api: Api):
    body = {"category": "identity", "key": "home", "value": "York", "scope": ["user=u_alice"]}
    made = api.post("/memories", body)

    assert made.status == 201
    assert made["memory"]["text"] == "The user lives in York"
    assert made["memory"]["sources"][0]["kind"] == "manual"


HOME = {"category": "identity", "key": "home", "scope": ["user=u_alice"]}


def test_a_memory_added_by_hand_that_is_stored_already_is_answered_with_a_200(api: Api, home: str):
    again = api.post("/memories", HOME | {"value": "Leeds"})
    other = api.post("/memories", HOME | {"value": "York"})

    assert (again.status, again["memory"]["id"]) == (200, home)
    assert [item["op"] for item in again["diff"]["attributes"]] == ["reinforced"]
    assert (other.status, other["memory"]["value"]) == (201, "York")


def test_a_contested_memory_said_again_by_hand_is_answered_with_a_200(api: Api, doubt: str):
    first = api.post("/memories", HOME | {"value": "Hull"})
    again = api.post("/memories", HOME | {"value": "Hull"})

    assert (first.status, first["memory"]["value"], first["memory"]["status"]) == (
        201,
        "Hull",
        "contested",
    )
    assert (again.status, again["memory"]["id"]) == (200, first["memory"]["id"])


def test_a_memory_that_settles_a_doubt_by_hand_is_the_one_answered(api: Api, doubt: str):
    again = api.post("/memories", HOME | {"value": "Leeds"})

    assert (again.status, again["memory"]["value"]) == (200, "Leeds")
    assert values(api, "about") == []


@pytest.mark.parametrize(
    "body",
    [
        {"category": "uncertainty", "key": "about", "value": "x"},
        {"category": "identity", "key": "Home", "value": "x"},
        {"category": "identity", "key": "home", "value": ""},
        {"category": "identity", "key": "home"},
        {"category": "identity", "key": "home", "value": "x", "trust": 1},
    ],
)
def test_a_bad_memory_by_hand_is_a_400(api: Api, body: dict):
    assert api.post("/memories", body | {"scope": ["user=x"]}).status == 400
    assert Memory.unscoped.count() == 0


def test_the_history_tells_every_step_and_who_took_it(api: Api, home: str):
    api.call("PATCH", f"/api/v1/app/memories/{home}", {"value": "York"})
    history = api.get(f"/memories/{home}/history")["data"]

    assert [step["op"] for step in history] == ["superseded", "added"]
    assert history[1]["seq"] == 1
    assert history[0]["principal"] == {"kind": "key", "label": "management"}
    assert history[0]["before"]["status"] == "live"


def test_the_history_is_told_in_either_order_and_page_by_page(api: Api, home: str):
    for value in ("Leeds", "Leeds", "York"):
        api.patch(f"/memories/{home}", {"value": value})
    path = f"/memories/{home}/history"
    newest_first = [step["op"] for step in api.get(path)["data"]]
    first = api.get(f"{path}?limit=1")
    second = api.get(f"{path}?limit=1&cursor={first['next_cursor']}")

    assert newest_first == ["superseded", "reinforced", "reinforced", "added"]
    assert api.get(f"{path}?order=asc")["data"] == api.get(f"{path}?order=desc")["data"][::-1]
    assert [first["data"][0]["op"], second["data"][0]["op"]] == newest_first[:2]


def test_a_conflict_settled_with_the_other_value(api: Api, doubt: str):
    done = api.post(f"/memories/{doubt}/resolve", {"value": "Porto"})

    assert (done.status, done["memory"]["value"]) == (200, "Porto")
    assert values(api) == ["Porto"]
    assert values(api, status="contested") == []
    assert values(api, "about") == []


@pytest.mark.parametrize("body", [{"reject": True}, {"value": "Leeds"}])
def test_a_conflict_settled_for_what_stood(api: Api, doubt: str, body: dict):
    assert api.post(f"/memories/{doubt}/resolve", body).status == 200
    assert values(api) == ["Leeds"]
    assert values(api, status="contested") == []
    assert values(api, status="retracted") == ["Porto"]


@pytest.mark.parametrize("body", [{}, {"reject": False}, {"reject": True, "value": "x"}])
def test_a_resolution_says_one_thing(api: Api, doubt: str, body: dict):
    assert api.post(f"/memories/{doubt}/resolve", body).status == 400


def test_only_an_uncertainty_is_resolved(api: Api, home: str):
    answer = api.post(f"/memories/{home}/resolve", {"reject": True})

    assert (answer.status, answer["code"]) == (422, "not_an_uncertainty")
    assert values(api) == ["Leeds"]


def test_private_words_of_a_correction_reach_nothing(api: Api, home: str):
    done = api.call(
        "PATCH", f"/api/v1/app/memories/{home}", {"value": "York<private>, 3 Mill Lane</private>"}
    )

    assert done["memory"]["value"] == "York"


def test_a_long_document_is_stored_in_turns_of_one_session(api: Api):
    text = "\n".join(f"Rule {n}: refunds take {n} days." for n in range(1, 400))
    told = api.post("/facts", {"text": text, "scope": ["org=o"], "authority": "authoritative"})
    turns = api.get(f"/sessions/{told['session_id']}/turns")["data"]

    assert len(turns) > 2
    assert "".join(turn["content"] for turn in turns) == text


def test_an_agent_writes_no_authoritative_facts(space: Space):
    agent = space.api(space.make_key("agent", "user=u_alice"))
    body = {"text": "I live in Leeds.", "authority": "authoritative"}

    assert agent.post("/facts", body).status == 403
    assert agent.post("/facts", {"text": "I live in Leeds."}).status == 200


@pytest.fixture
def in_doubt(api: Api) -> dict[str, str]:
    """Ids by value: home is Leeds by a curated document, Porto and Hull were said, each doubted."""
    scope = ["user=u_alice"]
    api.post("/facts", {"text": "I live in Leeds.", "scope": scope, "authority": "authoritative"})
    for place in ("Porto", "Hull"):
        api.post("/facts", {"text": f"I live in {place}.", "scope": scope})
    return {row.value: str(row.uid) for row in Memory.unscoped.all()}


def test_a_contested_value_that_is_corrected_replaces_what_stood(api: Api, in_doubt: dict):
    done = api.patch(f"/memories/{in_doubt['Porto']}", {"value": "Lisbon"})

    assert (done.status, done["memory"]["value"]) == (200, "Lisbon")
    assert values(api) == ["Lisbon"]
    assert values(api, status="superseded") == ["Leeds"]
    assert values(api, "about") == ["home: Leeds or Hull"]
    assert values(api, status="contested") == ["Hull"]


def test_an_agent_corrects_a_contested_value_into_what_stands_and_nothing_else(
    space: Space, api: Api, in_doubt: dict
):
    agent = space.api(space.make_key("agent", "user=u_alice"))
    path = f"/memories/{in_doubt['Porto']}"
    refused = agent.patch(path, {"value": "Lisbon"})

    assert (refused.status, refused["code"]) == (422, "authoritative")
    assert sorted(values(api, status="contested")) == ["Hull", "Porto"]
    assert agent.patch(path, {"value": "Leeds"})["memory"]["value"] == "Leeds"
    assert values(api, status="contested") == ["Hull"]


@pytest.mark.parametrize("way", ["delete", "forget"])
def test_a_contested_value_taken_back_settles_its_own_doubt(api: Api, in_doubt: dict, way: str):
    porto = in_doubt["Porto"]
    if way == "delete":
        assert api.delete(f"/memories/{porto}").status == 200
    else:
        ids = [porto, in_doubt["home: Leeds or Porto"]]
        assert api.post("/forget", {"ids": ids, "dry_run": False}).status == 200

    assert values(api) == ["Leeds"]
    assert values(api, status="retracted") == ["Porto"]
    assert values(api, "about") == ["home: Leeds or Hull"]


@pytest.mark.parametrize(
    ("body", "stands"), [({"value": "Porto"}, "Porto"), ({"reject": True}, "Leeds")]
)
def test_settling_one_conflict_leaves_the_others_open(
    api: Api, in_doubt: dict, body: dict, stands: str
):
    assert api.post(f"/memories/{in_doubt['home: Leeds or Porto']}/resolve", body).status == 200
    assert values(api) == [stands]
    assert values(api, status="contested") == ["Hull"]
    assert values(api, "about") == ["home: Leeds or Hull"]


def test_a_conflict_settled_with_a_third_value_in_doubt_settles_that_one_too(
    api: Api, in_doubt: dict
):
    api.post(f"/memories/{in_doubt['home: Leeds or Porto']}/resolve", {"value": "Hull"})

    assert values(api) == ["Hull"]
    assert values(api, status="contested") == values(api, "about") == []


@pytest.mark.parametrize("way", ["delete", "forget"])
def test_a_conflict_taken_back_takes_its_contested_value_with_it(
    api: Api, in_doubt: dict, way: str
):
    doubt = in_doubt["home: Leeds or Porto"]
    if way == "delete":
        assert api.delete(f"/memories/{doubt}").status == 200
    else:
        assert api.post("/forget", {"ids": [doubt], "dry_run": False}).status == 200

    assert values(api) == ["Leeds"]
    assert values(api, status="contested") == ["Hull"]
    assert values(api, "about") == ["home: Leeds or Hull"]


def test_a_value_that_is_confirmed_by_hand_stays_the_same_memory(api: Api, home: str):
    done = api.patch(f"/memories/{home}", {"value": "Leeds"})

    assert (done.status, done["memory"]["memory_id"]) == (200, home)
    assert [source["kind"] for source in done["memory"]["sources"]] == ["turn", "manual"]
    assert done["diff"]["corrections"] == []
    assert values(api, status="superseded") == []


@pytest.mark.parametrize("value", [" ... ", "!?", "<private>Porto</private>", '" "'])
def test_a_value_that_says_nothing_is_refused_everywhere(api: Api, in_doubt: dict, value: str):
    doubt = in_doubt["home: Leeds or Porto"]
    added = {"category": "identity", "key": "job", "value": value, "scope": ["user=u_alice"]}
    answers = [
        api.patch(f"/memories/{in_doubt['Leeds']}", {"value": value}),
        api.post(f"/memories/{doubt}/resolve", {"value": value}),
        api.post("/memories", added),
    ]

    assert [(a.status, a["errors"][0]["field"]) for a in answers] == [(400, "value")] * 3
    assert values(api) == ["Leeds"]
    assert values(api, "about") == ["home: Leeds or Hull", "home: Leeds or Porto"]
