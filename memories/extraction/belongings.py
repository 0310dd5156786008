"""Readers of what is owned, used, played and preferred, and of allergies."""

from __future__ import annotations

import re

from . import gazetteer as gaz
from . import vocabulary as voc
from .nouns import noun_phrase, read_list, short_thing, short_things, things
from .spans import (
    Span,
    captured,
    is_proper,
    skip,
    tokens,
)
from .wordlists import words


def owned(text: str, pos: int, limit: int) -> list[Span]:
    """What can be owned: it carries a name, a year, or is a thing on the list."""
    found = things(text, pos, limit)
    if found and _is_alive(text[found[0].start : found[0].end]):
        return []
    if not found or not _is_ownable(text[found[0].start : found[0].end]):
        return []
    return [Span(s.start, _use(text, s)) for s in found]


def _is_alive(phrase: str) -> bool:
    """A relative or an animal; "Brother HL-2350" is a model."""
    living = _LIVING.search(phrase)
    return living is not None and not (
        is_proper(living.group()) and any(c.isdigit() for c in phrase[living.end() :])
    )


def _use(text: str, span: Span) -> int:
    """Where the thing ends and what it is for begins ("a trailer for the bikes")."""
    use = _FOR_USE.search(text, span.start, span.end)
    return use.start() if use else span.end


_FOR_USE = re.compile(r"\s(?:for|from|off|with) (?:the|my|our|his|her|work|a)\b", re.I)
_LIVING = re.compile(
    rf"\b(?:named|called|whose|{voc.ANIMALS}|" + "|".join(p for _, p in voc.RELATIONS) + r")\b",
    re.I,
)


def _is_ownable(phrase: str) -> bool:
    words = re.split(r" (?:of|in|with|for|from|about|to|on|at) ", phrase)[0].split()
    last = words[-1].lower()
    if words[-1] in _ABSTRACT or words[0].lower() in _ABSTRACT_FIRST:
        return False
    if last in voc.OWNABLE or last.rstrip("s") in voc.OWNABLE:
        return True
    return any(_is_branded(w) and len(w) > 1 and w.lower() not in _NOT_BRANDS for w in words)


def _is_branded(word: str) -> bool:
    return is_proper(word) or (word[0].isalpha() and any(c.isupper() for c in word))


_ABSTRACT_FIRST = words("no problem question issue bad hard good great")
_NOT_BRANDS = (
    gaz.NATIONALITIES
    | gaz.LANGUAGES
    | gaz.MONTHS
    | gaz.WEEKDAYS
    | words(
        """
    pc tv i ok adhd ptsd ocd ibs covid mri gp hr phd ba bsc msc mba ma pdf csv json api
    it uk us eu
    """
    )
)
_ABSTRACT = words(
    """
    question questions problem problems issue issues meeting appointment interview exam
    test class call headache cold fever flight ticket tickets deadline idea doubt visa
    passport degree job account contract subscription booking reservation order invoice
    bug error request favor favour diploma master's bachelor's interest kid kids child
    children son daughter sister brother wife husband friend colleague boss partner
    girlfriend boyfriend accent background citizenship allergy intolerance prescription
    party dinner trip holiday lecture project team party diet layover licence license
    course booked scheduled coming server table file report presentation deck paper
    thesis essay homework assignment pain policy insurance plan
    """
)


def proper_thing(text: str, pos: int, limit: int) -> list[Span]:
    """A tool or brand after "use": a name, or plain words that stand for one."""
    low = next(tokens(text, pos, limit, 1), None)
    if low is None or low.low in _NOT_TOOLS:
        return []
    found = short_things(text, pos, limit)
    while found and len(found) < 8 and (gap := _USED_FOR.match(text, found[-1].end, limit)):
        item = short_thing(text, gap.end(), limit)
        if not item or not _TOOL_END.match(text, item[0].end, limit):
            break
        found.append(item[0])
    return found


