"""OpenAI's Conversations API over our sessions: shapes, errors, scope, hiding, learning."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from accounts.models import AuditEvent, IdempotencyKey
from conversations.item_messages import messages_of
from conversations.items import items_of
from conversations.messages import new_turn
from conversations.models import Conversation, Turn
from memories.models import Memory, Trace
from tests.factories import Answer, Api, Lines, Space, anonymous

ALICE = {"MemSync_Scope": "user=u_alice"}
PATH = "/v1/conversations"


def ask(api: Api, method: str, path: str = "", body: Any = None, **headers: str) -> Answer:
    return api.call(method, f"{PATH}{path}", body, **{**ALICE, **headers})


def create(api: Api, *items: dict[str, Any], **headers: str) -> str:
    made = ask(api, "POST", "", {"items": list(items)}, **headers)
    assert made.status == 200, made
    return str(made["id"])


def add(api: Api, name: str, *items: dict[str, Any], **headers: str) -> Answer:
    return ask(api, "POST", f"/{name}/items", {"items": list(items)}, **headers)


def listed(api: Api, name: str, query: str = "order=asc&limit=100") -> list[dict[str, Any]]:
    return list(ask(api, "GET", f"/{name}/items?{query}")["data"])


def session_of(name: str) -> str:
    return str(uuid.UUID(name.removeprefix("conv_")))


def user(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": text, **fields}


def call(call_id: str, name: str = "look", **fields: Any) -> dict[str, Any]:
    named = {"type": "function_call", "call_id": call_id, "name": name}
    return {**named, "arguments": '{"x": 1}', **fields}


def output(call_id: str, text: Any = "found") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def is_error(answer: Answer, status: int, **expected: Any) -> None:
    assert answer.status == status, answer
    error = answer["error"]
    assert set(answer.body) == {"error"}
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert error | expected == error


def test_a_conversation_is_created_shown_updated_and_deleted(api: Api):
    made = ask(api, "POST", "", {"metadata": {"topic": "demo"}})
    name = made["id"]
    updated = ask(api, "POST", f"/{name}", {"metadata": {"topic": "changed"}})
    deleted = ask(api, "DELETE", f"/{name}")

    assert made.status == 200
    assert set(made.body) == {"id", "object", "created_at", "metadata"}
    assert made["object"] == "conversation"
    assert isinstance(made["created_at"], int)
    assert made["metadata"] == {"topic": "demo"}
    assert updated["metadata"] == {"topic": "changed"}
    assert deleted.body == {"id": name, "object": "conversation.deleted", "deleted": True}
    is_error(ask(api, "GET", f"/{name}"), 404, code="not_found")


@pytest.mark.parametrize("body", [None, {}, {"items": []}, {"items": None, "metadata": None}])
def test_a_conversation_needs_no_body(api: Api, body: Any):
    made = ask(api, "POST", "", body)

    assert made.status == 200
    assert made["metadata"] == {}
    page = ask(api, "GET", f"/{made['id']}/items")
    assert page.body == {
        "object": "list",
        "data": [],
        "first_id": "",
        "last_id": "",
        "has_more": False,
    }


def test_a_session_of_ours_is_a_conversation_under_both_forms_of_its_id(api: Api):
    session = api.session("user=u_alice", metadata={"deep": {"is": "kept"}})
    name = f"conv_{uuid.UUID(session['id']).hex}"

    by_uuid, by_name = ask(api, "GET", f"/{session['id']}"), ask(api, "GET", f"/{name}")

    assert by_uuid.body == by_name.body
    assert by_name["id"] == name
    assert by_name["metadata"] == {"deep": {"is": "kept"}}


ITEMS: list[dict[str, Any]] = [
    user("I live in Lisbon."),
    {"role": "user", "content": "short form"},
    {
        "type": "message",
        "role": "developer",
        "content": [{"type": "input_text", "text": "Be kind"}],
    },
    {
        "type": "message",
        "role": "assistant",
        "status": "incomplete",
        "phase": "commentary",
        "content": [{"type": "output_text", "text": "Well", "annotations": [], "logprobs": []}],
    },
    {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    user(
        "", content=[{"type": "input_image", "image_url": "https://x.example/a", "detail": "low"}]
    ),
    user("", content=[{"type": "text", "text": "as chat writes it"}]),
    user("", content=[]),
    {"type": "reasoning", "id": "rs_abc", "summary": [], "encrypted_content": "gAAA"},
    call("c1", namespace="n", status=None),
    call("c2", arguments=""),
    output("c1"),
    output("c2", [{"type": "input_text", "text": "two"}]),
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
    {"type": "custom_tool_call", "call_id": "c3", "name": "sh", "input": "ls"},
    {"type": "custom_tool_call_output", "call_id": "c3", "output": "a\nb"},
    {"type": "something_of_tomorrow", "value": [1, {"deep": None}]},
]


def as_given_back(item: dict[str, Any]) -> dict[str, Any]:
    """What is compared: short forms written out, without id and status."""
    given = {"type": "message", **item}
    if isinstance(given.get("content"), str):
        kind = "output_text" if given["role"] == "assistant" else "input_text"
        extra = {"annotations": []} if kind == "output_text" else {}
        given["content"] = [{"type": kind, "text": given["content"], **extra}]
    return {k: v for k, v in given.items() if k not in {"id", "status"}}


def test_every_item_comes_back_equal(api: Api):
    name = create(api)
    made = add(api, name, *ITEMS)
    shown = listed(api, name)

    assert made["data"] == shown
    assert [as_given_back(item) for item in shown] == [as_given_back(item) for item in ITEMS]
    assert shown[3]["status"] == "incomplete"
    assert len({item["id"] for item in shown}) == len(ITEMS)
    assert [made["first_id"], made["last_id"]] == [shown[0]["id"], shown[-1]["id"]]
    for item in shown:
        assert ask(api, "GET", f"/{name}/items/{item['id']}").body == item


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
EXTRA = st.dictionaries(
    st.sampled_from(
        ["status", "phase", "namespace", "caller", "name", "refusal", "sender", "parts"]
    ),
    st.none() | st.booleans() | TEXT | st.lists(st.integers()),
    max_size=3,
)
PART = st.builds(
    lambda kind, text, more: {"type": kind, "text": text, **more},
    st.sampled_from(["input_text", "output_text", "text", "summary_text", "odd"]),
    TEXT,
    st.dictionaries(st.sampled_from(["annotations", "detail"]), st.lists(TEXT)),
)
SENT = (
    st.builds(
        lambda role, content, more: {**more, "type": "message", "role": role, "content": content},
        st.sampled_from(["user", "assistant", "system", "developer"]),
        TEXT | st.lists(PART, max_size=3),
        EXTRA,
    )
    | st.builds(
        lambda text, more: {**more, **call("c", "f"), "arguments": text},
        TEXT,
        EXTRA.map(lambda more: {k: v for k, v in more.items() if k != "name"}),
    )
    | st.builds(
        lambda out, more: {**more, **output("c", out)}, TEXT | st.lists(PART, max_size=2), EXTRA
    )
    | st.builds(lambda more: {**more, "type": "reasoning", "summary": []}, EXTRA)
)


@bounded(max_examples=200, deadline=None)
@given(st.lists(SENT, min_size=1, max_size=6))
def test_whatever_an_item_holds_survives_being_a_turn(sent: list[dict[str, Any]]):
    shown = [
        item.body
        for message in messages_of(sent)
        for item in items_of(
            {**new_turn(message), "uid": uuid.uuid4()}
            | {"redacted_at": None, "hidden_at": None, "hidden_items": None}
        )
    ]

    assert [as_given_back(item) for item in shown] == [as_given_back(item) for item in sent]
    for item, was in zip(shown, sent, strict=True):
        assert item.get("status") == was.get("status") or was.get("status") is None


def test_items_are_chat_messages_in_transcripts_and_contexts(api: Api):
    name = create(api, *ITEMS[:1], *ITEMS[8:13])
    session = session_of(name)
    chat = api.get(f"/sessions/{session}/transcript?format=openai").body
    context = api.get(f"/sessions/{session}/context?format=openai")["messages"]

    assert [message["role"] for message in chat] == ["user", "assistant", "tool", "tool"]
    assert [c["id"] for c in chat[1]["tool_calls"]] == ["c1", "c2"]
    assert [m.get("tool_call_id") for m in chat[2:]] == ["c1", "c2"]
    assert chat[3]["content"] == [{"type": "text", "text": "two"}]
    roles = [message["role"] for message in context if message["role"] != "system"]
    assert roles == ["user", "assistant", "tool", "tool"]
    assert "gAAA" not in json.dumps(context)
    text = api.get(f"/sessions/{session}/transcript?format=text").body.decode()
    assert "Item: reasoning" in text


def test_calls_parted_by_reasoning_are_one_message_of_a_context(api: Api):
    thought = {"type": "reasoning", "summary": []}
    name = create(api, user("go"), call("a"), thought, call("b"), output("a"), output("b"))
    context = api.get(f"/sessions/{session_of(name)}/context?format=openai")["messages"]

    [asking] = [message for message in context if message.get("tool_calls")]
    assert [made["id"] for made in asking["tool_calls"]] == ["a", "b"]


def test_turns_of_ours_are_items(api: Api):
    session = api.session()["id"]
    tool_calls = [
        {"id": c, "type": "function", "function": {"name": "f", "arguments": "{}"}} for c in "ab"
    ]
    blocks = [
        {"type": "text", "text": "Looking"},
        {"type": "tool_use", "id": "t1", "name": "g", "input": {"q": 1}},
    ]
    answers = [
        {"type": "tool_result", "tool_use_id": "t1", "content": "yes"},
        {"type": "text", "text": "and now?"},
    ]
    messages = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "wait", "tool_calls": tool_calls},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": answers},
    ]
    api.post(f"/sessions/{session}/turns", {"messages": messages})
    shown = listed(api, session)

    kinds = [item["type"] for item in shown]
    m, c, o = "message", "function_call", "function_call_output"
    assert kinds == [m, m, c, c, o, o, m, c, o, m]
    assert [i.get("call_id") for i in shown] == [None, None, *"abab", None, "t1", "t1", None]
    assert len({item["id"] for item in shown}) == len(shown)
    walked: list[str] = []
    for step in range(1, 4):
        walked, after = [], ""
        while True:
            page = ask(api, "GET", f"/{session}/items?limit={step}{after}")
            walked += [item["id"] for item in page["data"]]
            after = f"&after={page['last_id']}"
            if not page["has_more"]:
                break
        assert walked == [item["id"] for item in shown][::-1]


@pytest.mark.parametrize("odd", [["tool_use"], {"tool_use": 1}, 7, None])
def test_content_blocks_of_an_odd_type_break_no_reader(api: Api, odd: Any):
    session = api.session()["id"]
    said = {"role": "user", "content": [{"type": odd, "x": 1}, {"type": "text", "text": "hi"}]}
    assert api.post(f"/sessions/{session}/turns", {"messages": [said]}).status == 201

    [item] = listed(api, session)
    assert item["content"][0]["x"] == 1
    for read in ("context?format=openai", "context?format=anthropic", "transcript?format=openai"):
        assert api.get(f"/sessions/{session}/{read}").status == 200
    assert ask(api, "DELETE", f"/{session}/items/{item['id']}").status == 200


def test_an_item_that_was_imported_as_a_content_part_is_that_item(api: Api):
    session = api.session()["id"]
    thought = {"id": "rs_1", "type": "reasoning", "summary": []}
    body = {"messages": [{"role": "assistant", "content": [thought]}]}
    api.post(f"/sessions/{session}/turns", body)
    [item] = listed(api, session)

    assert as_given_back(item) == as_given_back(thought)
    assert ask(api, "GET", f"/{session}/items/{item['id']}").body == item


def test_many_items_are_walked_in_both_orders(api: Api, django_assert_max_num_queries):
    name = create(api)
    for start in range(0, 60, 20):
        add(api, name, *[user(f"number {n}") for n in range(start, start + 20)])
    newest = ask(api, "GET", f"/{name}/items")
    texts = [item["content"][0]["text"] for item in newest["data"]]

    assert texts == [f"number {n}" for n in range(59, 39, -1)]
    assert newest["has_more"] is True
    for order in ("asc", "desc"):
        seen, query = [], f"order={order}&limit=7"
        while True:
            with django_assert_max_num_queries(12):
                page = ask(api, "GET", f"/{name}/items?{query}")
            seen += [item["content"][0]["text"] for item in page["data"]]
            query = f"order={order}&limit=7&after={page['last_id']}"
            if not page["has_more"]:
                break
        expected = [f"number {n}" for n in range(60)]
        assert seen == (expected if order == "asc" else expected[::-1])


def test_an_item_with_an_id_of_ours_is_found_without_reading_the_history(api: Api):
    name = create(api, user("x"), call("a"))
    for item in listed(api, name):
        with CaptureQueriesContext(connection) as asked:
            assert ask(api, "GET", f"/{name}/items/{item['id']}").body == item
            ask(api, "GET", f"/{name}/items?after={item['id']}")
        assert not [query for query in asked.captured_queries if '"parts" @>' in query["sql"]]


def test_many_items_that_keep_their_ids_are_looked_for_at_once(api: Api):
    name = create(api, user("x"))
    asked = []
    for some in (range(2), range(100, 120)):
        thoughts = [{"type": "reasoning", "id": f"rs_{n}", "summary": []} for n in some]
        with CaptureQueriesContext(connection) as captured:
            assert add(api, name, *thoughts).status == 200
        asked.append(len(captured))

    assert asked[0] == asked[1]


def test_paging_goes_on_behind_an_item_that_was_hidden_meanwhile(api: Api):
    name = create(api, *[user(str(n)) for n in range(6)])
    page = ask(api, "GET", f"/{name}/items?order=asc&limit=2")
    ask(api, "DELETE", f"/{name}/items/{page['last_id']}")
    rest = ask(api, "GET", f"/{name}/items?order=asc&after={page['last_id']}")

    assert [item["content"][0]["text"] for item in rest["data"]] == ["2", "3", "4", "5"]


def test_a_page_is_found_behind_many_hidden_turns(api: Api):
    name = create(api, user("first"))
    for _ in range(3):
        add(api, name, *[user("noise") for _ in range(20)])
    Turn.unscoped.filter(content="noise").update(hidden_at="2026-01-01T00:00:00Z")
    add(api, name, user("last"))

    page = ask(api, "GET", f"/{name}/items?limit=1&order=desc")
    assert page["has_more"] is True
    older = ask(api, "GET", f"/{name}/items?limit=1&after={page['last_id']}")
    assert [i["content"][0]["text"] for i in (*page["data"], *older["data"])] == ["last", "first"]
    assert older["has_more"] is False


def test_a_hidden_item_is_gone_for_readers_and_stays_in_the_record(api: Api):
    name = create(api, user("The password is heliotrope."), user("Thanks, noted."))
    session = session_of(name)
    hidden, kept = listed(api, name)
    asked = {"query": "heliotrope password", "scope": ["user=u_alice"], "include": ["turns"]}
    before = api.post("/query", asked)["results"]
    answer = ask(api, "DELETE", f"/{name}/items/{hidden['id']}")

    assert "heliotrope" in before[0]["text"]
    assert answer["id"] == name
    assert listed(api, name) == [kept]
    is_error(ask(api, "GET", f"/{name}/items/{hidden['id']}"), 404)
    is_error(ask(api, "DELETE", f"/{name}/items/{hidden['id']}"), 404)
    assert api.post("/query", asked)["results"] == []
    context = api.get(f"/sessions/{session}/context?format=text&query=x").body
    assert "heliotrope" not in str(context)
    assert api.get(f"/sessions/{session}/transcript?format=openai").body == [
        {"role": "user", "content": "Thanks, noted."}
    ]
    record = api.get(f"/sessions/{session}/transcript?format=text").body.decode()
    assert "The password is heliotrope. (hidden)" in record
    turns = api.get(f"/sessions/{session}/turns")["data"]
    assert [bool(turn["hidden_at"]) for turn in turns] == [True, False]
    assert turns[0]["content"] == "The password is heliotrope."
    assert AuditEvent.objects.filter(action="item.hidden").count() == 1


def test_a_turn_is_not_found_by_the_hidden_words_before_it(api: Api):
    name = create(api, user("zanzibar"), user("one"))
    ask(api, "DELETE", f"/{name}/items/{listed(api, name)[0]['id']}")
    add(api, name, user("two"))
    asked = {"query": "zanzibar", "scope": ["user=u_alice"], "include": ["turns"]}

    assert api.post("/query", asked)["results"] == []


def test_memories_of_a_hidden_item_stay_and_its_words_can_still_be_redacted(api: Api):
    name = create(api, user("I live in Lisbon."))
    session = session_of(name)
    [item] = listed(api, name)
    ask(api, "DELETE", f"/{name}/items/{item['id']}")
    memory = Memory.unscoped.get(key="home")
    assert memory.status == "live"
    [turn] = api.get(f"/sessions/{session}/turns")["data"]
    redacted = api.delete(f"/sessions/{session}/turns/{turn['id']}")

    assert redacted["memories"] == 1
    memory.refresh_from_db()
    assert memory.status == "erased"


def test_one_of_several_items_of_a_turn_is_hidden_alone(api: Api):
    name = create(api, user("go"), call("a"), call("b"), output("a"), output("b"))
    session = session_of(name)
    _, first, second, _, answer = listed(api, name)
    for item in (second, answer):
        assert ask(api, "DELETE", f"/{name}/items/{item['id']}").status == 200
    shown = listed(api, name)
    chat = api.get(f"/sessions/{session}/transcript?format=openai").body
    context = api.get(f"/sessions/{session}/context?format=openai")["messages"]

    assert [item.get("call_id") for item in shown] == [None, "a", "a"]
    _, *turns = api.get(f"/sessions/{session}/turns")["data"]
    assert [(t["hidden_at"] is None, t.get("hidden_items")) for t in turns] == [
        (True, [2]),
        (True, None),
        (False, None),
    ]
    assert first in shown
    for messages in (chat, context):
        calls = [c["id"] for m in messages for c in m.get("tool_calls", [])]
        assert calls == ["a"]
    ask(api, "DELETE", f"/{name}/items/{first['id']}")
    assert Turn.unscoped.get(seq=2).hidden_at is not None


def test_words_beside_tool_calls_are_hidden_from_recall(api: Api):
    session = api.session()["id"]
    tool_calls = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    said = {"role": "assistant", "content": "quokka facts", "tool_calls": tool_calls}
    api.post(f"/sessions/{session}/turns", {"messages": [said]})
    words, _ = listed(api, session)
    ask(api, "DELETE", f"/{session}/items/{words['id']}")
    asked = {"query": "quokka", "scope": ["user=u_alice"], "include": ["turns"]}

    assert api.post("/query", asked)["results"] == []
    assert [item["type"] for item in listed(api, session)] == ["function_call"]
    context = api.get(f"/sessions/{session}/transcript?format=openai").body
    assert "quokka" not in json.dumps(context)


def test_a_redacted_turn_is_no_item(api: Api):
    name = create(api, user("secret"), user("open"))
    session = session_of(name)
    turn = api.get(f"/sessions/{session}/turns")["data"][0]["id"]
    api.delete(f"/sessions/{session}/turns/{turn}")

    assert [item["content"][0]["text"] for item in listed(api, name)] == ["open"]
    is_error(ask(api, "GET", f"/{name}/items/{turn}"), 404)


def test_an_inherited_item_is_hidden_where_it_was_said(api: Api):
    name = create(api, user("before"))
    fork = api.post(f"/sessions/{session_of(name)}/fork")["id"]
    [item] = listed(api, fork)

    is_error(ask(api, "DELETE", f"/{fork}/items/{item['id']}"), 409, code="turn_inherited")
    ask(api, "DELETE", f"/{name}/items/{item['id']}")
    assert listed(api, fork) == []


def test_an_item_that_keeps_its_id_is_found_by_it_until_it_is_hidden(api: Api):
    thought = {"type": "reasoning", "id": "rs_abc", "summary": []}
    name = create(api, thought, user("x"), thought)
    first, _, second = listed(api, name)
    assert first["id"] == "rs_abc"
    assert second["id"] != "rs_abc"
    page = ask(api, "GET", f"/{name}/items?order=asc&limit=1&after=rs_abc")
    assert page["data"][0]["type"] == "message"
    ask(api, "DELETE", f"/{name}/items/rs_abc")
    is_error(ask(api, "GET", f"/{name}/items/rs_abc"), 404)
    add(api, name, thought)

    assert [item["id"] for item in listed(api, name)][1:] == [second["id"], "rs_abc"]


def test_what_is_said_is_learnt_from(api: Api):
    create(api, user("I live in Lisbon."))
    state = api.post("/state", {"scope": ["user=u_alice"]})

    assert [row["value"] for row in state["identity"]] == ["Lisbon"]


def test_learning_over_the_network_is_not_waited_for(api: Api, settings: Any):
    settings.EXTRACTOR = "openai"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    name = create(api, user("I live in Lisbon."))

    assert Trace.unscoped.get().status == "pending"
    assert len(listed(api, name)) == 1


def test_an_extractor_does_not_see_hidden_words_before_new_ones(api: Api):
    asked = {"role": "assistant", "content": "Where do you live?"}
    name = create(api, asked)
    [item] = listed(api, name)
    ask(api, "DELETE", f"/{name}/items/{item['id']}")
    add(api, name, user("Lisbon."))
    other = create(api, asked)
    add(api, other, user("Lisbon."))

    [memory] = Memory.unscoped.all()
    assert memory.sources.get().turn.conversation.uid == uuid.UUID(session_of(other))


def test_private_words_reach_nothing(api: Api):
    secret = "<private>hunter2</private>"
    name = create(
        api,
        user(f"open {secret}"),
        call("a", arguments=f'{{"k": "{secret}"}}'),
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": secret}]},
    )
    add(api, name, user("more", phase=secret), Idempotency_Key="k1")
    ask(api, "POST", f"/{name}", {"metadata": {"k": secret}})

    with connection.cursor() as cursor:
        for table in ("turn", "conversation"):
            cursor.execute(
                f"SELECT count(*) FROM conversations_{table} t WHERE t::text ~ 'hunter2'"
            )
            assert cursor.fetchone() == (0,)
    assert "hunter2" not in json.dumps(listed(api, name))
    assert not IdempotencyKey.objects.filter(response_body__contains="hunter2").exists()


def test_a_repeated_request_with_its_key_is_answered_once(api: Api):
    first = ask(api, "POST", "", {"items": [user("hi")]}, Idempotency_Key="c1")
    again = ask(api, "POST", "", {"items": [user("hi")]}, Idempotency_Key="c1")
    name = first["id"]
    added = add(api, name, user("I live in Oslo."), Idempotency_Key="i1")
    repeated = add(api, name, user("I live in Oslo."), Idempotency_Key="i1")

    assert again.body == first.body
    assert repeated.body == added.body
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert len(listed(api, name)) == 2
    is_error(add(api, name, user("other"), Idempotency_Key="i1"), 422)
    other = ask(
        api, "POST", "", {"items": [user("hi")]}, Idempotency_Key="c1", MemSync_Scope="user=u_bob"
    )
    is_error(other, 422)


def test_a_stored_answer_loses_words_that_are_redacted(api: Api):
    name = create(api)
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"text": "heliotrope"}]}
    add(api, name, user("heliotrope"), thought, Idempotency_Key="i1")
    for turn in api.get(f"/sessions/{session_of(name)}/turns")["data"]:
        api.delete(f"/sessions/{session_of(name)}/turns/{turn['id']}")
    repeated = add(api, name, user("heliotrope"), thought, Idempotency_Key="i1")

    assert repeated.status == 200
    assert "heliotrope" not in json.dumps(repeated.body)
    assert repeated["object"] == "list"


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "code_interpreter_call", "code": "print('heliotrope')"},
        {"type": "local_shell_call", "action": {"env": {"heliotrope": "x"}, "type": "exec"}},
        {"type": "mcp_call", "key": "heliotrope", "user_id": "heliotrope"},
        {"type": "message", "role": "user", "content": "x", "mode": "heliotrope"},
    ],
)
def test_a_stored_answer_loses_words_under_any_name(api: Api, fields: dict[str, Any]):
    name = create(api)
    added = add(api, name, fields, Idempotency_Key="i1")
    [turn] = api.get(f"/sessions/{session_of(name)}/turns")["data"]
    api.delete(f"/sessions/{session_of(name)}/turns/{turn['id']}")
    [item] = add(api, name, fields, Idempotency_Key="i1")["data"]

    assert item == {"id": added["data"][0]["id"], "type": fields["type"]}
    assert not IdempotencyKey.objects.filter(response_body__contains="heliotrope").exists()


BAD_ITEMS: list[tuple[Any, str]] = [
    ("x", "items[0]"),
    ({}, "items[0].type"),
    ({"type": "message", "content": "x"}, "items[0].role"),
    ({"role": "robot", "content": "x"}, "items[0].role"),
    ({"role": ["user"], "content": "x"}, "items[0].role"),
    ({"role": "user"}, "items[0].content"),
    ({"role": "user", "content": 7}, "items[0].content"),
    ({"role": "user", "content": ["x"]}, "items[0].content"),
    ({"role": "user", "content": [{"text": "x"}]}, "items[0].content"),
    ({"role": "user", "content": [{"type": "tool_use", "id": "t"}]}, "items[0].content"),
    ({"role": "user", "content": [{"type": "reasoning"}]}, "items[0].content"),
    ({"role": "user", "content": "x" * 1_000_001}, "items[0].content"),
    ({"type": "function_call", "name": "f", "arguments": "{}"}, "items[0].call_id"),
    ({"type": "function_call", "call_id": "c", "arguments": "{}"}, "items[0].name"),
    ({"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}, "items[0].arguments"),
    ({"type": "function_call_output", "output": "x"}, "items[0].call_id"),
    ({"type": "function_call_output", "call_id": "c"}, "items[0].output"),
    ({"type": "item_reference", "id": "msg_1"}, "items[0].type"),
    ({"type": "Not A Type"}, "items[0].type"),
    ({"type": "reasoning", "id": 7}, "items[0].id"),
    ({"type": "reasoning", "id": "a b"}, "items[0].id"),
    ({"type": "reasoning", "id": ""}, "items[0].id"),
    ({"type": "reasoning", "summary": json.loads("[" * 40 + "]" * 40)}, "items[0]"),
]


@pytest.mark.parametrize(("item", "param"), BAD_ITEMS)
def test_a_bad_item_is_a_400_that_names_it_and_stores_nothing(api: Api, item: Any, param: str):
    name = create(api)
    for answer in (add(api, name, item), ask(api, "POST", "", {"items": [item]})):
        is_error(answer, 400, type="invalid_request_error", param=param)
    assert Turn.unscoped.count() == 0
    assert Conversation.unscoped.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {"items": "x"},
        {"items": [user("x")] * 21},
        {"metadata": []},
        {"metadata": {"k": 1}},
        {"metadata": {"k": "v" * 513}},
        {"metadata": {"k" * 65: "v"}},
        {"metadata": {str(n): "v" for n in range(17)}},
        {"metadata": {str(n): "字" * 512 for n in range(16)}},
        {"unknown": 1},
        [],
    ],
)
def test_a_bad_body_is_a_400(api: Api, body: Any):
    is_error(ask(api, "POST", "", body), 400, type="invalid_request_error")
    assert Conversation.unscoped.count() == 0


@pytest.mark.parametrize("body", [None, {}, {"items": []}, {"items": None}])
def test_no_items_to_add_are_a_400(api: Api, body: Any):
    name = create(api)
    is_error(ask(api, "POST", f"/{name}/items", body), 400, param="items")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=020", "limit=101", "limit=x", "limit=", "order=up", "after=msg_1", "after=",
     "page=1", f"after=msg_{4:032x}", f"after={uuid.UUID(int=4)}", "after=%F0%9F%99%82"],
)  # fmt: skip
def test_a_bad_page_is_a_400_that_names_the_parameter(api: Api, query: str):
    name = create(api, user("x"))
    is_error(ask(api, "GET", f"/{name}/items?{query}"), 400, param=query.partition("=")[0])


def test_what_clients_may_ask_to_include_is_accepted(api: Api):
    name = create(api, user("x"))
    query = "include=message.output_text.logprobs&include[]=reasoning.encrypted_content"

    assert len(listed(api, name, query)) == 1


def test_errors_have_their_shape_from_the_transport_on(api: Api, space: Space):
    name = create(api, user("x"))
    supervisor = space.api(space.make_key("supervisor"))

    is_error(ask(anonymous(), "GET", f"/{name}"), 401, type="authentication_error")
    is_error(
        ask(Api({"Authorization": "Bearer ms_x_y"}, "app"), "GET", f"/{name}"),
        401,
        type="authentication_error",
    )
    is_error(ask(api, "POST", "", b"{"), 400, code="malformed_json")
    is_error(ask(api, "POST", "", b" " * (8 * 1024 * 1024 + 1)), 413)
    is_error(ask(supervisor, "POST", "", {}), 403, type="permission_error")
    is_error(add(supervisor, name, user("x")), 403, type="permission_error")
    is_error(ask(api, "PUT", f"/{name}"), 405)
    is_error(ask(api, "GET", "/nothing/here/at/all"), 404)
    api.patch(f"/sessions/{session_of(name)}", {"status": "archived"})
    refused = add(api, name, user("x"))
    is_error(refused, 409, type="conflict_error", code="session_not_active")
    assert refused.headers["x-should-retry"] == "false"
    assert uuid.UUID(refused.headers["X-Request-ID"])


@pytest.mark.parametrize("name", ["x", "conv_", "conv_x", f"conv_{'g' * 32}", "%00", "🙂"])
def test_odd_ids_are_a_404(api: Api, name: str):
    conversation = create(api, user("x"))

    is_error(ask(api, "GET", f"/{name}"), 404)
    is_error(ask(api, "GET", f"/{conversation}/items/{name}"), 404)
    is_error(ask(api, "DELETE", f"/{conversation}/items/{name}"), 404)


def test_another_tenant_finds_nothing(api: Api, other_space: Space):
    name = create(api, user("x"))
    [item] = listed(api, name)
    stranger = other_space.api()
    asked: list[tuple[str, str, Any]] = [
        ("GET", f"/{name}", None),
        ("POST", f"/{name}", {"metadata": {}}),
        ("DELETE", f"/{name}", None),
        ("GET", f"/{name}/items", None),
        ("POST", f"/{name}/items", {"items": [user("x")]}),
        ("GET", f"/{name}/items/{item['id']}", None),
        ("DELETE", f"/{name}/items/{item['id']}", None),
    ]
    for method, path, body in asked:
        answer = ask(stranger, method, path, body)
        unknown = ask(stranger, method, path.replace(name, f"conv_{uuid.uuid4().hex}"), body)
        is_error(answer, 404, code="not_found")
        assert answer.body == unknown.body
    assert listed(api, name) == [item]


def test_the_floor_of_a_key_is_the_scope_of_what_it_makes(api: Api, space: Space):
    alice = space.api(space.make_key("agent", "user=u_alice"))
    bob = space.api(space.make_key("agent", "user=u_bob"))
    made = alice.call("POST", PATH, {})["id"]

    assert api.get(f"/sessions/{session_of(made)}")["scope"] == ["user=u_alice"]
    assert alice.call("GET", f"{PATH}/{made}").status == 200
    is_error(bob.call("GET", f"{PATH}/{made}"), 404)
    is_error(ask(bob, "POST", "", {}), 403, code="scope_forbidden")
    narrowed = ask(alice, "POST", "", {}, MemSync_Scope="agent=support")["id"]
    scope = api.get(f"/sessions/{session_of(narrowed)}")["scope"]
    assert scope == ["agent=support", "user=u_alice"]


def test_the_scope_header_hides_what_is_not_of_it(api: Api):
    name = create(api, user("x"))

    is_error(ask(api, "GET", f"/{name}", MemSync_Scope="user=u_bob"), 404)
    is_error(ask(api, "GET", f"/{name}/items", MemSync_Scope="user=u_bob"), 404)
    assert ask(api, "GET", f"/{name}").status == 200


def test_a_scope_may_hold_any_printable_character(api: Api):
    made = ask(api, "POST", "", {}, MemSync_Scope="user=J%C3%B6rg%20%26%20Co%2C%3D1")["id"]

    assert api.get(f"/sessions/{session_of(made)}")["scope"] == ["user=Jörg & Co,=1"]


@pytest.mark.parametrize("scope", ["user", "=x", "user=", "User=x", "user=a&user=b", "user=%00"])
def test_a_bad_scope_is_a_400(api: Api, scope: str):
    is_error(ask(api, "POST", "", {}, MemSync_Scope=scope), 400)


@pytest.mark.parametrize(
    "scope", ["", "&", "user=a,user=b", "user=a,agent=b", "user=%ff", "user=é"]
)
def test_a_scope_that_is_empty_repeated_or_no_text_widens_nothing(api: Api, scope: str):
    is_error(ask(api, "POST", "", {}, MemSync_Scope=scope), 400)
    assert not Conversation.unscoped.exists()


def test_private_words_are_cut_out_of_a_scope(api: Api):
    person = "%3Cprivate%3Ehunter2%3C/private%3Eann"
    name = ask(api, "POST", "", {}, MemSync_Scope=f"user={person}")["id"]

    assert api.get(f"/sessions/{session_of(name)}")["scope"] == ["user=ann"]
    listing = api.get(f"/sessions?scope=user%3D{person}")["data"]
    assert [row["scope"] for row in listing] == [["user=ann"]]


def test_a_key_without_a_floor_has_to_say_for_whom(space: Space):
    agent = space.api(space.make_key("agent"))
    refused = agent.call("POST", PATH, {})

    is_error(refused, 403)
    assert "MemSync-Scope" in refused["error"]["message"]
    assert ask(agent, "POST", "", {}).status == 200


def test_a_signed_in_person_reads_and_appends_to_their_own(space: Space, api: Api):
    name = create(api, user("x"))
    alice = space.api_of(space.make_user("u_alice"))

    assert [i["content"][0]["text"] for i in alice.call("GET", f"{PATH}/{name}/items")["data"]] == [
        "x"
    ]
    assert alice.call("POST", f"{PATH}/{name}/items", {"items": [user("y")]}).status == 200
    is_error(alice.call("POST", PATH, {}), 403)
    item = listed(api, name)[0]["id"]
    is_error(alice.call("DELETE", f"{PATH}/{name}/items/{item}"), 403)


def test_deleting_a_conversation_erases_what_rested_on_it(api: Api):
    name = create(api, user("I live in Lisbon."))
    fork = api.post(f"/sessions/{session_of(name)}/fork")["id"]
    is_error(ask(api, "DELETE", f"/{name}"), 409, code="has_forks")
    ask(api, "DELETE", f"/{fork}")
    deleted = ask(api, "DELETE", f"/{name}")

    assert deleted["deleted"] is True
    assert Memory.unscoped.get(key="home").status == "erased"
    is_error(ask(api, "GET", f"/{name}/items"), 404)


def test_hidden_items_survive_export_and_import(api: Api, other_space: Space):
    name = create(api, user("go"), call("a"), call("b"), user("gone"))
    items = listed(api, name)
    for place in (2, 3):
        ask(api, "DELETE", f"/{name}/items/{items[place]['id']}")
    lines = Lines(api.get("/export").body)
    stored = other_space.api().post("/import", lines)

    assert stored.status == 201, stored
    assert listed(other_space.api(), name) == items[:2]
    again = other_space.api().get("/export").body
    assert [line for line in again.splitlines() if b'"turn"' in line] == [
        line for line in lines.splitlines() if b'"turn"' in line
    ]


def test_an_export_from_before_items_could_be_hidden_is_still_read(api: Api, other_space: Space):
    name = create(api, user("hello"))
    old = []
    for line in api.get("/export").body.splitlines():
        row = json.loads(line)
        row.pop("hidden_at", None)
        row.pop("hidden_items", None)
        old.append(json.dumps(row).encode())
    assert other_space.api().post("/import", Lines(b"\n".join(old))).status == 201
    assert len(listed(other_space.api(), name)) == 1


def test_staff_and_people_see_that_a_turn_is_hidden(api: Api, space: Space, page_client):
    name = create(api, user("go"), call("a"), call("b"), user("gone words"))
    items = listed(api, name)
    for place in (2, 3):
        ask(api, "DELETE", f"/{name}/items/{items[place]['id']}")
    browser = page_client(space.make_user("u_alice"))
    page = browser.get(f"/conversations/{session_of(name)}/").content.decode()

    assert "This turn is hidden from the conversation" in page
    assert "Parts are hidden from the conversation" in page
    assert "gone words" in page


@pytest.mark.django_db(transaction=True)
def test_items_added_at_once_are_all_there_in_one_order(api: Api):
    name = create(api)
    thought = {"type": "reasoning", "id": "rs_same", "summary": []}
    answers: list[Answer] = []

    def work(n: int) -> None:
        answers.append(add(api, name, user(f"{n}"), thought))
        connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = listed(api, name)

    assert [answer.status for answer in answers] == [200] * 6
    assert len(shown) == 12
    assert len({item["id"] for item in shown}) == 12
    assert sorted(i["content"][0]["text"] for i in shown[::2]) == [str(n) for n in range(6)]


@pytest.mark.django_db(transaction=True)
def test_an_item_is_hidden_once_however_many_ask(api: Api):
    name = create(api, call("a"), call("b"))
    [first, second] = listed(api, name)
    statuses: list[int] = []

    def work(item: str) -> None:
        statuses.append(ask(api, "DELETE", f"/{name}/items/{item}").status)
        connection.close()

    threads = [threading.Thread(target=work, args=(i["id"],)) for i in (first, second) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 200, 404, 404, 404, 404]
    assert listed(api, name) == []
    assert Turn.unscoped.get().hidden_at is not None
