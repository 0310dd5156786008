"""Memories as people read them: a label, a value, how sure, since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from memories.models import Category, Memory

MEANING = {
    Category.IDENTITY: "Who you are. Kept until it is corrected.",
    Category.KNOWLEDGE: "What you like, own, do and know. It fades slowly.",
    Category.CONTEXT: "What is going on just now. It ends by itself.",
    Category.INSTRUCTION: "How you want to be answered. It applies until you revoke it.",
    Category.UNCERTAINTY: "What is not settled yet.",
}
ENDED = {
    Memory.Status.CONTESTED: "contested",
    Memory.Status.SUPERSEDED: "replaced by a newer value",
    Memory.Status.CLOSED: "no longer true",
    Memory.Status.RETRACTED: "forgotten",
    Memory.Status.ERASED: "erased",
}

DOUBTS = {"conflict": "Two values", "said": "Not sure", "injection": "Suspicious words"}
"""What each kind of uncertainty is called."""


@dataclass(frozen=True, slots=True)
class Card:
    """One memory as shown."""

    serial: int
    uid: UUID
    category: str
    label: str
    value: str
    sure: int
    """Confidence in percent."""
    since: datetime
    ended: str
    """Why it is not live; empty for a live one."""


def card_of(memory: Memory) -> Card:
    """The card of a memory."""
    return Card(
        memory.pk,
        memory.uid,
        Category(memory.category).label,
        label_of(memory),
        memory.value or memory.text,
        round(memory.confidence * 100),
        memory.valid_from or memory.created_at,
        ENDED.get(Memory.Status(memory.status), ""),
    )


def is_changeable(memory: Memory) -> bool:
    """Whether it can still be corrected, taken back or settled."""
    return memory.status in {Memory.Status.LIVE, Memory.Status.CONTESTED}


def is_correctable(memory: Memory) -> bool:
    """Whether a value can be put in its place; what is contested is settled by its uncertainty."""
    return memory.status == Memory.Status.LIVE and memory.category != Category.UNCERTAINTY


def label_of(memory: Memory) -> str:
    """Its key in words, and whose it is unless it is the user's own; of an uncertainty its kind."""
    if memory.category == Category.UNCERTAINTY:
        return DOUBTS.get(memory.kind, "Not sure")
    key = memory.key.replace("_", " ").strip().capitalize()
    if memory.subject in {"", "user"}:
        return key
    return f"{memory.subject.capitalize()}: {key.lower()}"
