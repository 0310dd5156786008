"""Constructions that turn a fact around: fronted objects, lists with places, labels, signatures.

Each comes with what looks the same and tells nothing of the speaker.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from memories.extraction import Claim, ClaimKind, Message, RuleExtractor

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
STATING = (ClaimKind.STATE, ClaimKind.CORRECT)


def talk(*turns: str) -> list[Claim]:
    """The claims of a conversation; "bot: …" is the assistant's."""
    messages = [
        Message(
            "assistant" if turn.startswith("bot: ") else "user", turn.removeprefix("bot: "), NOON
        )
        for turn in turns
    ]
    return RuleExtractor().extract(messages)


def stated(*turns: str) -> set[tuple[str, str]]:
    return {
        (c.key if c.subject == "user" else f"{c.subject}.{c.key}", c.value)
        for c in talk(*turns)
        if c.kind in STATING
    }


FACTS = [
    # the speaker in the third person
    ("As someone who's badly allergic to walnuts: is it safe?", {("allergic_to", "walnuts")}),
    ("as somebody who works at Siemens, can I say this in public", {("employer", "Siemens")}),
    ("Being a person who lives in Tampere, I know about snow", {("home", "Tampere")}),
    ("The real me is a tram driver", {("occupation", "tram driver")}),
    # allergies as nouns
    ("what snacks are fine with my sesame allergy?", {("allergic_to", "sesame")}),
    ("I carry a pen because of a hornet allergy", {("allergic_to", "hornet")}),
    ("the allergist says I'm allergic to birch", {("allergic_to", "birch")}),
    ("cashews, those I'm allergic to", {("allergic_to", "cashews")}),
    # ages
    ("asking since 47 is what I am", {("age", "47")}),
    ("70 years young today!", {("age", "70")}),
    ("I'm a welder at Arup, 41, living in Hull", {("occupation", "welder"), ("employer", "Arup"),
                                                  ("age", "41"), ("home", "Hull")}),
    ("roofer, 52, bad knees. which ladder?", {("occupation", "roofer"), ("age", "52")}),
    # lists that say where
    ("I speak Wolof with my aunts, French at school and a rather rusty Dutch everywhere else",
     {("languages", "Wolof"), ("languages", "French"), ("languages", "Dutch")}),
    ("I use Zotero for papers and Obsidian for notes", {("uses", "Zotero"), ("uses", "Obsidian")}),
    # fronted objects
    ("Fortran I know inside out, Rust not yet", {("skill", "Fortran")}),
    ("oh, and Catalan, I speak that too", {("languages", "Catalan")}),
    ("Hungarian mother tongue, so cases don't scare me", {("languages", "Hungarian")}),
    ("Orienteering is how I spend my Sundays", {("hobby", "Orienteering")}),
    ("I find okra revolting", {("dislikes", "okra")}),
    ("we find jigsaw puzzles really soothing", {("likes", "jigsaw puzzles")}),
    ("I've grown to love opera", {("likes", "opera")}),
    # skills and tools
    ("I know how to sail a dinghy", {("skill", "sail a dinghy")}),
    ("Handy at carpentry, me", {("skill", "carpentry")}),
    ("i do all my video editing in Resolve", {("uses", "Resolve")}),
    ("I've got a Brother DCP-1610W that jams", {("owns", "Brother DCP-1610W")}),
    # places and times
    ("we moved in the end, to Ghent", {("home", "Ghent")}),
    ("I'm 23, living on my own, in Kaunas", {("age", "23"), ("home", "Kaunas")}),
    ("over here we run on Gulf Time", {("timezone", "Gulf Time")}),
    ("Come October we're hiking the Rota Vicentina", {("plan", "hiking the Rota Vicentina")}),
    ("In May I'm starting a course in first aid", {("plan", "starting a course in first aid")}),
    ("typing this from a campsite in Lagos", {("current_location", "Lagos")}),
    # doubts, aims, work in hand
    ("I don't know yet whether I'll take the job in Riga", {("about", "take the job in Riga")}),
    ("my aim with this is to row 5 km", {("goal", "row 5 km")}),
    ("i'm making a playlist about trains", {("working_on", "a playlist about trains")}),
    ("I finished the Budapest Business School", {("education", "Budapest Business School")}),
    # people
    ("Mother is Edith, father is Anton", {("mother", "Edith"), ("father", "Anton")}),
    ("three daughters, Ida, Runa and little Bo, one car",
     {("daughter", "Ida"), ("daughter", "Runa"), ("daughter", "Bo")}),
    ("Milena and I have been married since 2016", {("spouse", "Milena")}),
    ("A guy on my team, Osman, never mutes", {("colleague", "Osman")}),
    ("may my mother come along? Her name is Olena", {("mother", "Olena")}),
    # who writes, and where to
    ("Hello, Safiya in Derby again. Still no parcel", {("name", "Safiya"), ("home", "Derby")}),
    ("Is it sent?\n\nYours sincerely,\nHalina Wrona\nTel. 0161 496 0000",
     {("name", "Halina Wrona")}),
    ("the flat is booked under Pavel Horak (me)", {("name", "Pavel Horak")}),
    ("please send everything about the tour to mika@posteo.de", {("email", "mika@posteo.de")}),
    ("Mine's the +44 20 7946 0700 one", {("phone", "+44 20 7946 0700")}),
    ("I'm asking as a midwife", {("occupation", "midwife")}),
    ("I drive a tram for a living", {("occupation", "drive a tram")}),
    ("my sister is coeliac", {("sister.diet", "coeliac")}),
    ("home is a narrowboat in Bath", {("home", "Bath")}),
    ("I speak three languages: Thai, Lao and Khmer",
     {("languages", "Thai"), ("languages", "Lao"), ("languages", "Khmer")}),
    ("I detest raisins with a passion", {("dislikes", "raisins")}),
    ("my favourite poet has to be Szymborska", {("favorite_poet", "Szymborska")}),
    # labels
    ("Lives in - Porto\nWorks at: Vestas\nSpeaks: Thai, Lao",
     {("home", "Porto"), ("employer", "Vestas"), ("languages", "Thai"), ("languages", "Lao")}),
    ("about me:\n- Ilse\n- 29\n- Bruges\n- baker\nwrite a bio",
     {("name", "Ilse"), ("age", "29"), ("home", "Bruges"), ("occupation", "baker")}),
    ("As a rule, distances in miles please", {("instruction", "distances in miles")}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "facts"), FACTS, ids=[text for text, _ in FACTS])
