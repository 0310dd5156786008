"""What a message holds besides its text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.folding import MAX_SHOWN, Fold, folds

CALL = {"id": "c1", "type": "function", "function": {"name": "track", "arguments": '{"n":1.0}'}}


def test_nothing_besides_the_text_folds_nothing():
    assert folds(None) == folds({}) == folds([]) == []


def test_a_tool_call_shows_its_name_and_its_arguments_as_sent():
    assert folds({"tool_calls": [CALL]}) == [Fold("Tool call: track", '{"n":1.0}')]


def test_the_answer_to_a_tool_call_says_which():
    assert folds({"tool_call_id": "c1"}) == [Fold("Answers a tool call", "c1")]


def test_blocks_of_a_content_array():
    blocks = [
        {"type": "text", "text": "seen already"},
        {"type": "tool_use", "name": "look", "input": {"x": 1}},
        {"type": "tool_result", "content": "fine"},
        {"type": "image", "source": {"url": "https://example.org/x.png"}},
        {"type": "reasoning", "text": "thought, not said"},
    ]
    titles = [fold.title for fold in folds({"content": blocks})]
    assert titles == ["Tool call: look", "Tool result", "Part: image", "Part: reasoning"]


def test_parts_sent_as_a_list_are_blocks():
    assert folds([{"type": "tool_result", "content": "fine"}]) == [Fold("Tool result", "fine")]


def test_a_long_part_is_cut_and_says_so():
    (fold,) = folds({"refusal": "x" * (MAX_SHOWN + 5)})
    assert (len(fold.text), fold.cut) == (MAX_SHOWN, 5)


@pytest.mark.parametrize(
    "parts",
    [
        {"tool_calls": "nonsense"},
        {"tool_calls": [None, 3, {"function": None}, {"function": {"name": None}}]},
        {"function_call": None},
        {"content": {"type": ["a"]}},
        [[["deep"]], None, 1.5, True],
        "text",
        7,
    ],
)
def test_odd_parts_are_shown_somehow(parts: Any):
    assert all(isinstance(fold.text, str) for fold in folds(parts))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tool_calls", "content", "type", "text", "name", "function", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_parts_fold(parts: Any):
    assert all(fold.title is not None for fold in folds(parts))
