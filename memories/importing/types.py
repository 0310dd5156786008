"""What every format is read into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class BadFile(ValueError):
    """The file is in none of the formats; the message says where."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Messages that leave a conversation, or another branch of it, after one of its messages."""

    key: str
    """What names it among the branches, so that a second import continues the first."""
    parent: str
    """The key of the branch it leaves; empty for the conversation itself."""
    after: str | None
    """The `client_id` of the last message it shares; None when it shares none."""
    messages: list[dict[str, Any]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """One conversation of a file. Messages are as in `POST …/turns`."""

    key: str
    """What names it within the file, so that a second import continues the first."""
    messages: list[dict[str, Any]]
    id: str | None = None
    title: str = ""
    kind: str = "chat"
    scope: list[str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    """In an order in which each comes after the one it leaves."""


def one_line(text: Any, longest: int = 300) -> str:
    """A title as we keep titles: one line without control characters."""
    words = "".join(c if c.isprintable() else " " for c in str(text or "")).split()
    return " ".join(words)[:longest]