def test_a_fact_is_found_whichever_way_round_it_is_put(text: str, facts: set[tuple[str, str]]):
    assert facts <= stated(text)


NOTHING = [
    "The dishwasher we bought from you leaks",
    "We have a dog allergy in the family",
    "I moved from Evernote to Joplin",
    "Rome is home to the Pope",
    "Nobody calls me Robert",
    "I use Paris as an example",
    "wondering if you can help",
    # a role for the assistant, and others
    "As someone who knows wine, what do you recommend?",
    "As someone who works in HR, write a polite refusal",
    "He behaves like someone who is allergic to work",
    "is the real me a baker?",
    "recipes for a class with a nut allergy?",
    "with my son's egg allergy, is cake out?",
    "my mother says I'm allergic to work",
    "You said earlier that I'm from Malta and that I own a boat",
    "You told me earlier that I'm a nurse",
    # numbers and names that are none
    "47 is what I have to pay",
    "Same here! Thanks",
    "Congrats again!",
    "Thankfully, my son is fine",
    "Mother is Irish, father is Catholic",
    "two sons, Cain, Abel and Seth, in the story",
    # what only stands in the same place
    "This town I know inside out",
    "crying is how I spend my evenings",
    "I find the second draft boring",
    "I know how to read the manual",
    "Good at guessing, aren't you",
    "i do my best in life",
    "I came to like it",
    "i'm making a mistake",
    "I'm making a list about nothing",
    "we moved it last week to Friday",
    "I finished the university application",
    "I speak as a friend",
    "As a rule, people in Rome dine late",
    "a kettle costs more than the rent",
    # written for somebody else to say
    "now write me a monologue: I'm a judge in Bari and I'm 66",
    "You play the doctor. I'm a patient, 40 years old, from Rome",
    "be the interviewer, I'm the candidate: I'm Anna and I'm 32",
    "Make up a persona. I'm Bob, 40, from Oslo",
    "Oh great, another update. I just adore rebooting before coffee.",
    "Pick one for me:\n- Paris\n- London\n- Rome",
    "From: Anna\nTo: Bob\nSubject: hello",
    "should i send the form to help@acme.example",
    "Best wishes\nfor your birthday. I hope it works",
    # encouragement and small talk
    "Keep going and never give up!",
    "They cheer us up and always make us smile",
    "You can always count on me",
    "don't hesitate to ask, any time you like",
    "Creating a home for them is so lovely",
    "I'm determined to make it work",
    "I'm off to bake some cakes",
    "I might give it a try",
    "i am going to just talk and you sort it out, we eat in two hours, next week is too late",
    "Being a role model for them is hard",
]


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_put_the_same_way_round_and_tells_nothing_is_left_alone(text: str):
    assert stated(text) == set()


