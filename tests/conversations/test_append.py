"""Appending: all or nothing, in order, exactly once."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Turn
from tests.factories import Api, Space


def messages(*texts: str, **fields: object) -> dict:
    said = [{"role": "user", "content": text, **fields} for text in texts]
    return {"messages": said, "extract": False}


@pytest.fixture
def session(api: Api) -> str:
    return api.session()["id"]


def said(api: Api, session: str) -> list[str]:
    return [turn["content"] for turn in api.get(f"/sessions/{session}/turns?limit=200")["data"]]


def test_positions_start_at_one_and_have_no_gap(api, session):
    first = api.post(f"/sessions/{session}/turns", messages("a", "b"))
    second = api.post(f"/sessions/{session}/turns", messages("c"))

    assert [turn["seq"] for turn in [*first["turns"], *second["turns"]]] == [1, 2, 3]
    assert api.get(f"/sessions/{session}")["turn_count"] == 3


def test_duplicate_content_is_two_turns(api, session):
    api.post(f"/sessions/{session}/turns", messages("ok", "ok"))
    api.post(f"/sessions/{session}/turns", messages("ok"))

    assert said(api, session) == ["ok", "ok", "ok"]


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 201), (100, 201), (101, 400)])
def test_one_to_a_hundred_messages_are_taken(api, session, count, status):
    texts = [str(number) for number in range(count)]

    assert api.post(f"/sessions/{session}/turns", messages(*texts)).status == status


@pytest.mark.parametrize(("count", "status"), [(1000, 200), (1001, 400)])
def test_a_batch_takes_a_thousand(api, count, status):
    said = [{"role": "assistant", "content": str(number)} for number in range(count)]
    body = {"messages": said, "scope": ["user=u_alice"]}

    assert api.post("/facts/batch", body).status == status


def test_one_bad_message_stores_none(api, session):
    body = messages("good")
    body["messages"].append({"role": "robot", "content": "bad"})

    assert api.post(f"/sessions/{session}/turns", body).status == 400
    assert said(api, session) == []


def test_a_parent_outside_the_session_stores_none(api, session):
    body = messages("good")
    body["messages"].append({"role": "user", "content": "x", "parent_id": str(uuid.uuid4())})
    refused = api.post(f"/sessions/{session}/turns", body)

    assert (refused.status, refused["errors"][0]["field"]) == (400, "parent_id")
    assert said(api, session) == []


@pytest.mark.parametrize("status", ["archived", "closed"])
def test_what_is_not_active_takes_no_turns_until_reopened(api, session, status):
    api.patch(f"/sessions/{session}", {"status": status})
    refused = api.post(f"/sessions/{session}/turns", messages("a"))
    api.patch(f"/sessions/{session}", {"status": "active"})

    assert (refused.status, refused["code"]) == (409, "session_not_active")
    assert api.post(f"/sessions/{session}/turns", messages("a")).status == 201


def test_a_repeat_of_a_client_id_returns_the_stored_turn(api, session):
    first = api.post(f"/sessions/{session}/turns", messages("a", client_id="c1"))
    parent = first["turns"][0]["id"]
    reply = messages("b", client_id="c2", parent_id=parent)
    stored = api.post(f"/sessions/{session}/turns", reply)
    repeat = api.post(f"/sessions/{session}/turns", reply)

    assert (first.status, stored.status, repeat.status) == (201, 201, 200)
    assert repeat["turns"] == stored["turns"]
    assert said(api, session) == ["a", "b"]


def test_repeats_and_new_messages_keep_the_order_they_were_sent_in(api, session):
    api.post(f"/sessions/{session}/turns", messages("a", client_id="c1"))
    body = messages("x")
    body["messages"] += messages("a", client_id="c1")["messages"] + messages("y")["messages"]
    answer = api.post(f"/sessions/{session}/turns", body)

    assert [(t["content"], t["seq"]) for t in answer["turns"]] == [("x", 2), ("a", 1), ("y", 3)]


def test_a_client_id_twice_in_one_request_is_one_turn(api, session):
    answer = api.post(f"/sessions/{session}/turns", messages("a", "a", client_id="c1"))

    assert [turn["seq"] for turn in answer["turns"]] == [1, 1]
    assert said(api, session) == ["a"]


@pytest.mark.parametrize("first", ["stored before", "in the same request"])
def test_a_client_id_with_another_body_is_refused_and_nothing_stored(api, session, first):
    body = messages("a", "b", client_id="c1")
    if first == "stored before":
        api.post(f"/sessions/{session}/turns", messages("a", client_id="c1"))
        body = messages("b", client_id="c1")
    refused = api.post(f"/sessions/{session}/turns", body)

    assert (refused.status, refused["code"]) == (409, "client_id_conflict")
    assert said(api, session) in ([], ["a"])


def test_a_client_id_counts_among_a_conversations_own_turns_only(api, session):
    api.post(f"/sessions/{session}/turns", messages("a", client_id="c1"))
    fork = api.post(f"/sessions/{session}/fork")["id"]
    other = api.post(f"/sessions/{fork}/turns", messages("b", client_id="c1"))

    assert other.status == 201
    assert said(api, fork) == ["a", "b"]


def test_numbers_beyond_integers_come_back_as_they_were_sent(api, session):
    metadata = {"big": 1e300, "small": 5e-324, "whole": 2**53, "list": [1.5, -0.25]}
    body = messages("a", metadata=metadata, parts=[metadata])
    turn = api.post(f"/sessions/{session}/turns", body)["turns"][0]
    listed = api.get(f"/sessions/{session}/turns")["data"][0]
    shown = api.get(f"/sessions/{session}/turns/{turn['id']}").body

    assert turn["metadata"] == listed["metadata"] == shown["metadata"] == metadata
    assert listed == turn == shown


def test_private_words_are_stored_nowhere(api, session):
    body = messages("a <private>secret</private>b", metadata={"n": "<private>secret"})
    api.post(f"/sessions/{session}/turns", body)
    turn = Turn.unscoped.get(conversation__uid=session)

    assert (turn.content, turn.metadata) == ("a b", {"n": ""})
    assert "secret" not in turn.search


def test_an_append_is_one_statement_whatever_its_size_and_the_session_s_length(api, session):
    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            api.post(f"/sessions/{session}/turns", messages(*["words to be said"] * count))
        writing = [q["sql"] for q in captured if "conversations_turn" in q["sql"]]
        assert len(writing) == 1
        return len(captured)

    assert statements(1) == statements(100) == statements(2)


def test_newest_turns_come_first_on_request_and_since_is_exclusive(api, session):
    api.post(f"/sessions/{session}/turns", messages(*"abcde"))

    def seqs(query: str) -> list[int]:
        return [turn["seq"] for turn in api.get(f"/sessions/{session}/turns?{query}")["data"]]

    assert seqs("order=desc&limit=2") == [5, 4]
    assert seqs("since_seq=3") == [4, 5]
    assert seqs("since_seq=3&order=desc") == [5, 4]
    assert seqs("since_seq=5") == seqs("since_seq=99") == []
    assert api.get(f"/sessions/{session}/turns?since_seq=x").status == 400
    assert api.get(f"/sessions/{session}/turns?since=3").status == 400


def test_a_page_of_a_long_session_reads_only_its_own_rows(api: Api, space: Space, session):
    """By the plan, not by the clock: head, tail and middle touch as many rows as they show."""
    row = Conversation.unscoped.get(uid=session)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO conversations_turn (id, tenant_id, project_id, scope_key, conversation_id,
                seq, role, content, sender, metadata, created_at, appended_at_trace)
            SELECT gen_random_uuid(), tenant_id, project_id, scope_key, pk, n, 'user',
                   'turn ' || n, '', '{}', now(), 0
              FROM conversations_conversation, generate_series(1, 100000) n WHERE pk = %s
            """,
            [row.pk],
        )
        cursor.execute(
            "UPDATE conversations_conversation SET next_seq = 100001 WHERE pk = %s", [row.pk]
        )
        cursor.execute("ANALYZE conversations_turn")
    fork = api.post(f"/sessions/{session}/fork", {"seq": 60_000})["id"]
    pages = {
        "head": (session, "limit=50"),
        "tail": (session, "limit=50&order=desc"),
        "middle": (session, "since_seq=50000&limit=50"),
        "middle of a fork": (fork, "since_seq=50000&limit=50"),
        "tail of a fork": (fork, "limit=50&order=desc"),
    }
    for name, (uid, query) in pages.items():
        with connection.cursor() as cursor:
            before = _rows_read(cursor)
            assert len(api.get(f"/sessions/{uid}/turns?{query}")["data"]) == 50
            assert _rows_read(cursor) - before <= 51, name


