"""What a plan, a goal, a doubt, a piece of work and an order must look like to be kept."""

from __future__ import annotations

import re

from . import gazetteer as gaz
from . import lexicon as lex
from .values import Value


def working_on(value: Value) -> bool:
    """A piece of work, counted or named."""
    if value.low[0] == "no" or value.head in lex.NOT_PROJECTS:
        return False
    if value.low[0] == "a" and value.head == "budget":
        return False  # with little money
    if value.low[0] in lex.STAGES and value.low[-1].isdigit():
        return False
    if _SAYS_OF.search(value.phrase) and not re.search(
        r"\b(?:i|we|i'm|i've|we're)\b", value.before
    ):
        return False  # "creating a home for them is …" tells of nobody
    is_counted = value.low[0] in lex.DETERMINERS or value.before.endswith(lex.COUNTED)
    return is_counted or value.is_proper or value.head in lex.PROJECTS or len(value.low) > 2


_SAYS_OF = re.compile(
    r" (?:is|are|was|were|can|can't|will|would|makes?|helps?|takes?|means?|seems?|feels?|sounds?)\b"
)


def about(value: Value) -> bool:
    """A step or a choice worth remembering, no mere "it"."""
    if value.low[0] in ("have", "just", "cry", "die", "be") and "might " in value.before:
        return False
    rest = value.low[1:] if value.low[0] in lex.DETERMINERS else value.low
    if not rest or _TRY_IT.match(value.phrase):
        return False
    if rest[0] in lex.MEALS or (len(rest) <= 2 and rest[-1] in lex.DRAFT_PARTS | lex.MEALS):
        return False
    is_small = rest[0] in lex.SMALL_STEPS and value.low[-1] in lex.MEALS | {"it", "that", "this"}
    if value.low[0] in ("your", "his", "her", "their"):
        return False
    return not is_small and rest[0] not in ("what", "how", "why", "restart", "reboot", "reinstall")


_TRY_IT = re.compile(
    r"(?:give|try|do|check|look|see|watch|read|use|take|go) (?:it|that|this|them)\b|"
    r"check (?:\w+ ){1,2}out\b"
)


def plan(value: Value) -> bool:
    """Something settled ahead, no errand."""
    if value.low[0] in lex.VAGUE_GOALS or value.low[:2] in _ONLY_TALK:
        return False
    if value.low[-1] in lex.VAGUE_PLANS and len(value.low) < 3:
        return False
    if re.match(r",? (?:since|so far|for (?:years|ages))\b", value.after):
        return False
    if value.low[:2] == ("off", "to") and not _is_journey(value):
        return False
    is_errand = value.low[0] in ("off", "going", "heading", "headed", "go", "head")
    return not (is_errand and value.low[-1] in lex.ERRANDS)


_ONLY_TALK = tuple(("just", verb) for verb in ("talk", "paste", "type", "vent", "ramble", "dump"))


def _is_journey(value: Value) -> bool:
    """A place follows; "I'm off to bake some cakes" is how people take their leave."""
    where = value.low[2] if len(value.low) > 2 else ""
    is_named = value.is_proper or where in gaz.CITIES | gaz.COUNTRIES
    return is_named or where in lex.DETERMINERS or len(value.low) < 4


def goal(value: Value) -> bool:
    """Something to reach, no figure of speech."""
    if re.match(r"[^.;!?]{0,20}\bbut who (?:wouldn't|doesn't|does|would)\b", value.after):
        return False
    if value.low[-2:] == ("rainy", "day") or value.low[-1] == "later":
        return False
    if _VAGUE_AIM.match(value.phrase):
        return False
    return value.low[0] not in lex.VAGUE_GOALS and value.low[:2] != ("world", "domination")


_VAGUE_AIM = re.compile(
    r"(?:make|pass|get|do|take|keep) (?:it|this|that)\b(?! (?:through|to|into))"
)


def instruction(value: Value) -> bool:
    """A standing order, no encouragement."""
    if value.phrase.endswith(", right") or re.match(r",? right\s*$", value.after.rstrip("?! ")):
        return False
    if _DONT_PHONE.match(value.phrase) or _PEP.search(value.phrase):
        return False
    words = [w for w in value.low if w not in ("please", "and", "so", "but", "ok")]
    if words[:1] == ["call"] and re.match(r"[^.;!?]*\bbut\b", " ".join(value.low[3:])):
        return False
    if words[:1] in (["always"], ["never"]) and len(words) > 1:
        return _is_order(words[1:], value.phrase)
    return not (words[:1] in (["don't"], ["dont"]) and words[1:2] and words[1] in lex.COMFORTING)


_PEP = re.compile(
    r"\b(?:never|always|don't ever|ever) (?:give up\b|quit\b(?! \w+ing)|stop (?:dreaming|"
    r"believing|trying)|"
    r"count on|let (?:us|me|you) down|make (?:me|us) (?:smile|laugh|happy)|remind (?:me|us) of|"
    r"forget that)|"
    r"\bdon't hesitate\b"
)
"""Encouragement and praise, no order."""


def _is_order(words: list[str], phrase: str) -> bool:
    """Whether "always" and "never" give an order, and no piece of wisdom."""
    if words[0] == "be":
        return not lex.BEING & set(words[1:2])
    return words[:2] != ["say", "never"] and (
        words[0] not in lex.PROVERBIAL or bool(_ON_ANSWERS.search(phrase))
    )


_ON_ANSWERS = re.compile(
    r"\b(?:repl|answer|respon|spelling|language|english|units?\b|tenses?\b|code\b|test|commit|"
    r"translat|summar|format|email|text)"
)
_DONT_PHONE = re.compile(r"(?:don't|dont|do not|never|stop) call(?:ing)? me\s*[,;:]")
