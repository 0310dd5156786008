"""People and animals around the speaker: "my sister Ana", "Ana (my boss)", "a dog called Rex"."""

from __future__ import annotations

import re

from . import relation_idioms
from . import vocabulary as voc
from .findings import Finding
from .frames import Owner
from .guards import is_denied, is_guarded
from .nouns import read_list
from .proper import known_name, little, name
from .relation_idioms import Mention, is_name
from .spans import Span, skip, tokens
from .text import Sentence, Text
from .types import ClaimKind

_WORDS = "|".join(f"(?P<{key}>{pattern})" for key, pattern in voc.RELATIONS)
_ADJECTIVES = (
    r"(?:(?!(?:ex|former|previous|late|deceased|estranged|of|with|and|or|the|in|on|at|for|to|is|"
    r"was|has|neighbou?r|from|"
    r"about|if|dead)\b)[\w-]+ ){0,3}?"
)
_NOT_COMPOUND = (
    r"(?! (?:tongue|in law|food|litter|care|company|shower|room|account|benefit|day|language|land|"
    r"board|breed|owner|sitter|walker|show|park|school|group|code|bed|seat|tree|phone|number)\b)"
)
_OWNED = re.compile(
    rf"(?<![\w'])(?:my|our)\s+{_ADJECTIVES}(?:{_WORDS})(?![\w-]){_NOT_COMPOUND}", re.I
)
_COUNTED = re.compile(
    rf"(?<![\w'])(?:an?|one|two|three|four|five|\d|another|the)\s+{_ADJECTIVES}(?:{_WORDS})"
    r"(?P<mine> of (?:mine|ours))?(?![\w-])",
    re.I,
)
_HAVING = re.compile(
    r"\b(?:i|we|i've|we've|ive|i'm|we're|got|have|adopted|rescued|bought|own|took in|foster)\b"
    r"[^,.;:!?]{0,30}$|(?:^|[,.!?]\s*)(?:got|have|just got|adopted|"
    r"rescued)\s*$|^\s*(?:yes|yeah|yep|sure|just)[,. ]+$",
    re.I,
)
_ALONE = re.compile(r"\s*$")
_NAME_WORD = (
    r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.? )?[^\W\d_a-z][\w'-]*\w(?: (?:(?:de|la|van|"
    r"von|der|den|da|dos|el|al|bin) )*[^\W\d_a-z][\w'-]*\w)?"
)
_LEFT = re.compile(
    rf"(?P<names>{_NAME_WORD}(?:(?:, | and |, and | & ){_NAME_WORD})*)"
    r"(?P<link>\s*,\s*(?:(?:who|that|he|she|they)(?:'s|'re| is|"
    r" are| was)(?: also| now| actually)? |"
    r"(?:also|now|actually) |and )?|\s*\(\s*(?:(?:who|that|he|she|they)(?:'s|'re| is| are) )?|"
    r"(?:'s| has)(?: now)? been |'s (?:now )?|(?:,? who)? (?:is|are|"
    r"was|became|has become)(?: now| also| actually)? |"
    r" (?:isn't|is not|aren't|is no longer|are no longer|isnt) | - )$"
)
_NAMING = re.compile(
    r"(?:'s|s')? (?:full |first )?name(?:'s| is|s are)(?: now)? |"
    r",?\s*(?:who(?:'s| is| are| was) |is |are |was |were |whose |"
    r"that's )?(?:called|named|name'?s?)[:,]? |"
    r",?\s*(?:her|his|their) names?(?:'s| is| are) |:\s*|'s called |"
    r"(?: of mine| of ours)?,? (?:called|named) ",
    re.I,
)
_APPOSED = re.compile(
    r"(?P<open>\s*\(\s*(?:called |named |his name is |her name is )?|"
    r",\s+|\s+-\s+|\s+(?:is|are) (?:now |currently )?|\s+)",
    re.I,
)
_CLOSED = re.compile(
    r"\s*(?:$|[,.;:!?)(]|-\s|'s\b|(?:and|but|who|is|are|was|has|so|or|of "
    r"mine|of ours|from|at work|now|too|also|since)\b)",
    re.I,
)
_PLURAL = re.compile(r"s$|children|twins|triplets|buddies", re.I)
_AGE_OF = re.compile(
    r"(?:[\s,]*\((?:(?:aged?|she's|he's|who's) )?|,? aged? |,? who(?:'s| is) (?:only |just )?|, )"
    r"(?P<age>\d{1,2})(?=(?: ?(?:yo|y/o|years? old|yrs))?\s*(?:\)|,|$|[.!?]| and\b| today\b))"
    r"(?! (?:next|in|on) )",
    re.I,
)
_GREETED = re.compile(
    r"\b(?:hi|hello|hey|dear|thanks|thank you|ok|okay|sorry|cheers|in|at|near)\s*,?\s*$", re.I
)
_PARENT = re.compile(
    r"(?<![\w'-])(?:(?P<mother>mum|mom|mama|mummy)|(?P<father>dad|"
    r"papa|daddy))(?=,? \(|, | (?-i:[^\W\d_a-z]))",
    re.I,
)


