"""The decision table, over every combination of what can be known of a token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from sessions_app.rotation import Presented, Verdict, judge

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WINDOW = timedelta(milliseconds=500)
AGES = [None, timedelta(0), WINDOW, timedelta(seconds=60), timedelta(seconds=60, microseconds=1)]
COMBINATIONS = list(
    product(
        [True, False],  # revoked
        [timedelta(microseconds=1), timedelta(0), timedelta(days=-1)],  # left of the family
        ["", "user_inactive"],
        [True, False],  # current
        [True, False],  # was current before the lock
        [True, False],  # direct parent of the current one
        AGES,  # of the rotation
        [True, False],  # same attempt
        [WINDOW, timedelta(0)],
    )
)


def expected(
    revoked: bool, left: timedelta, ended_by: str, current: bool, was_current: bool,
    parent: bool, age: timedelta | None, same: bool, window: timedelta,
) -> Verdict:  # fmt: skip
    """docs/security.md, "Refreshing", read aloud."""
    if revoked:
        return Verdict.REVOKED
    if left <= timedelta(0):
        return Verdict.EXPIRED
    if ended_by:
        return Verdict.ENDED
    if current:
        return Verdict.ROTATE
    if was_current:
        return Verdict.OVERLAP
    if same and parent and age is not None and age.total_seconds() <= 60:
        return Verdict.RETRY
    if window and parent and age is not None and age <= window:
        return Verdict.RACE
    return Verdict.REUSE


def test_every_combination_gets_the_verdict_of_the_table() -> None:
    for case in COMBINATIONS:
        revoked, left, ended_by, current, was_current, parent, age, same, window = case
        token = Presented(
            now=NOW,
            is_revoked=revoked,
            expires_at=NOW + left,
            ended_by=ended_by,
            is_current=current,
            was_current=was_current,
            is_parent=parent,
            rotated_at=None if age is None else NOW - age,
            is_same_attempt=same,
        )
        assert judge(token, race_window=window) is expected(*case), case


def test_only_a_current_token_or_the_same_attempt_ever_yields_tokens() -> None:
    yielding = {Verdict.ROTATE, Verdict.RETRY}
    for case in COMBINATIONS:
        if expected(*case) in yielding:
            revoked, left, ended_by, current, _, parent, _, same, _ = case
            assert not revoked
            assert not ended_by
            assert left > timedelta(0)
            assert current or (parent and same)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_reached(verdict: Verdict) -> None:
    assert any(expected(*case) is verdict for case in COMBINATIONS)
