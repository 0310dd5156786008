"""From when and until when a statement holds: the date phrase of its clause.

"I've worked at Acme since 2019" holds from then, "I'm in Rome until Friday" until the end of that
day; "I moved in May" began then. A deadline and a plan last until the end of their date. What had
ended when it was said is no state: it closes instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from .dates import AMOUNT, DATE, Period, after, before, resolve
from .findings import Finding
from .spans import Span
from .text import Sentence, Text
from .types import ClaimKind
from .wordlists import words

_CUE = re.compile(
    rf"(?<!\w)(?:(?P<range>(?:from|between)\s+(?P<first>{DATE})\s*(?:to|until|till|and|-|"
    rf"through)\s+"
    rf"(?P<second>{DATE}))|"
    rf"(?:ever )?since\s+(?P<since>{DATE})|(?:starting|beginning|effective|as)\s+"
    rf"(?:from |of |on |in |as of )?(?P<start>{DATE})|from\s+(?P<on>{DATE})(?:\s+(?:on|onwards?))?|"
    rf"(?:until|till|til|through|up to)\s+(?:the end of )?(?P<until>{DATE})|"
    rf"(?P<by>by|before|no later than|due)\s+(?:on )?(?P<limit>{DATE})|"
    rf"for\s+(?:the (?:last|past)\s+|almost |about |over |nearly |more than |another )*"
    rf"(?P<amount>{AMOUNT})|"
    rf"(?P<long>(?:the (?:last|past)\s+)?{AMOUNT})\s+now\b|"
    rf"(?:in|on|at|over)\s+(?P<at>{DATE})|(?P<bare>{DATE}))(?!\w)",
    re.I,
)
_DATE_WORD = re.compile(
    r"\d|day\b|week|month|year|yr|spring|summer|autumn|fall|winter|morrow|night|"
    r"januar|februar|march|april|\bmay\b|june|july|august|septem|octob|novem|decem|\bjan\b|\bfeb\b|"
    r"\bmar\b|\bapr\b|\bjun\b|\bjul\b|\baug\b|\bsept?\b|\boct\b|\bnov\b|\bdec\b|christmas|easter|"
    r"decade|fortnight",
    re.I,
)
"""A cheap look: most messages name no date."""
_CLAUSE = re.compile(r"[,;:()]|\s-\s|\s(?:and|but|so|while|because|although|which)\s", re.I)
_FILLER = re.compile(
    r"[\s,.!-]|\b(?:and|but|so|well|hi|hey|ok|now|then|only|just|on|there)\b", re.I
)
_BEGAN = re.compile(
    r"\b(?:moved|relocated|emigrated|started|joined|began|begun|became|become|got|bought|adopted|"
    r"switched|settled|married|took up|picked up|went|turned|hired|promoted|transferred|changed|"
    r"met|had|was|were|been|'ve|have|has|signed|landed|arrived|upgraded|migrated|enrolled|left|"
    r"quit|sold|stopped|gave up|retired|used to|ended|broke|split|cancel+ed|finished)\b",
    re.I,
)
_BEGINS = re.compile(
    r"\b(?:start|starting|begin|beginning|join|joining|move|moving|will|'ll|going|'m|am|are|'re)\b",
    re.I,
)
_ENDING = re.compile(r"\b(?:ends?|ending|expires?|runs? out|finish(?:es)?|is up)\b", re.I)
_TERM = re.compile(
    r"[\s,]*(?:but |and |although |though )?(?:my|the|our) (?P<of>contract|internship|placement|"
    r"lease|tenancy)\b",
    re.I,
)
"""What bounds an employer or a home: "… but my contract ends in March"."""
_PERFECT = re.compile(r"(?:'ve|have|has|been|ve)\b", re.I)
_ENDS_THEN = words("deadline plan goal")
"""Keys of what lies ahead: their date is their end."""
_TIMELESS = words(
    "name age birthday pronouns hometown email phone languages child son daughter sister brother "
    "mother father about"
)
"""Keys that no date of their clause bounds: it says when something else happened."""
_POINTED = words(
    "home employer occupation education owns uses pet partner spouse diet manager current_location "
    "hobby working_on instruction nationality"
)
"""Keys whose fact begins at a point that a verb of change names."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a date phrase says, and where it stands."""

    span: Span
    first: datetime | None
    last: datetime | None


