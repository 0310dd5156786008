"""The vocabulary of keys: which hold one value, which are relations, how each reads in words."""

from __future__ import annotations

SINGLE_VALUED = frozenset(
    {
        "name", "age", "birthday", "pronouns", "nationality", "hometown", "home", "occupation",
        "employer", "education", "email", "phone", "timezone", "spouse", "partner", "diet",
        "current_location", "deadline",
    }
)  # fmt: skip
"""Keys with one value at a time; every `favorite_…` is one too."""

RELATIONS = frozenset(
    {
        "spouse", "partner", "child", "son", "daughter", "sister", "brother", "mother", "father",
        "friend", "colleague", "manager", "pet",
    }
)  # fmt: skip
"""Keys whose value is somebody."""

OBSERVED = "observed"
"""What a coding agent's observation states, in its own words."""

WORDING = {
    "name": "{whose} name is {value}",
    "age": "{who} is {value} years old",
    "birthday": "{whose} birthday is {value}",
    "pronouns": "{whose} pronouns are {value}",
    "nationality": "{who} is {value}",
    "hometown": "{who} comes from {value}",
    "home": "{who} lives in {value}",
    "occupation": "{who} works as {value}",
    "employer": "{who} works at {value}",
    "education": "{who} studied {value}",
    "email": "{whose} e-mail is {value}",
    "phone": "{whose} phone number is {value}",
    "timezone": "{whose} time zone is {value}",
    "languages": "{who} speaks {value}",
    "diet": "{whose} diet is {value}",
    "likes": "{who} likes {value}",
    "dislikes": "{who} dislikes {value}",
    "prefers": "{who} prefers {value}",
    "allergic_to": "{who} is allergic to {value}",
    "hobby": "{whose} hobby is {value}",
    "owns": "{who} owns {value}",
    "uses": "{who} uses {value}",
    "skill": "{who} is skilled in {value}",
    "current_location": "{who} is now in {value}",
    "deadline": "{whose} deadline is {value}",
    "working_on": "{who} is working on {value}",
    "plan": "{who} plans: {value}",
    "goal": "{whose} goal: {value}",
    "instruction": "{value}",
    "about": "{who} is unsure about {value}",
    OBSERVED: "{value}",
}


def is_single(key: str) -> bool:
    """Whether the key holds one value at a time."""
    return key in SINGLE_VALUED or key.startswith("favorite_")


def in_words(*, subject: str, key: str, value: str) -> str:
    """A memory as a sentence; `subject` is `user`, one of their relations, or a name."""
    who = "the user" if subject == "user" else subject
    if subject in RELATIONS:
        who = f"the user's {subject}"
    whose = f"{who}'" if who.endswith("s") else f"{who}'s"
    if not value:
        return _capital(f"{who} has a {key.replace('_', ' ')}")
    form = WORDING.get(key, "{whose} " + key.replace("_", " ").strip() + " is {value}")
    return _capital(form.format(who=who, whose=whose, value=value))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