_USED_FOR = re.compile(
    r"\s+(?:for|on|at|in|over|with) (?:(?:the|my|our|all) )?[\w'-]+(?: [\w'-]+)??\s*"
    r"(?:,\s*(?:and |plus |but )?|\s(?:and|plus|but)\s)\s*(?=[^\W\d_])",
    re.I,
)
"""As in "… for notes and " and "… on the phone, "."""
_TOOL_END = re.compile(r"\s*(?:$|[,.;:!?()]|-\s|(?:for|on|at|in|over|with|to)\b)", re.I)


_NOT_TOOLS = words(
    """
    the my our this that these those it them to your his her their same one any some
    both all everything what which something for about only as in at on by with up
    almost around more less public words
    """
)

_ALLERGEN = re.compile(r"(?P<value>(?:[\w-]+ ){1,3}?)(?:allerg(?:y|ies)|intolerances?)\b", re.I)
_INTOLERANT = re.compile(r"(?P<value>\w+)[ -]intolerant", re.I)
_FANDOM = re.compile(
    r"(?P<value>(?:[\w'-]+ ){1,3}?)(?:fan|supporter|lover|enthusiast|nerd|"
    r"buff|addict|reader|gamer|cyclist|runner|"
    r"hiker|climber|gardener|birdwatcher|collector)\b",
    re.I,
)
_GAME = re.compile(rf"(?:the |my )?(?P<value>{voc.GAMES_AND_SPORTS})\b", re.I)
_VERSUS = re.compile(r"\s+(?:rather than|instead of|to|over|than)\s", re.I)


def games(text: str, pos: int, limit: int) -> list[Span]:
    """Sports, games and instruments that are played."""
    return read_list(text, pos, limit, captured(_GAME))


def preferred(text: str, pos: int, limit: int) -> list[Span]:
    """What is preferred, without what it is preferred to."""
    found: list[Span] = []
    while len(found) < 4:
        phrase = noun_phrase(text, pos, limit, prepositions=_PREFERRED, most=7)
        if phrase is None or text[phrase.start : phrase.end].lower().split()[0] in _NOT_PREFERRED:
            break
        versus = _VERSUS.search(text, phrase.start, phrase.end)
        found.append(Span(phrase.start, versus.start() if versus else phrase.end))
        rest = _VERSUS.match(text, found[-1].end, limit)
        other = (
            noun_phrase(text, rest.end(), limit, prepositions=_PREFERRED, most=6) if rest else None
        )
        joined = re.compile(r"\s*(?:,\s*)?and\s+", re.I).match(text, (other or phrase).end, limit)
        if not joined:
            break
        pos = joined.end()
    return found


_PREFERRED = words("in of from at with by on without for")
_NOT_PREFERRED = words("it this that you them him her your to")


def owned_this(text: str, pos: int, limit: int) -> list[Span]:
    """As in "this Fiat Panda": what is shown rather than counted."""
    return owned(text, skip(_THIS, text, pos, limit), limit)


_THIS = re.compile(r"\s*(?:this|that|the)\s+", re.I)


def nothing(text: str, pos: int, limit: int) -> list[Span]:
    """No value at all: whatever is live is meant."""
    return [Span(pos, pos)]


_FOUND = (
    r"(?P<value>[\w'-]+(?: [\w'-]+){0,3}?)(?: (?:absolutely|really|utterly|so|quite|pretty|very))* "
)
found_nasty = captured(re.compile(rf"{_FOUND}{voc.NASTY}\b", re.I))
found_lovely = captured(re.compile(rf"{_FOUND}{voc.LOVELY}\b", re.I))
allergen = captured(_ALLERGEN)
trade = captured(re.compile(r"(?P<value>\w+(?: [\w'-]+){1,4}?) for a living\b", re.I))
word_before = captured(re.compile(r"(?P<value>\w+) person\b", re.I))
intolerance = captured(_INTOLERANT)
fandom = captured(_FANDOM)
