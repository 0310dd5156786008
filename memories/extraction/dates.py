"""Date phrases as spans of time: "since March", "two years ago", "until next Friday".

A cheap pattern finds the phrase; `dateparser` reads it, relative to the moment given, never to a
clock. It gives dates with the exactness of the words, and a phrase stands for the whole of its day,
week, month or year: what began then began at its first second, what ends then ends with its last.
Seasons are those of the northern hemisphere; "12/09" is a 12th of September.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dateparser.date import DateDataParser
from dateutil.easter import easter
from dateutil.relativedelta import relativedelta

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_YEAR = r"(?:19|20)\d\d\b"
_NUMBER = (
    r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|"
    r"twenty|thirty|forty|a (?:couple|few)(?: of)?|a couple|several|few)"
)
_UNIT = r"(?:day|week|fortnight|month|year|yr|decade)s?"
_SEASON = r"(?:spring|summer|autumn|fall|winter)"
_PART = r"(?:the )?(?:early|late|mid|beginning of|start of|middle of|end of)[ -](?:the )?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
DATE = (
    rf"(?:(?:the )?{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?|{_MONTH} {_DAY}(?!\d)(?:,? {_YEAR})?|"
    r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|"
    rf"(?:about |around |over |almost )?{_NUMBER} {_UNIT} ago|"
    rf"(?:next|last|this|coming|the coming) (?:{_WEEKDAY}|{_MONTH}|{_SEASON}|week(?:end)?|month|"
    rf"year|morning)\b|{_PART}(?:(?:next|last|this) )?(?:week|month|year)\b|"
    rf"(?:{_PART})?(?:(?:next|last|this|the) )?(?:{_MONTH}(?:,? (?:of )?{_YEAR})?|"
    rf"{_SEASON}\b(?: (?:of )?{_YEAR})?|{_YEAR})|"
    rf"{_WEEKDAY}\b|the \d{{1,2}}(?:st|nd|rd|th)\b|today|tonight|tomorrow|yesterday|"
    r"(?:last night)|christmas(?: eve| day)?|new year'?s?(?: eve| day)?|easter)"
)
AMOUNT = rf"{_NUMBER} (?:long )?{_UNIT}"
"""A length of time, as in "for three years"."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SEASON_STARTS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_STEP = {
    "day": relativedelta(days=1),
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "season": relativedelta(months=3),
    "year": relativedelta(years=1),
}
_VAGUE = re.compile(r"\b(?:a couple(?: of)?|a few|few|several)\b")
_LEAD = re.compile(r"^(?:about|around|over|almost) ")
_ENDS = re.compile(rf"^{_PART}")
_OF_SEASON = re.compile(
    rf"^(?P<which>next |last |this |the )?(?P<season>{_SEASON})(?: (?:of )?(?P<year>{_YEAR}))?$"
)
_OF_MONTH = re.compile(rf"^(?P<which>next|last) (?P<month>{_MONTH})$")
_ORDINAL = re.compile(r"^the (?P<day>\d{1,2})(?:st|nd|rd|th)$")
_RELATIVE = re.compile(r"^(?P<which>next|last|this|coming|the) (?P<unit>week|month|year|weekend)$")


@dataclass(frozen=True, slots=True)
class Period:
    """What a phrase stands for: from its first second to its last."""

    first: datetime
    last: datetime


def resolve(phrase: str, now: datetime, *, is_past: bool) -> Period | None:
    """The period a date phrase means to somebody who says it at `now`.

    `is_past` decides what may be either ("in May", "on Friday"). None for what is no date, and for
    what lies outside of 1900 to 2199.
    """
    try:
        said = now.astimezone(UTC).replace(tzinfo=None)
        words = _LEAD.sub("", " ".join(phrase.lower().split()))
        found = _own(words, said, is_past) or _parsed(words, said, is_past)
    except (OverflowError, ValueError):  # said at the edge of the calendar
        return None
    return _period(*found) if found else None


def _period(moment: datetime, unit: str) -> Period | None:
    if not 1900 <= moment.year < 2200:
        return None
    start = _start(moment, unit)
    end = start + _STEP[unit] - timedelta(seconds=1)
    return Period(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))


def before(amount: str, now: datetime) -> Period | None:
    """The period that lies an amount of time back: "three years" is the year it was then."""
    return resolve(f"{amount} ago", now, is_past=True)


def after(amount: str, now: datetime) -> Period | None:
    """The day an amount of time ahead."""
    try:
        said = now.astimezone(UTC).replace(tzinfo=None)
        words = _amount(" ".join(amount.lower().split()))
        found = _read(f"in {words}", said, is_past=False)
    except (OverflowError, ValueError):
        return None
    return _period(found[0], "day") if found else None


Found = tuple[datetime, str]
"""A moment, and the unit whose whole is meant."""


