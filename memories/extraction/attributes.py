"""Facts said with a noun: "my birthday is …", "Timezone: …", "… is my favourite colour"."""

from __future__ import annotations

import re

from . import vocabulary as voc
from .attribute_nouns import ATTRIBUTES, FAVORITE, FAVORITE_KEYS, Attribute
from .findings import Finding
from .frames import Owner, corrects
from .guards import is_guarded
from .readers import READERS
from .spans import SPACE, Span, is_boundary, skip, tokens
from .text import Sentence, Text
from .wordlists import words

_BY_NOUN = [(re.compile(rf"(?:{a.nouns})(?![\w-])", re.I), a) for a in ATTRIBUTES]
_ANY_NOUN = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _BY_NOUN), re.I)
_MY = re.compile(
    r"(?<![\w'])(?:my|our|the (?=pronouns|deadline|due date|"
    r"submission|project (?:has become|is now|became)))\s*",
    re.I,
)
_IS = re.compile(
    r"\s*(?:,\s*)?(?:(?:right now|currently|these days|nowadays|at "
    r"the moment|here|now|btw|by the way)\s*,?\s*)?"
    r"(?:(?P<changed>(?:has |just |was |got )*(?:changed to|become|became|switched to|"
    r"moved to|been moved to|pushed to|been changed to|is now|are now|'s now|"
    r"will now be|been updated to|now reads|(?:has |just )"
    r"*changed[\w ]{0,20}, ?(?:it's|its|to|now)))|"
    r"(?:is|are|'s)(?!\w)|=|:|being|include|includes|consists of|would be|was always|has "
    r"always been|(?:would )?(?:has|have) to be|must be|have always been|runs on|run on|should "
    r"(?:read|be|say|now be|now read)|"
    r"falls on|fall on|reads|happens to be)"
    r"\s*:?\s*(?:(?P<now>now|actually|still|currently|always|definitely|just|"
    r"only|actually on|hands down|simply|probably|basically|mostly|in fact|on|"
    r"by far|also|both|by|that of|called|from)\s+)*",
    re.I,
)
_LABEL = re.compile(r"\s*(?:\?|:|=|\s-)\s*|\s+(?=[\d+(])|\s+(?:is|are)\s+|\s*'s\s+", re.I)
_VALUE_FIRST = re.compile(
    r"(?:\s+(?:please|pls))?(?P<link>\s*(?:\bis\b|\bare\b|\b(?:has|have) "
    r"(?:always )?been\b|\bhas become\b|\bbecame\b|\bwas always\b|'s)\s*"
    r"(?:now |still |actually |also |probably |always |definitely |easily |another |"
    r"officially |hands down |by far |without a doubt |simply |just |honestly |all-time )"
    r"*|\s*,\s*(?:(?:that's|it's|is|which is|that is|being|also)\s+)?|\s*\(\s*)"
    r"(?:another |one |both )?(?:my|our|the)\s*$",
    re.I,
)
_NEW = re.compile(r"\bnew\b|\bcorrect\b|\bcurrent\b", re.I)
_FIRM = words("email phone birthday pronouns")
"""Keys whose value is never supposed: "if my birthday is 2 May" still says when it is."""
_IF = re.compile(r"\bif\s*$", re.I)
_IN = re.compile(r"\s*(?:is|'s)\s+(?:now\s+)?in\s+", re.I)


def find(text: Text, sentence: Sentence) -> list[Finding]:
    """The attributes a sentence states."""
    found: list[Finding] = []
    for match in _MY.finditer(text.plain, sentence.start, sentence.end):
        found.extend(_mine(text, sentence, match.start(), match.end()))
    for match in _THEIR.finditer(text.plain, sentence.start, sentence.end):
        found.extend(_theirs(text, sentence, match))
    found.extend(_labelled(text, sentence))
    return found


_THEIR = re.compile(
    rf"(?<![\w'])(?:my|our)\s+(?:[\w-]+ )?(?:{'|'.join(f'(?P<{k}>{p})' for k, p in voc.RELATIONS)})"
    rf"(?: (?-i:[^\W\d_a-z])\w+)?(?:'s|s'|')\s+",
    re.I,
)
_OF_OTHERS = words(
    "age birthday hometown home occupation employer nationality diet "
    "allergic_to languages education hobby timezone"
)


