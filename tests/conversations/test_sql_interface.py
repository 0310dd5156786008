"""The SQL interface as a login of the database sees it, beside the API's view of the same rows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.scope import scope_key
from conversations.models import Conversation, Turn
from memsync.common.privacy import strip_private
from tests.factories import Space
from tests.sql import LOGIN, add, contents, create, fork, login, refused, rows, value

# Writing


def test_the_documents_first_example_works(allowed: Space):
    """The original always failed: `column reference "_metadata" is ambiguous`."""
    made = create(
        "Team Discussion",
        {"type": "group_chat", "members": ["user1", "user2"], "status": "active", "cost": 3},
    )
    shown = allowed.api().get(f"/sessions/{made}")

    assert (shown["title"], shown["kind"], shown["status"]) == (
        "Team Discussion",
        "group_chat",
        "active",
    )
    assert (shown["members"], shown["metadata"]) == (["user1", "user2"], {"cost": 3})
    assert (shown["scope"], shown["user"]) == (["user=u_bob"], "u_bob")
    assert Conversation.unscoped.get(uid=made).created_by == LOGIN


@pytest.mark.parametrize("title", ["", "   ", None, "<private>all of it</private>"])
def test_a_title_is_required(allowed: Space, title):
    with refused("Session title cannot be empty"):
        create(title)


def test_a_message_is_a_turn_like_any_other(allowed: Space):
    session = create()
    first = add(
        session, "user1", "Hello team!", {"type": "text", "sent_at": "2025-06-27T10:05:00Z"}
    )
    second = add(session, "assistant", "Hello!", {}, first)
    turns = allowed.api().get(f"/sessions/{session}/turns")["data"]

    assert [(t["seq"], t["role"], t["sender"], t["content"]) for t in turns] == [
        (1, "user", "user1", "Hello team!"),
        (2, "assistant", None, "Hello!"),
    ]
    assert [t["id"] for t in turns] == [str(first), str(second)]
    assert turns[0]["metadata"] == {"type": "text"}
    assert turns[0]["occurred_at"] == "2025-06-27T10:05:00Z"
    assert turns[1]["parent_id"] == str(first)


def test_a_turn_is_stored_as_the_api_would_store_it(allowed: Space):
    """Every column but ids and times is equal, the search index and the speakers too."""
    api = allowed.api()
    said = [("ann", "Der Zug nach Wien fährt um neun."), ("", "It leaves at nine."), ("ann", "ok")]
    by_sql, by_api = create(), api.session("user=u_bob")["id"]
    for sender, content in said:
        add(by_sql, sender, content, {"n": 1})
        body = {"role": "user", "sender": sender, "content": content, "metadata": {"n": 1}}
        api.post(f"/sessions/{by_api}/turns", {"messages": [body], "extract": False})
    skipped = {"pk", "id", "conversation_id", "created_at", "body_hash"}
    columns = [f.column for f in Turn._meta.fields if f.column not in skipped]
    query = f"SELECT {', '.join(columns)} FROM conversations_turn t WHERE conversation_id = %s"

    stored = [
        rows(query + " ORDER BY seq", Conversation.unscoped.get(uid=uid).pk)
        for uid in (by_sql, by_api)
    ]
    assert len(stored[0]) == 3
    assert stored[0] == stored[1]
    one, other = (Conversation.unscoped.get(uid=uid) for uid in (by_sql, by_api))
    assert (one.next_seq, sorted(one.speakers)) == (other.next_seq, sorted(other.speakers))


def test_what_was_said_by_sql_is_recalled(allowed: Space):
    add(create(), "user", "The ferry leaves from Piraeus.")
    found = allowed.api().call(
        "POST", "/memory/query", {"query": "ferry to Piraeus", "scope": ["user=u_bob"]}
    )

    assert [hit["text"] for hit in found["results"]] == ["The ferry leaves from Piraeus."]


def test_the_same_content_twice_is_two_messages(allowed: Space):
    """The original had UNIQUE(content_hash)."""
    session = create()
    for _ in range(2):
        add(session, "user", "ok")

    assert contents(session) == ["ok", "ok"]


@pytest.mark.parametrize(
    ("sender", "metadata", "role", "speaker"),
    [
        ("user1", {}, "user", "user1: "),
        ("assistant", {}, "assistant", "assistant: "),
        ("Claude", {"role": "assistant"}, "assistant", "Claude: "),
        (None, {"role": "system"}, "system", "system: "),
        ("", {}, "user", "user: "),
    ],
)
def test_sender_and_role(allowed: Space, sender, metadata, role, speaker):
    session = create()
    add(session, sender, "x", metadata)
    with login():
        [(shown_role,)] = rows("SELECT role FROM memsync.get_session_messages(%s)", session)
        [(shown,)] = rows("SELECT speaker FROM memsync.get_formatted_conversation(%s)", session)

    assert (shown_role, shown) == (role, speaker)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: create("x" * 301), "over 300"),
        (lambda: create("a\nb"), "control characters"),
        (lambda: create("t", {"type": "Not A Kind"}), "type is"),
        (lambda: create("t", {"status": "open"}), "status is"),
        (lambda: create("t", {"members": "ann"}), "members is"),
        (lambda: create("t", {"members": [1]}), "members is"),
        (lambda: create("t", [1]), "must be an object"),
        (lambda: create("t", {"x": "y" * 17000}), "over 16 KiB"),
        (lambda: create("t", json.loads('{"a":' * 33 + "1" + "}" * 33)), "deeper than 32"),
        (lambda: add(uuid.uuid4(), "user", "x"), "Session not found"),
        (lambda: add(create(), "user", "x" * 1_000_001), "over 1000000"),
        (lambda: add(create(), "user", "x", {"role": "robot"}), "role is"),
        (lambda: add(create(), "x" * 201, "x"), "over 200"),
        (lambda: add(create(), "user", "x", {}, uuid.uuid4()), "parent is not in this session"),
        (lambda: add(create("t", {"status": "closed"}), "user", "x"), "session is not active"),
        (lambda: fork(uuid.uuid4()), "Session not found"),
        (lambda: fork(create(), "t", {"parent_message_id": str(uuid.uuid4())}), "not in this"),
        (lambda: fork(create(), "t", {"reason": "x" * 301}), "over 300"),
    ],
)
def test_what_the_api_refuses_is_refused(allowed: Space, call: Callable[[], Any], match: str):
    with refused(match):
        call()


def test_private_words_are_stored_nowhere(allowed: Space):
    secret = "<private>hunter2</private>"
    session = create(f"t{secret}", {"k": [secret], secret: 1})
    add(session, f"ann{secret}", f"a {secret} b <PRIVATE>hunter2", {"deep": {"x": secret}})
    fork(session, f"f{secret}", {"reason": secret, "x": secret})

    for table in ("conversations_conversation", "conversations_turn"):
        assert rows(f"SELECT 1 FROM {table} t WHERE t::text LIKE '%%hunter2%%'") == []
    assert contents(session) == ["a  b "]


PIECES = st.sampled_from(
    ["<private>", "</private>", "<Private>", "</PRIVATE>", "<pri", "vate>", "</pri", "a", "ü", "\n"]
)


@pytest.mark.django_db
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES, max_size=12).map("".join))
def test_private_blocks_are_cut_as_the_application_cuts_them(text: str):
    assert value("SELECT memsync.without_private(%s)", text) == strip_private(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"user": "u_bob"},
        {"user": "ä", "agent": "x", "org": "acme", "a_b": "1"},
        {f"key{n}": "v" * 128 for n in range(8)},
    ],
)
def test_scope_keys_are_those_of_the_application(scope: dict):
    assert value("SELECT memsync.scope_key(%s::jsonb)", json.dumps(scope)) == scope_key(scope)


@pytest.mark.django_db
def test_new_ids_are_uuid_version_7():
    made = [value("SELECT memsync.new_id()") for _ in range(20)]

    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
    assert len(set(made)) == 20


# Forks


@pytest.fixture
def forked(allowed: Space) -> dict[str, Any]:
    """root: A B C D · fork of root at B: X Y · fork of that at the inherited A: Z."""
    root = create("Root")
    ids = {text: add(root, "user", text) for text in "ABC"}
    one = fork(root, "One", {"parent_message_id": str(ids["B"]), "reason": "Focus", "k": 1})
    for text in "XY":
        add(one, "user", text)
    two = fork(one, "Two", {"parent_message_id": str(ids["A"])})
    add(two, "user", "Z")
    add(root, "user", "D")
    return {"root": root, "one": one, "two": two, "ids": ids}


def test_a_fork_shows_its_parent_up_to_the_point_then_its_own(forked):
    """The original returned the child's messages first, and the whole parent."""
    shown = {name: "".join(contents(forked[name])) for name in ("root", "one", "two")}

    assert shown == {"root": "ABCD", "one": "ABXY", "two": "AZ"}


