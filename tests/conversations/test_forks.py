"""Forks by reference: what they show, where they may part, and what they cost."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.forks import fork_conversation
from conversations.models import Conversation, Turn
from memsync.common.tenancy import tenant_scope
from tests.factories import Api, Space


@pytest.fixture
def parent(api: Api) -> str:
    """A session with the turns A, B, C."""
    session = api.session("org=acme", "user=u_alice", title="Trip", kind="ticket")
    assert api.say(session["id"], "A", "B", "C", extract=False).status == 201
    return session["id"]


def say(api: Api, session: str, *texts: str) -> list[dict]:
    return api.say(session, *texts, extract=False)["turns"]


def fork(api: Api, session: str, **body: object) -> str:
    made = api.post(f"/sessions/{session}/fork", body)
    assert made.status == 201, made
    return made["id"]


def said(api: Api, session: str) -> list[str]:
    return [turn["content"] for turn in api.get(f"/sessions/{session}/turns?limit=200")["data"]]


def test_a_fork_shows_its_parent_up_to_the_cut_and_then_its_own(api, parent):
    child = fork(api, parent, seq=2)
    say(api, child, "X")
    turns = api.get(f"/sessions/{child}/turns")["data"]

    assert [(t["seq"], t["content"], t["inherited"]) for t in turns] == [
        (1, "A", True),
        (2, "B", True),
        (3, "X", False),
    ]
    assert [t["session_id"] for t in turns] == [parent, parent, child]
    assert said(api, parent) == ["A", "B", "C"]


def test_without_a_point_it_parts_at_the_head(api, parent):
    made = api.post(f"/sessions/{parent}/fork")

    assert (made["fork_seq"], made["turn_count"]) == (3, 3)
    assert said(api, made["id"]) == ["A", "B", "C"]


def test_it_can_part_after_a_message(api, parent):
    second = api.get(f"/sessions/{parent}/turns")["data"][1]
    child = fork(api, parent, parent_message_id=second["id"])

    assert said(api, child) == ["A", "B"]


def test_it_inherits_scope_user_and_kind_and_starts_active(api, parent):
    api.patch(f"/sessions/{parent}", {"status": "archived"})
    made = api.post(
        f"/sessions/{parent}/fork", {"title": "Plan B", "reason": "rain", "metadata": {"n": 1}}
    ).body

    assert made["scope"] == ["org=acme", "user=u_alice"]
    assert (made["user"], made["kind"], made["status"]) == ("u_alice", "ticket", "active")
    assert (made["title"], made["fork_reason"], made["metadata"]) == ("Plan B", "rain", {"n": 1})
    assert made["forked_from"] == parent


def test_what_the_parent_says_later_never_shows(api, parent):
    child = fork(api, parent)
    say(api, parent, "D")
    say(api, child, "X")

    assert said(api, child) == ["A", "B", "C", "X"]
    assert said(api, parent) == ["A", "B", "C", "D"]


def test_an_empty_session_can_be_forked(api):
    session = api.session()
    child = fork(api, session["id"])
    say(api, child, "X")
    say(api, session["id"], "A")

    assert said(api, child) == ["X"]


def test_forks_of_forks_at_own_and_at_inherited_turns(api, parent):
    child = fork(api, parent, seq=2)
    say(api, child, "X", "Y")
    grandchild = fork(api, child, seq=3)
    say(api, grandchild, "P")
    early = fork(api, grandchild, seq=1)  # a turn the fork only inherits
    say(api, early, "Q")
    latest = fork(api, early, seq=2)

    assert said(api, grandchild) == ["A", "B", "X", "P"]
    assert said(api, early) == ["A", "Q"]
    assert said(api, latest) == ["A", "Q"]


def test_a_fork_at_an_inherited_message_by_its_id(api, parent):
    child = fork(api, parent, seq=2)
    say(api, child, "X")
    first = api.get(f"/sessions/{child}/turns")["data"][0]

    assert said(api, fork(api, child, parent_message_id=first["id"])) == ["A"]


@pytest.mark.parametrize("point", [{"seq": 0}, {"seq": -1}, {"seq": 4}, {"seq": 2**31}])
def test_a_position_outside_the_history_is_refused(api, parent, point):
    refused = api.post(f"/sessions/{parent}/fork", point)

    assert (refused.status, refused["code"]) == (400, "fork_point_invalid")


def test_a_message_outside_the_visible_history_is_refused(api, parent):
    child = fork(api, parent, seq=2)
    third = api.get(f"/sessions/{parent}/turns")["data"][2]
    for outside in (third["id"], str(uuid.uuid4())):
        refused = api.post(f"/sessions/{child}/fork", {"parent_message_id": outside})

        assert (refused.status, refused["code"]) == (400, "fork_point_invalid")


def test_two_selectors_are_refused(api, parent):
    first = api.get(f"/sessions/{parent}/turns")["data"][0]
    refused = api.post(f"/sessions/{parent}/fork", {"seq": 1, "parent_message_id": first["id"]})

    assert (refused.status, refused["code"]) == (400, "fork_point_invalid")


def test_the_tree_lists_each_session_once_from_any_member(api, parent):
    child = fork(api, parent, seq=1)
    other = fork(api, parent, seq=2)
    grandchild = fork(api, child)
    trees = [api.get(f"/sessions/{s}/tree").body for s in (parent, child, other, grandchild)]

    assert all(tree == trees[0] for tree in trees)
    assert trees[0]["root"] == parent
    nodes = {node["id"]: node for node in trees[0]["nodes"]}
    assert len(nodes) == len(trees[0]["nodes"]) == 4
    assert {s: nodes[s]["level"] for s in nodes} == {
        parent: 1,
        child: 2,
        other: 2,
        grandchild: 3,
    }
    assert (nodes[grandchild]["forked_from"], nodes[grandchild]["fork_seq"]) == (child, 1)


def test_a_reply_may_name_any_turn_of_the_visible_history_and_no_other(api, parent):
    child = fork(api, parent, seq=2)
    inherited, cut_off = (api.get(f"/sessions/{parent}/turns")["data"][i] for i in (0, 2))

    def reply(to: str):
        message = {"role": "user", "content": "yes", "parent_id": to}
        return api.post(f"/sessions/{child}/turns", {"messages": [message], "extract": False})

    assert reply(inherited["id"])["turns"][0]["parent_id"] == inherited["id"]
    assert reply(cut_off["id"]).status == 400
    assert reply(str(uuid.uuid4())).status == 400


def test_relations_are_listed(api, parent):
    child = fork(api, parent, seq=2, reason="rain")
    first = api.get(f"/sessions/{parent}/turns")["data"][0]
    message = {"role": "user", "content": "yes", "parent_id": first["id"]}
    reply = api.post(f"/sessions/{child}/turns", {"messages": [message], "extract": False})
    reply_id = reply["turns"][0]["id"]

    def edges(kind: str, session: str = child) -> list[tuple[str, str]]:
        rows = api.get(f"/sessions/{session}/relations?type={kind}")["data"]
        return [(row["from_ref"], row["to_ref"]) for row in rows]

    forked = (f"session:{child}", f"session:{parent}")
    assert edges("forked_from") == edges("forked_from", parent) == [forked]
    assert edges("reply_to") == [(f"turn:{reply_id}", f"turn:{first['id']}")]
    assert [to for _, to in edges("belongs_to")] == [
        f"session:{parent}",
        f"session:{parent}",
        f"session:{child}",
    ]
    assert api.get(f"/sessions/{child}/relations").status == 400


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_cross_the_cuts_without_a_gap(api, parent, order, limit):
    child = fork(api, parent, seq=2)
    say(api, child, "X", "Y")
    grandchild = fork(api, child, seq=3)
    say(api, grandchild, "P", "Q")
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/sessions/{grandchild}/turns?limit={limit}&order={order}{cursor}")
        seen += [turn["content"] for turn in page["data"]]
        cursor = f"&cursor={page['next_cursor']}" if page["has_more"] else None

    expected = ["A", "B", "X", "P", "Q"]
    assert seen == (expected if order == "asc" else expected[::-1])
    assert [t["seq"] for t in api.get(f"/sessions/{grandchild}/turns?since_seq=3")["data"]] == [
        4,
        5,
    ]


def test_a_forks_first_turn_is_indexed_with_what_was_said_before_the_cut(api, parent):
    child = fork(api, parent, seq=2)
    third = fork(api, child)
    say(api, third, "gamma")
    turn = Turn.unscoped.get(content="gamma")

    assert set(turn.search.replace("'", "").split()) >= {"gamma:1A", "b:6"}


def test_those_who_may_not_write_may_not_fork(space: Space, api, parent):
    alice, bob = (space.api_of(space.make_user(name)) for name in ("u_alice", "u_bob"))
    inside = space.api(space.make_key("agent", "org=acme"))
    outside = space.api(space.make_key("agent", "org=acme", "user=u_bob"))
    narrower = space.api(space.make_key("agent", "org=acme", "team=x"))
    supervisor = space.api(space.make_key("supervisor"))
    asked = {
        "owner": alice.post(f"/sessions/{parent}/fork", {}).status,
        "somebody else": bob.post(f"/sessions/{parent}/fork", {}).status,
        "agent inside its floor": inside.post(f"/sessions/{parent}/fork", {}).status,
        "agent of another": outside.post(f"/sessions/{parent}/fork", {}).status,
        "agent with a tag the session lacks": narrower.post(f"/sessions/{parent}/fork").status,
        "supervisor": supervisor.post(f"/sessions/{parent}/fork", {"seq": 99}).status,
    }

    assert list(asked.values()) == [201, 404, 201, 404, 403, 403], asked


def make_chain(space: Space, api: Api, session: str, depth: int) -> str:
    """A chain of forks, each with one turn of its own."""
    from accounts.principals import of_command

    principal = of_command(space.project, "test")
    for number in range(depth):
        with tenant_scope(space.tenant.pk):
            row = Conversation.objects.reachable(principal).get(uid=session)
            session = str(fork_conversation(principal=principal, conversation=row).uid)
        say(api, session, f"n{number}")
    return session


def statements(api: Api, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert api.get(path).status == 200
    return len(captured)


PATHS = [
    "turns?limit=50",
    "turns?limit=50&order=desc",
    "transcript",
    "transcript?format=text",
    "tree",
    "relations?type=belongs_to",
]


def test_a_chain_of_fifty_forks_costs_no_more_statements_than_one_fork(space, api, parent):
    shallow = make_chain(space, api, parent, 1)
    deep = make_chain(space, api, shallow, 49)

    assert said(api, deep) == ["A", "B", "C", *(f"n{i}" for i in [0, *range(49)])]
    for path in PATHS:
        near, far = (statements(api, f"/sessions/{s}/{path}") for s in (shallow, deep))
        assert near == far <= 11, path


def test_a_fan_of_five_hundred_forks_costs_no_more_statements_than_one(space, api, parent):
    one = fork(api, parent)
    few = {path: statements(api, f"/sessions/{one}/{path}") for path in PATHS}
    row = Conversation.unscoped.get(uid=one)
    Conversation.unscoped.bulk_create(
        [
            Conversation(
                tenant_id=row.tenant_id,
                project_id=row.project_id,
                user_id=row.user_id,
                scope=row.scope,
                scope_key=row.scope_key,
                forked_from_id=row.forked_from_id,
                fork_seq=1,
                next_seq=2,
            )
            for _ in range(499)
        ]
    )

    assert len(api.get(f"/sessions/{parent}/tree")["nodes"]) == 501
    assert {path: statements(api, f"/sessions/{one}/{path}") for path in PATHS} == few