TOGETHER = [
    (
        "bot: What's your name, age and city?",
        "Kerstin, 38, Umeå",
        {("name", "Kerstin"), ("age", "38"), ("home", "Umeå")},
    ),
    ("bot: How old are you, and what do you do?", "61, retired", {("age", "61")}),
    (
        "bot: Which city are you in, and do you have any allergies?",
        "Delft, mustard",
        {("home", "Delft"), ("allergic_to", "mustard")},
    ),
    (
        "bot: May I have your name and email?",
        "Ossian Blom, ossian@blom.example",
        {("name", "Ossian Blom"), ("email", "ossian@blom.example")},
    ),
    ("bot: Your age and city, please?", "Graz, and why?", set()),
    ("bot: What is your name? And when were you born?", "no idea, really", set()),
]


@pytest.mark.parametrize(("question", "answer", "facts"), TOGETHER)
def test_several_questions_are_answered_in_one_list(
    question: str, answer: str, facts: set[tuple[str, str]]
):
    found = stated(question, answer)

    assert facts <= found
    assert bool(found) == bool(facts)


def test_a_slip_is_put_right_behind_its_excuse():
    found = talk("My birthday's on 3 June", "bot: Noted.", "oops, wrong key: 4 June")

    assert [c.value for c in found if c.kind is ClaimKind.CORRECT] == ["4 June"]


def test_a_trade_that_was_told_is_told_again():
    assert stated("I'm a florist", "bot: Nice.", "ok, and as a florist which course next") == {
        ("occupation", "florist")
    }
    assert stated("I'm a nurse", "bot: Nice.", "and as a florist once told me, cut them") == {
        ("occupation", "nurse")
    }


@pytest.mark.parametrize(
    ("greeting", "reply", "names"),
    [
        ("bot: Hello Jon, how can I help?", "not Jon, it's Joan. about my bill", {"Joan"}),
        ("bot: The shop opens on Monday.", "not Monday, it's Tuesday", set()),
    ],
)
def test_a_name_the_assistant_got_wrong_is_put_right(greeting: str, reply: str, names: set[str]):
    assert {value for key, value in stated(greeting, reply) if key == "name"} == names


def test_her_home_is_that_of_the_relative_spoken_of():
    assert ("sister.home", "Trento") in stated("My sister Vera asks. Her home's in Trento")
    assert stated("My brother asks. Her home's in Trento") == set()


@pytest.mark.parametrize(
    "part",
    ["as someone who ", "send anything about ", "- a\n", "about me:\n- a\n", "my own nut allergy ",
     "Ana and I have ", "two sons, Ana, ", "I speak Thai at home, ", "you said that I and that I ",
     "her home ", "As a rule, ", "not Ana, it's "],
)  # fmt: skip
def test_time_grows_no_faster_than_the_message(part: str):
    def seconds(length: int) -> float:
        text = ("My sister Ana asks. " + part * length)[:length]
        began = time.process_time()
        talk("bot: Hello Ana, your name, age and city?", text)
        return time.process_time() - began

    seconds(1000)
    assert seconds(20_000) < 4 * seconds(10_000) + 0.2
