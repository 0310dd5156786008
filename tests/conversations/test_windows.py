"""Which turns a page of a transcript shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.windows import PAGE, Window, window_of


def test_without_a_wish_it_is_the_newest_page():
    assert window_of({}, head=250) == Window(151, 250, 250)


def test_a_short_conversation_is_one_page():
    window = window_of({}, head=7)
    assert (window.first, window.last, window.earlier, window.later) == (1, 7, None, None)


def test_an_empty_conversation_has_an_empty_window():
    assert window_of({"turn": "1"}, head=0) == Window(1, 0, 0)


def test_a_turn_is_shown_with_what_is_around_it():
    assert window_of({"turn": "120"}, head=250) == Window(70, 169, 250)


@pytest.mark.parametrize(("turn", "first"), [("3", 1), ("249", 151), ("250", 151)])
def test_near_an_end_the_page_is_full_all_the_same(turn: str, first: int):
    assert window_of({"turn": turn}, head=250).first == first


def test_one_turn_alone():
    assert window_of({"only": "5", "turn": "99"}, head=250) == Window(5, 5, 250)


@pytest.mark.parametrize("text", ["0", "-1", "251", "x", "", "1e3", "٣", "9" * 5000, " 1", "1.0"])
@pytest.mark.parametrize("name", ["from", "turn", "only"])
def test_what_is_no_position_counts_as_not_given(name: str, text: str):
    assert window_of({name: text}, head=250) == window_of({}, head=250)


def test_earlier_and_later_pages_meet_without_a_gap():
    window = window_of({}, head=250)
    earlier = window_of({"from": str(window.earlier)}, head=250)
    assert earlier.last == window.first - 1
    assert earlier.later == window.first


@given(st.integers(1, 1000))
def test_going_back_page_by_page_shows_every_turn(head: int):
    window, seen = window_of({}, head=head), set[int]()
    while True:
        seen |= set(range(window.first, window.last + 1))
        if window.earlier is None:
            break
        window = window_of({"from": str(window.earlier)}, head=head)
    assert seen == set(range(1, head + 1))


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_the_turn_asked_for_is_shown(head: int, turn: int):
    window = window_of({"turn": str(turn)}, head=head)
    assert turn > head or window.first <= turn <= window.last
    assert window.last - window.first < PAGE