def test_forks_are_those_of_the_api(forked, allowed: Space):
    one = allowed.api().get(f"/sessions/{forked['one']}")
    turns = allowed.api().get(f"/sessions/{forked['one']}/turns")["data"]

    assert (one["title"], one["fork_seq"], one["fork_reason"]) == ("One", 2, "Focus")
    assert (one["forked_from"], one["metadata"]) == (str(forked["root"]), {"k": 1})
    assert [(t["seq"], t["content"]) for t in turns] == [(1, "A"), (2, "B"), (3, "X"), (4, "Y")]


def test_a_fork_without_a_point_or_title_is_at_the_head(forked):
    head = fork(forked["root"])

    assert contents(head) == list("ABCD")
    assert Conversation.unscoped.get(uid=head).title == "Fork of Root"


def test_a_message_may_answer_an_inherited_one_but_no_later_one(forked):
    ids = forked["ids"]
    add(forked["two"], "user", "reply", {}, ids["A"])
    with refused("parent is not in this session"):
        add(forked["two"], "user", "reply", {}, ids["B"])


def test_messages_say_where_they_were_said(forked):
    with login():
        shown = rows(
            "SELECT content, fork_depth, position, session_id, fork_chain"
            " FROM memsync.get_session_messages(%s)",
            forked["two"],
        )
    root, one, two = (forked[name] for name in ("root", "one", "two"))

    assert shown == [("A", 2, 1, root, [root, one, two]), ("Z", 0, 2, two, [two])]