def _theirs(text: Text, sentence: Sentence, match: re.Match[str]) -> list[Finding]:
    """As in "my sister's birthday is …"."""
    owner = next(key for key, _ in voc.RELATIONS if match.group(key))
    return _of_owner(text, sentence, Owner(match.start(), match.end(), owner))


def of(text: Text, sentence: Sentence, owners: list[Owner]) -> list[Finding]:
    """As in "her birthday is …", where it is known whose."""
    return [f for owner in owners for f in _of_owner(text, sentence, owner)]


def _of_owner(text: Text, sentence: Sentence, owner: Owner) -> list[Finding]:
    """The first attribute of a relative that has a value."""
    pos = skip(SPACE, text.plain, owner.end, sentence.end)
    if is_guarded(text.plain[max(sentence.start, owner.start - 60) : owner.start]):
        return []
    nouns = [n for n in _attributes_at(text.plain, pos, sentence.end) if n[0].reader]
    return next((f for n in nouns if (f := _of_noun(text, sentence, owner, *n))), [])


def _of_noun(
    text: Text, sentence: Sentence, owner: Owner, attribute: Attribute, end: int
) -> list[Finding]:
    is_kept = attribute.key in _OF_OTHERS or attribute.key.startswith("favorite_")
    is_in = attribute.reader == "in_place"
    link = (_IN if is_in else _IS).match(text.plain, end, sentence.end)
    if not is_kept or link is None:
        return []
    spans = _read("place" if is_in else attribute.reader, text.plain, link.end(), sentence.end)
    return [Finding(attribute.key, s, owner.start, s.end, owner=owner.key) for s in spans]


def _attributes_at(plain: str, pos: int, limit: int) -> list[tuple[Attribute, int]]:
    """The nouns at a position that name a key, and where they end: the longest first."""
    favorite = FAVORITE.match(plain, pos, limit)
    if favorite:
        what = favorite.group("what").lower()
        key = FAVORITE_KEYS.get(what, what.split()[-1])
        return [(Attribute(f"favorite_{key}", "", "favorite", "favorite"), favorite.end())]
    if not _ANY_NOUN.match(plain, pos, limit):
        return []
    matches = ((pattern.match(plain, pos, limit), attribute) for pattern, attribute in _BY_NOUN)
    found = [(attribute, match.end()) for match, attribute in matches if match]
    return sorted(found, key=lambda item: -item[1])


def _mine(text: Text, sentence: Sentence, start: int, pos: int) -> list[Finding]:
    """As in "my X is V" and "V is my X"."""
    nouns = [n for n in _attributes_at(text.plain, pos, sentence.end) if n[0].reader]
    for attribute, end in nouns:
        found = _value_after(text, sentence, attribute, start, end)
        if found:
            return found
    for attribute, end in nouns[:1]:
        return _value_before(text, sentence, attribute, start, end)
    return []


def _value_after(
    text: Text, sentence: Sentence, attribute: Attribute, start: int, end: int
) -> list[Finding]:
    """The value after "my X is"; "is now" and "has changed to" make it a correction."""
    plain, limit = text.plain, sentence.end
    left = plain[max(sentence.start, start - 60) : start]
    if is_guarded(left) and not (attribute.key in _FIRM and _IF.search(left)):
        return []
    is_in = attribute.reader == "in_place"
    link = (_IN if is_in else _IS).match(plain, end, limit)
    if link is None:
        return []
    said = link.groupdict()
    if attribute.reader == "name" and said.get("now") in ("from", "on", "by", "that of"):
        return []  # "my partner is from Chile"
    changed = bool(said.get("changed")) or said.get("now") in ("now", "actually")
    changed = (
        changed or bool(_NEW.search(plain, start, end)) or corrects(plain, sentence.start, start)
    )
    if "moved" in str(said.get("changed")) and attribute.key != "deadline":
        return []  # "my company moved to Oslo" names no company
    reader = attribute.label if link.group().strip() == ":" else ""
    spans = _read("place" if is_in else reader or attribute.reader, plain, link.end(), limit)
    return _made(text, attribute.key, spans, start, changed)


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


_NOUNLIKE = re.compile(r"\s*(?:an?\s|the\s|\d|one\s|\w+ing\s)(?!bit\b|little\b|one\b|same\b)", re.I)


def _goal_value(plain: str, pos: int, limit: int) -> list[Span]:
    lead = re.compile(r"\s*(?:to|for)\s+(?=\w)", re.I).match(plain, pos, limit)
    if not lead and not _NOUNLIKE.match(plain, pos, limit) and plain[pos - 2 : pos] != ": ":
        return []
    return READERS["clause"](plain, lead.end() if lead else pos, limit)


