"""Families of ways to say a thing, each with what is like it and says nothing."""

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


def ended(*turns: str) -> set[tuple[str, str, str]]:
    return {(c.kind.value, c.key, c.value) for c in talk(*turns) if c.kind not in STATING}


INSTRUCTIONS = [
    ("From now on, always run the linter.", "always run the linter"),
    ("Always run the linter.", "Always run the linter"),
    ("Never push to main", "Never push to main"),
    ("please use tabs from now on", "use tabs"),
    ("Don't call me Bob", "Don't call me Bob"),
    ("from now on call me Captain", "call me Captain"),
    ("Never ever merge without a review.", "Never ever merge without a review"),
    ("do not deploy on fridays. ever.", "do not deploy on fridays"),
    ("Before every commit, run the tests", "Before every commit, run the tests"),
    ("When you write code, add type hints.", "When you write code, add type hints"),
    ("ask before deleting anything, always", "ask before deleting anything, always"),
    ("make sure you never share my address", "never share my address"),
    ("can you always answer in Dutch?", "always answer in Dutch"),
    ('stop using the word "synergy" please', 'stop using the word "synergy'),
]


@pytest.mark.parametrize(("text", "order"), INSTRUCTIONS)
def test_a_standing_instruction_is_kept_in_the_words_of_who_gives_it(text: str, order: str):
    assert stated(text) == {("instruction", order)}


@pytest.mark.parametrize(
    "text",
    [
        "run the tests please",
        "write me a poem",
        "write me a story about never looking back",
        "always is a strong word",
        "never again",
        "Never tried kimchi",
        "never too late",
        "Always happy to help",
        "I never push to main",
        "he always runs the linter",
        "should i always run the linter?",
        "why do you never push to main",
        "Can you always tell when rice is done?",
        "don't touch the config file",
        "never read it tbh",
        "My coach always says never look down",
        "from now on the shop closes at five",
        "no sugar for me",
    ],
)
def test_a_request_for_once_and_a_remark_are_no_instruction(text: str):
    assert not [pair for pair in stated(text) if pair[0] == "instruction"]


@pytest.mark.parametrize(
    ("order", "reversal"),
    [
        ("Never push to main", "ok you can push to main now"),
        ("Always run the linter.", "you don't have to run the linter anymore"),
        ("Always run the linter.", "stop running the linter"),
        ("please use tabs from now on", "go back to spaces"),
        ("please use tabs from now on", "don't use tabs"),
        ("from now on call me Bob", "Don't call me Bob, it was a joke"),
        ("never use emojis", "actually emojis are fine"),
        ("always sign with my initials", "no need to sign with my initials"),
    ],
)
def test_a_reversal_withdraws_the_instruction_and_gives_none(order: str, reversal: str):
    claims = talk(order, "bot: Will do.", reversal)

    assert [c.kind for c in claims if c.message == 0] == [ClaimKind.STATE]
    assert ClaimKind.REVOKE in {c.kind for c in claims if c.message == 2}
    assert not [c for c in claims if c.message == 2 and c.kind in STATING]


def test_what_is_not_to_be_a_name_ends_it():
    assert ("close", "name", "Bob") in ended("Call me Bob", "bot: Hi!", "don't call me Bob")


POSITIVES = [
    # a subject left out
    ("Stuck at Frankfurt airport since noon", {("current_location", "Frankfurt")}),
    ("Been driving buses for Arriva since 2011", {("employer", "Arriva")}),
    ("Married to Ruben for ten years", {("spouse", "Ruben")}),
    ("not a fan of musicals tbh", {("dislikes", "musicals")}),
    ("Into chess lately", {("likes", "chess")}),
    ("might buy a canoe next year, no idea yet", {("about", "buy a canoe next year")}),
    ("Huge Miles Davis fan here", {("likes", "Miles Davis")}),
    ("severe wheat allergy here, any bread?", {("allergic_to", "wheat")}),
    ("fluent in Elixir and Rust", {("skill", "Elixir"), ("skill", "Rust")}),
    ("self employed plasterer, do I need a licence?", {("occupation", "plasterer")}),
    # work and school by description
    ("I'm the CTO of a small firm called Zephyr", {("occupation", "CTO"), ("employer", "Zephyr")}),
    ("third year biology student at Uppsala", {("education", "Uppsala")}),
    ("I'm a student of geology in Graz", {("education", "geology in Graz")}),
    ("I do payroll for a hotel", {("occupation", "payroll")}),
    ("I've been at McDonald's for 3 years", {("employer", "McDonald's")}),
    # places
    ("I live with my aunt and two dogs in Bristol", {("home", "Bristol")}),
    ("Here in Nairobi we lose power daily", {("home", "Nairobi")}),
    ("originally from Izmir, now in Cologne", {("hometown", "Izmir"), ("home", "Cologne")}),
    ("as someone from Glasgow i disagree", {("hometown", "Glasgow")}),
    ("my address is 4 Mill Lane, York. is that in range", {("home", "4 Mill Lane, York")}),
    ("I'm visiting my cousins in Kraków", {("current_location", "Kraków")}),
    ("My new place is in Turku", {("home", "Turku")}),
    ("New place is in Turku, any tips?", {("home", "Turku")}),
    # people and animals
    ("My son Theo (9) loves Lego", {("son", "Theo"), ("son.age", "9"), ("son.likes", "Lego")}),
    ("My eldest, Jonah, wants drums", {("child", "Jonah")}),
    ("I have twins, Ada and Max", {("child", "Ada"), ("child", "Max")}),
    ("two rabbits, Salt and Pepper, one hutch", {("pet", "Salt"), ("pet", "Pepper")}),
    ("We got a puppy! His name is Waffles.", {("pet", "Waffles")}),
    ("Does a labrador snore? Ours, Bodhi, does", {("pet", "Bodhi")}),
    (
        "my sister lives in Oslo, my brother in Perth",
        {("sister.home", "Oslo"), ("brother.home", "Perth")},
    ),
    ("my partner's from Chile", {("partner.hometown", "Chile")}),
    # tastes
    ("tea over coffee any day", {("prefers", "tea")}),
    ("I'd pick mountains over the sea", {("prefers", "mountains")}),
    ("I'm not a coffee person", {("dislikes", "coffee")}),
    ("my guilty pleasure is reality tv", {("likes", "reality tv")}),
    (
        "favourite season autumn, favourite food dumplings",
        {("favorite_season", "autumn"), ("favorite_food", "dumplings")},
    ),
    ("my allergies: pollen, dust mites, cats",
     {("allergic_to", "pollen"), ("allergic_to", "dust mites"), ("allergic_to", "cats")}),
    # what is ahead
    ("Maybe I should learn Dutch", {("about", "learn Dutch")}),
    ("torn between the Alps and the Pyrenees", {("about", "the Alps and the Pyrenees")}),
    ("we'll probably move to Leipzig", {("about", "move to Leipzig")}),
    ("Not sure I want kids", {("about", "kids")}),
    ("my goal for 2027: run a marathon", {("goal", "run a marathon")}),
    ("I want to be a pilot", {("goal", "be a pilot")}),
    ("currently renovating an old barge", {("working_on", "renovating an old barge")}),
    ("my essay's due tomorrow", {("deadline", "tomorrow")}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "facts"), POSITIVES)
