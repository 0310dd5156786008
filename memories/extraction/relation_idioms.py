"""Ways of naming somebody without a relation word beside the name: "Jana from my team"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import gazetteer as gaz
from . import vocabulary as voc
from .findings import Finding
from .nouns import read_list
from .proper import little, name
from .spans import Span
from .text import Sentence, Text
from .types import ClaimKind

_OFFICE = re.compile(
    r"(?P<name>[^\W\d_a-z][\w'-]+) (?:from|at|in) (?:my|our|the) (?:office|team|"
    r"work|department|company|lab)\b|(?P<name2>[^\W\d_a-z][\w'-]+) from (?:work|"
    r"accounting|accounts|hr|sales|marketing|finance|legal|it)\b"
)
_MARRIED = re.compile(
    r"(?P<name>[^\W\d_a-z][\w'-]+) \((?:we've been|we're|we are|we got) (?:happily )?married"
)
_THE_ANIMAL = re.compile(rf"(?P<name>[^\W\d_a-z][\w'-]+) the (?:{voc.ANIMALS})\b")
_OTHER_ONE = re.compile(
    r"\b(?:the other(?: one)?|the second(?: one)?|the younger(?: one)?|the older "
    r"one),? (?:is |called |named |is called )?(?=[^\W\d_a-z])"
)
_INCLUDED = re.compile(r"\b(?:kids|children)(?: included| too| as well| in tow)? \((?=[^\W\d_a-z])")
_LISTED = re.compile(r"\s*(?:$|[,.;:!?()]|(?:and|but|who|are|is|start|starts|have|has|so|in)\b)")
_SIDE_BY_SIDE = re.compile(
    r"\b(?:i|we) (?:work|share an office|share a desk|sit|carpool) (?:closely |together |next )?"
    r"(?:with|to) (?P<name>(?-i:[^\W\d_a-z])[\w'-]+)",
    re.I,
)
_HAD = re.compile(
    r"\b(?:have|had|got|adopted|own) (?P<name>(?-i:[^\W\d_a-z])[\w'-]+), an? (?:\w+ ){0,2}"
    rf"(?:{voc.ANIMALS})\b",
    re.I,
)
_ANIMAL = re.compile(rf"\b(?:{voc.ANIMALS})\b", re.I)
_OURS = re.compile(
    r"\b(?:ours|mine)(?:,| is called| is named|'s called) (?=(?-i:[^\W\d_a-z]))", re.I
)
_TOGETHER = re.compile(
    r"\b(?:have|got|'ve|had|with|expecting|our|my) (?P<child>twins|triplets)(?:,? called| named|"
    r",|:) "
    r"(?=(?-i:[^\W\d_a-z]))|"
    r"(?:^|(?<=[.!?\n] )|\b(?:have|got|'ve|with|of) )(?:two|three|four|my) (?:little )?"
    r"(?:(?P<son>boys)|(?P<daughter>girls)),? (?=(?-i:[^\W\d_a-z]))|"
    rf"(?:^|(?<=[.!?\n] ))(?:(?:and|plus|also) )?(?:an?|one|two|three|four|five|\d) (?:\w+ )?"
    rf"(?P<pet>{voc.ANIMALS}), "
    r"(?=(?-i:[^\W\d_a-z]))",
    re.I,
)
_PARTING = re.compile(
    r"(?P<name>(?-i:[^\W\d_a-z])[\w'-]+) and (?:i|me) (?:have |are |were |been |just |recently |"
    r"finally |now |happily )*"
    r"(?:(?P<over>broke|broken|split|separated|parted|divorced|got "
    r"divorced|getting divorced|are done(?! with)|are no longer)|"
    r"(?P<wed>got married|married|tied the knot|newlyweds)|(?P<bound>got engaged|engaged|dating|"
    r"a couple|together(?= (?:for|since)\b)|living together))",
    re.I,
)


_AT_WORK = re.compile(
    r"\b(?:an?|one|this) (?:[\w-]+ )?(?:woman|man|guy|girl|lady|bloke|fellow|lad|person) (?:on|in|"
    r"from|"
    r"at) (?:my|our) (?:team|office|department|company|work|lab|shift|floor|unit)(?: at work)?,? "
    r"(?:called |named )?(?=(?-i:[^\W\d_a-z]))|\bsomeone (?:at|from) work,? (?:called |named )?"
    r"(?=(?-i:[^\W\d_a-z]))",
    re.I,
)
_KIN = (
    r"(?P<mother>mother|mum|mom)|(?P<father>father|dad)|(?P<sister>sister)|(?P<brother>brother)|"
    r"(?P<spouse>wife|husband)|(?P<partner>partner|girlfriend|boyfriend|fianc[eé]e?)|(?P<son>son)|"
    r"(?P<daughter>daughter)|(?P<manager>boss)"
)
_KIN_IS = re.compile(
    rf"(?:^|(?<=\n)|(?<=[.!?,;:(] )|(?<=\band ))(?:{_KIN})"
    r"(?: is (?:called |named )?|'s (?:called|named) )(?=(?-i:[^\W\d_a-z]))",
    re.I,
)
_SO_MANY = re.compile(
    r"(?:^|(?<=\n)|(?<=[.!?:,] )|\b(?:with|and|of) )(?P<count>two|three|four|five) "
    r"(?:[\w-]+ )?(?:(?P<son>sons)|"
    r"(?P<daughter>daughters)|(?P<child>kids|children)),? (?:called |named )?(?=(?-i:[^\W\d_a-z]))",
    re.I,
)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}
_NAME_ENDS = re.compile(r"\s*(?:$|[,.;:!?()]|(?:and|but|aged|who|so)\b)", re.I)


@dataclass(frozen=True, slots=True)
class Mention:
    """A relative named or only mentioned: where a predicate about them may follow."""

    start: int
    end: int
    key: str
    is_single: bool
    is_asked: bool = False
    """In a question ("can my mother …"): what is said of her there is no fact."""


def find(text: Text, sentence: Sentence, before: list[Finding]) -> list[Finding]:
    """Ways of naming somebody without a relation word next to the name."""
    plain, start, end = text.plain, sentence.start, sentence.end
    found: list[Finding] = []
    for match in _OFFICE.finditer(plain, start, end):
        if _THIS_IS.search(plain, max(start, match.start() - 16), match.start()):
            continue
        group = "name" if match.group("name") else "name2"
        _add(plain, found, "colleague", match, group)
    for match in _MARRIED.finditer(plain, start, end):
        _add(plain, found, "spouse", match, "name")
    for match in _THE_ANIMAL.finditer(plain, start, end):
        _add(plain, found, "pet", match, "name")
    for match in _INCLUDED.finditer(plain, start, end):
        found.extend(
            Finding("child", n, match.start(), n.end)
            for n in read_list(plain, match.end(), end, name)
        )
    if any(f.key == "pet" for f in (*before, *found)):
        for match in _OTHER_ONE.finditer(plain, start, end):
            found.extend(
                Finding("pet", n, match.start(), n.end) for n in name(plain, match.end(), end)
            )
    for match in _TOGETHER.finditer(plain, start, end):
        names = [n for n in read_list(plain, match.end(), end, name) if is_name(plain, n)]
        if names and not _LISTED.match(plain, names[-1].end, end):
            continue
        key = match.lastgroup or "pet"
        found.extend(Finding(key, n, match.start(), n.end) for n in names)
    for match in _OURS.finditer(plain, start, end):
        if _ANIMAL.search(plain, max(0, start - 300), end):
            found.extend(
                Finding("pet", n, match.start(), n.end) for n in name(plain, match.end(), end)
            )
    for match in _SIDE_BY_SIDE.finditer(plain, start, end):
        if match.group("name").lower() in gaz.FIRST_NAMES:
            _add(plain, found, "colleague", match, "name")
    for match in _HAD.finditer(plain, start, end):
        _add(plain, found, "pet", match, "name")
    low = plain[start:end].lower()
    if " and i " in low or " and me " in low:
        _couple(plain, start, end, found)
    if any(word in low for word in _KIN_CLUES):
        found.extend(_kin(plain, start, end))
    if any(word in low for word in _COUNTS):
        found.extend(_counted(plain, start, end))
    return found


_KIN_CLUES = (" is ", "'s called", "'s named", " my ", " our ", " work")


def _kin(plain: str, start: int, end: int) -> list[Finding]:
    """As in "Mother is Ana, father is Leo" and "a man on my team, Leo"."""
    found: list[Finding] = []
    for pattern in (_KIN_IS, _AT_WORK):
        for match in pattern.finditer(plain, start, end):
            names = name(plain, match.end(), end)
            if names and is_name(plain, names[0]) and _NAME_ENDS.match(plain, names[0].end, end):
                key = match.lastgroup or "colleague"
                found.append(Finding(key, names[0], match.start(), names[0].end))
    return found


_TALE = re.compile(
    r"\s*:|,?\s+(?:who|\w+) (?:into|to|the|a|an|for|on|in|through|from|up|out|their|his|her)\b",
    re.I,
)
"""As in "two kids, Hansel and Gretel, walk into a forest"."""


def _counted(plain: str, start: int, end: int) -> list[Finding]:
    """As in "two sons, Ben and Leo": as many names as were counted."""
    for match in _SO_MANY.finditer(plain, start, end):
        read = read_list(plain, match.end(), end, little(name))
        names = [n for n in read if is_name(plain, n)]
        is_tale = names and _TALE.match(plain, names[-1].end, end)
        if len(names) == _COUNTS[match.group("count").lower()] and not is_tale:
            key = match.lastgroup or "child"
            return [Finding(key, n, match.start(), n.end) for n in names]
    return []


def _add(plain: str, found: list[Finding], key: str, match: re.Match[str], group: str) -> None:
    span = Span(*match.span(group))
    if name(plain, span.start, span.end) and is_name(plain, span):
        found.append(Finding(key, span, match.start(), match.end()))


_THIS_IS = re.compile(r"\b(?:this is|it's|its|it is|i'm|i am|im|here is) $", re.I)
_IN = re.compile(r"\b(?:in|at|from|to|near|outside) $", re.I)
"""Before a place, as in "we live in Oslo and I married"."""


def _couple(plain: str, start: int, end: int, found: list[Finding]) -> None:
    for match in _PARTING.finditer(plain, start, end):
        span = Span(*match.span("name"))
        if _IN.search(plain, max(start, span.start - 8), span.start):
            continue
        if match.group("over"):
            for key in ("partner", "spouse"):
                found.append(Finding(key, span, match.start(), match.end(), ClaimKind.CLOSE))
        elif match.group("wed"):
            found.append(Finding("spouse", span, match.start(), match.end()))
        else:
            found.append(Finding("partner", span, match.start(), match.end()))


def is_name(plain: str, span: Span) -> bool:
    low = plain[span.start : span.end].lower().split()[0]
    if low in gaz.FIRST_NAMES:
        return True
    return low not in gaz.NATIONALITIES | gaz.LANGUAGES | gaz.MONTHS | gaz.WEEKDAYS | gaz.COUNTRIES


_HER_NAME = re.compile(
    r"[,(]?\s*(?P<name>[^\W\d_a-z][\w-]+)(?:'s| is) (?:her|his|its|their) name|"
    r"(?<!\w)(?:her|his|its|their|the) names?(?:'s| is| are) (?P<after>)|"
    r"(?<!\w)(?:she|he|it|they)(?:'s| is|'re| are) (?:called|named) (?P<called>)",
)


def later_name(
    text: Text, sentence: Sentence, found: list[Finding], mentions: list[Mention]
) -> None:
    """Add the name said later, as in "my sister, Ana's her name" and "her name is Ana"."""
    if not mentions:
        return
    last = mentions[-1]
    if any(f.key == last.key for f in found):
        return
    for match in _HER_NAME.finditer(text.plain, last.start, sentence.end):
        spans = (
            [Span(*match.span("name"))]
            if match.group("name")
            else name(text.plain, match.end(), sentence.end)
        )
        found.extend(Finding(last.key, s, last.start, max(match.end(), s.end)) for s in spans[:1])
        if spans:
            mentions[-1] = Mention(last.start, match.end(), last.key, last.is_single)


_NAMED_LATER = re.compile(
    r"(?:(?:his|her|its|their|the) names?(?:'s| is)|(?:he|she|it|they)(?:'s| is|'re| are) "
    r"(?:called|"
    r"named)|(?:called|named)) (?=(?-i:[^\W\d_a-z]))",
    re.I,
)


def named_later(
    text: Text, sentence: Sentence, last: Mention, found: list[Finding]
) -> list[Finding]:
    """As in "We got a puppy! His name is Rex"."""
    match = _NAMED_LATER.match(text.plain, sentence.start, sentence.end)
    if match is None or not last.is_single or any(f.key == last.key for f in found):
        return []
    names = name(text.plain, match.end(), sentence.end)[:1]
    return [Finding(last.key, n, match.start(), n.end) for n in names]