def find(text: Text, sentence: Sentence) -> tuple[list[Finding], list[Mention]]:
    """The named relations of a sentence, and where its relatives are mentioned."""
    found: list[Finding] = []
    mentions: list[Mention] = []
    for match in _OWNED.finditer(text.plain, sentence.start, sentence.end):
        _owned(text, sentence, match, found, mentions)
    for match in _COUNTED.finditer(text.plain, sentence.start, sentence.end):
        _counted(text, sentence, match, found, mentions)
    _parents(text, sentence, found, mentions)
    found.extend(relation_idioms.find(text, sentence, found))
    relation_idioms.later_name(text, sentence, found, mentions)
    return found, mentions


def pronouns(text: Text, sentence: Sentence, mentions: list[Mention]) -> list[Owner]:
    """As in "she" and "he" after a single relative, as owners of what follows."""
    if not mentions:
        return []
    found: list[Owner] = []
    for match in _PRONOUN.finditer(text.plain, sentence.start, sentence.end):
        before = [m for m in mentions if m.start < match.start() and not m.is_asked]
        if not before or not before[-1].is_single:
            continue
        key, is_she = before[-1].key, match.group().lower() == "she"
        left = text.plain[max(sentence.start, match.start() - 60) : match.start()]
        if key in (voc.MALE if is_she else voc.FEMALE) or is_guarded(left):
            continue
        found.append(Owner(match.start(), match.end(), key))
    return found


_POSSESSIVE = re.compile(r"(?<![\w'])(?:her|his)(?=\s[^\W\d_])", re.I)


def possessives(text: Text, sentence: Sentence, mentions: list[Mention]) -> list[Owner]:
    """As in "her" and "his" after a single relative, as owners of what follows."""
    if not mentions:
        return []
    found: list[Owner] = []
    for match in _POSSESSIVE.finditer(text.plain, sentence.start, sentence.end):
        before = [m for m in mentions if m.start < match.start() and not m.is_asked]
        others = voc.MALE if match.group().lower() == "her" else voc.FEMALE
        if before and before[-1].is_single and before[-1].key not in others:
            found.append(Owner(match.start(), match.end(), before[-1].key))
    return found


def namesakes(
    text: Text, sentence: Sentence, known: dict[str, str], mentions: list[Mention]
) -> list[Owner]:
    """Names met before, standing for the relative they belong to."""
    found: list[Owner] = []
    for word, key in known.items():
        at = text.plain.find(word, sentence.start, sentence.end)
        is_word = at >= 0 and not text.plain[at + len(word) : at + len(word) + 1].isalnum()
        if is_word and not any(m.start <= at < m.end for m in mentions):
            found.append(Owner(at, at + len(word), key))
    return found


_IS_SHORT = re.compile(
    r"'s (?:an?|been|always|now|very|\d+|from|in|at|on|allergic|vegan|"
    r"vegetarian|called|not|\w+ing|the (?:head|director))\b",
    re.I,
)
_PRONOUN = re.compile(r"(?<![\w'])(?:she|he)(?=['\s])", re.I)


_WANTED = re.compile(
    r"(?:\b(?:want|wish|would|looking for|need|if i had)\b|'d (?:love|like)\b)[^,.;]*$|"
    r"(?<!'ve )(?<!have )\bhad\s*$",
    re.I,
)
_NAMING_LEFT = re.compile(
    r"\b(?:name|call|naming|calling|(?:nearly|almost|never|might have|could have|would have) "
    r"(?:named|called))\s*$",
    re.I,
)
_NOT_YET = re.compile(r"\s+(?:will|would|may|might|could) be (?:called|named)\b", re.I)


