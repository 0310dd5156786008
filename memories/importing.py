"""Conversation files → conversations to record. Pure functions over parsed JSON.

Two formats are read. Ours is an object `{"conversations": [...]}` (or the bare list), each with
`turns` and optionally `id`, `title`, `kind`, `scope`, `metadata`, `members`; a turn is a message as
in `POST …/turns`. The other is LoCoMo's: a list of samples whose `conversation` holds `speaker_a`,
`speaker_b` and for each n `session_n` with `session_n_date_time`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil import parser as dates


class BadFile(ValueError):
    """The file is in none of the formats; the message says where."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One conversation of a file."""

    key: str
    """What names it within the file, so that a second import continues the first."""
    messages: list[dict[str, Any]]
    id: str | None = None
    title: str = ""
    kind: str = "chat"
    scope: list[str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)


def read_conversations(document: Any) -> list[Imported]:
    """The conversations of a parsed file, in either format. Raises BadFile."""
    if isinstance(document, dict):
        document = document.get("conversations", [document])
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise BadFile("expected a list of conversations")
    return [_read(item, index) for index, item in enumerate(document)]


def _read(item: dict[str, Any], index: int) -> Imported:
    if isinstance(item.get("conversation"), dict):
        return _locomo(item, index)
    turns = item.get("turns")
    if not isinstance(turns, list):
        raise BadFile(f"conversation {index} has no list of turns")
    unknown = set(item) - {"turns", "id", "title", "kind", "scope", "metadata", "members"}
    if unknown:
        raise BadFile(f"conversation {index} has unknown fields: {', '.join(sorted(unknown))}")
    rest = {name: value for name, value in item.items() if name != "turns"}
    key = str(item.get("id") or item.get("title") or index)
    return Imported(key=key, messages=turns, **rest)


def _locomo(sample: dict[str, Any], index: int) -> Imported:
    """A sample: all its sessions as one conversation of two people."""
    talk = sample["conversation"]
    people = [str(talk.get("speaker_a", "A")), str(talk.get("speaker_b", "B"))]
    numbers = sorted(int(m[1]) for name in talk if (m := re.fullmatch(r"session_(\d+)", name)))
    key = str(sample.get("sample_id", index))
    messages = [
        _locomo_message(turn, _begins(talk, number) + timedelta(minutes=position))
        for number in numbers
        for position, turn in enumerate(talk[f"session_{number}"])
    ]
    return Imported(
        key=key,
        messages=messages,
        title=" and ".join(people),
        scope=[f"user={key}"],
        metadata={"source": "locomo", "sample_id": key},
        members=people,
    )


def _begins(talk: dict[str, Any], number: int) -> datetime:
    """When a session began: `1:56 pm on 8 May, 2023`."""
    text = str(talk.get(f"session_{number}_date_time", ""))
    try:
        return dates.parse(text.replace(" on ", " "), dayfirst=True).replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadFile(f"session {number} has no readable date: {text!r}") from error


def _locomo_message(turn: dict[str, Any], said_at: datetime) -> dict[str, Any]:
    """One line; what a shared picture shows is said in brackets."""
    caption = turn.get("blip_caption")
    content = str(turn.get("text", ""))
    return {
        "role": "user",
        "sender": str(turn.get("speaker", "")),
        "content": f"{content}\n[shared image: {caption}]" if caption else content,
        "client_id": str(turn.get("dia_id", "")) or None,
        "occurred_at": said_at,
    }