def _rows_read(cursor) -> int:
    """Turns that this transaction has read so far, by index or by scan."""
    cursor.execute(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relname = 'conversations_turn'"
    )
    return cursor.fetchone()[0]


CALL = {"id": "call_1", "type": "function", "function": {"name": "track", "arguments": "{}"}}


@pytest.mark.parametrize(
    "calling",
    [{"tool_calls": [CALL]}, {"function_call": {"name": "track", "arguments": "{}"}}],
    ids=lambda calling: next(iter(calling)),
)
def test_an_assistant_that_calls_something_may_leave_its_content_out(api: Api, calling):
    session = api.session()["id"]
    body = {"messages": [{"role": "assistant", **calling}]}
    answer = api.post(f"/sessions/{session}/turns", body)

    assert answer.status == 201, answer
    sent = api.get(f"/sessions/{session}/transcript?format=openai").body
    assert sent == [{"role": "assistant", "content": None, **calling}]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant"},
        {"role": "assistant", "tool_calls": []},
        {"role": "assistant", "tool_calls": None, "function_call": None},
        {"role": "user", "tool_calls": [CALL]},
    ],
)
def test_content_may_not_be_absent_otherwise(api: Api, message):
    session = api.session()["id"]
    answer = api.post(f"/sessions/{session}/turns", {"messages": [message]})

    assert answer.status == 400
    assert answer["errors"] == [
        {"field": "messages.0.content", "code": "required", "detail": "This field is required."}
    ]
