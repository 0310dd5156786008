"""The one rule of visibility: a record's scope is a subset of what is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import scope as scopes
from tests.factories import Api, Space

TRUTH = [
    ([], ["org=o", "user=u"], True),
    (["org=o"], ["org=o", "user=u"], True),
    (["org=o", "user=u"], ["org=o"], False),
    (["org=o", "user=u"], ["org=o", "user=u"], True),
    (["org=o2"], ["org=o", "user=u"], False),
    (["user=u", "agent=a"], ["org=o", "user=u"], False),
    (["user=u", "agent=a"], ["org=o", "user=u", "agent=a"], True),
]


@pytest.mark.parametrize(("record", "asked", "visible"), TRUTH)
def test_the_truth_table_on_recall(api: Api, record, asked, visible):
    told = {"messages": [{"role": "user", "content": "I work at Acme Corp."}], "scope": record}
    assert api.post("/facts/batch", told).status == 200
    found = api.call("POST", "/memory/query", {"query": "work", "scope": asked})

    assert {hit["type"] for hit in found["results"]} == ({"memory", "turn"} if visible else set())


@pytest.mark.parametrize(("record", "asked", "visible"), TRUTH)
def test_the_truth_table_on_lists(api: Api, record, asked, visible):
    api.post("/sessions", {"scope": record})
    query = "&".join(f"scope={tag.replace('=', '%3D')}" for tag in asked)

    assert bool(api.get(f"/sessions?{query}")["data"]) is visible


def test_by_id_a_record_is_found_unless_it_contradicts_the_floor(space: Space, api: Api):
    session = api.session("org=o", "user=u")
    path = f"/sessions/{session['id']}"

    assert space.api(space.make_key("agent", "org=o")).get(path).status == 200
    assert space.api(space.make_key("agent", "agent=a")).get(path).status == 200
    assert space.api(space.make_key("agent", "user=other")).get(path).status == 404


def test_an_agent_without_scope_lists_its_floor_and_a_supervisor_everything(space: Space, api: Api):
    for tags in (["org=o"], ["org=o", "user=u"], ["org=p"]):
        api.post("/sessions", {"scope": tags})
    agent = space.api(space.make_key("agent", "org=o")).get("/sessions")["data"]
    supervisor = space.api(space.make_key("supervisor")).get("/sessions")["data"]

    assert [s["scope"] for s in agent] == [["org=o"]]
    assert len(supervisor) == 3


def test_writing_needs_the_floor_inside_the_scope(space: Space, api: Api):
    outside = api.session("org=o")
    agent = space.api(space.make_key("agent", "org=o", "user=u"))

    assert agent.get(f"/sessions/{outside['id']}").status == 200
    assert agent.say(outside["id"], "hello").status == 403
    assert agent.post("/sessions", {"scope": ["org=p"]}).status == 403
    assert agent.post("/sessions", {"scope": ["agent=a"]})["scope"] == [
        "agent=a",
        "org=o",
        "user=u",
    ]


def test_a_session_without_scope_gets_the_floor(space: Space):
    agent = space.api(space.make_key("agent", "user=u"))

    assert agent.post("/sessions", {})["scope"] == ["user=u"]
    assert space.api(space.make_key("agent")).post("/sessions", {}).status == 403
    assert space.api().post("/sessions", {})["scope"] == []


def test_a_supervisor_writes_nothing(space: Space, api: Api):
    session = api.session("user=u")
    supervisor = space.api(space.make_key("supervisor"))

    assert supervisor.post("/sessions", {"scope": ["user=u"]}).status == 403
    assert supervisor.say(session["id"], "hello").status == 403
    assert supervisor.post("/facts/batch", {"messages": []}).status == 403


def test_a_write_into_a_session_keeps_its_user_and_contradicts_no_tag(api: Api):
    session = api.session("org=o", "user=u")

    assert api.say(session["id"], "hi", scope=["user=u"]).status == 201
    for scope in (["user=v"], ["org=o"], ["org=p", "user=u"]):
        refused = api.say(session["id"], "hi", scope=scope)
        assert (refused.status, refused["code"]) == (403, "scope_conflict")
    assert api.get(f"/sessions/{session['id']}")["turn_count"] == 1


def test_a_person_sees_own_rows_and_shared_ones_within_their_tags(space: Space, api: Api):
    user = space.make_user("u")
    for tags in (["user=u", "agent=a"], [], ["org=o"], ["user=v"]):
        api.post("/sessions", {"scope": tags})
    mine = {tuple(s["scope"]) for s in space.api_of(user).get("/sessions")["data"]}
    user.tags = {"org": "o"}
    user.save()
    more = {tuple(s["scope"]) for s in space.api_of(user).get("/sessions")["data"]}

    assert mine == {("agent=a", "user=u"), ()}
    assert more == mine | {("org=o",)}


def test_an_id_taken_out_of_reach_is_a_404_and_a_visible_one_a_409(space: Space, api: Api):
    session = api.session("user=u")
    other = space.api(space.make_key("agent", "user=v"))

    again = api.post("/sessions", {"id": session["id"], "scope": ["user=u"]})
    foreign = other.post("/sessions", {"id": session["id"]})

    assert (again.status, again["code"]) == (409, "session_exists")
    assert foreign.status == 404


def test_an_id_of_another_project_is_neither_blocked_nor_revealed(other_space: Space, api: Api):
    session = api.session("user=u")
    theirs = other_space.api().post("/sessions", {"id": session["id"], "scope": ["user=u"]})

    assert theirs.status == 201
    assert theirs["id"] == session["id"]


tag_sets = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True), st.text("ab=é", min_size=1), max_size=8
)


@given(tag_sets, tag_sets)
def test_a_key_is_among_the_subset_keys_iff_the_scope_is_a_subset(record, asked):
    is_subset = record.items() <= asked.items()

    assert (scopes.scope_key(record) in scopes.subset_keys(asked)) is is_subset


@given(tag_sets)
def test_tags_read_back_as_written(scope):
    assert scopes.parse_tags(scopes.tags(scope)) == dict(sorted(scope.items()))


def test_long_scopes_have_short_keys():
    long = {f"k{n}": "é" * 128 for n in range(8)}

    assert len(scopes.scope_key(long).encode()) < 500
    assert scopes.scope_key(long) in scopes.subset_keys(long)
