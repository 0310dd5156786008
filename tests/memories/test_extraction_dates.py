"""From when and until when a statement holds: resolved against when it was said, never a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from memories.extraction import Claim, ClaimKind, Message, RuleExtractor
from memories.extraction.dates import after, before, resolve

FRIDAY = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
STATING = (ClaimKind.STATE, ClaimKind.CORRECT)


def claims(text: str, said_at: datetime = FRIDAY) -> list[Claim]:
    return RuleExtractor().extract([Message("user", text, said_at)])


def the_one(text: str, key: str, said_at: datetime = FRIDAY) -> Claim:
    found = [c for c in claims(text, said_at) if c.key == key and c.kind in STATING]
    assert len(found) == 1, found
    return found[0]


def day(moment: datetime | None) -> str:
    return moment.isoformat()[:10] if moment else ""


BEGINNINGS = [
    ("I've worked at Acme since 2019.", "employer", "Acme", "2019-01-01"),
    ("I live in Oslo since March", "home", "Oslo", "2026-03-01"),
    ("Since March, I've been vegan.", "diet", "vegan", "2026-03-01"),
    ("I moved to Oslo last summer", "home", "Oslo", "2026-06-01"),
    ("we moved to Oslo in May 2024", "home", "Oslo", "2024-05-01"),
    ("I moved to Oslo two years ago.", "home", "Oslo", "2024-01-01"),
    ("I joined Initech three weeks ago", "employer", "Initech", "2026-10-26"),
    ("I started at Initech on Monday", "employer", "Initech", "2026-11-16"),
    ("as of next month I work at Initech", "employer", "Initech", "2026-12-01"),
    ("I start at Initech on Monday", "employer", "Initech", "2026-11-23"),
    ("from Monday on I'm in Berlin", "current_location", "Berlin", "2026-11-23"),
    ("I've been an electrician for twenty years", "occupation", "electrician", "2006-01-01"),
    ("I've been using vim for 10 years", "uses", "vim", "2016-01-01"),
    ("I live in Bonn, since 2015", "home", "Bonn", "2015-01-01"),
]


@pytest.mark.parametrize(("text", "key", "value", "begins"), BEGINNINGS)
def test_a_statement_says_from_when_it_holds(text: str, key: str, value: str, begins: str):
    claim = the_one(text, key)

    assert (claim.value, day(claim.valid_from), claim.valid_until) == (value, begins, None)


ENDS = [
    ("I'm in Tenerife until Friday", "current_location", "Tenerife", "2026-11-27"),
    ("I'm in Oaxaca for two weeks", "current_location", "Oaxaca", "2026-12-04"),
    ("I'm on leave until Friday", "plan", "on leave", "2026-11-27"),
    ("I work at Acme until the end of the year", "employer", "Acme", "2026-12-31"),
    ("My contract at Acme ends on 31 March 2027.", "employer", "Acme", "2027-03-31"),
    ("I work at Acme but my contract ends on 31 March 2027", "employer", "Acme", "2027-03-31"),
    ("The deadline is next Friday", "deadline", "next Friday", "2026-11-27"),
    ("the report is due on 12 December", "deadline", "12 December", "2026-12-12"),
    ("We're flying to Cartagena on the 3rd", "plan", "flying to Cartagena", "2026-12-03"),
    ("I'm getting married in October", "plan", "getting married", "2027-10-31"),
]


@pytest.mark.parametrize(("text", "key", "value", "ends"), ENDS)
def test_a_statement_says_until_when_it_holds(text: str, key: str, value: str, ends: str):
    claim = the_one(text, key)

    assert (claim.value, claim.valid_from, day(claim.valid_until)) == (value, None, ends)


def test_a_period_has_both_ends():
    claim = the_one("I'm in Lisbon from 1 May to 3 June", "current_location")

    assert (day(claim.valid_from), day(claim.valid_until)) == ("2027-05-01", "2027-06-03")


def test_an_end_is_the_last_second_of_its_day():
    claim = the_one("I'm in Tenerife until Friday", "current_location")

    assert claim.valid_until == datetime(2026, 11, 27, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "I lived in Rome until 2018",
        "I used to live in Rome until 2018",
        "until 2018 I used to live in Rome",
        "From 2015 to 2019 I worked at Nokia",
        "I'm in Rome until yesterday",
    ],
)
def test_what_was_over_when_it_was_said_is_no_state(text: str):
    assert [c for c in claims(text) if c.kind in STATING] == []


def test_an_ending_says_when():
    ended = [c for c in claims("I left Acme in March") if c.key == "employer"]

    assert [(c.kind, c.value, day(c.valid_until)) for c in ended] == [
        (ClaimKind.CLOSE, "Acme", "2026-03-31")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "I own a 2019 Clio",
        "I live in Rome and we met in May 2020",
        "My name is Ana and I was born in 1980",
        "I live in Rome. In 2019 there was a flood.",
        "I'm vegan, how was the harvest in 2019?",
    ],
)
def test_a_date_of_something_else_bounds_nothing(text: str):
    told = [c for c in claims(text) if c.kind in STATING]

    assert told
    assert all(c.valid_from is None and c.valid_until is None for c in told)


def test_every_fact_has_the_date_of_its_own_clause():
    text = "we moved to Oslo in May and I work at Equinor since June"

    assert day(the_one(text, "home").valid_from) == "2026-05-01"
    assert day(the_one(text, "employer").valid_from) == "2026-06-01"


@pytest.mark.parametrize(("text", "key", "_value", "_date"), [*BEGINNINGS, *ENDS])
def test_the_date_stands_in_the_quote_and_not_in_the_value(
    text: str, key: str, _value: str, _date: str
):
    claim = the_one(text, key)
    quote = text[claim.start : claim.end]

    assert claim.value in quote
    assert key == "deadline" or len(quote) > len(claim.value)
    assert quote.rstrip(".") in text


PHRASES = [
    "2019", "March", "last summer", "next summer", "summer", "May 2024", "two years ago", "Friday",
    "next Friday", "last Monday", "31 March 2027", "1 May", "March 5th", "next month", "last week",
    "this year", "tomorrow", "yesterday", "tonight", "the 3rd", "the 31st", "2024-05-01",
    "12/09/2024", "end of the month", "the end of next year", "mid-June", "christmas", "easter",
    "new year's eve", "a few years ago", "a couple of weeks ago", "18 months ago", "this weekend",
]  # fmt: skip
MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PHRASES), MOMENTS, MOMENTS, st.booleans())
def test_a_date_never_depends_on_the_clock(
    phrase: str, said_at: datetime, clock: datetime, is_past: bool
):
    resolve_afresh = resolve(phrase, said_at, is_past=is_past)
    with time_machine.travel(clock, tick=False):
        assert resolve(phrase, said_at, is_past=is_past) == resolve_afresh
    assert resolve_afresh is not None


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(PHRASES), MOMENTS, st.booleans())
def test_a_period_begins_before_it_ends(phrase: str, said_at: datetime, is_past: bool):
    period = resolve(phrase, said_at, is_past=is_past)

    assert period is not None
    assert period.first <= period.last


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["March", "Friday", "1 May", "the 3rd", "christmas", "summer"]), MOMENTS)
def test_what_may_lie_on_either_side_lies_where_the_words_say(phrase: str, said_at: datetime):
    behind = resolve(phrase, said_at, is_past=True)
    ahead = resolve(phrase, said_at, is_past=False)

    assert behind is not None
    assert ahead is not None
    assert behind.first <= said_at <= ahead.last
    assert ahead.first - said_at <= timedelta(days=366)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(
        ["I live in Oslo {} {}", "{1} I work at Acme {0}", "I'm in Rome from {} to {}",
         "I moved to Oslo {} and stay until {}", "My deadline is {} {}"]
    ),
    st.sampled_from(PHRASES),
    st.sampled_from(PHRASES),
    MOMENTS,
)  # fmt: skip
def test_no_claim_ends_before_it_begins(frame: str, one: str, other: str, said_at: datetime):
    for claim in claims(frame.format(one, f"until {other}"), said_at):
        if claim.valid_from and claim.valid_until:
            assert claim.valid_from <= claim.valid_until
        if claim.kind in STATING and claim.valid_until:
            assert claim.valid_until >= said_at


@pytest.mark.parametrize("said_at", [datetime.min, datetime.max])
@pytest.mark.parametrize("phrase", [*PHRASES, "nonsense", "", "99 May", "32/13/2024"])
def test_the_edges_of_the_calendar_break_nothing(phrase: str, said_at: datetime):
    moment = said_at.replace(tzinfo=UTC)

    for is_past in (True, False):
        resolve(phrase, moment, is_past=is_past)
    before("three years", moment)
    after("three years", moment)
