"""Facts said with a noun: "my birthday is …", "Timezone: …", "… is my favourite colour"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import vocabulary as voc
from .findings import Finding
from .frames import corrects
from .guards import is_guarded
from .text import Sentence, Text
from .typed import READERS
from .values import Span, is_boundary, tokens


@dataclass(frozen=True, slots=True)
class Attribute:
    """A noun that names a key."""

    key: str
    nouns: str
    reader: str
    label: str = ""
    """Reader after "noun:" where the label alone vouches for the value."""


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("name", r"(?:full |first |given |real |legal |actual |preferred )?name", "loose_name", "loose_name"),
    Attribute("age", r"age", "age", "age"),
    Attribute("birthday", r"birth ?day|b-?day|date of birth|d\.?o\.?b|birth ?date", "date", "date"),
    Attribute("pronouns", r"(?:preferred |correct )?pronouns(?: on \w+ \w+| in \w+ \w+)?", "pronouns", "pronouns"),
    Attribute("email", r"(?:new |work |personal |contact |private |correct |current |other )*(?:e-?mail|mail|gmail)(?: address| id)?", "email", "email"),
    Attribute("phone", r"(?:new |work |personal |contact |private |mobile |cell |phone |telephone |whatsapp |correct |current |cell ?phone )*(?:phone|mobile|telephone|tel|cell|number|contact|contact no|phone no|mobile no|whatsapp|no)\.?(?: number| no\.?)?", "phone", "phone"),
    Attribute("timezone", r"(?:current |local |home )?time ?zone|tz|local time|clock", "timezone", "timezone"),
    Attribute("nationality", r"nationality|citizenship|passport", "nationality", "nationality"),
    Attribute("hometown", r"home ?town|native city|city of birth|birth ?place|place of birth", "place", "loose_place"),
    Attribute("home", r"(?:current |present )?(?:home(?: base| city)?|residence|place of residence|city|town|location|base|based in|living in)", "place", "loose_place"),
    Attribute("home", r"(?:new |current |own )?(?:home|place|house|flat|apartment|house)(?= (?:is|'s) (?:now )?in\b)", "in_place"),
    Attribute("occupation", r"(?:current |day |new |main |actual |full-time |paid )*(?:job|occupation|profession|job title|trade|line of work|role|career|position|title|work)", "any_occupation", "any_occupation"),
    Attribute("employer", r"(?:current |new |present )?(?:employer|company|workplace|place of work|firm|work ?place)", "organisation", "loose_organisation"),
    Attribute("education", r"(?:degree|major|alma mater|university|uni|education|school|college|field of study|studies|course of study)", "study", "study"),
    Attribute("languages", r"(?:mother tongue|native (?:language|tongue)|first language|second language|third language|main language|languages?(?: i speak)?|other language)s?", "languages", "languages"),
    Attribute("diet", r"(?:current |usual )?(?:diet|eating style|dietary (?:restrictions?|preferences?|requirements?|needs))", "any_diet", "any_diet"),
    Attribute("hobby", r"(?:main |favou?rite |biggest |only |other |new |current |big )?(?:hobby|hobbies|pastimes?|passions?|interests|free time activity)", "things", "things"),
    Attribute("skill", r"(?:main |best |strongest |core |top )?(?:skills?|strong suits?|forte|speciality|specialty|expertise|superpower|strengths?)", "short_things", "short_things"),
    Attribute("goal", r"(?:main |big |biggest |current |ultimate |long-term |short-term |next |personal |life |fitness |new year's |only )*(?:goal|aim|target|dream|ambition|objective|resolution)(?: for (?:this|the|next) year| this year| right now)?", "goal", "goal"),
    Attribute("plan", r"(?:current )?plan(?: for \w+ \w+| now)?", "goal", "goal"),
    Attribute("working_on", r"(?:current |new |latest |side |big |main |ongoing )+project(?: right now| at the moment)?|project", "project", "project"),
    Attribute("deadline", r"(?:hard |final |real |new |submission |project |application |thesis |official )*(?:deadline|due date|cut-?off|submission date)(?: for [\w' ]{2,30}?)?", "loose_date", "loose_date"),
    Attribute("allergic_to", r"(?:food |main |only |worst |biggest )?allerg(?:y|ies|ens?)", "short_things", "short_things"),
    Attribute("partner", r"(?:partner|boyfriend|girlfriend|fianc[eé]e?)", "name", "name"),
    Attribute("spouse", r"(?:wife|husband|spouse)", "name", "name"),
    Attribute("manager", r"(?:line |new |current )*(?:manager|boss|supervisor)", "name", "name"),
    Attribute("pet", r"(?:pets?|dog|cat)", "name", "name"),
    Attribute("uses", r"(?:main |daily |go-to |usual |favou?rite )?(?:editor|ide|browser|os|operating system|daily driver|stack|tech stack|note app|calendar app|laptop|phone|setup)", "tools", "tools"),
)  # fmt: skip
_FAVORITE = re.compile(
    r"(?:all[- ]time )?(?:favou?rite|fave?|fav)(?: \w+)?? (?P<what>colou?r|food|dish|cuisine|meal|movie|film|book|"
    r"novel|author|writer|poet|band|singer|artist|musician|song|album|genre|music|composer|sport|"
    r"team|club|player|game|board game|video game|videogame|season|month|day|animal|flower|fruit|vegetable|drink|"
    r"beer|wine|cocktail|coffee|tea|dessert|snack|ice cream|flavou?r|pizza|cheese|restaurant|bar|city|place|"
    r"country|number|subject|show|series|tv show|tv series|podcast|actor|actress|director|language|programming language|"
    r"instrument|holiday|car|brand|shoe|plant|tree|bird|dog breed|painter|painting|museum|"
    r"park|beach|word|quote|superhero|character|comic|manga|anime|magazine|newspaper|youtuber|"
    r"teacher|editor|framework|tool|app|website|theme|font|spice|sauce|soup|pasta|sandwich|bread|"
    r"chocolate|candy|cereal|breakfast|hobby|exercise|workout|season of the year)",
    re.I,
)
_FAVORITE_KEYS = {
    "colour": "color", "film": "movie", "dish": "food", "meal": "food", "novel": "book",
    "flavour": "flavor", "video game": "game", "videogame": "game", "board game": "game", "tv show": "show",
    "tv series": "series", "writer": "author",
}  # fmt: skip
_BY_NOUN = [(re.compile(rf"(?:{a.nouns})(?![\w-])", re.I), a) for a in ATTRIBUTES]
_MY = re.compile(r"(?<![\w'])(?:my|our|the (?=pronouns|deadline|due date|submission|project (?:has become|is now|became)))\s*", re.I)
_POSSESSED = re.compile(r"(?<![\w'])(?:my|our)\s[\w' -]{2,40}?'s\s", re.I)
_IS = re.compile(
    r"\s*(?:,\s*)?(?:(?:right now|currently|these days|nowadays|at the moment|here|now|btw|by the way)\s*,?\s*)?"
    r"(?:(?P<changed>(?:has |just |was |got )*(?:changed to|become|became|switched to|moved to|been moved to|pushed to|been changed to|is now|are now|'s now|"
    r"will now be|been updated to|now reads|(?:has |just )*changed[\w ]{0,20}, ?(?:it's|its|to|now)))|"
    r"is|are|'s|=|:|being|include|includes|consists of|would be|was always|has always been|have always been|runs on|run on|should (?:read|be|say|now be|now read)|"
    r"falls on|fall on|reads|happens to be)"
    r"\s*:?\s*(?:(?P<now>now|actually|still|currently|always|definitely|just|only|actually on|hands down|simply|probably|basically|mostly|in fact|on|by far|also|both|to be|by|that of|called|from)\s+)*",
    re.I,
)
_LABEL = re.compile(r"\s*(?:\?|:|=|\s-)\s*|\s+(?=[\d+(])|\s+is\s+|\s*'s\s+", re.I)
_VALUE_FIRST = re.compile(
    r"(?:\s+(?:please|pls))?(?P<link>\s*(?:\bis\b|\bare\b|\b(?:has|have) (?:always )?been\b|\bhas become\b|\bbecame\b|\bwas always\b|'s)\s*"
    r"(?:now |still |actually |also |probably |always |definitely |easily |another |officially )*|\s*,\s*(?:(?:that's|it's|is|which is|that is|being|also)\s+)?|\s*\(\s*)"
    r"(?:another |one |both )?(?:my|our|the)\s*$",
    re.I,
)
_NEW = re.compile(r"\bnew\b|\bcorrect\b|\bcurrent\b", re.I)
_FIRM = frozenset(["email", "phone", "birthday", "pronouns"])
"""Keys whose value is never supposed: "if my birthday is 2 May" still says when it is."""
_IN = re.compile(r"\s*(?:is|'s)\s+(?:now\s+)?in\s+", re.I)


def find(text: Text, sentence: Sentence) -> list[Finding]:
    """The attributes a sentence states."""
    found: list[Finding] = []
    for match in _MY.finditer(text.plain, sentence.start, sentence.end):
        found.extend(_mine(text, sentence, match.start(), match.end()))
    found.extend(_labelled(text, sentence))
    return found


def _attribute_at(plain: str, pos: int, limit: int) -> tuple[Attribute, int] | None:
    """The noun at a position that names a key, and where it ends: the longest wins."""
    favorite = _FAVORITE.match(plain, pos, limit)
    if favorite:
        what = favorite.group("what").lower()
        key = _FAVORITE_KEYS.get(what, what.split()[-1])
        return Attribute(f"favorite_{key}", "", "favorite", "favorite"), favorite.end()
    best: tuple[Attribute, int] | None = None
    for pattern, attribute in _BY_NOUN:
        match = pattern.match(plain, pos, limit)
        if match and (best is None or match.end() > best[1]):
            best = attribute, match.end()
    return best


def _mine(text: Text, sentence: Sentence, start: int, pos: int) -> list[Finding]:
    """ "my X is V" and "V is my X"."""
    plain, limit = text.plain, sentence.end
    noun = _attribute_at(plain, pos, limit)
    if noun is None:
        return []
    attribute, end = noun
    left = plain[max(sentence.start, start - 60) : start]
    if is_guarded(left) and attribute.key not in _FIRM:
        return []
    link = (
        _IN.match(plain, end, limit)
        if attribute.reader == "in_place"
        else _IS.match(plain, end, limit)
    )
    if link:
        reader = "place" if attribute.reader == "in_place" else attribute.reader
        spans = _read(reader, plain, link.end(), limit)
        changed = bool(link.groupdict().get("changed")) or bool(
            link.groupdict().get("now") in ("now", "actually")
        )
        changed = (
            changed or bool(_NEW.search(plain, pos, end)) or corrects(plain, sentence.start, start)
        )
        if spans:
            return _made(text, attribute.key, spans, start, changed)
    return _value_before(text, sentence, attribute, start, end)


def _made(text: Text, key: str, spans: list[Span], start: int, changed: bool) -> list[Finding]:
    findings = [Finding(key, s, min(start, s.start), s.end) for s in spans]
    return [f.corrected() for f in findings] if changed else findings


def _read(reader: str, plain: str, pos: int, limit: int) -> list[Span]:
    if reader == "favorite":
        return _favorite_value(plain, pos, limit)
    if reader == "goal":
        return _goal_value(plain, pos, limit)
    if reader == "any_diet":
        return READERS["diet"](plain, pos, limit) or READERS["short_things"](plain, pos, limit)[:1]
    return READERS[reader](plain, pos, limit)


def _favorite_value(plain: str, pos: int, limit: int) -> list[Span]:
    found = READERS["thing"](plain, pos, limit)
    low = plain[found[0].start : found[0].end].lower() if found else ""
    return found if low and low.split()[0] not in ("one", "to", "being", "from") else []


def _goal_value(plain: str, pos: int, limit: int) -> list[Span]:
    lead = re.compile(r"\s*(?:to|for)\s+", re.I).match(plain, pos, limit)
    return READERS["clause"](plain, lead.end() if lead else pos, limit)


_BACK = frozenset(["things", "short_things", "favorite", "languages"])


def _value_before(
    text: Text, sentence: Sentence, attribute: Attribute, start: int, end: int
) -> list[Finding]:
    """ "V is my X", "V, my X", "V. That's my X"."""
    plain = text.plain
    low = max(sentence.start, start - 90)
    link = _VALUE_FIRST.search(plain[low : text_end(plain, start)])
    if link is None or (
        attribute.key in ("name", "plan", "working_on", "home") and "," in link.group("link")
    ):
        return []
    stop = low + link.start()
    for pos in _candidates(plain, max(sentence.start, stop - 60), stop):
        spans = _read(attribute.reader, plain, pos, stop)
        if spans and spans[-1].end >= stop - 1 and _plausible(plain, attribute, spans[0]):
            changed = (
                "become" in link.group("link")
                or "now" in link.group("link")
                or corrects(plain, sentence.start, spans[0].start)
            )
            return _made(text, attribute.key, spans, spans[0].start, changed)
    return []


def text_end(plain: str, start: int) -> int:
    """The end of the determiner at `start`, so that a backward pattern can include it."""
    match = _MY.match(plain, start)
    return match.end() if match else start


def _candidates(plain: str, start: int, stop: int) -> list[int]:
    """Where the value before a link may begin: after the last boundary word or mark."""
    begin = start
    for mark in re.finditer(
        r"[,;:.!?()]\s*|\s(?:so|and|but|because|since|please|from|like|of)\s", plain[start:stop]
    ):
        if start + mark.end() < stop - 1:
            begin = start + mark.end()
    options = [begin]
    options.extend(begin + m.end() for m in re.finditer(r"\s+", plain[begin:stop]))
    return options


def _plausible(plain: str, attribute: Attribute, span: Span) -> bool:
    word = next(tokens(plain, span.start, span.end, 1), None)
    return word is not None and not is_boundary(word.low) and word.low not in voc.CLAUSE_VERBS


_LABEL_START = re.compile(
    r"(?:^|(?<=[\n,;.!?(:-])|(?<=\band)|(?<=\bbut)|(?<=\bso))\s*[-*•]?\s*", re.I
)
_LABELS = frozenset(
    [
        "name",
        "age",
        "birthday",
        "pronouns",
        "email",
        "phone",
        "timezone",
        "nationality",
        "hometown",
        "home",
        "occupation",
        "employer",
        "education",
        "languages",
        "diet",
        "hobby",
        "skill",
        "goal",
        "deadline",
        "allergic_to",
        "working_on",
        "uses",
        "partner",
        "spouse",
    ]
)


def _labelled(text: Text, sentence: Sentence) -> list[Finding]:
    """ "Job: baker", "hometown Oslo", "Favourite colour? red", "name's Bo"."""
    plain, limit = text.plain, sentence.end
    found: list[Finding] = []
    pos = sentence.start
    starts = [
        pos,
        *(m.end() for m in re.finditer(r"[,(:]\s+|\s-\s|\b(?:and|but|so)\s", plain[pos:limit])),
    ]
    for index, offset in enumerate(starts):
        begin = offset if index == 0 else pos + offset
        opening = _SMALL_TALK.match(plain, begin, limit)
        begin = opening.end() if opening else begin
        noun = _attribute_at(plain, begin, limit)
        if noun is None or not (noun[0].key in _LABELS or noun[0].key.startswith("favorite_")):
            continue
        found.extend(_after_label(text, sentence, noun[0], begin, noun[1]))
    return found


_SMALL_TALK = re.compile(
    r"(?:(?:so|ok|okay|hi|hello|hey|btw|and|but|also|the|update|hm|well|about me|me)\b[\s,:!]*)*",
    re.I,
)


def _after_label(
    text: Text, sentence: Sentence, attribute: Attribute, start: int, end: int
) -> list[Finding]:
    plain, limit = text.plain, sentence.end
    line_end = _line_end(plain, end)
    link = _LABEL.match(plain, end, line_end)
    is_colon = link is not None and link.group().strip() in (":", "=", "-", "?")
    if link is None:
        if attribute.key not in (
            "hometown",
            "age",
            "nationality",
            "timezone",
            "phone",
            "email",
            "pronouns",
        ):
            return []
        pos, reader = end, attribute.reader
    else:
        pos, reader = link.end(), (attribute.label if is_colon else attribute.reader)
        if (
            not is_colon
            and link.group().strip() in ("is", "'s")
            and attribute.key
            in (
                "occupation",
                "employer",
                "education",
                "working_on",
                "goal",
                "plan",
                "skill",
                "diet",
                "hobby",
                "languages",
                "uses",
                "allergic_to",
                "age",
            )
        ):
            return []
        if is_colon and link.group().strip() == "?" and not attribute.key.startswith("favorite_"):
            return []
    return _made(
        text,
        attribute.key,
        _read(reader, plain, pos, line_end if is_colon else limit),
        start,
        False,
    )


def _line_end(plain: str, pos: int) -> int:
    end = plain.find("\n", pos)
    return len(plain) if end < 0 else end
