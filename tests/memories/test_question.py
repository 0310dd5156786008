"""How a question is taken apart, and when it leans on earlier ones."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.recall.followup import Earlier, enriched, leans
from memories.recall.question import Participants, take_apart

PEOPLE = Participants(("Caroline", "Melanie Webb", "Support Bot", "user"))


@pytest.mark.parametrize(
    ("text", "meaning", "named"),
    [
        ("When did Caroline move?", "When did move?", ("Caroline",)),
        ("What is Caroline's job?", "What is job?", ("Caroline",)),
        ("where does caroline live?", "where does live?", ("Caroline",)),
        ("What did Mel paint?", "What did paint?", ("Melanie Webb",)),
        ("Is Melanie Webb a painter?", "Is a painter?", ("Melanie Webb",)),
        ("Did Caroline meet Melanie?", "Did meet?", ()),
        ("How do I contact support?", "How do I contact support?", ()),
        ("what does the user like?", "what does the user like?", ()),
        ("Carol is somebody else", "is somebody else", ("Caroline",)),
        ("The caravan is red", "The caravan is red", ()),
    ],
)
def test_names_of_participants_are_no_part_of_the_meaning(text, meaning, named):
    question = take_apart(text, PEOPLE)

    assert (question.meaning, question.named) == (meaning, named)


def test_a_name_alone_is_matched_as_a_word():
    question = take_apart("Caroline?", PEOPLE)

    assert question.meaning == ""
    assert question.carried == "Caroline"


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ("Where do I work?", True),
        ("what's my name", True),
        ("Where does Alice work?", True),
        ("Where does Bob work?", False),
        ("It is mine", True),
        ("What is ice?", False),
    ],
)
def test_a_question_is_about_the_user_by_pronoun_or_by_their_name(text, is_own):
    people = Participants(("Bob", "Alice"), frozenset({"Alice"}))

    assert take_apart(text, people).is_own is is_own


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Which library did you recommend for my parser?", "assistant"),
        ("How much salt was in the recipe you gave me?", "assistant"),
        ("What was the third step of your plan?", "assistant"),
        ("I look back at our previous conversation: what was the shop called?", "assistant"),
        ("What did I tell you about your plan?", "user"),
        ("What do you know about my sister?", "user"),
        ("Can you remind me where I parked?", "user"),
        ("Do you need my address?", "user"),
        ("Did Bob like what you suggested?", None),
        ("Which library is the fastest?", None),
    ],
)
def test_a_question_is_about_what_the_assistant_said_or_about_the_user(text, role):
    assert take_apart(text, Participants(("Bob",))).role == role


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=5))
def test_any_text_and_any_names_are_taken_apart(text, names):
    question = take_apart(text, Participants(tuple(names)))

    assert len(question.meaning) <= len(text)


@pytest.mark.parametrize(
    "text",
    ["and where does she live?", "What about the dog?", "since when?", "Is it blue?", "why?"],
)
def test_these_lean_on_what_was_asked_before(text):
    assert leans(text, PEOPLE)


@pytest.mark.parametrize(
    "text",
    ["Where does Caroline live?", "What is the capital of the Netherlands?", "the boots of Tom"],
)
def test_these_stand_alone(text):
    assert not leans(text, PEOPLE)


def test_a_follow_up_takes_words_meaning_and_subject_from_before():
    earlier = [Earlier("Where does Caroline work?")]
    question = enriched("and since when?", PEOPLE, earlier, ["She joined Lumen Robotics."])

    assert question.words == "and since when?"
    assert "work" in question.carried
    assert "Lumen Robotics" in question.carried
    assert question.meaning == "Where does work? and since when?"
    assert question.named == ("Caroline",)


def test_a_follow_up_about_somebody_else_leaves_the_first_behind():
    question = enriched(
        "and what about Melanie?", PEOPLE, [Earlier("Where does Caroline work?")], []
    )

    assert question.named == ("Melanie Webb",)
    assert "Caroline" not in question.carried
    assert "work" in question.carried


def test_a_chain_of_follow_ups_reaches_back_to_the_question_that_stands_alone():
    asked = ["Who is Tom?", "Where does Caroline work?", "and since when?"]
    question = enriched("who hired her?", PEOPLE, [Earlier(text) for text in asked], [])

    assert "Caroline" in question.carried
    assert "Tom" not in question.carried


def test_a_follow_up_that_says_what_it_asks_for_takes_whom_alone():
    earlier = [Earlier("Where does Caroline work?")]
    question = enriched("And where does she live?", PEOPLE, earlier, [])

    assert question.meaning == "And where does she live?"
    assert (question.carried.strip(), question.named) == ("Caroline", ("Caroline",))


def test_a_follow_up_about_a_thing_takes_the_words_that_asked_for_it():
    earlier = [Earlier("What did Caroline adopt?")]
    question = enriched("What is it called?", PEOPLE, earlier, [])

    assert "adopt" in question.carried


def test_a_question_that_stands_alone_takes_nothing():
    earlier = [Earlier("Where does Caroline work?")]

    assert enriched("Which boots does Tom have?", PEOPLE, earlier, ["Lumen"]) == take_apart(
        "Which boots does Tom have?", PEOPLE
    )


def test_thousands_of_participants_cost_little():
    crowd = Participants(tuple(f"Person{n} Surname{n}" for n in range(20_000)))
    started = time.thread_time()

    assert take_apart("Where does Caroline live?", crowd).named == ()
    assert time.thread_time() - started < 1