def _value_before(
    text: Text, sentence: Sentence, attribute: Attribute, start: int, end: int
) -> list[Finding]:
    """As in "V is my X", "V, my X", "V. That's my X"."""
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
        left = plain[max(sentence.start, pos - 60) : pos]
        if is_guarded(left):
            continue
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
    return options[:10]


def _plausible(plain: str, attribute: Attribute, span: Span) -> bool:
    word = next(tokens(plain, span.start, span.end, 1), None)
    return word is not None and not is_boundary(word.low) and word.low not in voc.CLAUSE_VERBS


_LABELS = words(
    """
    name age birthday pronouns email phone timezone nationality hometown home occupation
    employer education languages diet hobby skill goal deadline allergic_to working_on
    uses partner spouse likes dislikes owns
    """
)


def _labelled(text: Text, sentence: Sentence) -> list[Finding]:
    """As in "Job: baker", "hometown Oslo", "Favourite colour? red", "name's Bo"."""
    plain, limit = text.plain, sentence.end
    found: list[Finding] = []
    marks = _CLAUSE_START.finditer(plain, sentence.start, limit)
    for begin in (sentence.start, *(mark.end() for mark in marks)):
        start = skip(_SMALL_TALK, plain, begin, limit)
        for attribute, end in _attributes_at(plain, start, limit):
            values = _after_label(text, sentence, attribute, start, end)
            found.extend(values)
            if values:
                break
    return found


_CLAUSE_START = re.compile(r"[,(:]\s+|\s-\s|\b(?:and|but|so)\s", re.I)
_SMALL_TALK = re.compile(
    r"(?:(?:so|ok|okay|hi|hello|hey|btw|and|but|also|the|update|hm|well|about me|me)\b[\s,:!]*)*",
    re.I,
)


_UNMARKED = words("hometown age birthday nationality timezone phone email pronouns")
"""Keys whose value may follow the noun with nothing in between ("hometown Oslo")."""
_SAID_WITH_IS = words(
    "name birthday pronouns email phone timezone nationality hometown home deadline"
)
"""Keys that may be told with "is" but no "my" ("name is Bo", "home is Oslo")."""


def _after_label(
    text: Text, sentence: Sentence, attribute: Attribute, start: int, end: int
) -> list[Finding]:
    """The value behind a label, if the label may introduce one in that way."""
    is_favorite = attribute.key.startswith("favorite_")
    if attribute.key not in _LABELS and not is_favorite:
        return []
    line_end = _line_end(text.plain, end)
    link = _LABEL.match(text.plain, end, line_end)
    mark = link.group().strip() if link else ""
    is_goal = attribute.key == "goal" and text.plain[max(0, start - 4) : start].lower() != "the "
    is_bare = is_favorite and link is None
    is_allowed = is_bare or {
        "": attribute.key in _UNMARKED or (is_favorite and link is not None),
        "?": is_favorite,
        "is": attribute.key in _SAID_WITH_IS or is_favorite or is_goal,
        "are": attribute.key in _SAID_WITH_IS,
        "'s": attribute.key in _SAID_WITH_IS or is_favorite,
    }.get(mark, True)
    if not is_allowed:
        return []
    is_colon = mark in (":", "=", "-", "?")
    if attribute.reader == "in_place" and not is_colon:
        link = _IN.match(text.plain, end, sentence.end)
        spans = _read("place", text.plain, link.end(), sentence.end) if link else []
        return _made(text, attribute.key, spans, start, changed=False)
    if not is_colon and not attribute.reader and not is_bare:
        return []
    reader, limit = (attribute.label, line_end) if is_colon else (attribute.reader, sentence.end)
    spans = _read(reader, text.plain, link.end() if link else end, limit) if reader else []
    if is_bare and (
        sentence.is_question or not spans or not _ENDS.match(text.plain, spans[-1].end)
    ):
        return []
    return _made(text, attribute.key, spans, start, changed=False)


_ENDS = re.compile(r"\s*(?:$|[,.;!\n]|and\b)", re.I)
"""What follows a value that only stands next to its noun ("favourite food dumplings")."""


def _line_end(plain: str, pos: int) -> int:
    end = plain.find("\n", pos)
    return len(plain) if end < 0 else end