def dated(text: Text, found: Sequence[Finding], said_at: datetime) -> list[Finding]:
    """The findings with the dates of their clauses; what is over closes."""
    if not found or not _DATE_WORD.search(text.plain):
        return list(found)
    result = list(found)
    for sentence in text.sentences:
        inside = [i for i, f in enumerate(result) if sentence.start <= f.value.start < sentence.end]
        if inside and _DATE_WORD.search(text.plain, sentence.start, sentence.end):
            _date_sentence(text, sentence, result, inside, said_at)
    return result


def _date_sentence(
    text: Text, sentence: Sentence, found: list[Finding], inside: list[int], said_at: datetime
) -> None:
    clauses = _clauses(text.plain, sentence, [found[i] for i in inside])
    for number, clause in enumerate(clauses):
        here = [i for i in inside if clause.start <= found[i].value.start < clause.end]
        near = _spans_for(text.plain, clauses, number)
        for index in here:
            spans = [*near, *_term_of(text.plain, clauses[number + 1 :], found[index])]
            bounds = _bounds(text.plain, spans, found[index], clause, said_at)
            if bounds is not None:
                found[index] = _bounded(found[index], bounds, said_at)


def _clauses(plain: str, sentence: Sentence, found: list[Finding]) -> list[Span]:
    """The sentence cut at commas and conjunctions, but never inside what was read."""
    cuts = [
        mark.start() + (not plain[mark.start()].isspace())
        for mark in _CLAUSE.finditer(plain, sentence.start, sentence.end)
        if not any(f.value.start <= mark.start() < f.value.end for f in found)
        and not _in_date(plain, mark, sentence)
    ]
    edges = [sentence.start, *cuts, sentence.end]
    return [Span(one, two) for one, two in pairwise(edges) if one < two]


def _in_date(plain: str, mark: re.Match[str], sentence: Sentence) -> bool:
    """Whether a comma or "and" belongs to a date ("May 3, 2020", "between May and June")."""
    low = max(sentence.start, mark.start() - 40)
    cues = _CUE.finditer(plain, low, min(sentence.end, mark.end() + 24))
    return any(cue.start() < mark.start() and mark.end() < cue.end() for cue in cues)


def _spans_for(plain: str, clauses: list[Span], number: int) -> list[Span]:
    """A clause, and its neighbor if that has nothing but a date ("Since March, I …")."""
    spans = [clauses[number]]
    before_it = clauses[number - 1] if number else None
    if before_it and number == 1 and _only_date(plain, before_it):
        spans.append(before_it)
    after_it = clauses[number + 1] if number + 1 < len(clauses) else None
    if after_it and _only_date(plain, after_it):
        spans.append(after_it)
    return spans


def _term_of(plain: str, following: list[Span], finding: Finding) -> list[Span]:
    """The clause right after that tells when a job or a lease ends."""
    term = _TERM.match(plain, *following[0]) if following else None
    if term is None:
        return []
    key = "home" if term.group("of").lower() in ("lease", "tenancy") else "employer"
    return following[:1] if finding.key == key else []


def _only_date(plain: str, clause: Span) -> bool:
    cue = _CUE.search(plain, clause.start, clause.end)
    if cue is None:
        return False
    rest = plain[clause.start : cue.start()] + " " + plain[cue.end() : clause.end]
    return not _FILLER.sub("", rest)


def _bounds(
    plain: str, spans: list[Span], finding: Finding, clause: Span, said_at: datetime
) -> Bounds | None:
    if finding.key in _TIMELESS:
        return None
    if finding.key == "deadline":
        period = resolve(_plain_date(plain, finding.value), said_at, is_past=False)
        return Bounds(finding.value, None, period.last) if period else None
    read = [
        bounds
        for span in spans
        for cue in _CUE.finditer(plain, span.start, span.end)
        if not _inside_name(finding, cue)
        for bounds in [_of_cue(plain, cue, finding, clause, said_at)]
        if bounds is not None
    ]
    if not read:
        return None
    first = next((b.first for b in read if b.first), None)
    last = next((b.last for b in read if b.last), None)
    if first and last and first > last:
        return None
    used = [b.span for b in read if b.first is first or b.last is last]
    return Bounds(Span(min(s.start for s in used), max(s.end for s in used)), first, last)