def test_a_fact_is_found_however_it_is_put(text: str, facts: set[tuple[str, str]]):
    assert facts <= stated(text)


NEGATIVES = [
    # code that nobody fenced in
    'def greet():\n    name = "Bob"\n    print(name)\nwhy is this empty',
    "SELECT name FROM users WHERE city = 'Oslo';\nwhat is wrong here",
    # other people's words
    "Email from my tenant: Hi, I lost my job and I'm moving to Porto. Draft a reply.",
    "According to your records I live in Rome. That's wrong",
    "My dog is called Sir Barks in my novel",
    "In this scenario I am the director of a bank",
    # another time, another person, a figure of speech
    "at 23 I thought I knew everything",
    "dad's 80 next month",
    "my late husband Robert left me his stamps",
    "We need milk, eggs and a lawyer",
    "oh great, I just LOVE waiting for a refund",
    "I like the second option better",
    "I am Groot",
    "I left my job at Nokia last month",
    "I have a Pilot question",
]


@pytest.mark.parametrize("text", NEGATIVES)
def test_what_only_looks_like_a_fact_is_left_alone(text: str):
    assert stated(text) == set()


ENDINGS = [
    (("We have a dog, Rex", "Rex died in spring"), ("close", "pet", "Rex")),
    (("My partner Alex is here", "Alex left me"), ("close", "partner", "Alex")),
    (("my manager is Petra", "Petra left, it's Sven now"), ("close", "manager", "Petra")),
    (("I'm a vegetarian", "so not vegetarian anymore"), ("close", "diet", "vegetarian")),
    (
        ("I'm working on a podcast", "the podcast is finished!"),
        ("close", "working_on", "podcast"),
    ),
    (("I might apply to Yale", "ok i did it, i applied"), ("resolve", "about", "")),
    (("i might get a cat", "nah, decided against it"), ("resolve", "about", "")),
]


@pytest.mark.parametrize(("turns", "ending"), ENDINGS)
def test_a_name_given_before_tells_what_ends(turns: tuple[str, ...], ending: tuple[str, str, str]):
    assert ending in ended(*turns)


CORRECTIONS = [
    (("my husband Karl wants a boat", "bot: A sail boat?", "not Karl, Carl"), ("spouse", "Carl")),
    (("my favourite color is red", "bot: ok", "i changed my mind, it's green"),
     ("favorite_color", "green")),
    (("We use Slack", "bot: ok", "switched to Zulip"), ("uses", "Zulip")),
    (("the deadline's 3 March", "bot: ok", "they gave us more time, 17 March now"),
     ("deadline", "17 March")),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "fact"), CORRECTIONS)
def test_what_puts_an_earlier_value_right_is_a_correction(
    turns: tuple[str, ...], fact: tuple[str, str]
):
    right = [(c.key, c.value) for c in talk(*turns) if c.kind is ClaimKind.CORRECT]

    assert right == [fact]


@pytest.mark.parametrize("mourned", ["Had to put our cat Smokey down", "our cat Smokey died"])
def test_a_death_is_no_new_acquaintance(mourned: str):
    assert stated(mourned) == set()


@pytest.mark.parametrize(
    "part",
    ["I moved to Oslo in May 2024. ", "My cat Rex died. ", "not X, Y ", "since 2019 ",
     "torn between ", "email from my ", "x = {", "foo(", "I might buy ", "two years ",
     "; ", "when you "],
)  # fmt: skip
def test_time_grows_no_faster_than_the_message(part: str):
    def seconds(length: int) -> float:
        text = ("I live in Rome. " + part * length)[:length]
        began = time.process_time()
        talk(text)
        return time.process_time() - began

    seconds(1000)
    assert seconds(20_000) < 4 * seconds(10_000) + 0.2
