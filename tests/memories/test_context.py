"""Context assembly: a hard budget, whole pieces, and an account of what is missing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memories.context.assemble import Fact, Material, assemble
from memories.context.messages import Call, Result, Said, groups_of, in_anthropic, in_openai, said
from memories.context.render import as_anthropic, as_openai, as_text, tokens_of
from memories.context.tokens import estimate
from tests.factories import Answer, Api, Space

SCOPE = ["user=u_alice"]


def turn(seq: int, text: str = "some words", role: str = "user", **more: Any) -> Said:
    return Said(uuid.UUID(int=seq), seq, role, text, **more)


def context(api: Api, session_id: str, query: str = "") -> Answer:
    return api.get(f"/sessions/{session_id}/context?{query}")


@pytest.fixture
def talk(api: Api) -> str:
    session = api.session(*SCOPE)
    api.say(session["id"], "I live in Porto.", "From now on always answer in French.")
    for number in range(40):
        api.say(session["id"], f"Number {number} is a fact about ships.", extract=False)
    return str(session["id"])


def test_a_text_has_instructions_newest_turns_and_memories_with_their_sources(api: Api, talk):
    answer = context(api, talk, "query=where+do+I+live")
    text = answer.body.decode()

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "answer in French" in text.split("# Conversation")[0]
    assert "Number 39" in text
    assert "Porto" in text.split("# What is known")[1]
    assert "[memory:" in text
    assert api.get(f"/traces/{answer.headers['X-Trace-ID']}")["query"] == "where do I live"


@pytest.mark.parametrize("form", ["text", "openai", "anthropic"])
def test_a_question_in_the_body_is_answered_as_one_in_the_url(api: Api, talk, form):
    body = {"query": "where do I live", "max_tokens": 300, "format": form, "branch": True}
    asked = api.post(f"/sessions/{talk}/context", body)
    shown = context(api, talk, f"query=where+do+I+live&max_tokens=300&format={form}&branch=true")

    assert asked.status == shown.status == 200
    assert asked.headers["Content-Type"] == shown.headers["Content-Type"]
    if form == "text":
        assert asked.body == shown.body
    else:
        different = {"trace_id"}
        assert {k: v for k, v in asked.body.items() if k not in different} == {
            k: v for k, v in shown.body.items() if k not in different
        }


@pytest.mark.parametrize("budget", [80, 120, 200])
def test_in_a_small_budget_instructions_come_first(api: Api, talk, budget):
    answer = context(api, talk, f"max_tokens={budget}&query=ships")

    assert "answer in French" in answer.body.decode()
    assert estimate(answer.body.decode()) <= budget


def test_memories_may_be_those_of_another_scope_than_the_sessions(api: Api, talk):
    fact = {"text": "I live in Oslo.", "scope": [*SCOPE, "team=red"]}
    api.post("/facts", fact)
    asked = "query=where+do+I+live&scope=user%3Du_alice"
    own, wider = context(api, talk, asked), context(api, talk, f"{asked}&scope=team%3Dred")
    body = {"query": "where do I live", "scope": [*SCOPE, "team=red"]}

    assert "Oslo" not in own.body.decode()
    assert "Oslo" in wider.body.decode()
    assert api.post(f"/sessions/{talk}/context", body).body == wider.body
    assert context(api, talk, "scope=nonsense").status == 400


def test_the_scope_of_a_context_stays_within_the_floor(space: Space, talk):
    agent = space.api(space.make_key("agent", "user=u_alice"))

    assert context(agent, talk, "scope=user%3Du_bob").status == 403
    assert context(agent, talk, "scope=team%3Dred").status == 200


def test_an_empty_body_asks_what_the_user_said_last(api: Api, talk):
    assert api.post(f"/sessions/{talk}/context", {}).body == context(api, talk).body


@pytest.mark.parametrize(
    "body",
    [
        {"query": 1},
        {"query": "x" * 10_001},
        {"max_tokens": 0},
        {"max_tokens": "300"},
        {"format": "xml"},
        {"branch": "true"},
        {"limit": 3},
        [],
    ],
)
def test_a_body_that_is_no_question_is_refused(api: Api, talk, body):
    assert api.post(f"/sessions/{talk}/context", body).status == 400


def test_private_words_of_a_question_in_the_body_reach_nothing(api: Api, talk):
    body = {"query": "where? <private>sesame</private>", "format": "openai"}
    answer = api.post(f"/sessions/{talk}/context", body)

    assert "sesame" not in str(answer.body)
    assert "sesame" not in api.get(f"/traces/{answer['trace_id']}")["query"]


@pytest.mark.parametrize("form", ["text", "openai", "anthropic"])
@pytest.mark.parametrize("budget", [1, 20, 100, 300, 1000, 50_000])
def test_the_budget_is_never_exceeded(api: Api, talk, form, budget):
    answer = context(api, talk, f"max_tokens={budget}&format={form}")
    shown = answer.body.decode() if form == "text" else answer.body

    assert answer.status == 200
    if form == "text":
        assert estimate(shown) <= budget
    else:
        model_reads = {name: shown[name] for name in ("system", "messages") if name in shown}
        assert tokens_of(model_reads, estimate) <= shown["tokens"] <= budget


def test_what_was_left_out_is_said(api: Api, talk):
    answer = context(api, talk, "max_tokens=400&format=openai")
    shown = {one["seq"] for one in answer["sources"] if one["part"] == "turn"}

    assert answer["left_out"]["turns"]["count"] == 42 - len(shown)
    assert "turns" in answer["says"]
    assert answer["says"] in str(answer["messages"])
    whole = context(api, talk, "max_tokens=50000&format=openai")
    assert whole["left_out"] == {
        "turns": {"count": 0, "ranges": []},
        "memories": 0,
        "instructions": 0,
    }


def test_what_fell_out_is_summarized_in_its_own_words(api: Api, talk):
    answer = context(api, talk, "max_tokens=600&format=openai")
    quoted = [one["seq"] for one in answer["sources"] if one["part"] == "summary"]
    shown = [one["seq"] for one in answer["sources"] if one["part"] == "turn"]

    assert quoted
    assert max(quoted) < min(shown)


def test_the_beginning_stays_the_same_while_the_talk_goes_on(api: Api, talk):
    """A provider's prompt cache finds the same prefix again."""
    before = context(api, talk, "max_tokens=700&format=openai&query=ships")["messages"]
    api.say(talk, "One more.", extract=False)
    after = context(api, talk, "max_tokens=700&format=openai&query=Porto")["messages"]
    same = [one == other for one, other in zip(before, after, strict=False)]

    assert same.index(False) >= len(before) - 2


