"""The rule extractor, by sentences of our own: what it finds, and what it must leave alone."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memories.extraction import Claim, ClaimKind, Message, RuleExtractor
from memories.extraction.vocabulary import category_of

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
STATING = (ClaimKind.STATE, ClaimKind.CORRECT)


def talk(*turns: str) -> list[Message]:
    """Messages of the user, or of who is named before a colon ("assistant: …")."""
    messages = []
    for turn in turns:
        role, colon, rest = turn.partition(": ")
        known = bool(colon) and role in ("assistant", "system", "tool")
        messages.append(Message(role if known else "user", rest if known else turn, NOON))
    return messages


def claims(*turns: str) -> list[Claim]:
    return RuleExtractor().extract(talk(*turns))


def stated(*turns: str) -> set[tuple[str, str]]:
    """(key, value) of what is stated; a relative's key is written `sister.home`."""
    return {
        (c.key if c.subject == "user" else f"{c.subject}.{c.key}", c.value)
        for c in claims(*turns)
        if c.kind in STATING
    }


def ended(*turns: str) -> set[tuple[ClaimKind, str, str]]:
    return {(c.kind, c.key, c.value) for c in claims(*turns) if c.kind not in STATING}


POSITIVES = [
    # name
    ("Hello, my name's Oluwaseun Adeyemi and I need a refund", {"name": "Oluwaseun Adeyemi"}),
    ("name is bogdan, order 4471 still missing", {"name": "bogdan"}),
    ("Hi! Tereza here. Does the gym open on Sundays?", {"name": "Tereza"}),
    ("People call me Fitz", {"name": "Fitz"}),
    # age
    ("I'm 63 and just got my first smartphone", {"age": "63"}),
    ("im 22f, never lifted, where do i start", {"age": "22"}),
    ("As a 44-year-old I recover slowly", {"age": "44"}),
    ("I just turned sixty", {"age": "sixty"}),
    # birthday
    ("My birthday is on October 12", {"birthday": "October 12"}),
    ("dob 1990-04-17", {"birthday": "1990-04-17"}),
    ("I was born on the 2nd of January 1979", {"birthday": "2nd of January 1979"}),
    # pronouns
    ("I use they/them pronouns", {"pronouns": "they/them"}),
    ("Pronouns: she/they", {"pronouns": "she/they"}),
    ("I'm Robin (he/him)", {"name": "Robin", "pronouns": "he/him"}),
    # nationality
    ("I'm a Canadian citizen working in Doha", {"nationality": "Canadian"}),
    ("Being Kenyan, I find this winter brutal", {"nationality": "Kenyan"}),
    ("I have Polish citizenship", {"nationality": "Polish"}),
    # hometown
    ("I grew up in Ålesund", {"hometown": "Ålesund"}),
    ("i was born and raised in medellín", {"hometown": "medellín"}),
    ("I'm from Naples, pizza is sacred", {"hometown": "Naples"}),
    # home
    ("I live just outside Kraków", {"home": "Kraków"}),
    ("i live in new york", {"home": "new york"}),
    ("I've been living in Osaka since 2019", {"home": "Osaka"}),
    ("my apartment in Zagreb has mould", {"home": "Zagreb"}),
    ("I call Melbourne home", {"home": "Melbourne"}),
    # occupation
    ("I work as a forklift operator", {"occupation": "forklift operator"}),
    ("retired judge here", {"occupation": "retired judge"}),
    ("as a freelance illustrator I invoice monthly", {"occupation": "freelance illustrator"}),
    ("im a nurse in Leeds and work nights", {"occupation": "nurse", "home": "Leeds"}),
    # employer
    ("I'm employed by Maersk", {"employer": "Maersk"}),
    ("been working for Lufthansa since 2012", {"employer": "Lufthansa"}),
    ("My employer is Tata Steel", {"employer": "Tata Steel"}),
    ("I'm an accountant at KPMG", {"occupation": "accountant", "employer": "KPMG"}),
    # education
    ("I'm doing an MBA at INSEAD", {"education": "MBA at INSEAD"}),
    ("I graduated from Ohio State in 2015", {"education": "Ohio State"}),
    ("I majored in philosophy", {"education": "philosophy"}),
    # email, phone, timezone
    ("email me at t.okafor@yahoo.com", {"email": "t.okafor@yahoo.com"}),
    ("my mail is bo.lind@tele.se", {"email": "bo.lind@tele.se"}),
    ("my email's changed: new one is kofi@mensah.gh", {"email": "kofi@mensah.gh"}),
    ("mobile: +33 6 12 34 56 78", {"phone": "+33 6 12 34 56 78"}),
    ("You can text me on 07700 900 123", {"phone": "07700 900 123"}),
    ("my phone number is 0612 345 678", {"phone": "0612 345 678"}),
    ("I'm in UTC+3", {"timezone": "UTC+3"}),
    ("timezone: EST", {"timezone": "EST"}),
    ("my time zone is Asia/Kolkata", {"timezone": "Asia/Kolkata"}),
    # spouse, partner
    ("My husband Ahmed cooks", {"spouse": "Ahmed"}),
    ("Lena, my wife, is a night owl", {"spouse": "Lena"}),
    ("I'm married to Josef", {"spouse": "Josef"}),
    ("My girlfriend's called Petra", {"partner": "Petra"}),
    ("I've been dating Miguel for a year", {"partner": "Miguel"}),
    ("my fiancé Rob and I are choosing a venue", {"partner": "Rob"}),
    # family
    ("I have a daughter named Lucia", {"daughter": "Lucia"}),
    ("Mei, our daughter, lost her shoe", {"daughter": "Mei"}),
    ("My daughter's name is Saoirse", {"daughter": "Saoirse"}),
    ("My son Elias bites", {"son": "Elias"}),
    ("we have a son, Bo", {"son": "Bo"}),
    ("Jip (that's our son) is the tall one", {"son": "Jip"}),
    ("I've a brother called Declan", {"brother": "Declan"}),
    ("my brother's name is Otto", {"brother": "Otto"}),
    ("my little brother Javi broke it", {"brother": "Javi"}),
    ("my sister Noura told me", {"sister": "Noura"}),
    ("Ella is my sister", {"sister": "Ella"}),
    ("my sister is called Ilse", {"sister": "Ilse"}),
    ("my mom, Rosa, is diabetic", {"mother": "Rosa"}),
    ("then there's mum, Greta, who needs a phone", {"mother": "Greta"}),
    ("my mother's name is Ines", {"mother": "Ines"}),
    ("My father Anton snores", {"father": "Anton"}),
    ("dad (Piet) is visiting", {"father": "Piet"}),
    ("Viktor, my dad, built it", {"father": "Viktor"}),
    # around
    ("a friend of mine, Kwame, recommended your app", {"friend": "Kwame"}),
    ("my best friend is called Soo-ah", {"friend": "Soo-ah"}),
    ("Tendai, a good friend, got me into jazz", {"friend": "Tendai"}),
    ("my coworker Dmitri keeps stealing my lunch", {"colleague": "Dmitri"}),
    ("A colleague of mine, Birgit, said it's free", {"colleague": "Birgit"}),
    ("Jana from my team is ill", {"colleague": "Jana"}),
    ("my boss, Henrik, wants the slides", {"manager": "Henrik"}),
    ("Sandra, my boss, is on leave", {"manager": "Sandra"}),
    ("I report to Fabienne", {"manager": "Fabienne"}),
    ("my dog Nala is limping", {"pet": "Nala"}),
    ("I have a golden retriever named Cooper", {"pet": "Cooper"}),
    ("My cat's name is Pickle", {"pet": "Pickle"}),
    # knowledge
    ("my all-time favourite film is Stalker", {"favorite_movie": "Stalker"}),
    ("Purple is my favourite colour", {"favorite_color": "Purple"}),
    ("Favorite food: ramen", {"favorite_food": "ramen"}),
    ("I've gone vegan since January", {"diet": "vegan"}),
    ("we eat kosher at home", {"diet": "kosher"}),
    ("I don't eat meat", {"diet": "don't eat meat"}),
    ("I have a peanut allergy", {"allergic_to": "peanut"}),
    ("I'm severely allergic to bee stings", {"allergic_to": "bee stings"}),
    ("No walnuts please, I'm allergic", {"allergic_to": "walnuts"}),
    ("I'm a huge fan of Studio Ghibli films", {"likes": "Studio Ghibli films"}),
    ("love spicy food, what should I order", {"likes": "spicy food"}),
    ("I'm obsessed with mechanical keyboards", {"likes": "mechanical keyboards"}),
    ("I can't stand olives", {"dislikes": "olives"}),
    ("I don't like horror movies", {"dislikes": "horror movies"}),
    ("Musicals aren't really my thing", {"dislikes": "Musicals"}),
    ("I prefer tea over coffee", {"prefers": "tea"}),
    ("I'd rather walk than take the bus", {"prefers": "walk"}),
    ("I prefer paperbacks", {"prefers": "paperbacks"}),
    ("I go kayaking every weekend", {"hobby": "kayaking"}),
    ("In my free time I restore old radios", {"hobby": "restore old radios"}),
    ("I play the cello in an orchestra", {"hobby": "cello"}),
    ("I drive a Toyota Yaris, 2015", {"owns": "Toyota Yaris"}),
    ("we have a 2019 Nissan Leaf", {"owns": "2019 Nissan Leaf"}),
    ("got an iPhone 13, battery dies fast", {"owns": "iPhone 13"}),
    ("I'm using Notion for my notes", {"uses": "Notion"}),
    ("my editor is Emacs", {"uses": "Emacs"}),
    ("we switched from Slack to Teams", {"uses": "Teams"}),
    ("I can code in Java", {"skill": "Java"}),
    ("I'm proficient in AutoCAD", {"skill": "AutoCAD"}),
    ("I'm an expert in tax law", {"skill": "tax law"}),
    # context
    ("Just landed in Casablanca!", {"current_location": "Casablanca"}),
    ("we're stuck in Frankfurt, flight cancelled", {"current_location": "Frankfurt"}),
    ("in Dublin till friday, where's good coffee", {"current_location": "Dublin"}),
    ("The paper is due 14 April", {"deadline": "14 April"}),
    ("I have until next Wednesday to hand in the essay", {"deadline": "next Wednesday"}),
    ("the thesis has to be handed in by 3 October", {"deadline": "3 October"}),
    ("I'm drafting a plan for a food truck", {"working_on": "a plan for a food truck"}),
    ("working on my dissertation", {"working_on": "my dissertation"}),
    ("My current project is a rooftop garden", {"working_on": "a rooftop garden"}),
    ("I'm flying to Toronto on Monday", {"plan": "flying to Toronto"}),
    ("I've booked a trip to Iceland", {"plan": "a trip to Iceland"}),
    ("I plan to retire at 60", {"plan": "retire at 60"}),
    ("I want to become a pilot", {"goal": "become a pilot"}),
    ("My goal this year is to read 30 books", {"goal": "read 30 books"}),
    ("trying to lose 5 kilos, ideas for dinner?", {"goal": "lose 5 kilos"}),
    # instruction, uncertainty
    ("From now on, please answer in bullet points.", {"instruction": "answer in bullet points"}),
    ("keep your replies short", {"instruction": "keep your replies short"}),
    ("Don't ever give me medical advice", {"instruction": "Don't ever give me medical advice"}),
    ("I might move to Berlin", {"about": "move to Berlin"}),
    ("We're not sure whether to sell the house", {"about": "sell the house"}),
    ("still debating whether to buy or rent", {"about": "buy or rent"}),
]


