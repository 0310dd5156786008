"""Words that are not the speaker's: denied, about somebody else, forwarded, spoken by another."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from memories.extraction import Claim, ClaimKind, Message, RuleExtractor

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
STATING = (ClaimKind.STATE, ClaimKind.CORRECT)


def claims(text: str) -> list[Claim]:
    return RuleExtractor().extract([Message("user", text, NOON)])


def stated(text: str) -> set[tuple[str, str]]:
    return {(c.key, c.value) for c in claims(text) if c.kind in STATING}


DENIED = [
    "I never said I live in Trieste",
    "I never told you that I work at Philips",
    "I have never claimed I'm a dentist",
    "I didn't say that I'm vegan",
    "It's not true that I live in Ghent",
    "It isn't true I'm a pilot",
    "It's simply false that I work for Nestlé",
    "It's a lie that my name is Gustav",
    "It is untrue that I work at Philips and that I live in Braga",
    "There's no way I live in Ghent",
    "There is no chance that I'm a plumber",
    "I deny that I work at Philips",
    "Not that I live in Trieste, but what is rent there?",
    "I never said that my wife is called Agnes",
    "Far from it that I'm a surgeon",
]


@pytest.mark.parametrize("text", DENIED)
def test_what_is_denied_is_not_stated(text: str) -> None:
    assert stated(text) == set()


AVOWED = [
    ("I already told you that I live in Trieste", {("home", "Trieste")}),
    ("I can't deny that I live in Ghent", {("home", "Ghent")}),
    ("I haven't told my boss that I live in Ghent now", {("home", "Ghent")}),
    ("It's true that I'm a dentist", {("occupation", "dentist")}),
    ("I forgot to mention that I'm vegan", {("diet", "vegan")}),
]


@pytest.mark.parametrize(("text", "facts"), AVOWED)
def test_what_is_owned_up_to_is_stated(text: str, facts: set[tuple[str, str]]) -> None:
    assert stated(text) == facts


ABOUT_OTHERS = [
    "My neighbor's details:\nName: Otto Krause\nCity: Linz\nDiet: vegan",
    "Details of our new tenant:\n\nName: Mia Sand\nCity: Linz",
    "Patient intake form\nName: Olga Petrova\nAge: 54\nAllergies: latex",
    "Customer profile:\n- Name: Olga Petrova\n- Occupation: dentist\n- City: Malmö",
    "Lead from the conference:\nName: Jens Holt\nCompany: Siemens\nEmail: jens@holt.example",
    "Contact for the electrician\nName: Jens Holt\nPhone: +43 660 123 4567",
    "Shipping address for my brother:\nName: Pavel Novak\nCity: Brno",
    "Can you clean this up?\nName: Otto Krause\nOccupation: baker\nCity: Linz",
    "Please turn this into a table\n\nName: Otto Krause\nCity: Linz",
    "About my colleague:\n- vegetarian\n- dentist\n- from Malmö",
    "Some facts about my landlord:\n- I'm a dentist\n- name: Otto Krause",
    "I have a new lead:\nName: Jens Holt\nCity: Linz",
    "Can you format this for me?\n\nName: Jens Holt\n\nCity: Linz",
    "Thanks!\n\nAbout Otto:\nName: Otto Krause\nCity: Linz",
]


@pytest.mark.parametrize("text", ABOUT_OTHERS)
def test_a_block_about_somebody_else_tells_nothing(text: str) -> None:
    assert stated(text) == set()


ABOUT_ME = [
    ("My details:\nName: Otto Krause\nCity: Linz", {("name", "Otto Krause"), ("home", "Linz")}),
    ("Name: Otto Krause\nCity: Linz", {("name", "Otto Krause"), ("home", "Linz")}),
    ("I'm a patient of yours:\nName: Otto Krause", {("name", "Otto Krause")}),
    (
        "Name: Otto Krause\nDoctor: Petra Holm\nCity: Linz",
        {("name", "Otto Krause"), ("home", "Linz")},
    ),
    ("Name: Otto Krause\nFrom: Linz\n\nI'm vegan", {("name", "Otto Krause"), ("diet", "vegan")}),
    ("I need a plan for my son:\n- I live in Linz", {("home", "Linz")}),
    ("Rooms for my wife and me:\n- I'm vegan", {("diet", "vegan")}),
    ("Customer profile about me:\nName: Otto Krause", {("name", "Otto Krause")}),
    ("My contact details for the form:\nName: Otto Krause", {("name", "Otto Krause")}),
    (
        "About my neighbor:\n- loud\n- rude\n\nI live in Linz, what can I do?",
        {("home", "Linz")},
    ),
]


@pytest.mark.parametrize(("text", "facts"), ABOUT_ME)
def test_a_block_about_oneself_is_read(text: str, facts: set[tuple[str, str]]) -> None:
    assert facts <= stated(text)


FORWARDED = [
    "From: Nils Berg <nils@berg.example>\nSubject: Hello\n\nI'm a dentist and I live in Malmö",
    "Subject: New address\nFrom: Nils Berg\n\nWe moved to Oslo. I'm vegan.",
    "What should I answer?\n\n---- Forwarded message ----\nHi, my name is Nils. I live in Oslo.",
    "Begin forwarded message:\n\nI work at Philips and I'm from Ghent.",
    "Got this today:\n\nHi, I'm the new landlord and I live in Ghent.\nRegards, Nils Berg",
    "I just received this in the mail:\nMy name is Nils Berg and I work at Philips.",
    "My aunt sent me this: I live in Ghent now and I'm vegan.",
    "Is this a scam? Dear client, my name is Bianca and I work at Philips.",
    "Is that email phishing: my name is Bianca, I live in Ghent",
    "Dear customer, my name is Bianca and I work at Philips.",
]


@pytest.mark.parametrize("text", FORWARDED)
def test_what_was_received_tells_nothing_of_who_passes_it_on(text: str) -> None:
    assert stated(text) == set()


SCRIPTED = [
    "Emma: I live in Ghent",
    "Candidate: I work as a surgeon at Philips",
    "Teacher: my name is Nils Berg",
    "Q: What do you do? A: I work as a surgeon",
    "Q: Where do you live?\nA: I live in Ghent.",
    "Emma: my birthday is June 9\nOscar: I'm vegan",
    "Example: I'm a dentist in Malmö",
    "For example: I live in Ghent",
    "Which tense is this? Sample: I work at Philips",
    "Test: my name is Probe",
    "Prompt: I'm a 40 year old dentist from Malmö",
    "Case 2: I'm allergic to latex and live in Ghent",
    "For the role play: I am a judge",
]


@pytest.mark.parametrize("text", SCRIPTED)
def test_what_is_said_under_a_label_is_not_the_speakers_own(text: str) -> None:
    assert stated(text) == set()


OWN = [
    ("Subject line is missing, anyway: I live in Ghent", {("home", "Ghent")}),
    ("Update: I live in Ghent", {("home", "Ghent")}),
    ("Me: I live in Ghent", {("home", "Ghent")}),
    ("Is this legit? I live in Ghent and got a strange bill", {("home", "Ghent")}),
    ("Dear Customer Service, I live in Ghent", {("home", "Ghent")}),
    ("Background: I'm a dentist", {("occupation", "dentist")}),
    ("I got this far: the form is sent. I live in Ghent", {("home", "Ghent")}),
    ("Dear team, my name is Bianca and I live in Ghent", {("name", "Bianca"), ("home", "Ghent")}),
    ("Example: I like tea\n\nI live in Ghent", {("home", "Ghent")}),
]


@pytest.mark.parametrize(("text", "facts"), OWN)
def test_what_the_speaker_says_beside_it_is_read(text: str, facts: set[tuple[str, str]]) -> None:
    assert stated(text) == facts


BLANKS = [" ", "\n", "\t", "\u00a0", "\u2003", "\r\n", " \n"]
AROUND = [("I'm a nurse", "x"), ("I live in Rome", "x"), ("I live in", "Rome"), ("", "x = 1")]


@pytest.mark.parametrize("blank", BLANKS)
def test_white_space_takes_time_that_grows_with_it_only(blank: str) -> None:
    def seconds(length: int) -> float:
        run = blank * (length // len(blank))
        messages = [Message("user", before + run + after, NOON) for before, after in AROUND]
        began = time.process_time()
        for message in messages:
            RuleExtractor().extract([message])
        return time.process_time() - began

    short = min(seconds(9_000) for _ in range(3))
    assert min(seconds(18_000) for _ in range(3)) < 3 * short + 0.05
    assert seconds(20_000) < 1


def test_a_fact_before_and_after_wide_white_space_is_still_read() -> None:
    wide = " " * 300
    told = claims(f"I live in Ghent.{wide}I'm vegan")
    assert {(c.key, c.value) for c in told} == {("home", "Ghent"), ("diet", "vegan")}
    assert max(c.start for c in told) >= 300


LEFT_OPEN = [
    "I left Outlook open",
    "I left Slack running all night",
    "I left Amazon Music open on the tablet",
    "I left Vienna at nine",
    "I left Emma a note",
    "I left San Francisco",
    "I left Emma Stone a note",
    "I quit Illustrator and lost my drawing",
    "I gave up sugar three years ago",
]


@pytest.mark.parametrize("text", LEFT_OPEN)
def test_what_is_left_in_passing_ends_nothing(text: str) -> None:
    assert [(c.key, c.value) for c in claims(text) if c.kind is ClaimKind.CLOSE] == []


ENDED = [
    ("I left Philips last spring", "employer", "Philips"),
    ("I left Berger GmbH for a start-up", "employer", "Berger GmbH"),
    ("I quit Lufthansa in May", "employer", "Lufthansa"),
    ("I gave up fencing", "hobby", "fencing"),
    ("I stopped using Illustrator", "uses", "Illustrator"),
]


@pytest.mark.parametrize(("text", "key", "value"), ENDED)
def test_what_is_left_for_good_is_over(text: str, key: str, value: str) -> None:
    assert (key, value) in {(c.key, c.value) for c in claims(text) if c.kind is ClaimKind.CLOSE}


def test_an_employer_told_before_is_left_whatever_its_name() -> None:
    turns = [Message("user", text, NOON) for text in ("I work at Outlook", "I left Outlook")]
    ended = [c for c in RuleExtractor().extract(turns, new_from=1) if c.kind is ClaimKind.CLOSE]
    assert ("employer", "Outlook") in {(c.key, c.value) for c in ended}


NOT_YET = [
    "We considered naming the dog Bruno",
    "We nearly called our daughter Freya",
    "We almost named our cat Mochi",
    "Our future cat will be called Mochi",
    "I bought Nvidia at 95",
    "I grew up believing in Krampus",
    "I'm training a model",
]


@pytest.mark.parametrize("text", NOT_YET)
def test_what_was_weighed_or_only_sounds_alike_is_not_kept(text: str) -> None:
    assert stated(text) == set()


def test_a_name_that_a_baby_might_get_is_a_doubt_only() -> None:
    assert {key for key, _ in stated("We might name the baby Jonas")} <= {"about"}


SETTLED = [
    ("We called our daughter Freya", {("daughter", "Freya")}),
    ("Our cat is called Mochi", {("pet", "Mochi")}),
    ("I bought a Tesla last year", {("owns", "Tesla")}),
    ("I grew up mostly in Linz", {("hometown", "Linz")}),
    ("I'm a model", {("occupation", "model")}),
]


@pytest.mark.parametrize(("text", "facts"), SETTLED)
def test_what_came_about_is_kept(text: str, facts: set[tuple[str, str]]) -> None:
    assert stated(text) == facts


LABELS = [
    "Q: ", "Q: x\n", "Emma: ", "Example: ", "from: ", "From: Al B\n", "a: b\n",
    "About my neighbor:\n",
]  # fmt: skip


@pytest.mark.parametrize("unit", LABELS)
def test_labels_take_time_that_grows_with_them_only(unit: str) -> None:
    def seconds(length: int) -> float:
        message = Message("user", unit * (length // len(unit)), NOON)
        began = time.process_time()
        RuleExtractor().extract([message])
        return time.process_time() - began

    short = min(seconds(9_000) for _ in range(3))
    assert min(seconds(18_000) for _ in range(3)) < 3 * short + 0.1