def test_the_formatted_conversation(forked):
    """The original always failed: `column md.depth does not exist`."""
    with login():
        shown = rows(
            "SELECT speaker, message, fork_info, message_metadata"
            " FROM memsync.get_formatted_conversation(%s)",
            forked["one"],
        )
        [(metadata, *_)] = rows(
            "SELECT message_metadata FROM memsync.get_formatted_conversation(%s, true) LIMIT 1",
            forked["one"],
        )

    assert shown == [
        ("user: ", "A", "(from: Root → One)", None),
        ("user: ", "B", "(from: Root → One)", None),
        ("user: ", "X", "", None),
        ("user: ", "Y", "", None),
    ]
    assert json.loads(metadata) == {}


@pytest.mark.parametrize("name", ["root", "one", "two"])
def test_the_text_is_the_transcript_of_the_api(forked, allowed: Space, name: str):
    with login():
        text = value("SELECT memsync.get_conversation_text(%s)", forked[name])
    transcript = allowed.api().get(f"/sessions/{forked[name]}/transcript?format=text")

    assert text == transcript.body.decode()


def test_the_text_with_metadata_and_of_an_empty_session(allowed: Space):
    session = create()
    with login():
        assert value("SELECT memsync.get_conversation_text(%s)", session) == ""
    add(session, "ann", "hi", {"mood": "good"})
    with login():
        text = value("SELECT memsync.get_conversation_text(%s, true)", session)

    assert text == 'ann: hi {"mood": "good"}\n'


def test_a_redacted_message_keeps_its_place(forked, allowed: Space):
    turn = allowed.api().get(f"/sessions/{forked['root']}/turns")["data"][1]["id"]
    path = f"/api/v1/app/sessions/{forked['root']}/turns/{turn}"
    assert allowed.api().call("DELETE", path).status == 200
    with login():
        text = value("SELECT memsync.get_conversation_text(%s)", forked["root"])

    assert contents(forked["one"]) == ["A", "", "X", "Y"]
    assert text == "user: A\nuser: [redacted]\nuser: C\nuser: D\n"


@pytest.mark.parametrize("name", ["root", "one", "two"])
def test_the_tree_is_whole_from_any_member(forked, name: str):
    """The seed's query failed, and would have listed ancestors."""
    with login():
        tree = rows(
            "SELECT title, level, fork_seq, parent_id FROM memsync.session_tree(%s)", forked[name]
        )

    assert tree == [
        ("Root", 1, None, None),
        ("One", 2, 2, forked["root"]),
        ("Two", 3, 1, forked["one"]),
    ]


def test_a_deleted_session_is_gone(forked, allowed: Space):
    path = f"/api/v1/app/sessions/{forked['two']}"
    assert allowed.api().call("DELETE", path).status == 200

    with login():
        assert len(rows("SELECT 1 FROM memsync.session_tree(%s)", forked["root"])) == 2
    with refused("Session not found"):
        contents(forked["two"])