@pytest.mark.parametrize(("text", "expected"), POSITIVES, ids=[text for text, _ in POSITIVES])
def test_a_statement_is_found(text: str, expected: dict[str, str]) -> None:
    assert stated(text) == set(expected.items())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "I speak Danish, Hindi and a bit of Tamil",
            {("languages", "Danish"), ("languages", "Hindi"), ("languages", "Tamil")},
        ),
        (
            "I hate mushrooms and blue cheese",
            {("dislikes", "mushrooms"), ("dislikes", "blue cheese")},
        ),
        (
            "I prefer ferries to planes and tents to hotels",
            {("prefers", "ferries"), ("prefers", "tents")},
        ),
        ("my kids are called Nils and Stina", {("child", "Nils"), ("child", "Stina")}),
        ("my two dogs, Rex and Luna, bark", {("pet", "Rex"), ("pet", "Luna")}),
        (
            "im tom, 45m, plumber, and ive a dog called Bess",
            {("name", "tom"), ("age", "45"), ("occupation", "plumber"), ("pet", "Bess")},
        ),
    ],
)
def test_one_message_states_several_facts(text: str, expected: set[tuple[str, str]]) -> None:
    assert stated(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my sister lives in Lyon", {("sister.home", "Lyon")}),
        (
            "my sister Ana is a vet in Turin",
            {("sister", "Ana"), ("sister.occupation", "vet"), ("sister.home", "Turin")},
        ),
        ("My mother is 78 and lives in Faro", {("mother.age", "78"), ("mother.home", "Faro")}),
        (
            "My brother Otto lives in Graz. He works at Magna.",
            {("brother", "Otto"), ("brother.home", "Graz"), ("brother.employer", "Magna")},
        ),
        ("my son is allergic to eggs", {("son.allergic_to", "eggs")}),
        ("my sister's birthday is 3 May", {("sister.birthday", "3 May")}),
    ],
)
def test_a_relative_is_the_subject_of_their_own_facts(
    text: str, expected: set[tuple[str, str]]
) -> None:
    assert stated(text) == expected


