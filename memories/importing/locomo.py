"""LoCoMo's format: a list of samples whose `conversation` holds the sessions of two people.

`conversation` has `speaker_a`, `speaker_b` and for each n `session_n` with `session_n_date_time`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil import parser as dates

from memories.importing.types import BadFile, Imported


def read(sample: dict[str, Any], index: int) -> Imported:
    """A sample: all its sessions as one conversation of two people. Raises BadFile."""
    talk = sample["conversation"]
    people = [str(talk.get("speaker_a", "A")), str(talk.get("speaker_b", "B"))]
    numbers = sorted(int(m[1]) for name in talk if (m := re.fullmatch(r"session_(\d+)", name)))
    key = str(sample.get("sample_id", index))
    messages = [
        _message(turn, _begins(talk, number) + timedelta(minutes=position))
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


def _message(turn: dict[str, Any], said_at: datetime) -> dict[str, Any]:
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
