"""What stands in a message and is not its writer's: blocks about others, mails, labeled speech."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import gazetteer as gaz

_ROLES = (
    r"patient|client|customer|lead|prospect|applicant|candidate|tenant|landlord|landlady|guest|"
    r"neighbou?r|colleague|co-?worker|boss|manager|employee|contractor|plumber|electrician|"
    r"teacher|student|pupil|tutor|doctor|dentist|lawyer|therapist|supplier|vendor|buyer|seller|"
    r"friend|roommate|flatmate|sister|brother|mother|mum|mom|father|dad|son|daughter|wife|"
    r"husband|partner|girlfriend|boyfriend|aunt|uncle|cousin|niece|nephew|grandmother|"
    r"grandfather|grandma|grandpa|parents?|kids?|child|babysitter|nanny|cleaner|gardener|"
    r"persona|recipient|attendee|visitor|passenger|resident|new hire|intern|trainee"
)
_OTHER = re.compile(
    rf"\b(?:{_ROLES})(?:s|'s|s')?\b|\b(?:intake|registration|admission|crm|(?:lead|contact|data|"
    r"sample|example|test|dummy|template) (?:sheet|record|form|entry|card|file|row))\b|"
    r"\b(?:contact|details|info|address|facts|notes|data) (?:for|of|about|on) (?:the|him|her|them|"
    r"this|that|a|an|our)\b|\b(?:about|for) (?:him|her|them)\b|"
    r"\b(?i:about|on|of|for) (?-i:(?!Me\b|Myself\b)[A-Z][a-z]+)(?: (?-i:[A-Z][a-z]+))?\s*:?\s*$",
    re.I,
)
_TREATED = re.compile(
    r"\b(?:tidy|clean|format|reformat|fix|check|proofread|convert|turn|put|sort|parse|extract|"
    r"sum up|structure|arrange|type|transcribe|clean up|tidy up)(?: up)? (?:this|these|the "
    r"following|it|that)\b",
    re.I,
)
_MINE = re.compile(
    r"\b(?:i'm|im|i am|mine|myself|about me|and me|me and|my (?:own )?"
    r"(?:\w+ )?(?:details|profile|info|"
    r"information|data|facts|card|particulars|bio|basics|stats|signature)|rules?|instructions?|"
    r"guidelines?|preferences|always)\b",
    re.I,
)
_FOR_ME = re.compile(r"\b(?:for|of|on) me\b", re.I)
_ITEM = (
    r"(?:[ \t]*(?:[-*•+]|\d{1,2}[.)])[ \t]+[^\n]+|"
    r"[ \t]*(?!my\b|i\b)[^\W\d][\w '/-]{0,24}:[ \t]+\S[^\n]*)"
)
_BLOCK = re.compile(
    rf"^(?P<head>[^\n]{{3,120}})\n(?:[ \t]*\n){{0,2}}"
    rf"(?P<items>{_ITEM}(?:\n(?:[ \t]*\n)?{_ITEM})*)",
    re.M | re.I,
)
_I = re.compile(r"(?<![\w'])i(?![\w.])", re.I)
_ITEM_START = re.compile(r"[ \t]*(?:[-*•+]|\d{1,2}[.)])[ \t]|[^\n:]{1,25}:[ \t]+\S")


_MAIL = re.compile(
    r"^[ \t]*(?:subject|sent):[ \t]+\S.*|^[ \t]*from:[ \t]+(?:[^\n@]*@|[^\n]+\n(?:[^\n]+\n){0,2}?"
    r"(?:subject|sent|date|cc):).*|(?:\A|(?<=\n\n))from:[ \t]+(?-i:[A-Z])\w+ (?-i:[A-Z])[^\n]*\n"
    r"(?:to:[^\n]*\n)?[ \t]*\n.*|"
    r"^[ \t]*-*[ \t]*(?:begin )?(?:forwarded|original) (?:message|mail|e-?mail)\b.*|"
    r"\b(?:got|received|(?:sent|forwarded|texted|emailed) (?:me|us)) (?:this|these|the following)"
    r"(?: (?:today|yesterday|just now|now|earlier|this morning|last night|message|mail|e-?mail|"
    r"letter|text|note|from [\w.' ]{1,40}|in (?:the|my) \w+|by \w+)){0,3}:\s.*|"
    r"\bis (?:this|that|it) (?:[\w-]+ ){0,3}?(?:phishing|spam|scam|legit|legitimate|fake|fraud|"
    r"genuine)\b[^.?!:\n]{0,30}(?::\s|\?\s*(?:\n[ \t]*\n|(?=(?:dear|hi|hello|hey|my name|attention|"
    r"congratulations)\b))).*|"
    r"\bdear (?:(?:valued|esteemed) )?(?:customer|client|guest|member|account holder|subscriber|"
    r"cardholder|user|tenant|resident|parents?|applicant|candidate)s?\b"
    r"(?! (?:services?|support|care|team|relations|association|office|success|desk|help)\b).*",
    re.I | re.M | re.S,
)
_LABELS = (
    r"candidate|applicant|interviewer|interviewee|recruiter|teacher|student|pupil|professor|"
    r"doctor|patient|nurse|therapist|client|customer|agent|host|guest|caller|operator|speaker|"
    r"narrator|reporter|journalist|officer|witness|lawyer|judge|waiter|seller|buyer|landlord|"
    r"tenant|boss|employee|manager|assistant|bot|chatbot|ai|chatgpt|mum|mom|dad|him|her"
)
_SPOKEN = re.compile(
    rf"^[ \t]*(?:(?P<name>[^\W\d_]+)(?: [A-Z]\.?)?|{_LABELS})(?: \d| [a-z])?:[ \t]+"
    r"(?P<said>[^\n]*)",
    re.I | re.M,
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|im|i've|my|me|we|we're|our)\b", re.I)
_ROLE = re.compile(_LABELS, re.I)
_ASIDE = re.compile(
    r"(?:^|(?<=[.!?\n] )|(?<=\n))[ \t]*(?:(?:(?:for|as an?|an|one|another|here(?:'s| is) an?) )?"
    r"(?:example|instance|sample|test|prompt|test (?:case|input|sentence|message)|case|use case|"
    r"input|demo|dummy|role[- ]?play|user story)|e\.g\.?|for (?:the|our|my|a) (?:role[- ]?play|"
    r"game|play|demo|test|exercise|script))(?: \d{1,2}| [a-z])?:\s(?:[^\n]|\n(?!\s*\n))*",
    re.I,
)
_ASKED = re.compile(
    r"(?:^|(?<=[.!?\n] ))[ \t]*Q\d?:[ \t](?:[^\n]|\n(?!\s*\n)){0,400}?\bA\d?:[ \t][^\n]*", re.M
)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a message that are not its writer's words about themselves."""
    mail = _MAIL.search(text)
    if mail:
        yield mail.span()
    if ":" not in text:
        return
    for block in _BLOCK.finditer(text):
        if _is_foreign(block.group("head")) and not _speak_alike(block):
            yield block.span("items")
    for spoken in _SPOKEN.finditer(text):
        if _is_speaker(spoken):
            yield spoken.span()
    for aside in (*_ASIDE.finditer(text), *_ASKED.finditer(text)):
        yield aside.span()


def _is_foreign(head: str) -> bool:
    """Whether a line announces what follows as somebody else's, or as text to work on."""
    if _ITEM_START.match(head) or _MINE.search(head):
        return False
    is_other = bool(_OTHER.search(head)) and not _FOR_ME.search(head)
    return is_other or bool(_TREATED.search(head))


def _speak_alike(block: re.Match[str]) -> bool:
    """Whether header and items both say "I", as in "I'm asking for my son: - I live in …"."""
    return bool(_I.search(block.group("head")) and _I.search(block.group("items")))


def _is_speaker(spoken: re.Match[str]) -> bool:
    """Whether a label before a colon is a person's name or part."""
    name = spoken.group("name")
    if not _FIRST_PERSON.search(spoken.group("said")):
        return False  # "Manager: Petra" is a line of a profile
    if name is None or _ROLE.fullmatch(name):
        return True
    return name[0].isupper() and name.lower() in gaz.FIRST_NAMES - gaz.MONTHS
