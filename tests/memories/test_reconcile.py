"""The reconciler's rules, each as a sentence. Pure: no database."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.extraction.types import Claim, ClaimKind
from memories.reconcile import Known, Verdict, normalize, reconcile, same_value


def claim(
    value: str,
    *,
    key: str = "home",
    kind: ClaimKind = ClaimKind.STATE,
    confidence: float = 0.9,
    category: str = "identity",
) -> Claim:
    return Claim(0, kind, category, "user", key, value, 0, 1, confidence)


def known(
    value: str,
    *,
    key: str = "home",
    serial: int = 1,
    strongest: float = 0.9,
    authoritative: bool = False,
    status: str = "live",
    kind: str = "",
    category: str = "identity",
) -> Known:
    return Known(serial, category, key, normalize(value), strongest, authoritative, status, kind)


def test_a_new_key_is_added():
    assert reconcile(claim("Leeds"), []).verdict is Verdict.ADDED


def test_the_same_value_is_reinforced():
    decision = reconcile(claim("the Leeds"), [known("Leeds")])

    assert decision.verdict is Verdict.REINFORCED
    assert decision.row == known("Leeds")


@pytest.mark.parametrize(
    ("confidence", "strongest", "kind", "verdict"),
    [
        (0.9, 0.9, ClaimKind.STATE, Verdict.CORRECTED),
        (0.7, 0.7, ClaimKind.STATE, Verdict.CORRECTED),
        (0.69, 0.5, ClaimKind.STATE, Verdict.CONTESTED),
        (0.8, 0.9, ClaimKind.STATE, Verdict.CONTESTED),
        (0.8, 0.9, ClaimKind.CORRECT, Verdict.CORRECTED),
        (0.6, 0.9, ClaimKind.CORRECT, Verdict.CONTESTED),
    ],
)
def test_a_new_value_wins_iff_sure_and_at_least_as_strong(confidence, strongest, kind, verdict):
    decision = reconcile(
        claim("Porto", confidence=confidence, kind=kind), [known("Leeds", strongest=strongest)]
    )

    assert decision.verdict is verdict
    assert bool(decision.ended) is (verdict is Verdict.CORRECTED)


@pytest.mark.parametrize("kind", [ClaimKind.STATE, ClaimKind.CORRECT])
def test_an_authoritative_row_is_contested_never_changed(kind):
    decision = reconcile(claim("60 days", kind=kind), [known("30 days", authoritative=True)])

    assert decision.verdict is Verdict.CONTESTED
    assert decision.ended == []


def test_a_negation_does_not_close_an_authoritative_row():
    closing = claim("30 days", kind=ClaimKind.CLOSE)

    assert reconcile(closing, [known("30 days", authoritative=True)]).verdict is Verdict.IGNORED


def test_a_key_with_several_values_takes_another():
    decision = reconcile(claim("Dutch", key="languages"), [known("Spanish", key="languages")])

    assert decision.verdict is Verdict.ADDED


def test_a_correction_under_a_key_with_several_values_replaces_the_latest():
    rows = [known("tea", key="likes"), known("coffee", key="likes", serial=2)]
    decision = reconcile(claim("cocoa", key="likes", kind=ClaimKind.CORRECT), rows)

    assert decision.verdict is Verdict.CORRECTED
    assert decision.ended == [rows[1]]


def test_a_winning_value_settles_what_was_contested_and_the_doubt_about_it():
    rows = [
        known("Leeds"),
        known("York", serial=2, status="contested"),
        known("home: leeds or york", key="about", serial=3, kind="conflict"),
    ]
    decision = reconcile(claim("Porto", kind=ClaimKind.CORRECT), rows)

    assert [row.serial for row in decision.ended] == [1, 2]
    assert [row.serial for row in decision.settled] == [3]


def test_a_contested_value_said_again_weakly_is_reinforced_not_doubled():
    rows = [known("Leeds"), known("York", serial=2, status="contested")]
    decision = reconcile(claim("York", confidence=0.6), rows)

    assert decision.verdict is Verdict.REINFORCED
    assert decision.row == rows[1]


def test_a_negation_closes_what_it_names_and_nothing_else():
    rows = [known("Spanish", key="languages"), known("Dutch", key="languages", serial=2)]
    decision = reconcile(claim("Dutch", key="languages", kind=ClaimKind.CLOSE), rows)

    assert decision.verdict is Verdict.CLOSED
    assert decision.ended == [rows[1]]


def test_a_negation_without_a_value_closes_all_under_the_key():
    rows = [known("Acme", key="employer")]

    assert reconcile(claim("", key="employer", kind=ClaimKind.CLOSE), rows).ended == rows


@pytest.mark.parametrize("kind", [ClaimKind.CLOSE, ClaimKind.REVOKE, ClaimKind.RESOLVE])
def test_with_nothing_to_end_a_claim_is_ignored(kind):
    assert reconcile(claim("Acme", kind=kind), []).verdict is Verdict.IGNORED


@pytest.mark.parametrize(
    ("kind", "key", "category", "verdict"),
    [
        (ClaimKind.REVOKE, "instruction", "instruction", Verdict.REVOKED),
        (ClaimKind.RESOLVE, "about", "uncertainty", Verdict.RESOLVED),
    ],
)
def test_withdrawing_without_a_name_means_the_latest(kind, key, category, verdict):
    rows = [
        known("answer in short sentences", key=key, category=category),
        known("use metric units", key=key, category=category, serial=2),
    ]
    latest = reconcile(claim("", key=key, kind=kind, category=category), rows)
    named = reconcile(claim("short sentences", key=key, kind=kind, category=category), rows)

    assert (latest.verdict, latest.ended) == (verdict, [rows[1]])
    assert (named.verdict, named.ended) == (verdict, [rows[0]])


def test_two_instructions_live_side_by_side():
    rows = [known("use metric units", key="instruction", category="instruction")]
    second = claim("answer in French", key="instruction", category="instruction")

    assert reconcile(second, rows).verdict is Verdict.ADDED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("leeds", "leeds", True),
        ("acme corp", "acme", True),
        ("acme", "acme corp of america", False),
        ("new york", "york", True),
        ("york", "yorkshire", False),
        ("", "leeds", False),
    ],
)
def test_values_are_the_same_when_one_holds_most_of_the_other(one, other, same):
    assert same_value(one, other) is same
    assert same_value(other, one) is same


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The  Acme Corp.", "acme corp"),
        ("my sister's", "sister"),
        ("«a»", "«a»"),
        ("A", "a"),
        ("the", "the"),
        ("  ", ""),
    ],
)
def test_normalizing_drops_what_does_not_carry_the_value(text, plain):
    assert normalize(text) == plain


@given(st.text())
def test_normalizing_twice_changes_nothing(text):
    assert normalize(normalize(text)) == normalize(text)


def test_every_combination_has_an_answer_and_never_two_live_values():
    """All kinds of claim against all kinds of row: a replaced row is always among the ended."""
    statuses, sure = ("live", "contested"), (0.3, 0.7, 0.95)
    for kind, status, confidence, strongest, authoritative in product(
        ClaimKind, statuses, sure, sure, (True, False)
    ):
        row = known("Leeds", status=status, strongest=strongest, authoritative=authoritative)
        decision = reconcile(claim("Porto", kind=kind, confidence=confidence), [row])
        if status == "live" and decision.verdict in {Verdict.ADDED, Verdict.CORRECTED}:
            assert row in decision.ended
        assert not (authoritative and row in decision.ended)