def _owned(
    text: Text,
    sentence: Sentence,
    match: re.Match[str],
    found: list[Finding],
    mentions: list[Mention],
) -> None:
    """As in "my sister …", with a name on either side of it."""
    plain, key = text.plain, _key(match)
    left = plain[max(sentence.start, match.start() - 60) : match.start()]
    if _NAMING_LEFT.search(left) or is_denied(left):
        return
    if _NOT_YET.match(plain, match.end(), sentence.end):
        return
    single = not _PLURAL.search(match.group(key))
    if _names_before(text, sentence, match, key, found, mentions):
        return
    names, end = _names_after(text, sentence, match.end(), single)
    found.extend(Finding(key, n, match.start(), n.end) for n in names)
    aged = _AGE_OF.match(plain, end, sentence.end) if single else None
    if aged and not is_guarded(left):
        found.append(Finding("age", Span(*aged.span("age")), match.start(), aged.end(), owner=key))
    if (
        plain[match.end() : match.end() + 1] == "'"
        and not names
        and not _IS_SHORT.match(plain, match.end())
    ):
        return  # "my sister's house" is about the house
    is_asked = bool(_ASKING.search(left))
    if is_asked or not is_guarded(left):
        after = _after_who(plain, end, sentence.end)
        mentions.append(Mention(match.start(), after, key, single, is_asked))


_ASKING = re.compile(r"\b(?:can|could|may|should|will|would|does|do|is|are|did|must)\s*$", re.I)


def _key(match: re.Match[str]) -> str:
    return next(key for key, _ in voc.RELATIONS if match.group(key))


_MEANWHILE = re.compile(
    r"\s+(?:last (?:year|month|week|spring|summer|autumn|winter)|this (?:year|week)|yesterday|"
    r"recently|in (?:19|20)\d\d|at the moment|right now|at home|now|"
    r"of (?:\w+ )?(?:years|months))(?=,)",
    re.I,
)


def _names_after(text: Text, sentence: Sentence, pos: int, single: bool) -> tuple[list[Span], int]:
    """The names after a relation word, and where the phrase ends."""
    plain, limit = text.plain, sentence.end
    pos = skip(_MEANWHILE, plain, pos, limit)
    naming = _NAMING.match(plain, pos, limit)
    if naming:
        names = read_list(plain, naming.end(), limit, _any_case if text.is_lower else little(name))
        return _first(names, single), names[-1].end if names else pos
    apposed = _APPOSED.match(plain, pos, limit)
    if not apposed:
        return [], pos
    reader = known_name if apposed.group().strip() in ("", "(") else name
    read = read_list(plain, apposed.end(), limit, little(reader))
    names = [n for n in read if is_name(plain, n)]
    names = _first(names, single)
    link = apposed.group().strip()
    needs_close = link in (",", "-") or link[:2] in ("is", "ar")
    if not names or (needs_close and not _CLOSED.match(plain, names[-1].end, limit)):
        return [], pos
    return names, names[-1].end


def _any_case(plain: str, pos: int, limit: int) -> list[Span]:
    found = name(plain, pos, limit)
    if found:
        return found
    word = next(tokens(plain, pos, limit, 1), None)
    if word is None or word.low in voc.BOUNDARY_WORDS or not word.word.isalpha():
        return []
    return [Span(word.start, word.end)]


def _first(names: list[Span], single: bool) -> list[Span]:
    return names[:1] if single else names


def _after_who(plain: str, pos: int, limit: int) -> int:
    who = re.compile(
        r"(?:\s*\(\s*(?:aged? )?\d{1,2}[^()]{0,10}\))?[\s,)]*(?:,?\s*\bwho\b)?", re.I
    ).match(plain, pos, limit)
    return who.end() if who else pos


def _names_before(
    text: Text,
    sentence: Sentence,
    match: re.Match[str],
    key: str,
    found: list[Finding],
    mentions: list[Mention],
) -> bool:
    """As in "Ana, my sister," and "Ana is my sister"."""
    plain, start = text.plain, max(sentence.start, match.start() - 80)
    left = _LEFT.search(plain[start : match.start()])
    if left is None or not _links(text, sentence, left, match, start):
        return False
    link = left.group("link").strip().lower()
    names = read_list(plain, start + left.start("names"), start + left.end("names"), name)
    names = [n for n in names if is_name(plain, n)]
    if not names or (_PLURAL.search(match.group(key)) is None and link == "are"):
        return False
    if _PLURAL.search(match.group(key)) is None and len(names) > 1:
        names = names[-1:]
    kind = ClaimKind.STATE
    if key in _ONE_AT_A_TIME and _NOW.match(plain, match.end()):
        kind = ClaimKind.CORRECT
    if re.search(r"\b(?:isn'?t|not|no longer|aren't)\b", link):
        kind = ClaimKind.CLOSE
        found.extend(_successor(plain, match, sentence, key))
    found.extend(Finding(key, n, n.start, match.end(), kind) for n in names)
    mentions.append(
        Mention(names[0].start, _after_who(plain, match.end(), sentence.end), key, len(names) == 1)
    )
    return True


