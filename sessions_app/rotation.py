"""What a presented refresh token deserves: the decision table, without tables or clocks of its own.

Why each line is as it is: docs/security.md, "Refreshing".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

RETRY_WINDOW = timedelta(seconds=60)


class Verdict(Enum):
    """The lines of the table, in their order: the first that matches decides."""

    REVOKED = auto()
    """The family has ended: 401."""
    EXPIRED = auto()
    """14 days are over: 401."""
    ENDED = auto()
    """The person or the device may no longer: 401, and the family ends."""
    ROTATE = auto()
    """The current token: 200 with its successor."""
    OVERLAP = auto()
    """It was current until another request took it a moment ago: 409, nothing changes."""
    RETRY = auto()
    """The same attempt again, whose answer was lost: 200 with the same successor."""
    RACE = auto()
    """The direct parent within the configured window: 409, nothing changes."""
    REUSE = auto()
    """A used token came back: 401, and the family ends."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What is known of a token once its family is locked. Times are the database's."""

    now: datetime
    is_revoked: bool
    expires_at: datetime
    ended_by: str
    """Why the person or device may no longer; empty while they may."""
    is_current: bool
    was_current: bool
    """Before the lock was had."""
    is_parent: bool
    """Of the family's current token."""
    rotated_at: datetime | None
    is_same_attempt: bool
    """It carries the Idempotency-Key of the request that rotated it."""


def judge(token: Presented, *, race_window: timedelta) -> Verdict:
    """The verdict on a genuine token of a known family."""
    if token.is_revoked:
        return Verdict.REVOKED
    if token.now >= token.expires_at:
        return Verdict.EXPIRED
    if token.ended_by:
        return Verdict.ENDED
    if token.is_current:
        return Verdict.ROTATE
    if token.was_current:
        return Verdict.OVERLAP
    if token.is_same_attempt and _is_parent_within(RETRY_WINDOW, token):
        return Verdict.RETRY
    if race_window and _is_parent_within(race_window, token):
        return Verdict.RACE
    return Verdict.REUSE


def _is_parent_within(window: timedelta, token: Presented) -> bool:
    """The direct parent of an unused successor, at most `window` after its first use."""
    rotated = token.rotated_at
    return token.is_parent and rotated is not None and token.now - rotated <= window