SILENT = [
    # questions
    "Do I live in Berlin?",
    "Should I move to Canada?",
    "is my name Bob?",
    "What would a nurse in Berlin earn?",
    "Do you remember what city I live in?",
    # hypotheticals and conditions
    "If I worked at Google how much would I make?",
    "Would I qualify if I'm a student?",
    "I wish I lived in Hawaii",
    "Suppose I'm 65 and retire, what then",
    "Let's say I earn 50k and live in Ohio",
    "When I'm in London I usually stay in Soho",
    # quotation, code, pasted text, fiction, play
    'She said "I live in Rome"',
    "What's the difference between 'I live in Rome' and 'I'm living in Rome'?",
    "My code: `city = 'I live in Oslo'` why error",
    "```\nI work at Acme\n```\nwhat does this print",
    "> I live in Texas and love BBQ\nhow do I reply to this?",
    "Translate into Spanish: I am allergic to nuts and I live in Chicago.",
    "Write a story in first person: I'm a pirate in Malta and I hate cats",
    "In my novel I'm a spy who lives in Cairo",
    "Pretend I'm five and explain rain",
    "Customer wrote: my name is John Smith and I live in Leeds",
    # others
    "My neighbour is a lawyer in Boston",
    "She works at Ford",
    "You said I was vegan, but that's not right",
    "do people who live in Norway speak English?",
    "My ex-wife Linda lives in Bath",
    # jokes and figures of speech
    "I'm a millionaire living on a yacht in Nice. Just kidding",
    "call me crazy but this is late",
    "Explain it like I'm a beginner",
    "I live in constant fear of deadlines",
    "I'm in a hurry",
    # near misses
    "I love how clean this answer is",
    "I have a question about taxes",
    "I'm 5 minutes late",
    "I'm 100% sure the invoice is wrong",
    "I'm working on it",
    "I'm writing to complain about my order",
    "My name is misspelled in the invoice",
    "my plan is too expensive",
    "I was a teacher for 10 years",
    "I lived in Rome",
    "I want a refund",
    "not sure if this is the right place to ask",
    "never mind, found it",
    "I always forget how to exit vim",
    "give me a short answer",
    "My order 112 3345 889 hasn't arrived",
    "I don't live in Spain",
    "Should I name my dog Rex or Max?",
    "I'd love a cat named Socks",
    "is lactose free milk ok for vegans?",
    "my company moved to Dublin",
    "I follow a vegan influencer",
    "I'm in Room 204",
    "my account number is 12345678",
    "I had a dog called Bobby when I was a kid",
    "",
    "   \n ",
]