_ONE_AT_A_TIME = frozenset(("manager", "partner", "spouse"))
_NOW = re.compile(r"\s+now\b", re.I)


def _links(
    text: Text, sentence: Sentence, left: re.Match[str], match: re.Match[str], start: int
) -> bool:
    """Whether the words between name and relation join them."""
    link = left.group("link").strip().lower()
    before = text.plain[sentence.start : start + left.start("names")]
    if link in (",", ", and", "-", ",and"):
        if link != "," and link != "-":
            return False
        is_closed = _CLOSED.match(text.plain, match.end(), sentence.end)
        return (
            bool(is_closed)
            and not _GREETED.search(before)
            and not before.rstrip().endswith((" and", "from"))
        )
    return not re.search(r"\b(?:if|whether|was|is)\s*$", before, re.I)


def _successor(plain: str, match: re.Match[str], sentence: Sentence, key: str) -> list[Finding]:
    """As in "Ana isn't my boss anymore, Bea is": who took over."""
    rest = re.compile(
        r"\s*(?:any ?more|any longer|now)?\s*[,;]\s*"
        r"(?:and |but |now )?(?:it's )?(?P<name>[^\W\d_a-z][\w'-]+)"
        r"(?: is\b| now\b| took over|$|[,.])"
    ).match(plain, match.end(), sentence.end)
    if rest is None:
        return []
    return [Finding(key, Span(*rest.span("name")), match.start(), rest.end())]


def _counted(
    text: Text,
    sentence: Sentence,
    match: re.Match[str],
    found: list[Finding],
    mentions: list[Mention],
) -> None:
    """As in "I have a son, Leo", "a friend of mine, Leo", "Leo, a good friend"."""
    plain, key = text.plain, _key(match)
    single = not _PLURAL.search(match.group(key)) and not _SEVERAL.match(match.group())
    left = plain[sentence.start : match.start()]
    is_social = key in ("friend", "colleague")
    if is_social and _names_before(text, sentence, match, key, found, mentions):
        return
    if _WANTED.search(left) or _NAMING_LEFT.search(left):
        return
    having = _HAVING.search(left) or _ALONE.match(left)
    if not left.strip() and not _NAMING.match(plain, match.end(), sentence.end):
        having = _HAVING.search(left)
    if not (match.group("mine") or having) or is_guarded(
        left[: having.start()] if having else left
    ):
        return
    names, end = _names_after(text, sentence, match.end(), single)
    found.extend(Finding(key, n, match.start(), n.end) for n in names)
    if single and (names or key == "pet"):
        mentions.append(Mention(match.start(), _after_who(plain, end, sentence.end), key, True))


_SEVERAL = re.compile(r"(?:two|three|four|five|[2-9])\b", re.I)
_BARE_PARENT = re.compile(
    r"(?<![\w'-])(?<!my )(?<!our )(?<!your )(?<!his )(?<!her )"
    r"(?:(?P<mother>mum|mom|mama)|(?P<father>dad|papa))"
    r"(?=\s(?:is|lives|works|has|loves|hates|likes|speaks|turned|moved|turns)\b|'s\b)",
    re.I,
)


def _parents(text: Text, sentence: Sentence, found: list[Finding], mentions: list[Mention]) -> None:
    """As in "mum (Ana)", "there's dad, Leo,": parents need no possessive."""
    for match in _BARE_PARENT.finditer(text.plain, sentence.start, sentence.end):
        if not is_guarded(text.plain[sentence.start : match.start()][-60:]):
            key = match.lastgroup or "mother"
            mentions.append(Mention(match.start(), match.end(), key, True))
    for match in _PARENT.finditer(text.plain, sentence.start, sentence.end):
        if any(m.start <= match.start() < m.end for m in mentions):
            continue
        names, end = _names_after(text, sentence, match.end(), True)
        key = match.lastgroup or "mother"
        if names and _CLOSED.match(text.plain, names[-1].end, sentence.end):
            found.append(Finding(key, names[0], match.start(), names[0].end))
            end = _after_who(text.plain, end, sentence.end)
            mentions.append(Mention(match.start(), end, key, True))