def test_a_fork_shows_what_it_inherits(api: Api, talk):
    fork = api.post(f"/sessions/{talk}/fork", {"seq": 5}).body
    api.say(fork["id"], "Only in the fork.", extract=False)
    text = context(api, fork["id"]).body.decode()

    assert "Number 2 " in text
    assert "Only in the fork." in text
    assert "Number 3 " not in text


def test_a_redacted_turn_is_not_shown(api: Api, talk):
    [newest] = api.get(f"/sessions/{talk}/turns?order=desc&limit=1")["data"]
    api.call("DELETE", f"/api/v1/{api.ctx}/sessions/{talk}/turns/{newest['id']}")

    assert "Number 39" not in context(api, talk).body.decode()


@pytest.mark.parametrize(
    "query", ["max_tokens=0", "max_tokens=many", "format=html", "branch=maybe", "colour=red"]
)
def test_odd_parameters_are_refused(api: Api, talk, query):
    assert context(api, talk, query).status == 400


def test_an_empty_session_has_an_empty_context(api: Api):
    session = api.session(*SCOPE)

    assert context(api, session["id"], "format=openai")["messages"] == []
    assert context(api, session["id"]).status == 200


CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}
OPENAI_CALL = {"role": "assistant", "content": None, "tool_calls": [CALL]}
OPENAI_RESULT = {"role": "tool", "tool_call_id": "c1", "content": "found"}
ANTHROPIC_CALL = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "c1", "name": "find", "input": {"q": 1}},
    ],
}
ANTHROPIC_RESULT = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "found"}],
}