@pytest.mark.parametrize("text", SILENT)
def test_what_is_no_statement_yields_nothing(text: str) -> None:
    assert stated(text) == set()


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("assistant: What's your name?", "Marisol"), {("name", "Marisol")}),
        (("assistant: How old are you?", "52"), {("age", "52")}),
        (("assistant: Where are you based?", "Tallinn"), {("home", "Tallinn")}),
        (("assistant: Any allergies?", "latex and figs"),
         {("allergic_to", "latex"), ("allergic_to", "figs")}),
        (("assistant: Any allergies?", "nope"), set()),
        (("assistant: What's your sister's name?", "Ilse"), {("sister", "Ilse")}),
        (("assistant: You live in Rome, correct?", "No, Turin."), {("home", "Turin")}),
    ],
)  # fmt: skip
def test_a_bare_answer_is_read_with_its_question(
    turns: tuple[str, ...], expected: set[tuple[str, str]]
) -> None:
    assert stated(*turns) == expected
    assert all(c.confidence == 0.8 for c in claims(*turns))


@pytest.mark.parametrize(
    ("turns", "key", "value"),
    [
        (("I'm 28", "assistant: ok", "sorry, 29. had my birthday yesterday"), "age", "29"),
        (("my age is 34", "assistant: ok", "make that 35"), "age", "35"),
        (("I live in Gdansk", "assistant: ok", "Actually, make that Sopot"), "home", "Sopot"),
        (("hi", "assistant: Hi!", "I moved to Dijon in May"), "home", "Dijon"),
        (("due 3 May", "assistant: ok", "the deadline has moved to 10 May"), "deadline", "10 May"),
        (("My birthday is 5 June", "assistant: 5 July.", "no, June 5"), "birthday", "June 5"),
    ],
)
def test_a_correction_says_that_it_is_one(turns: tuple[str, ...], key: str, value: str) -> None:
    [claim] = [c for c in claims(*turns) if c.message == 2 and c.kind in STATING]
    assert (claim.kind, claim.key, claim.value) == (ClaimKind.CORRECT, key, value)
    assert claim.confidence == 0.95


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("I no longer work at Acme", "employer", "Acme"),
        ("I don't live in Spain anymore", "home", "Spain"),
        ("I used to play rugby", "hobby", "rugby"),
        ("I'm not vegan any more", "diet", "vegan"),
        ("I quit my job", "employer", ""),
        ("I sold the Fiesta yesterday", "owns", "Fiesta"),
        ("Emma and I split up", "partner", "Emma"),
        ("Petra is no longer my boss", "manager", "Petra"),
    ],
)
def test_what_is_over_is_closed(text: str, key: str, value: str) -> None:
    assert (ClaimKind.CLOSE, key, value) in ended(text)
    assert stated(text) == set()


