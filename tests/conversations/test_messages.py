"""A message comes back as it was sent, whatever form of chat message it is."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.messages import as_message, new_turn, text_of
from tests.factories import Api

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
scalar = (
    st.none()
    | st.booleans()
    | text
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
)
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)
)
name = st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True)
url = st.fixed_dictionaries({"url": text}, optional={"detail": st.sampled_from(["low", "auto"])})
part = st.one_of(
    text,
    st.fixed_dictionaries({"type": st.just("text"), "text": text}),
    st.fixed_dictionaries({"type": st.just("image_url"), "image_url": url}),
    st.fixed_dictionaries(
        {
            "type": st.just("image"),
            "source": st.fixed_dictionaries(
                {"type": st.just("base64"), "media_type": text, "data": text}
            ),
        }
    ),
    st.fixed_dictionaries({"type": st.just("tool_use"), "id": text, "name": text, "input": value}),
    st.fixed_dictionaries(
        {"type": st.just("tool_result"), "tool_use_id": text, "content": text | st.lists(value)}
    ),
    st.dictionaries(text, value, max_size=3),
)
call = st.fixed_dictionaries(
    {
        "id": text,
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": text, "arguments": text}),
    }
)
message = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant", "system", "tool"]),
        "content": st.none() | text | st.lists(part, max_size=4),
    },
    optional={
        "name": name | st.none(),
        "tool_calls": st.lists(call, max_size=2) | st.none(),
        "tool_call_id": name | st.none(),
        "function_call": st.none() | st.fixed_dictionaries({"name": text, "arguments": text}),
        "refusal": text | st.none(),
        "parts": st.lists(value, max_size=3),
    },
)


def without_tags(sent: Any) -> bool:
    return "private>" not in json.dumps(sent)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(message.filter(without_tags))
def test_a_message_comes_back_equal(sent: dict[str, Any]):
    turn = new_turn(dict(sent))
    back = as_message(turn["role"], turn["content"], json.loads(json.dumps(turn["parts"])))

    assert back == sent


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sent=st.lists(message.filter(without_tags), min_size=1, max_size=5))
def test_messages_come_back_equal_over_http(api: Api, sent: list[dict[str, Any]]):
    session = api.session()["id"]
    said = api.post(f"/sessions/{session}/turns", {"messages": sent, "extract": False})
    back = api.get(f"/sessions/{session}/transcript?format=openai")

    assert said.status == 201, said
    assert back.body == sent


def test_the_text_of_an_array_is_its_text_parts():
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
        "two",
        {"type": "reasoning", "text": "thought, not said"},
        {"type": "output_text", "text": "three"},
    ]

    assert text_of(parts) == "one\ntwo\nthree"
    assert text_of(None) == ""
