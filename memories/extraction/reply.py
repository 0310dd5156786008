"""Reading what a language model answered. Pure, and trusting nothing of it.

A claim is kept only if it cites a piece that was sent, its quote stands there character by
character, and its value stands in its quote, under a key of ours, from which the category follows.
Whatever else an answer holds (ids, scopes, further fields) is not looked at.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from memories.keys import RELATIONS

from .findings import ENTITY_TYPES
from .prompt import KEYS, Piece
from .types import Claim, ClaimKind
from .vocabulary import category_of

MAX_CLAIMS = 200
"""In one answer; more is no reading of what was sent."""
MAX_VALUE = 1_000
MAX_CONFIDENCE = 0.95
_FAVORITE = re.compile(r"favorite_[a-z]{1,40}")
_NEEDS_NO_VALUE = frozenset({ClaimKind.CLOSE, ClaimKind.REVOKE, ClaimKind.RESOLVE})
_ONLY_KIND_OF = {ClaimKind.REVOKE: "instruction", ClaimKind.RESOLVE: "about"}


class BadReply(Exception):
    """The answer is not what was asked for; the message is a short code."""


class _Unfit(Exception):
    """A claim that cannot be kept; the message says why, in a word that is counted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The claims of an answer that stand, and how many fell, by reason."""

    claims: list[Claim] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def read_reply(answer: Any, pieces: Sequence[Piece]) -> Reading:
    """The claims of a chat completion about these pieces. Raises BadReply."""
    citable = [piece for piece in pieces if piece.is_citable]
    reading = Reading()
    rows = _claims_of(answer)
    if len(rows) > MAX_CLAIMS:
        reading.dropped["too_many"] = len(rows) - MAX_CLAIMS
    for row in rows[:MAX_CLAIMS]:
        try:
            reading.claims.append(_claim(row, citable))
        except _Unfit as reason:
            reading.dropped[str(reason)] += 1
    reading.claims.sort(key=lambda claim: (claim.message, claim.start))
    return reading


def _claims_of(answer: Any) -> list[Any]:
    try:
        content = answer["choices"][0]["message"]["content"]
        rows = json.loads(content)["claims"]
    except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise BadReply("another_shape") from error
    if not isinstance(rows, list):
        raise BadReply("another_shape")
    return rows


def _claim(row: Any, citable: Sequence[Piece]) -> Claim:
    if not isinstance(row, dict):
        raise _Unfit("malformed")
    piece = _cited(row.get("message"), citable)
    key, kind = _key_and_kind(row)
    if piece.role == "system" and key != "instruction":
        raise _Unfit("role")
    quote = _text(row, "quote", len(piece.text))
    start = piece.text.find(quote) if quote else -1
    if start < 0:
        raise _Unfit("quote_not_found")
    value = _value(row, kind, quote)
    subject = row.get("subject")
    if not isinstance(subject, str) or (subject != "user" and subject not in RELATIONS):
        raise _Unfit("unknown_subject")
    start += piece.start
    return Claim(
        message=piece.message,
        kind=kind,
        category=category_of(key),
        subject=subject,
        key=key,
        value=value,
        start=start,
        end=start + len(quote),
        confidence=_confidence(row.get("confidence")),
        entity_type=ENTITY_TYPES.get(key),
    )


def _cited(number: Any, citable: Sequence[Piece]) -> Piece:
    if type(number) is not int or not 0 <= number < len(citable):
        raise _Unfit("unknown_message")
    return citable[number]


def _key_and_kind(row: dict[str, Any]) -> tuple[str, ClaimKind]:
    key = row.get("key")
    if not isinstance(key, str) or (key not in KEYS and not _FAVORITE.fullmatch(key)):
        raise _Unfit("unknown_key")
    try:
        kind = ClaimKind(str(row.get("kind")))
    except ValueError as error:
        raise _Unfit("unknown_kind") from error
    if _ONLY_KIND_OF.get(kind, key) != key:
        raise _Unfit("unknown_kind")
    return key, kind


def _value(row: dict[str, Any], kind: ClaimKind, quote: str) -> str:
    """The value, as far as the quote says it: what is not said cannot be learnt."""
    value = " ".join(_text(row, "value", MAX_VALUE).split())
    if not value and kind in _NEEDS_NO_VALUE:
        return ""
    if not value or value.casefold() not in " ".join(quote.split()).casefold():
        raise _Unfit("value_not_in_quote")
    return value


def _text(row: dict[str, Any], name: str, most: int) -> str:
    text = row.get(name)
    if not isinstance(text, str) or len(text) > most:
        raise _Unfit("malformed")
    return text


def _confidence(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _Unfit("malformed")
    if not 0 <= value <= 1:
        raise _Unfit("malformed")
    return min(float(value), MAX_CONFIDENCE)
