"""What keeps a clause from being the speaker's own assertion, read from the words before it."""

from __future__ import annotations

import re

_INVERTED = (
    r"do|did|does|am|are|was|were|is|should|can|could|would|will|have|has|may|might|must|shall|"
    r"don't|didn't|aren't|isn't|can't|couldn't|shouldn't|won't|"
    r"wouldn't|haven't|wasn't|weren't|dont|"
    r"cant|didnt"
)
_UNREAL = (
    r"if|if only|even if|only if|what if|unless|whether|in "
    r"case|wish|wished|wishing|as though|as if|"
    r"when|whenever|until|till|before|after|once|by the time|lest|imagine|suppose|like|than|how|"
    r"what|why|where|who|whom|which|assuming|dream(?:ed|t)?(?: that)?|provided|the day|pretend|"
    r"pretending|or|say|let's say|every time|each time|the first time|the last time|back when|"
    r"(?:someone|anyone|somebody|people|person|man|woman|guy|girl) (?:like|that|who)"
)
_SAYING = (
    r"said|say|says|saying|think|thinks|thinking|thought|"
    r"claims?|claimed|assumes?|assumed|told|tell|"
    r"tells|telling|insists?|insisted|believes?|believed|suggests?|suggested|suspects?|suspected|"
    r"implied|implies|imply|heard|hears|joked?|jokes|joking|lied|pretended|guess(?:es|ed)?|asks?|"
    r"asked|write|writing|written|wrote|stating|states|mentions|mentioning|explaining|convinced|"
    r"doubt|doubts|swears?|swore|sings?|accused|acts?|acting|realis\w+|realiz\w+|worried|afraid|"
    r"shows?|showing|listed|lists"
)
_BAD_LEFT = re.compile(rf"(?<![\w'])(?:{_INVERTED})\s*$|(?<!\w)(?:{_UNREAL})(?:\s+that)?\s*$", re.I)
_REPORTED = re.compile(
    rf"(?P<who>(?:[\w'.]+[ ,]+){{0,3}})(?<!\w)(?P<verb>{_SAYING})"
    r"(?:\s+to)?(?:\s+(?:me|you|him|her|them|us|everyone|people|my \w+))?"
    r"(?:\s+(?:earlier|before|once|just now|last time|yesterday|previously|above|at the start))?"
    r"(?:\s+that)?[\s,:]*$",
    re.I,
)
_IN_MAY = re.compile(
    r"\b(?:in|come|by|since|this|next|until|till|last|of|from|early|late|\d\d?(?:st|nd|rd|th)?) "
    r"may\s*$",
    re.I,
)
"""The month, not the auxiliary."""
_BY_RECORD = re.compile(
    r"\b(?:according to|your (?:site|system|records|app|website|database))\b[^,]*$", re.I
)
_OWN_SAYING = re.compile(r"\b(?:i|we|i've|ive|i'd|me)\b", re.I)
_EXPERT = re.compile(
    r"\b(?:my|our|the|an?) (?:doctor|dr|gp|dietitian|dietician|allergist|nutritionist|\w+ologist|"
    r"nurse|specialist|consultant|physician|p(?:a)?ediatrician|psychiatrist|hospital|clinic|"
    r"(?:blood|allergy|skin|patch) tests?|test results|results)\b",
    re.I,
)
_AND_THAT = re.compile(rf"(?<!\w)(?:{_SAYING})\b[^.!?]*(?:\band|\bor|,) that\s*$", re.I)
"""As in "you said that I'm from Rome and that …": the report goes on."""
_INSINCERE = re.compile(r"\b(?:joke|joked|lied|pretended|dreamt|dreamed|doubt|swear)", re.I)
_SURE = r"(?:just |simply |totally |completely |absolutely |plain |clearly )?"
_DENIAL = (
    r"\bnever (?:once )?(?:said|say|told (?:you|him|her|them|anyone)|claimed|stated|wrote|implied|"
    r"suggested|meant)|\b(?:didn't|did not|don't|do not) (?:say|claim|state|write|imply|suggest|"
    rf"mean)|(?:\b(?:isn't|wasn't|is not|was not)|'s not) {_SURE}(?:true|the case|correct|accurate|"
    rf"a fact)|(?:'s|\bis|\bwas) {_SURE}(?:false|untrue|a lie|a myth|a rumou?r|nonsense|wrong|"
    r"incorrect|a misunderstanding)|\b(?:there's|there is|theres) no (?:way|chance|truth in it)|"
    r"(?<!n't )(?<!not )(?<!never )\b(?:deny|denied|denies)|\bfar from (?:it|true)"
)
_DENIED = re.compile(
    rf"(?:{_DENIAL})(?: that)?\s*$|(?:^|[,;] ?|\bit's )not that\s*$|(?:{_DENIAL})\b[^.!?]*"
    r"(?:\band|\bor|,) that\s*$",
    re.I,
)
"""As in "I never said that …", "it's a lie that …": the clause is what is not so."""


def is_denied(left: str) -> bool:
    """Whether a subject after these words is said not to do what it does."""
    return bool(_DENIED.search(left))


def is_guarded(left: str) -> bool:
    """Whether a subject after these words asks, supposes, or is quoted by another."""
    if _BY_RECORD.search(left) or is_denied(left):
        return True
    if _BAD_LEFT.search(left) and not _IN_MAY.search(left):
        return not re.search(r"\b(?:that is why|that's why|knowing what)\s*$", left, re.I)
    if _AND_THAT.search(left) and not _OWN_SAYING.match(left.lstrip()):
        return True
    reported = _REPORTED.search(left)
    if reported is None:
        return False
    if _INSINCERE.search(reported.group("verb")):
        return True
    own = _OWN_SAYING.search(reported.group("who")) or _EXPERT.search(reported.group("who"))
    return not own and not re.search(r"\bjust heard\b", left, re.I)
