"""What goes into an extractor and what comes out of it. No Django, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ClaimKind(StrEnum):
    """What a statement does to what is known."""

    STATE = "state"
    """It says that a value holds."""
    CORRECT = "correct"
    """It says so, and that an earlier value was wrong or is over ("actually", "moved", "now")."""
    CLOSE = "close"
    """It says that a value no longer holds; an empty value means whatever is live under the key."""
    REVOKE = "revoke"
    """It withdraws a standing instruction; an empty value means the latest one."""
    RESOLVE = "resolve"
    """It settles what was uncertain; an empty value means the latest uncertainty."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn as an extractor sees it."""

    role: str
    """`user`, `assistant`, `system` or `tool`."""
    content: str
    occurred_at: datetime
    """When it was said: relative dates resolve against it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement found in one message."""

    message: int
    """Index of the message that says it."""
    kind: ClaimKind
    category: str
    """`identity`, `knowledge`, `context`, `instruction` or `uncertainty`."""
    subject: str
    """`user`, or the key of the relation it is about (`sister`)."""
    key: str
    value: str
    """In the speaker's own words, without surrounding articles and punctuation."""
    start: int
    """Code-point offsets [start, end) of the words that carry the fact, in the message."""
    end: int
    confidence: float
    """How sure the extractor is, 0 to 1."""
    entity_type: str | None = None
    """`person`, `organisation`, `location`, … when the value names one."""
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class Extractor(Protocol):
    """Finds the claims in the new messages of a conversation."""

    name: str
    version: str

    def extract(self, messages: Sequence[Message], *, new_from: int = 0) -> list[Claim]:
        """Claims of `messages[new_from:]`, in order; the earlier ones are context only."""
        ...
