"""What is put like a fact and is none: each key looks at its value before it is kept."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from memories.extraction import Claim, ClaimKind, Message, RuleExtractor

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
STATING = (ClaimKind.STATE, ClaimKind.CORRECT)


def claims(*turns: str) -> list[Claim]:
    return RuleExtractor().extract([Message("user", turn, NOON) for turn in turns])


def stated(text: str) -> set[tuple[str, str]]:
    return {
        (c.key if c.subject == "user" else f"{c.subject}.{c.key}", c.value)
        for c in claims(text)
        if c.kind in STATING
    }


NOTHING = [
    # names
    "my name is mud in the kitchen since the soup incident",
    "My name is misspelled on the badge",
    "Call me pedantic but it is spelled with two c's",
    "Ex-vegan here, what changed my mind was cheese",
    # places
    "I live in constant denial about my inbox",
    "i live in spreadsheets these days",
    "We moved to Dropbox and the sync is slow",
    "I'm in Settings and cannot find the toggle",
    "I'm stuck in Incognito, how do I leave it",
    # work
    "I work at a glacial pace before noon",
    "I work for peanuts, as everyone knows",
    "i work as intended, said the printer",
    "I'm a terrible baker, the dough fears me",
    "I'm a first time buyer and lost in the paperwork",
    "I work as a ghost in this family",
    "my job is a joke at the moment",
    "my title is missing on the letter",
    "I joined Zoom and nobody was there",
    "I've been with Vodafone for years and my bill doubled",
    "We talked to the office and the accountant never answered",
    # school
    "I studied the map and still got lost",
    "I study people on the train",
    "I have a PhD in procrastinating",
    # tastes, tools, skills
    "I like the second version more",
    "I hate the new layout",
    "I prefer option B",
    "I use caution with ladders",
    "I use common sense, mostly",
    "I switched to plan B after lunch",
    "I'm good at losing umbrellas",
    "I know Python can do this in one line",
    "I'm good with Tuesday",
    "I'm fluent in sarcasm",
    "I'm allergic to meetings before ten",
    "I'm allergic to nonsense",
    "I'm into week two of the course",
    # belongings
    "I have a Docker container that will not stop",
    "I have a DHL parcel that never came",
    "I got a TypeError again",
    "I own my mistakes, the mistake was mine",
    # aims
    "I'm planning on it",
    "I'm working on no sleep and two coffees",
    "I'm working on my patience",
    "I'm thinking about lunch",
    "I might just restart it",
    "I'm off to bed, thanks",
    "my goal is to survive until the holidays",
    "I want to be an astronaut, said every child ever",
    # orders
    "Never trust a thin cook",
    "Never mix those two in there, right?",
    "Always check the hinges first, my uncle says",
    "don't call me, write to the office",
    # people
    "my brother MFC-L2710 prints blank pages again",
    "my friend Google told me so",
    "My old boss Harald used to whistle",
    "I'm Farid's dad, is pickup at three?",
    "My boss is Polish",
    "I'm in Seville tomorrow, which tapas bar is open?",
    "As a notary once told me, read the last page first, and I did",
    "My notes are on paper, citation manager?",
    "Always be yourself",
    "Never mix those chemicals",
    # somebody else, a game, a song, a case
    "Patient is a 61 year old woman, allergic to aspirin, lives in Bergen.",
    "In the game I'm a blacksmith and I live in Falkreath",
    "My character is a monk who lives in Avalon and owns a donkey",
    "I like big boats and I cannot lie, who is the singer of that",
    "name: Max Muster, dob 02/03/1980 is the test record",
    "I'm Napoleon. No but seriously, how tall was he",
    "We live next door, are students allowed to park here",
]

KEPT = [
    ("my name is tamara and the code never came", {("name", "tamara")}),
    ("i live in malton", {("home", "malton")}),
    ("I live in The Hague", {("home", "Hague")}),
    ("we live in a village near Soria", {("home", "village near Soria")}),
    ("i work at ikea", {("employer", "ikea")}),
    ("I work for the city council", {("employer", "city council")}),
    ("i work at spindle as a designer", {("employer", "spindle"), ("occupation", "designer")}),
    ("I work as a crane operator", {("occupation", "crane operator")}),
    ("I'm starting at Philips on Monday", {("employer", "Philips")}),
    ("I manage a team of six at Ericsson", {("employer", "Ericsson")}),
    ("I work at St Thomas hospital", {("employer", "St Thomas hospital")}),
    ("I studied marine biology", {("education", "marine biology")}),
    ("I've worked at Bosch for 20 years", {("employer", "Bosch")}),
    (
        "I'm a nurse at St. Mary's hospital",
        {("occupation", "nurse"), ("employer", "St. Mary's hospital")},
    ),
    ("I work as an au pair", {("occupation", "au pair")}),
    ("Always be concise", {("instruction", "Always be concise")}),
    (
        "never mix British and American spelling",
        {("instruction", "never mix British and American spelling")},
    ),
    ("Hi, Berit from Skagen, the form is stuck", {("name", "Berit")}),
    ("we use pytest and ruff", {("uses", "pytest"), ("uses", "ruff")}),
    ("I use vim and tmux", {("uses", "vim"), ("uses", "tmux")}),
    ("I use a wheelchair", {("uses", "wheelchair")}),
    ("I know French", {("languages", "French")}),
    ("I'm allergic to bee stings", {("allergic_to", "bee stings")}),
    ("I prefer window seats", {("prefers", "window seats")}),
    ("I'm working on my novel for nine years now", {("working_on", "my novel")}),
    ("we bought a Thule trailer for the bikes", {("owns", "Thule trailer")}),
    ("I'm considering a career change", {("about", "a career change")}),
    ("I'm doing keto since March", {("diet", "keto")}),
    ("My manager Soo-ah Park left early", {("manager", "Soo-ah Park")}),
    ("my sister Ines, she says the blue one", {("sister", "Ines")}),
    ("always use metric units, please", {("instruction", "always use metric units")}),
    ("The essay is done, the report due Monday", {("deadline", "Monday")}),
]


@pytest.mark.parametrize("text", NOTHING)
def test_what_only_sounds_like_a_fact_is_not_kept(text: str) -> None:
    assert stated(text) == set()


@pytest.mark.parametrize(("text", "facts"), KEPT, ids=[text for text, _ in KEPT])
def test_a_value_that_its_key_can_hold_is_kept(text: str, facts: set[tuple[str, str]]) -> None:
    assert stated(text) == facts


def test_stopping_in_other_words_revokes_the_standing_order() -> None:
    found = claims("Always answer in German please.", "Stop answering in German")
    assert [(c.kind, c.key) for c in found] == [
        (ClaimKind.STATE, "instruction"),
        (ClaimKind.REVOKE, "instruction"),
    ]


def test_a_value_ends_before_anymore() -> None:
    assert stated("I don't eat meat anymore") == {("diet", "don't eat meat")}


def test_the_gates_take_time_that_grows_with_the_text_only() -> None:
    def seconds(count: int) -> float:
        text = "I'm allergic to meetings, I live in denial and I use caution. " * count
        began = time.thread_time()
        claims(text)
        return time.thread_time() - began

    seconds(5)
    assert min(seconds(120) for _ in range(3)) < 20 * max(min(seconds(30) for _ in range(3)), 0.01)