def test_liking_ends_disliking() -> None:
    assert (ClaimKind.CLOSE, "dislikes", "sushi") in ended("I'm now crazy about sushi")


@pytest.mark.parametrize(
    "turn",
    [
        "You can answer in English again.",
        "forget the word limit",
        "ok back to normal answers please",
    ],
)
def test_an_instruction_is_revoked(turn: str) -> None:
    kinds = {c.kind for c in claims("Always answer in German", "assistant: ok", turn)[1:]}
    assert kinds == {ClaimKind.REVOKE}


def test_stop_revokes_what_was_asked_for_and_orders_what_was_not() -> None:
    asked = claims("Always answer in Italian", "assistant: ok", "stop answering in Italian")
    assert [c.kind for c in asked] == [ClaimKind.STATE, ClaimKind.REVOKE]
    assert stated("stop using bullet points") == {("instruction", "stop using bullet points")}


@pytest.mark.parametrize("turn", ["I decided to study law after all", "I've decided against law"])
def test_an_uncertainty_is_resolved(turn: str) -> None:
    found = claims("I'm not sure whether to study law", "assistant: hm", turn)
    assert ClaimKind.RESOLVE in {c.kind for c in found if c.message == 2}


def test_only_users_state_facts_and_only_systems_also_instruct() -> None:
    assert stated("assistant: You live in Madrid and I live in Rome") == set()
    assert stated("tool: I live in Rome. Always answer in French.") == set()
    assert stated("system: I live in Rome. Always answer in French.") == {
        ("instruction", "Always answer in French")
    }