@pytest.mark.parametrize(
    "messages", [(OPENAI_CALL, OPENAI_RESULT), (ANTHROPIC_CALL, ANTHROPIC_RESULT)]
)
def test_tool_calls_go_out_in_either_form(api: Api, messages):
    session = api.session(*SCOPE)
    first = {"role": "user", "content": "Find it."}
    sent = {"messages": [first, *messages], "extract": False}
    assert api.post(f"/sessions/{session['id']}/turns", sent).status == 201
    openai = context(api, session["id"], "format=openai")["messages"]
    anthropic = context(api, session["id"], "format=anthropic")["messages"]

    assert openai[1]["tool_calls"] == [CALL] or openai[1]["tool_calls"][0]["id"] == "c1"
    assert openai[2] == OPENAI_RESULT
    assert anthropic[1]["content"][-1] == ANTHROPIC_CALL["content"][1]
    assert anthropic[2]["content"][0] == ANTHROPIC_RESULT["content"][0]


calls = st.lists(st.sampled_from(["say", "call", "result"]), min_size=1, max_size=25)


@given(calls, st.integers(0, 600))
def test_a_result_never_stands_without_its_call(kinds, budget):
    turns, open_calls = [], []
    for seq, kind in enumerate(kinds, start=1):
        if kind == "call":
            open_calls.append(f"c{seq}")
            turns.append(turn(seq, role="assistant", calls=(Call(f"c{seq}", "find", "{}"),)))
        elif kind == "result":
            made = open_calls.pop() if open_calls else "unknown"
            turns.append(turn(seq, role="tool", results=(Result(made, "found"),)))
        else:
            turns.append(turn(seq))
    shown = assemble(Material([], [], turns, len(turns)), budget, estimate).turns
    made = {call.id for one in shown for call in one.calls}

    assert all(result.id in made for one in shown for result in one.results)
    answered = {result.id for one in turns for result in one.results}
    told = {result.id for one in shown for result in one.results}
    assert made & answered <= told


def test_groups_join_a_call_with_all_up_to_its_last_result():
    turns = [
        turn(1),
        turn(2, role="assistant", calls=(Call("a", "f", "{}"), Call("b", "f", "{}"))),
        turn(3, role="tool", results=(Result("a", "x"),)),
        turn(4, text="hurry"),
        turn(5, role="tool", results=(Result("b", "y"),)),
        turn(6),
    ]

    assert [[t.seq for t in group] for group in groups_of(turns)] == [[1], [2, 3, 4, 5], [6]]


@given(st.lists(st.text(max_size=200), max_size=30), st.integers(1, 2000))
def test_any_texts_stay_within_any_budget(texts, budget):
    facts = [Fact(uuid.uuid4(), text) for text in texts[:10]]
    turns = [turn(seq, text) for seq, text in enumerate(texts, start=1)]
    shown = assemble(Material(facts, facts, turns, len(turns)), budget, estimate)

    assert estimate(as_text(shown)) <= budget + 80
    assert tokens_of(as_openai(shown), estimate) <= budget + 80
    assert tokens_of(as_anthropic(shown), estimate) <= budget + 110


@given(st.text(max_size=300), st.text(max_size=300))
@example(" ", " ")
@example(" " * 16, " word")
def test_the_estimate_of_parts_is_at_least_that_of_the_whole(one, other):
    assert estimate(one) + estimate(other) >= estimate(one + other)


def test_the_estimate_is_on_the_safe_side():
    english = "The quick brown fox jumps over the lazy dog and runs away quickly. " * 10

    assert len(english) / 4 <= estimate(english) <= len(english) / 2
    assert estimate("漢字かな") == 4


def test_a_message_that_needs_no_change_goes_out_as_it_came():
    row = {
        "uid": uuid.uuid4(),
        "seq": 1,
        "role": "user",
        "content": "hi",
        "parts": {"name": "Alice"},
        "sender": "Alice",
    }

    assert in_openai(said(row)) == [{"role": "user", "content": "hi", "name": "Alice"}]
    assert in_anthropic(said(row)) == {
        "role": "user",
        "content": [{"type": "text", "text": "hi"}],
    }
