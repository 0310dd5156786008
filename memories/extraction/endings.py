"""What ends or settles something said before, told by its name: "Rex died", "I applied"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .findings import CORRECTED, Finding
from .guards import is_guarded
from .proper import name
from .spans import Span
from .text import Sentence, Text
from .types import Claim, ClaimKind
from .vocabulary import RELATIONS

_STATED = (ClaimKind.STATE, ClaimKind.CORRECT)
_PEOPLE = frozenset(key for key, _ in RELATIONS)
_GONE = re.compile(
    r"(?:'s| has| is| was)?(?: just| sadly| recently| finally)* (?:died|dead|passed(?: away)?|"
    r"put (?:down|to sleep)|been put (?:down|to sleep)|no longer with us)\b",
    re.I,
)
_PARTED = re.compile(
    r"(?:'s| has)?(?: just| finally)* (?:(?:left|dumped|divorced|ghosted) me|broke up with me|"
    r"moved out|and (?:i|me) (?:are|'re) (?:done|over|no longer|divorced|divorcing)|is my ex)\b",
    re.I,
)
_RESIGNED = re.compile(
    r"(?:'s| has| was| got| is)?(?: just| finally)* (?:left(?! me\b| (?:my|the|his|her) \w)|quit|"
    r"resigned|retired|fired|leaving(?: us)?|gone|laid off|moved on|promoted away)\b",
    re.I,
)
_NEXT = re.compile(
    r"[^.?!\n]{0,30}?[,;.] ?(?:and |so |but )*(?:it's|now it's|(?:my|our) new (?:one|boss|"
    r"manager) is)"
    r"(?: now)? (?=(?-i:[^\W\d_a-z]))",
    re.I,
)
_OF_KEY = {
    "partner": (_GONE, _PARTED), "spouse": (_GONE, _PARTED), "friend": (_GONE,),
    "manager": (_GONE, _RESIGNED), "colleague": (_GONE, _RESIGNED), "pet": (_GONE,),
}  # fmt: skip


def find(text: Text, before: Sequence[Claim], found: Sequence[Finding]) -> list[Finding]:
    """All that a message ends, settles or puts right of what was said before it."""
    if not before:
        return []
    right = replaced(text, before, found)
    ended = [*dropped(text, before, [*found, *right]), *partings(text, before)]
    return [*right, *ended, *finished(text, before), *settled(text, before)]


def partings(text: Text, before: Sequence[Claim]) -> list[Finding]:
    """As in "Rex died", "Alex left me", "Petra left, it's Sven now", of people named before."""
    found: list[Finding] = []
    for claim in reversed(before):
        patterns = _OF_KEY.get(claim.key, ()) if claim.kind in _STATED else ()
        if patterns and not any(f.key == claim.key for f in found):
            found.extend(_parted(text, claim, patterns))
    return found


_MOURNED = re.compile(
    r"\b(?:died|passed away|no longer with us|rest in peace|rip|(?:put|putting) "
    r"(?:\w+ ){1,5}(?:down|to "
    r"sleep)|lost (?:my|our) (?!job|way|mind|key|phone|wallet|bag|pass))\b",
    re.I,
)


def mourned(text: Text, sentence: Sentence, found: list[Finding]) -> list[Finding]:
    """As in "had to put our cat Smokey down": who is named is no longer."""
    if not found or not _MOURNED.search(text.plain, sentence.start, sentence.end):
        return found
    return [replace(f, kind=ClaimKind.CLOSE) if f.key in _PEOPLE else f for f in found]


def _parted(text: Text, claim: Claim, patterns: tuple[re.Pattern[str], ...]) -> list[Finding]:
    for match in re.finditer(rf"(?<!\w){re.escape(claim.value)}(?!\w)", text.plain, re.I):
        left = text.plain[max(0, match.start() - 60) : match.start()].rsplit("\n", 1)[-1]
        tail = next((t for p in patterns if (t := p.match(text.plain, match.end()))), None)
        if tail is None or is_guarded(re.split(r"[.!?]", left)[-1]):
            continue
        span = Span(*match.span())
        ended = Finding(claim.key, span, match.start(), tail.end(), ClaimKind.CLOSE)
        following = _NEXT.match(text.plain, tail.end())
        names = name(text.plain, following.end(), len(text.plain)) if following else []
        return [ended, *(Finding(claim.key, n, match.start(), n.end) for n in names)]
    return []


_DID = re.compile(
    r"(?<![\w'])(?:i|we)(?:'ve| have| just| finally| already| actually)* (?P<did>\w+)", re.I
)
_DID_IT = re.compile(
    r"(?:^|(?<=[.!?\n] ))(?:(?:ok|so|update|well|and|yes|done)[\s,:]+)*(?P<did>got|bought|did|"
    r"booked|took|"
    r"went|applied|signed|moved|sold|quit|ordered|joined|switched|adopted) (?:one|it|them|there|"
    r"for it)\b",
    re.I,
)
_DID_SO = re.compile(r"(?:^|(?<=[.!?,\n] )|(?<=ok ))(?:i|we) (?:finally |actually )?did it\b", re.I)
_PAST = {
    "bought": "buy", "got": "get", "went": "go", "took": "take", "sold": "sell", "left": "leave",
    "gone": "go", "taken": "take", "chose": "choose", "began": "begin", "quit": "quit",
    "flew": "fly", "gave": "give", "became": "become", "did": "do", "done": "do",
}  # fmt: skip
_NOT_DOING = re.compile(
    r"(?<![\w'])(?:i'm|im|i am|we're|we are|i've|we've|i|we)?\s*(?:not (?:going (?:to|through)|"
    r"doing|"
    r"getting|buying|applying|moving|taking|switching)|decided not to|won't be|no longer "
    r"(?:considering|thinking))(?!\w)(?P<rest>[^.?!\n]{0,60})",
    re.I,
)


def settled(text: Text, before: Sequence[Claim]) -> list[Finding]:
    """What was uncertain and is done, or given up: "I applied" after "I might apply to …"."""
    found: list[Finding] = []
    for claim in before[-8:]:
        if claim.key != "about" or claim.kind not in _STATED:
            continue
        match = (
            _DID_SO.search(text.plain) or _done(text, claim.value) or _given_up(text, claim.value)
        )
        if match:
            end = match.end()
            found.append(Finding("about", Span(end, end), match.start(), end, ClaimKind.RESOLVE))
    return found[:1]


def _done(text: Text, doubt: str) -> re.Match[str] | None:
    verb = doubt.split()[0].lower()
    for match in [*_DID.finditer(text.plain), *_DID_IT.finditer(text.plain)]:
        did = match.group("did").lower()
        base = _PAST.get(did, did[:4] if did.endswith("ed") else "")
        left = text.plain[max(0, match.start() - 60) : match.start()]
        is_same = bool(base) and verb.removesuffix("ing")[:3] == base[:3]
        if is_same and not is_guarded(re.split(r"[.!?\n]", left)[-1]):
            return match
    return None


def _given_up(text: Text, doubt: str) -> re.Match[str] | None:
    mine = {w[:4] for w in doubt.lower().split() if len(w) > 3}
    for match in _NOT_DOING.finditer(text.plain):
        said = {w[:4] for w in match.group().lower().split() if len(w) > 3}
        if mine & said or not match.group("rest").strip(" ,it"):
            return match
    return None


_NOT_THIS = re.compile(
    r"(?<![\w'])not (?P<old>[^,.;!?\n]{2,30}?)(?: any ?more| any longer)?(?: btw)?(?:,| but| - ) ?"
    r"(?:it's |its |but |is )?(?P<new>[^,.;!?\n]{2,30}?)"
    r"(?=$|[,.;!?\n]|\s(?:since|now|from|instead|these|as|please|pls|btw)\b)",
    re.I,
)


def replaced(text: Text, before: Sequence[Claim], found: Sequence[Finding]) -> list[Finding]:
    """As in "not Karl, Carl": the old value names the key."""
    match = _NOT_THIS.search(text.plain)
    if match is None:
        return []
    claim = _stating(match.group("old"), before, found)
    if claim is None:
        return []
    if claim.key in _PEOPLE and len(match.group("new").split()) > 2:
        return []
    return [
        Finding(claim.key, Span(*match.span("new")), match.start(), match.end("new"),
                ClaimKind.CORRECT, claim.subject, CORRECTED)
    ]  # fmt: skip


def _stating(value: str, before: Sequence[Claim], found: Sequence[Finding]) -> Claim | None:
    """The newest claim of a value, unless the message tells its key anew."""
    value = value.strip().lower()
    claim = next((c for c in reversed(before) if c.value.lower() == value), None)
    if claim is None or claim.kind not in _STATED or any(f.key == claim.key for f in found):
        return None
    return claim


_NO_MORE = re.compile(
    r"(?<![\w'])(?:(?:not|no longer) (?:an? |at |in |with |into |using |on )?"
    r"(?P<old>[^,.;!?\n]{2,30}?) (?:any ?more|any longer)|no longer (?:an? |at |in |with |on )?"
    r"(?P<gone>[^,.;!?\n]{2,30}?)(?=$|[,.;!?\n]))\b",
    re.I,
)


def dropped(text: Text, before: Sequence[Claim], found: Sequence[Finding]) -> list[Finding]:
    """As in "so not vegetarian anymore": the value that no longer holds names the key."""
    match = _NO_MORE.search(text.plain)
    if match is None or is_guarded(text.plain[max(0, match.start() - 40) : match.start()]):
        return []
    group = "old" if match.group("old") else "gone"
    claim = _stating(match.group(group), before, found)
    if claim is None:
        return []
    span = Span(*match.span(group))
    return [Finding(claim.key, span, match.start(), match.end(), ClaimKind.CLOSE, claim.subject)]


_FINISHED = re.compile(
    r"(?:(?:my|the|our|this|that) )?(?P<what>[\w'-]+(?: [\w'-]+){0,3}?)(?:'s| is| are)(?: now| "
    r"all| "
    r"finally| officially)* (?:finished|done|over|completed|submitted|published|released|live|off|"
    r"cancel+ed|called off|scrapped)\b",
    re.I,
)
_WORK = frozenset(("working_on", "goal", "plan"))


def finished(text: Text, before: Sequence[Claim]) -> list[Finding]:
    """As in "the podcast is finished" of what was being made, planned or aimed at."""
    found: list[Finding] = []
    for sentence in text.sentences:
        match = _FINISHED.search(text.plain, sentence.start, sentence.end)
        if match is None or sentence.is_question:
            continue
        if is_guarded(text.plain[sentence.start : match.start()][-60:]):
            continue
        last = match.group("what").lower().split()[-1]
        for claim in before:
            words = claim.value.lower().split()
            if claim.key in _WORK and claim.kind in _STATED and len(last) > 3 and last in words:
                span = Span(*match.span("what"))
                found.append(Finding(claim.key, span, match.start(), match.end(), ClaimKind.CLOSE))
    return found[:3]


def switched(found: list[Finding], text: Text, before: Sequence[Claim]) -> list[Finding]:
    """As in "switched to Firefox": it replaces the one tool that was named before."""
    tools = {c.value for c in before if c.key == "uses" and c.kind in _STATED}
    if len(tools) != 1:
        return found
    return [
        replace(f, kind=ClaimKind.CORRECT, confidence=CORRECTED)
        if f.key == "uses" and f.kind is ClaimKind.STATE and _SWITCH.match(text.plain, f.start)
        else f
        for f in found
    ]


_SWITCH = re.compile(
    r"[\s,]*(?:(?:ok|so|and|but|well|update|actually|i|we|i've|we've|have|just|now)[\s,:]+)*"
    r"(?:switched|migrated|moved|changed|converted)\b",
    re.I,
)
