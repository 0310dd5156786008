"""Who a clause is about and how its verb is put: subjects, auxiliaries, negation, hedging.

A `Slot` is a place where a predicate of the grammar may stand: after "I've never", "we're now", or
where a subject is left out ("…, and work at Acme").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from .guards import is_guarded

_ADVERBS = (
    r"now|currently|actually|also|really|still|just|originally|only|mostly|mainly|basically|"
    r"recently|always|honestly|already|presently|usually|generally|personally|absolutely|simply|"
    r"totally|truly|both|all|even|very much|quite|so|finally|officially|proudly|definitely|"
    r"generally|normally|typically|often|sometimes|regularly|mostly|nowadays|these days|right now|"
    r"at the moment|temporarily|permanently|strictly|fully|secretly|happily|newly|freshly|"
    r"thankfully|sadly|unfortunately|fortunately|literally|genuinely|seriously|especially|"
    r"particularly|deathly|severely|terribly|badly|highly|mildly|slightly|completely|super|pretty|"
    r"obviously|technically|primarily|daily|long|once again|again|too|today|as of \w+|though|"
    r"of course|indeed|by the way|btw|tho|very|extremely|incredibly|insanely|well|then|ofc|"
    r"am also|more of|and always have been|kind of|utterly|barely|lately"
)
_HEDGES = (
    r"probably|maybe|perhaps|possibly|kinda|sort of|sorta|presumably|supposedly|"
    r"might be|roughly|about|around|approximately|almost|nearly"
)
_STEP = re.compile(
    rf"""\s*,?\s*(?:
      (?P<be>(?:'m|'re|am|are|is|being)(?![\w'])|(?<=\b[iI])m(?![\w'])|'s(?=\s))
    | (?P<was>(?:was|were)(?![\w']))
    | (?P<been>been(?![\w']))
    | (?P<have>(?:'ve|have|has)(?![\w'])|(?<=\b[iI])ve(?![\w']))
    | (?P<do>(?:do|does|did)(?![\w']))
    | (?P<will>(?:'ll|will|shall)(?![\w'])|gonna(?!\w))
    | (?P<would>(?:'d|would)(?![\w'])|(?<=\b[iI])d(?![\w']))
    | (?P<can>can(?![\w']))
    | (?P<might>(?:might|may)(?![\w']))
    | (?P<nobe>(?:isn'?t|aren'?t|ain'?t|wasn'?t|weren'?t)(?!\w))
    | (?P<nodo>(?:don'?t|doesn'?t|didn'?t|do not|does not)(?!\w))
    | (?P<nohave>(?:haven'?t|hasn'?t)(?!\w))
    | (?P<nocan>(?:can'?t|cannot|can not|couldn'?t)(?!\w))
    | (?P<nowill>(?:won'?t|wouldn'?t|shouldn'?t)(?!\w))
    | (?P<over>(?:no\ longer|used\ to(?=\s(?!it\b|th|h|w|being))|stopped\ being)(?!\w))
    | (?P<neg>(?:not|never|hardly|nt)(?!\w))
    | (?P<change>(?:now|these\ days|actually|nowadays|recently|finally|officially)(?!\w))
    | (?P<hedge>(?:{_HEDGES.replace(" ", chr(92) + " ")})(?!\w))
    | (?P<adverb>(?:{_ADVERBS.replace(" ", chr(92) + " ")})(?!\w))
    )""",
    re.I | re.X,
)
_FRAME_OF = {
    "be": "be", "was": "was", "have": "have", "do": "do", "will": "will", "would": "would",
    "can": "can", "might": "might", "nobe": "be", "nodo": "do", "nohave": "have", "nocan": "can",
    "nowill": "will",
}  # fmt: skip

_SUBJECT = re.compile(
    r"(?<![\w'])(?:(?P<i>i)(?=['\s,]|m\b|ve\b|d (?:rather|love|like"
    r"|prefer)\b)|(?P<we>we|we both|(?:my|our) (?:team|company|family|household|office|shop|studio)"
    r"(?= (?:runs? on|uses?|switched|relies|has switched)\b))"
    r"(?=['\s])|(?P<self>(?:(?:as|being) (?:someone|somebody|a person) (?:who|that)|"
    r"(?:the )?real me)(?=['\s]))|(?P<you>(?:you(?=['\s])(?!'?re (?:right|wrong|"
    r"welcome))|someone who (?=is\b|'s\b))))",
    re.I,
)
_TALKING_TO = re.compile(
    r"\byou(?:'re| are) (?:talking|speaking|dealing|chatting|writing) (?:to|with)\s", re.I
)
_ALONE = re.compile(
    r"(?:^|[,.;:(-]|\b(?:and|but|so|ok|okay|hi|hello|hey|speaking|well|since|because|the))\s*$",
    re.I,
)
_PERSONA = re.compile(
    r"\b(?:do|would|did|are|have) you\b|\byour\b|"
    r",\s*(?:please )?(?:explain|write|tell|give|describe|answer|review|rate|list|act|respond|"
    r"reply|advise|draft|create|compose|critique|comment|summari[sz]e|convince|persuade)\b",
    re.I,
)
"""What speaks to the assistant: "as someone who knows wine, what do you recommend"."""
_LIKE_ME = re.compile(
    r"\b(?:like me|as i do|as do i|that's me|thats me|same as me|which i (?:am|do)|in my case|"
    r"as i am|me for one|and i do)\b",
    re.I,
)
ANYMORE = re.compile(r"\b(?:any ?more|any longer|no longer)\b", re.I)
_HEDGED_LEAD = re.compile(
    r"\b(?:i (?:think|guess|believe|suppose|reckon|assume|suspect)|maybe|perhaps|probably|possibly|"
    r"pretty sure|not sure but|if i remember|i'm fairly sure|apparently)\b[^.]{0,12}$",
    re.I,
)
_MAYBE_LEAD = re.compile(r"\b(?:maybe|perhaps|possibly)\s*$", re.I)
_CORRECTING = re.compile(
    r"\b(?:actually|sorry|correction|scratch that|wait|oops|no,|nope|update|changed|not any ?more|"
    r"as of|since (?:this|last)|on second thoughts?|i meant|instead|turns out|had a rethink|"
    r"forget that|never ?mind|small news|one change)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place where a predicate may stand."""

    start: int
    """Where the statement begins, subject included."""
    pos: int
    """Where the predicate begins."""
    limit: int
    frame: str
    """`be`, `was`, `have`, `do`, `can`, `will`, `would`, `might`, or `any` (nothing is said)."""
    owner: str = "user"
    is_negated: bool = False
    is_over: bool = False
    is_hedged: bool = False
    is_changed: bool = False
    is_elided: bool = False
    is_initial: bool = False
    is_perfect: bool = False
    is_third: bool = False
    """The speaker in the third person: "as someone who lives …"."""
    is_verbal: bool = False
    """It goes on from a clause with another verb, in which no fact was found."""
    after: str = ""
    """The key of the fact before it that it goes on from."""
    verb: int = 0
    """Where the verb group begins, auxiliaries included."""


def parse(text: str, start: int, pos: int, limit: int, **known: object) -> Slot:
    """Read auxiliaries, adverbs and negation from `pos` on."""
    frame, flags, verb = "any", set[str](), pos
    is_explicit = not known.get("is_elided")
    perfect = False
    for _ in range(8):
        step = _STEP.match(text, pos, limit)
        if not step or step.lastgroup is None:
            break
        kind = step.lastgroup
        if kind == "been":
            frame, perfect = "be", True
        elif kind in _FRAME_OF:
            if not _may_follow(frame, kind):
                break
            frame = _FRAME_OF[kind]
        flags.add("neg" if kind.startswith("no") else kind)
        pos = step.end()
    while pos < limit and text[pos] in " ,":
        pos += 1
    if is_explicit and frame == "any":
        frame = "do"
    return Slot(
        start=start,
        pos=pos,
        limit=limit,
        frame=frame,
        verb=verb,
        is_negated="neg" in flags,
        is_over="over" in flags,
        is_hedged="hedge" in flags,
        is_changed="change" in flags,
        is_perfect=perfect,
        **known,  # type: ignore[arg-type]
    )


def _may_follow(frame: str, kind: str) -> bool:
    """Whether an auxiliary continues the verb group; else it is the main verb ("might have it")."""
    if kind == "do":
        return frame == "any"
    if kind in ("have", "be"):
        return frame not in ("can", "will", "would", "might")
    return True


@dataclass(frozen=True, slots=True)
class Subject:
    """A first person (or a "you" that means it) found in a sentence."""

    start: int
    end: int
    is_valid: bool
    is_hedged: bool
    is_maybe: bool
    is_third: bool = False


class Owner(NamedTuple):
    """Where a relative stands as a subject, and which."""

    start: int
    end: int
    key: str


def subjects(text: str, start: int, limit: int) -> list[Subject]:
    """The first persons of a sentence, in order, with what their left context says of them."""
    like_me = bool(_LIKE_ME.search(text, start, min(len(text), limit + 30)))
    found: list[Subject] = []
    for match in _SUBJECT.finditer(text, start, limit):
        left = text[max(start, match.start() - 60) : match.start()]
        is_third = match.lastgroup == "self"
        if is_third:
            valid = bool(_ALONE.search(left)) and not _PERSONA.search(text, match.end(), limit)
        else:
            valid = not is_guarded(left) if match.lastgroup != "you" else like_me
        found.append(
            Subject(
                match.start(),
                match.end(),
                valid,
                bool(_HEDGED_LEAD.search(left)),
                bool(_MAYBE_LEAD.search(left)),
                is_third,
            )
        )
    talk = _TALKING_TO.search(text, start, limit)
    if talk:
        found.append(Subject(talk.start(), talk.end(), True, False, False))
        found.sort(key=lambda subject: subject.start)
    return found


def is_addressed(text: str, subject: Subject) -> bool:
    """Whether it is "you're talking to a …"."""
    return subject.end - subject.start > 12 and bool(_TALKING_TO.match(text, subject.start))


def corrects(text: str, start: int, pos: int) -> bool:
    """Whether the sentence up to `pos` announces a correction or a change."""
    return bool(_CORRECTING.search(text, start, pos))


_ASKS = re.compile(r"(?:are|do|does|did|can|could|should|would|will|shall|am)(?![\w'])", re.I)


def asks(text: str, pos: int, limit: int) -> bool:
    """Whether a question without a subject in front begins there."""
    return bool(_ASKS.match(text, pos, limit))
