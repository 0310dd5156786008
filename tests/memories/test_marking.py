"""Cited words: segments that join to the text, whatever the spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.marking import Segment, Span, mark

TEXT = "I work at Acme."


def shown(text: str, *spans: tuple[int, int, str]) -> list[tuple[str, tuple[str, ...]]]:
    return [(s.text, s.keys) for s in mark(text, [Span(*span) for span in spans])]


def test_a_span_is_one_marked_segment():
    assert shown(TEXT, (10, 14, "a")) == [("I work at ", ()), ("Acme", ("a",)), (".", ())]


def test_without_spans_the_text_is_one_segment():
    assert mark(TEXT, []) == [Segment(TEXT)]


def test_an_empty_text_has_no_segments():
    assert mark("", [Span(0, 5, "a")]) == []


def test_overlapping_spans_share_the_middle():
    assert shown("abcdef", (0, 4, "a"), (2, 6, "b")) == [
        ("ab", ("a",)),
        ("cd", ("a", "b")),
        ("ef", ("b",)),
    ]


def test_of_nested_spans_the_inner_one_comes_first():
    assert shown("abcdef", (0, 6, "outer"), (2, 4, "inner")) == [
        ("ab", ("outer",)),
        ("cd", ("inner", "outer")),
        ("ef", ("outer",)),
    ]


def test_touching_spans_stay_apart():
    assert shown("abcd", (0, 2, "a"), (2, 4, "b")) == [("ab", ("a",)), ("cd", ("b",))]


def test_equal_spans_of_two_memories_mark_once_with_both():
    assert shown("abcd", (1, 3, "a"), (1, 3, "b"))[1] == ("bc", ("a", "b"))


def test_two_spans_of_one_memory_name_it_once():
    assert shown("abcdef", (0, 4, "a"), (2, 6, "a"))[1] == ("cd", ("a",))


@pytest.mark.parametrize("span", [(3, 3), (4, 2), (9, 12), (-5, 0), (-2, -1)])
def test_a_span_without_characters_in_the_text_marks_nothing(span: tuple[int, int]):
    assert shown("abcdef"[:6], (*span, "a")) == [("abcdef", ())]


@pytest.mark.parametrize(
    ("span", "marked"), [((-3, 2), "ab"), ((4, 99), "ef"), ((-1, 99), "abcdef")]
)
def test_what_reaches_beyond_the_text_is_cut_off(span: tuple[int, int], marked: str):
    assert [s.text for s in mark("abcdef", [Span(*span, "a")]) if s.keys] == [marked]


def test_offsets_count_code_points():
    text = "👩‍🔬 e\u0301 naïve 🎉 Acme"
    start = text.index("Acme")
    assert shown(text, (start, start + 4, "a"))[-1] == ("Acme", ("a",))


def test_markup_in_a_text_is_text():
    text = '<b onclick="x">&amp;</b>'
    assert "".join(s.text for s in mark(text, [Span(1, 5, "a"), Span(3, 20, "b")])) == text


def spans_strategy() -> st.SearchStrategy[list[Span[int]]]:
    edge = st.integers(-3, 45)
    return st.lists(st.builds(Span, edge, edge, st.integers(0, 4)), max_size=12)


@given(st.text(max_size=40), spans_strategy())
def test_segments_join_to_the_text_and_none_is_empty(text: str, spans: list[Span[int]]):
    segments = mark(text, spans)
    assert "".join(segment.text for segment in segments) == text
    assert all(segment.text for segment in segments)


@given(st.text(max_size=40), spans_strategy())
def test_each_character_has_the_keys_of_exactly_the_spans_over_it(
    text: str, spans: list[Span[int]]
):
    by_character = [set(s.keys) for s in mark(text, spans) for _ in s.text]
    assert by_character == [
        {span.key for span in spans if span.start <= place < span.end} for place in range(len(text))
    ]


@given(st.text(max_size=40), spans_strategy())
def test_the_order_of_the_spans_changes_no_segment(text: str, spans: list[Span[int]]):
    forward = [(s.text, set(s.keys)) for s in mark(text, spans)]
    assert forward == [(s.text, set(s.keys)) for s in mark(text, spans[::-1])]