def test_a_hedge_lowers_the_confidence() -> None:
    [plain] = claims("I'm a carpenter")
    [hedged] = claims("I think I'm a carpenter")
    assert plain.confidence == pytest.approx(0.9)
    assert hedged.confidence <= 0.6


def test_earlier_messages_are_context_only() -> None:
    messages = talk("I live in Gdansk", "assistant: ok", "make that Sopot")
    assert [c.value for c in RuleExtractor().extract(messages, new_from=2)] == ["Sopot"]
    assert [c.message for c in RuleExtractor().extract(messages)] == [0, 2]


def test_an_emoji_and_a_combining_mark_count_as_code_points() -> None:
    text = "👩‍🚀 e\u0301té: I live in Mérida"
    [claim] = claims(text)
    assert claim.value == "Mérida"
    assert text[claim.start : claim.end] == "I live in Mérida"


PIECES = (
    "I i'm im my your sister Ana lives live in at Rome is not no longer a nurse , . ? ! \n \" ' ( "
    ") ` > and or but always never from now on might 35 3 May x@y.zz é 😀 e\u0301 make that called "
    "write translate : speak Dutch love hate don't anymore"
)
WORDS = st.sampled_from(PIECES.split(" "))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=400), st.lists(WORDS, max_size=60).map(" ".join)))
def test_any_text_gives_valid_spans(text: str) -> None:
    found = claims("assistant: What's your name?", text, text)
    for claim in found:
        content = text
        assert 0 <= claim.start < claim.end <= len(content)
        words = " ".join(content[claim.start : claim.end].split())
        assert claim.value in words
        assert claim.category == category_of(claim.key)
        assert 0 < claim.confidence <= 1
        assert claim.value or claim.kind not in STATING


ADVERSARIAL = [
    "I go ", "my sister ", "a, b and c, ", "'", '"', "(", "`", "I live in Rome. ", "Ana, my ",
    "I really really ", "my name is ", "translate this ", "no, ", "1", "A", "😀", "\n",
]  # fmt: skip


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_time_grows_with_length_and_not_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        message = Message("user", unit * (length // len(unit)), NOON)
        began = time.process_time()
        RuleExtractor().extract([message])
        return time.process_time() - began

    short = min(seconds(5_000) for _ in range(2))
    assert seconds(50_000) < 30 * short + 0.5  # 10 times the text; quadratic would be 100 times


def test_a_long_question_of_the_assistant_costs_no_more_than_its_length() -> None:
    began = time.process_time()
    claims("assistant: " + "what a " * 30_000, "Rome")
    assert time.process_time() - began < 2
