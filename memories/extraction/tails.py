"""What follows from the words behind a fact: "a nurse at Acme in Leeds" tells three."""

from __future__ import annotations

import re
from dataclasses import replace

from . import vocabulary as voc
from .findings import Finding
from .readers import READERS
from .types import ClaimKind

_WORK_TAIL = re.compile(
    r"\s*,?\s*(?:(?:currently |now )?(?:working |employed )?(?:at|for|with)|here at)\s+|"
    r"\s+(?:at|of|for|with) an? [\w -]{2,30}? (?:called|named)\s+",
    re.I,
)
_WORKPLACE_TAIL = re.compile(rf"\s+(?:at|in) an? (?=(?:\w+ )?{voc.WORKPLACES}\b)", re.I)
_RUNNING_TAIL = re.compile(
    r"\s+(?:running|with) (?=(?-i:[A-Z]))(?=\w+(?: \d[\w.]*)?(?:$|[,.;?!]))", re.I
)
_ABROAD_TAIL = re.compile(
    r"\s+(?:(?:citizen|national|expat|guy|girl|woman|man|student|family) )?"
    r"(?:living |based )?in\s+",
    re.I,
)
_BORN_TAIL = re.compile(r"\s+in\s+", re.I)
_ORIGIN_TAIL = re.compile(r"\s*,?\s*(?:originally )?from\s+", re.I)
_PLACE_TAIL = re.compile(
    r"\s*,?\s*(?:down |over |up |out |here |based |living |working |currently )*in\s+", re.I
)
_ROLE_TAIL = re.compile(r"\s*,?\s*as\s+(?=an?\b|the\b|\w)", re.I)
_JOB_TAIL = re.compile(
    r"\s*,?\s*(?:for|to (?:start|take)) (?:an? |my )?(?:new )?(?:job|"
    r"position|role|internship|postdoc) (?:at|with)\s+|"
    r"\s*,?\s*(?:and|to) (?:work|working) (?:at|for)\s+",
    re.I,
)
_YEARS_TAIL = re.compile(r"[- ]?(?:years?[- ]old|yrs?[- ]old|yo|y/o)\s+", re.I)
_STUDENT = re.compile(r"\bstudents?$|\bundergrad\w*$|\bphd$", re.I)
_SUBJECT_TAIL = re.compile(r"\s*(?:in|of)\s+(?=[^\W\d_])", re.I)
_AGED_TAIL = re.compile(r"\s*,\s*", re.I)


def find(plain: str, fact: Finding, limit: int) -> list[Finding]:
    """As in "… at Acme" and "… in Leeds" after a profession, "… as a nurse" after an employer."""
    if fact.kind not in (ClaimKind.STATE, ClaimKind.CORRECT):
        return []
    if fact.key == "occupation" and _STUDENT.search(plain, fact.value.start, fact.value.end):
        return [*_tail(plain, fact, limit, _WORK_TAIL, "organisation", "education"),
                *_tail(plain, fact, limit, _SUBJECT_TAIL, "study", "education")]  # fmt: skip
    if fact.key in ("home", "current_location"):
        return _tail(plain, fact, limit, _JOB_TAIL, "organisation", "employer")
    if fact.key == "occupation":
        return [*_tail(plain, fact, limit, _WORK_TAIL, "organisation", "employer"),
                *_tail(plain, fact, limit, _WORKPLACE_TAIL, "loose_organisation", "employer"),
                *_tail(plain, fact, limit, _PLACE_TAIL, "place", "home"),
                *_tail(plain, fact, limit, _ORIGIN_TAIL, "place", "hometown")]  # fmt: skip
    if fact.key == "employer":
        return _tail(plain, fact, limit, _ROLE_TAIL, "any_occupation", "occupation")
    if fact.key == "owns":
        return _tail(plain, fact, limit, _RUNNING_TAIL, "tools", "uses")
    if fact.key == "nationality":
        return _tail(plain, fact, limit, _ABROAD_TAIL, "place", "home")
    if fact.key == "birthday":
        return _tail(plain, fact, limit, _BORN_TAIL, "place", "hometown")
    if fact.key == "age":
        return _tail(plain, fact, limit, _YEARS_TAIL, "occupation", "occupation")
    return []


def _tail(
    plain: str, fact: Finding, limit: int, lead: re.Pattern[str], reader: str, key: str
) -> list[Finding]:
    match = lead.match(plain, fact.end, limit)
    if not match:
        return []
    found = READERS[reader](plain, match.end(), limit)
    if not found or plain[found[0].start : found[0].end].lower() in voc.WORK_FIELDS:
        return []
    more = replace(fact, key=key, value=found[0], end=found[0].end)
    if key in ("employer", "occupation"):
        return [more, *_tail(plain, more, limit, _PLACE_TAIL, "place", "home")]
    return [more]