def _start(moment: datetime, unit: str) -> datetime:
    """The first second of the unit that holds a moment."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if unit in ("month", "season") else day


def _parsed(words: str, said: datetime, is_past: bool) -> Found | None:
    """What the library reads, without "early", "end of" and their like; an end is its last day."""
    part = _ENDS.match(words)
    core = words[part.end() :] if part else words
    if part and core in ("week", "month", "year"):
        core = f"this {core}"
    inner = _own(core, said, is_past) if part else None
    found = inner or _read(_amount(core), said, is_past)
    if found is None or part is None or "end" not in part.group():
        return found
    last = _start(*found) + _STEP[found[1]] - timedelta(days=1)
    return last, "day"


def _amount(words: str) -> str:
    """Amounts that people leave open, as numbers."""
    words = re.sub(r"\byrs?\b", "years", words.replace("long ", ""))
    words = re.sub(r"\b(?:a|one) fortnight|fortnight", "2 weeks", words)
    return _VAGUE.sub(lambda m: "2" if "couple" in m.group() else "3", words)


_UNITS = {"day": "day", "week": "week", "month": "month", "year": "year", "time": "day"}


def _read(words: str, said: datetime, is_past: bool) -> Found | None:
    moment, period = _library(words, said.replace(minute=0, second=0, microsecond=0), is_past)
    return (moment, _UNITS.get(period, "day")) if moment else None


@lru_cache(maxsize=512)
def _library(words: str, said: datetime, is_past: bool) -> tuple[datetime | None, str]:
    """`dateparser`, told everything it would else take from the machine: clock, zone, language."""
    settings = {
        "RELATIVE_BASE": said,
        "PREFER_DATES_FROM": "past" if is_past else "future",
        "DATE_ORDER": "DMY",
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    try:
        found = DateDataParser(languages=["en"], settings=settings).get_date_data(words)
    except (OverflowError, ValueError):
        return None, ""
    return found.date_obj, found.period or "day"


def _own(words: str, said: datetime, is_past: bool) -> Found | None:
    """The phrases that the library has no notion of."""
    return (
        _season(words, said, is_past)
        or _ordinal(words, said, is_past)
        or _month(words, said)
        or _unit(words, said)
        or _feast(words, said, is_past)
    )


def _season(words: str, said: datetime, is_past: bool) -> Found | None:
    """As in "last summer": the latest that has ended; "next summer": the first to begin."""
    match = _OF_SEASON.match(words)
    if match is None:
        return None
    month = _SEASON_STARTS[match.group("season")]
    if match.group("year"):
        return datetime(int(match.group("year")), month, 1), "season"
    starts = [datetime(said.year + n, month, 1) for n in (-2, -1, 0, 1, 2)]
    which = (match.group("which") or "").strip()
    if which == "last":
        return max(s for s in starts if s + relativedelta(months=3) <= said), "season"
    if which == "this":
        return min(s for s in starts if s + relativedelta(months=3) > said), "season"
    if which == "next" or not is_past:
        return min(s for s in starts if s > said), "season"
    return max(s for s in starts if s <= said), "season"


def _ordinal(words: str, said: datetime, is_past: bool) -> Found | None:
    """As in "the 3rd": the nearest one in that direction."""
    match = _ORDINAL.match(words)
    if match is None or not 1 <= int(match.group("day")) <= 31:
        return None
    day, step = int(match.group("day")), -1 if is_past else 1
    for months in range(5):
        first = said.replace(day=1) + relativedelta(months=step * months)
        if day > monthrange(first.year, first.month)[1]:
            continue
        moment = first.replace(day=day)
        if (moment <= said) if is_past else (moment >= said):
            return moment, "day"
    return None


def _month(words: str, said: datetime) -> Found | None:
    """As in "next May" and "last May"."""
    match = _OF_MONTH.match(words)
    if match is None:
        return None
    month = 1 + _MONTHS.index(match.group("month")[:3])
    first = said.replace(month=month, day=1)
    if match.group("which") == "last":
        return (first if month < said.month else first - relativedelta(years=1)), "month"
    return (first if month > said.month else first + relativedelta(years=1)), "month"


def _unit(words: str, said: datetime) -> Found | None:
    """As in "this week" and "next year"."""
    if words == "this morning" or words == "tonight":
        return said, "day"
    words = re.sub(r"^(?:the )?coming ", "this ", words)
    match = _RELATIVE.match(words)
    if match is None:
        day = re.fullmatch(rf"this ({_WEEKDAY})", words)
        return _read(day.group(1), said, is_past=False) if day else None
    unit = "week" if match.group("unit") == "weekend" else match.group("unit")
    shift = {"next": 1, "last": -1}.get(match.group("which"), 0)
    moment = _start(said, unit) + shift * _STEP[unit]
    if match.group("unit") == "weekend":
        return moment + timedelta(days=5), "day"
    return moment, unit


def _feast(words: str, said: datetime, is_past: bool) -> Found | None:
    """Christmas, New Year and Easter."""
    if words.startswith("christmas"):
        days = [said.replace(year=said.year + n, month=12, day=25) for n in (-1, 0, 1)]
    elif words.startswith("new year"):
        is_eve = words.endswith("eve")
        days = [
            said.replace(year=said.year + n, month=12 if is_eve else 1, day=31 if is_eve else 1)
            for n in (-1, 0, 1)
        ]
    elif words == "easter":
        dates = [easter(said.year + n) for n in (-1, 0, 1)]
        days = [said.replace(year=d.year, month=d.month, day=d.day) for d in dates]
    else:
        return None
    return (
        max(d for d in days if d <= said) if is_past else min(d for d in days if d >= said)
    ), "day"
