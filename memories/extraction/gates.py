"""What a value must look like under each key: its shape, its head word, the words around it."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import gates_aims
from . import gazetteer as gaz
from . import lexicon as lex
from . import vocabulary as voc
from .kinds import is_occupation
from .values import Value


def _name(value: Value) -> bool:
    if re.match(r"'s \w", value.after):
        return False  # "I'm Ahmed's dad"
    if value.low[0] in lex.NO_CALLING or re.fullmatch(r"[A-Z]\w+-[a-z]\w+", value.words[0]):
        return False  # "Ex-smoker here"
    if value.is_proper or value.low[0] in gaz.FIRST_NAMES:
        return value.low[0] not in lex.NOT_PERSONS
    if not value.is_lower or value.low[0] in lex.NOT_NAMES or _is_abstract(value.low[0]):
        return False
    return not value.low[0].endswith(lex.ADJECTIVE_ENDINGS)


def _relation(value: Value) -> bool:
    """A name is no product number, brand or thing."""
    if any(c.isdigit() for c in value.words[0]) or value.low[0] in lex.NOT_PERSONS:
        return False
    if value.low[0] in lex.COMPANIES and value.low[0] not in gaz.FIRST_NAMES:
        return False
    if value.low[0] in gaz.NATIONALITIES - gaz.FIRST_NAMES:
        return False
    is_former = value.finding.key in ("manager", "partner", "spouse")
    return not (is_former and _FORMER.search(value.before))


_FORMER = re.compile(r"\b(?:old|former|ex|previous|last|late)[ -]\w+,? $")


def _employer(value: Value) -> bool:
    if _IS_CUSTOMER.search(value.after) and value.before.endswith("with "):
        return False
    if value.is_proper:
        return value.low[0] not in lex.STAGES and value.low[-1] not in lex.NOT_COMPANIES
    if value.low[-1] in lex.COMPANIES:
        return True
    if value.is_lower and len(value.low) == 1 and re.match(r" as an? \w", value.after):
        return not _is_abstract(value.low[0])
    return value.head in lex.ORGANISATIONS or value.head.rstrip("s") in lex.ORGANISATIONS


_IS_CUSTOMER = re.compile(
    r"\b(?:customers?|contract|number|tariff|bill|provider|policy|router|sim|refund|cancel|premium|"
    r"account|plan|switch)\b"
)


def _home(value: Value) -> bool:
    left = _MOVED_FROM.search(value.before)
    if left and left.group("what") in lex.TOOLS:
        return False  # "I moved from Evernote to Joplin"
    return not _FOR_NOW.match(value.after) and _place(value)


_MOVED_FROM = re.compile(r"\bfrom (?P<what>\w+) (?:over )?to $")


_FOR_NOW = re.compile(
    r",? (?:this (?:week|weekend|month|summer|winter|season|spring|autumn)|over the|"
    r"for (?:the|a) (?:summer|winter|season|week|weekend|day|month|night))\b"
)
"""A stay, not a home."""


def _location(value: Value) -> bool:
    return not _LATER.match(value.after) and _place(value)


_LATER = re.compile(
    r",? (?:tomorrow|next \w+|on (?:the \d|(?:mon|tues|wednes|thurs|fri|satur|sun)day)|in (?:"
    r"january|february|march|april|may|june|july|august|september|october|november|december))\b"
)


def _place(value: Value) -> bool:
    if value.low in (("the",), ("it",), ("them",), ("him",)):
        return False
    if any(c.isdigit() for c in value.phrase):
        is_street = value.is_proper or value.low[0][0].isdigit()
        return is_street and value.low[0] not in lex.STAGES and not _QUARTER.match(value.low[0])
    if value.low[0] in lex.NOT_HOMES | lex.TOOLS or value.low[-1] in lex.NOT_HOMES:
        return False
    if value.low[0] in gaz.CITIES | gaz.COUNTRIES or " ".join(value.low) in gaz.PLACE_PHRASES:
        return True
    if value.is_proper:
        return True
    if value.low[0] in lex.SETTLEMENTS or value.head in lex.SETTLEMENTS:
        return True
    return value.is_lower and value.low[-1].endswith(lex.PLACE_ENDINGS)


_QUARTER = re.compile(r"[qhv]\d")


def _hometown(value: Value) -> bool:
    """After "born in" any word is a place, if it is no idea."""
    return _place(value) or not (_is_abstract(value.low[0]) or value.low[0] in lex.NOT_HOMES)


def _occupation(value: Value) -> bool:
    if (
        value.phrase.endswith(("role model", "devil's advocate"))
        or value.low[0] in lex.POOR_PRAISE
        or (value.low[0], value.low[-1]) == ("first", "buyer")
    ):
        return False
    if re.search(r"\bthe (?:\w+ )?$", value.before) and not _IS_THE.search(value.before):
        return False
    if value.before.endswith(", ") and value.after.startswith("?"):
        return False  # "my thesis on bees, citation manager?" asks for one
    if value.low[:2] in (("training", "a"), ("training", "my"), ("training", "the")):
        return False  # "I'm training a model"
    if _AS_TOLD.match(value.after):
        return False
    if value.after.startswith(" for a living"):
        return not {"do", "does", "did", "nothing"} & set(value.low)
    if _NOW_A.search(value.before) and _GOES_ON.match(value.after):
        return False
    if re.match(r"to\b", value.before.strip()[-2:]):  # "my job is to fix lifts"
        return value.low[0] not in lex.EMPTY_VERBS
    heads = (value.head, value.low[-1])
    if any(is_occupation(w) or w in voc.WORK_FIELDS or w in lex.MORE_WORK for w in heads):
        return True
    if any(w in lex.NO_CALLING for w in heads):
        return False
    is_doing = value.low[0].endswith("ing") and len(value.low) < 4
    return value.head.endswith(lex.CALLING_ENDINGS) or is_doing


_AS_TOLD = re.compile(r" (?:once |would |might |always )?(?:told|said|says?|put it|explained)\b")
"""As in "as a judge once told me"."""
_NOW_A = re.compile(r"\bnow an? (?:\w+ )?$")
_GOES_ON = re.compile(r" (?!(?:and|in|at|for|but|with|so|who|here|from|of|by|on|since|myself)\b)\w")
_IS_THE = re.compile(r"\b(?:i'm|im|i am|am|as|was|being|became|become|be|is|to) the (?:\w+ )?$")


def _education(value: Value) -> bool:
    if value.low[0] in lex.NOT_STUDIED or value.low[:2] == ("degree", "of"):
        return False
    is_field = any(w in lex.DEGREES or w.endswith(lex.FIELD_ENDINGS) for w in value.low)
    if not value.is_proper and not is_field and not lex.SCHOOLS & set(value.low):
        return value.is_lower and not _STUDYING_IT.search(value.before) and len(value.low) == 1
    joke = _IN_DOING.search(" ".join(value.low))
    return joke is None or joke.group("what") in lex.DEGREES | lex.STUDIED


_IN_DOING = re.compile(r"\b(?:in|of) (?P<what>\w+ing)\b")
_STUDYING_IT = re.compile(r"\b(?:stud(?:y|ies|ied|ying)|from|with)\b")


def _taste(value: Value) -> bool:
    """What is liked or not is no part of the answer under discussion, and no number."""
    if (
        value.low[0] in lex.ORDINALS | lex.NOT_FANS
        or {value.head, value.low[0]} & lex.TIME_NOUNS
        or value.low[0].isdigit()
    ):
        return False
    if value.low[0] in lex.STAGES and len(value.low) == 2 and _is_mark(value.low[1]):
        return False
    if (len(value.low) == 1 or value.low[0].endswith("s")) and value.low[0] in lex.NOT_TASTES:
        return False
    is_this = re.search(r"\b(?:the|this|that|your|these|those) (?:[\w-]+ )?$", value.before)
    if value.head in lex.DRAFT_PARTS and (is_this or value.low[-1] in ("one", "ones")):
        return False
    return value.low[-1] not in ("one", "ones") and value.low[0] not in lex.ONE_OF_TWO


def _is_mark(low: str) -> bool:
    """Whether a word tells one version from another: "b", "2", "two"."""
    return len(low) <= 2 or low in ("one", "two", "three", "four")


def _uses(value: Value) -> bool:
    if value.low[0] in lex.STAGES | lex.ORDINALS or value.low[0] in lex.NOT_TOOLS:
        return False
    if value.low[0] in gaz.CITIES | gaz.COUNTRIES | gaz.LANGUAGES | gaz.MONTHS | gaz.WEEKDAYS:
        return False
    if value.is_proper or any(c.isdigit() for c in value.low[0]):
        return True
    known = voc.COMMON_SKILLS | voc.OWNABLE | lex.TOOLS
    return value.low[0] in known or value.head in known or value.low[-1] in known | lex.TOOL_HEADS


def _skill(value: Value) -> bool:
    low = value.low[0]
    if low == "such" or (low.endswith("ing") and low not in voc.COMMON_SKILLS | lex.CRAFTS):
        return False
    if low in gaz.CITIES | gaz.COUNTRIES | (gaz.FIRST_NAMES - voc.COMMON_SKILLS):
        return False
    if low in lex.NOT_SKILLS or value.low[-1] in lex.NOT_SKILLS:
        return False
    return not re.match(
        r" (?:is|are|was|were|has|can|can't|will|does|doesn't|isn't)\b", value.after
    )


def _allergy(value: Value) -> bool:
    if _IN_GROUP.match(value.after):
        return False
    if any(w in lex.NOT_ALLERGENS for w in (value.head, value.low[-1], value.low[0])):
        return False
    return not value.head.endswith(lex.ABSTRACT_ENDINGS) and value.low[0] not in voc.PRONOUN_WORDS


_IN_GROUP = re.compile(
    r" (?:allerg(?:y|ies)|intolerances?) (?:in|at|among|on) (?:the|our|my|this)\b"
)
"""As in "a nut allergy in the family": not whose."""


def _hobby(value: Value) -> bool:
    if value.low[0] in lex.NOT_PASTIMES or value.low[-1] in lex.NOT_PASTIMES:
        return False
    return value.low[:3] != ("none", "of", "your")


def _owns(value: Value) -> bool:
    if value.before.endswith("got the "):
        return False
    if value.head in lex.NOT_OWNED | lex.PAPERS or value.head.endswith(("error", "exception")):
        return False
    if value.before.endswith("bought ") and _AT_PRICE.search(f"{value.phrase}{value.after}"):
        return False  # shares
    return value.low[0] not in lex.ORDINALS


_AT_PRICE = re.compile(r"^[^,.;]{1,20} at [$€£]?\d")


def _diet(value: Value) -> bool:
    """A diet by name or by what it leaves out; "vegan cheese" is a thing to eat."""
    if _EATS.search(value.before) and _EATEN.match(value.after):
        return False
    if value.low[0] in ("don't", "dont", "do", "can't", "cannot", "never", "no", "not", "avoid"):
        return True
    return bool(_DIET.search(value.phrase))


_EATS = re.compile(r"\b(?:eats?|eating|cook|cooking|have|had|buy|bought|make|made) (?:\w+ )?$")
_EATEN = re.compile(
    r" (?!(?:and|or|but|so|because|since|for|at|in|on|with|diet|foods?|now|too|most|mostly|only|"
    r"these|if|when|during|except|which|though|as|all|every|everywhere|anyway|lol|pls|please)\b)\w"
)
_DIET = re.compile(
    rf"\b(?:{voc.DIETS}|free|low|high|only|based|fasting|diabetic|liquid|soft|bland|dash|atkins|"
    r"halal|no|less|without|never|eat|don't|meatless|intermittent|calories|kcal|protein)\b"
)


def _languages(value: Value) -> bool:
    if value.before.strip() == "speak" and value.after.startswith("!"):
        return False
    return value.low[0] not in lex.INVENTED_TONGUES | (voc.COMMON_SKILLS - gaz.LANGUAGES)


def _deadline(value: Value) -> bool:
    return value.low != ("may",) or not re.match(r" (?:or|not|be|well|have)\b", value.after)


def _is_abstract(low: str) -> bool:
    return low.endswith(lex.ABSTRACT_ENDINGS)


GATES: dict[str, Callable[[Value], bool]] = {
    "name": _name,
    "relation": _relation,
    "employer": _employer,
    "home": _home,
    "hometown": _hometown,
    "current_location": _location,
    "occupation": _occupation,
    "education": _education,
    "likes": _taste,
    "dislikes": _taste,
    "prefers": _taste,
    "uses": _uses,
    "skill": _skill,
    "allergic_to": _allergy,
    "working_on": gates_aims.working_on,
    "about": gates_aims.about,
    "plan": gates_aims.plan,
    "diet": _diet,
    "languages": _languages,
    "deadline": _deadline,
    "goal": gates_aims.goal,
    "hobby": _hobby,
    "owns": _owns,
    "instruction": gates_aims.instruction,
}
