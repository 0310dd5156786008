"""Readers of values with a shape of their own: ages, dates, addresses, time zones."""

from __future__ import annotations

import re

from . import vocabulary as voc
from .spans import (
    SPACE,
    Reader,
    Span,
    skip,
)

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
FULL_DATE = (
    rf"(?:{_DAY}(?: of)? {_MONTH}\.?(?:,? \d{{4}})?|{_MONTH}\.? {_DAY}\b(?:,? \d{{4}})?|"
    r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}/\d{1,2})"
)
_LOOSE_DATE = (
    rf"(?:{FULL_DATE}|(?:the )?(?:end of (?:the |this |next )"
    rf"?(?:\w+)|{_DAY}\b(?! (?:street|floor|grade))"
    r"|(?:start|beginning|middle) of (?:the |next )?\w+)|"
    r"(?:next |this |coming )?(?:mon|tues|wednes|thurs|fri|"
    r"satur|sun)day(?: (?:morning|evening|noon|"
    r"night|afternoon|next week))?|next (?:week|month|year)|tomorrow|tonight|midnight|"
    rf"(?:early |late |mid[- ]?)?{_MONTH}\b(?: \d{{4}})?|christmas|new year's eve|easter)"
)
_NUMBER_WORDS = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    r"ninety)(?:[ -](?:one|two|three|four|five|"
    r"six|seven|eight|nine))?|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
)
_ZONE = (
    r"(?:(?:UTC|GMT)(?: ?[+-] ?\d{1,2}(?::?\d\d)?)?|(?:CET|CEST|EET|EEST|WET|WEST|BST|IST|EST|EDT|"
    r"CST|CDT|MST|MDT|PST|PDT|AEST|AEDT|ACST|AWST|NZST|NZDT|JST|KST|SGT|HKT|PKT|MSK|BRT|ART|CAT|"
    r"EAT|WAT|SAST|GST|PHT|WIB|ICT|AKST|HST)\b|(?:Europe|America|Asia|Africa|Australia|Pacific|"
    r"Atlantic)/[A-Z][\w/]+|(?:(?:central|eastern|western|northern|southern) (?:european|african|"
    r"indonesia|australian|standard|daylight)|eastern|pacific|mountain|central|indian standard|"
    r"[a-z]+(?: [a-z]+)? standard|[A-Z]\w+) (?:summer |daylight )?time\b)"
)
_PATTERNS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"(?P<value>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})"),
    "phone": re.compile(
        r"(?P<value>\+?\(?\d[\d ()./-]{5,17}\d)(?!\d)(?! ?(?:€|eur|usd|\$|%))", re.I
    ),
    "date": re.compile(rf"(?:on |the (?=\d))?(?P<value>{FULL_DATE})\b", re.I),
    "loose_date": re.compile(rf"(?:on |by )?(?P<value>{_LOOSE_DATE})\b", re.I),
    "address": re.compile(
        r"(?P<value>(?=[^.;!?\n@]{0,40}\d)[^\W_][^;!?\n@]{5,80}?)"
        r"(?=\s*(?:$|[.;!?\n]|,? (?:is|if|can|in case|but|and (?:i|my|the)|so|please|pls)\b))",
        re.I,
    ),
    "year": re.compile(r"(?P<value>(?:19|20)\d\d)\b"),
    "timezone": re.compile(rf"(?:the )?(?P<value>{_ZONE})", re.I),
    "pronouns": re.compile(
        r"(?P<value>(?:she|he|they|xe|ze|it|any|fae|ey)(?:/(?:her|him|them|they|he|she|hers|his|"
        r"theirs|xem|zir|it|its|all|any))+|any pronouns|(?:she|he|they) and (?:her|him|them))\b",
        re.I,
    ),
    "diet": re.compile(rf"(?:an? |on |to )?(?:\w+ly )?(?P<value>{voc.DIETS})\b"
                       r"(?! (?:restaurant|recipe|"
                       r"food|option|place|friend|wife|husband|butcher|shop))", re.I),
}  # fmt: skip


def shaped(kind: str) -> Reader:
    pattern = _PATTERNS[kind]

    def read(text: str, pos: int, limit: int) -> list[Span]:
        match = pattern.match(text, skip(SPACE, text, pos, limit), limit)
        return [Span(*match.span("value"))] if match else []

    return read


def age(text: str, pos: int, limit: int) -> list[Span]:
    """A number of years a person can have."""
    match = _AGE.match(text, skip(SPACE, text, pos, limit), limit)
    if not match:
        return []
    digits = match.group("digits")
    if digits and not 1 <= int(digits) <= 119:
        return []
    return [Span(*match.span("value"))]


_AGE = re.compile(
    rf"(?P<value>(?:(?P<digits>\d{{1,3}})|{_NUMBER_WORDS}))(?:[mf]\b|(?![\w+]))"
    r"(?!\.\d|,\d|:\d|/\d|%|-\w(?!ear|r)|['\"°€$£])(?! ?(?:%|percent|euros?|dollars|pounds|min|"
    r"minutes?|hours?|days?|weeks?|months?|km|kg|kilos?|cm|m2|miles?|lbs?|people|of us|"
    r"degrees|pages|credits|points|times|pm|am|k|kids|th|st|th\b)\b)",
    re.I,
)