def _inside_name(finding: Finding, cue: re.Match[str]) -> bool:
    """Whether the date is part of the value: "a 2019 Clio" was made then, not bought."""
    return (
        finding.value.start <= cue.start()
        and cue.end() <= finding.value.end
        and (finding.key not in _ENDS_THEN)
    )


def _plain_date(plain: str, value: Span) -> str:
    match = re.compile(DATE, re.I).search(plain, value.start, value.end)
    return match.group() if match else plain[value.start : value.end]


def _of_cue(
    plain: str, cue: re.Match[str], finding: Finding, clause: Span, said_at: datetime
) -> Bounds | None:
    """What one date phrase says about a finding."""
    said = {name: value for name, value in cue.groupdict().items() if value}
    begin = clause.start if cue.start() < clause.end else clause.end
    lead = plain[begin : max(begin, cue.start())]
    is_past = _is_past(lead, finding)
    span = Span(*cue.span())
    if "range" in said:
        first = resolve(said["first"], said_at, is_past=is_past)
        last = resolve(said["second"], first.first if first else said_at, is_past=False)
        return Bounds(span, first.first, last.last) if first and last else None
    for name in ("since", "start", "on"):
        if name in said:
            is_over = name == "since" or (name == "on" and is_past and finding.key != "plan")
            return _from(span, resolve(said[name], said_at, is_past=is_over))
    if "until" in said:
        ended = finding.kind is ClaimKind.CLOSE
        return _until(span, resolve(said["until"], said_at, is_past=ended))
    if "limit" in said:
        ahead = resolve(said["limit"], said_at, is_past=False)
        return _until(span, ahead) if finding.key in _ENDS_THEN else None
    return _of_length(plain, span, said, finding, clause, said_at) or _at(
        span, said, finding, lead, said_at, is_past=is_past
    )


def _of_length(
    plain: str,
    span: Span,
    said: dict[str, str],
    finding: Finding,
    clause: Span,
    said_at: datetime,
) -> Bounds | None:
    """As in "for three years": back from now after a perfect, else ahead for a stay or a plan."""
    amount = said.get("amount") or re.sub(
        r"^the (?:last|past)\s+", "", said.get("long", ""), flags=re.I
    )
    if not amount:
        return None
    if "long" in said or _PERFECT.search(plain, clause.start, span.start):
        return _from(span, before(amount, said_at))
    if finding.key == "current_location":
        return _until(span, after(amount, said_at))
    return None


def _at(
    span: Span,
    said: dict[str, str],
    finding: Finding,
    lead: str,
    said_at: datetime,
    *,
    is_past: bool,
) -> Bounds | None:
    """As in "in May": the end of a plan, the beginning of what began or is to begin then."""
    phrase = said.get("at") or said.get("bare")
    if phrase is None:
        return None
    if finding.key in ("plan", "goal"):
        return _until(span, resolve(phrase, said_at, is_past=False))
    if finding.key in _POINTED and _ENDING.search(lead):
        return _until(span, resolve(phrase, said_at, is_past=False))
    if finding.key not in _POINTED or not (_BEGAN.search(lead) or _BEGINS.search(lead)):
        return None
    period = resolve(phrase, said_at, is_past=is_past)
    if finding.kind is ClaimKind.CLOSE:
        return _until(span, period)
    return _from(span, period)


def _is_past(lead: str, finding: Finding) -> bool:
    """Whether a date that may lie on either side lies behind."""
    if finding.key in _ENDS_THEN:
        return False
    return bool(_BEGAN.search(lead)) or finding.kind is ClaimKind.CLOSE


def _from(span: Span, period: Period | None) -> Bounds | None:
    return Bounds(span, period.first, None) if period else None


def _until(span: Span, period: Period | None) -> Bounds | None:
    return Bounds(span, None, period.last) if period else None


def _bounded(finding: Finding, bounds: Bounds, said_at: datetime) -> Finding:
    """The finding with its dates, and the words that say them in its span."""
    changed = replace(
        finding,
        start=min(finding.start, bounds.span.start),
        end=max(finding.end, bounds.span.end),
        valid_from=bounds.first,
        valid_until=bounds.last,
    )
    is_state = finding.kind in (ClaimKind.STATE, ClaimKind.CORRECT)
    if is_state and bounds.last is not None and bounds.last < said_at:
        return replace(changed, kind=ClaimKind.CLOSE)
    return changed
