"""Items of a conversation, found and listed: its visible history turn by turn, less what is hidden.

Positions say where to read, so that a page costs the same however long the history is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from conversations.history import read_history
from conversations.items import WORDS, Item, items_of, parse_item_id
from conversations.messages import KEPT
from conversations.models import Conversation, Turn

WINDOW = 200
"""Turns that are read at once when most of them are hidden."""


@dataclass(frozen=True, slots=True)
class Found:
    """An item with the position of its turn."""

    seq: int
    item: Item


def find_item(conversation: Conversation, name: str) -> Found | None:
    """The item with this id, or the words of a turn by its own; None when none is shown."""
    for seq in _positions(conversation, name):
        for item in _items_at(conversation, seq):
            if _is_named(item, name):
                return Found(seq, item)
    return None


def shown_among(conversation: Conversation, names: Collection[str]) -> set[str]:
    """Those of the ids under which an item is shown; the history is searched once for them all."""
    if not names:
        return set()
    kept = f"parts__{KEPT}__{WORDS}__id"
    rows = Turn.unscoped.for_history(conversation).filter(**{f"{kept}__in": [*names]})
    shown = rows.filter(hidden_at=None, redacted_at=None).values_list(kept, flat=True)
    ours = {name for name in names if parse_item_id(name) and find_item(conversation, name)}
    return {*shown, *ours}


def place_of(conversation: Conversation, name: str) -> tuple[int, int] | None:
    """Where an item stands, or stood before it was hidden; None for an unknown id."""
    named = parse_item_id(name)
    if named and (seqs := _of_turn(conversation, named[0])):
        return seqs[0], named[1]
    kept = _with_kept_id(conversation, name)
    return (kept[0], WORDS) if kept else None


def list_items(
    conversation: Conversation, *, ascending: bool, after: tuple[int, int] | None, most: int
) -> list[Item]:
    """Up to `most` items, those behind the place `after` in this order."""
    found: list[Item] = []
    for row in _turns(conversation, ascending=ascending, after=after, most=most):
        items = items_of(row)
        if after and row["seq"] == after[0]:
            items = _behind(row, items, after[1], ascending=ascending)
        found += items if ascending else items[::-1]
        if len(found) >= most:
            break
    return found[:most]


def _turns(
    conversation: Conversation, *, ascending: bool, after: tuple[int, int] | None, most: int
) -> Iterator[dict[str, Any]]:
    """The turns from that of `after` on, in order; read in windows that grow."""
    head, size = conversation.turn_count, most
    at = after[0] if after else (1 if ascending else head)
    while 1 <= at <= head:
        to = min(head, at + size - 1) if ascending else max(1, at - size + 1)
        rows = read_history(conversation, min(at, to), max(at, to))
        yield from rows if ascending else rows[::-1]
        at, size = (to + 1 if ascending else to - 1), WINDOW


def _behind(row: dict[str, Any], items: list[Item], place: int, *, ascending: bool) -> list[Item]:
    """Those items of a turn that come behind one of them, which may be hidden by now."""
    whole = items_of(row | {"hidden_at": None, "hidden_items": None})
    places = [item.place for item in whole]
    at = places.index(place) if place in places else 0
    behind = set(places[at + 1 :] if ascending else places[:at])
    return [item for item in items if item.place in behind]


def _items_at(conversation: Conversation, seq: int) -> list[Item]:
    [row] = read_history(conversation, seq, seq)
    return items_of(row)


def _is_named(item: Item, name: str) -> bool:
    named = parse_item_id(name)
    is_turn = len(name) == 36 and named is not None and item.place == named[1]
    return item.id == name or is_turn


def _positions(conversation: Conversation, name: str) -> Iterator[int]:
    """Where turns stand that may hold the item; newest first. Ids of ours need no search."""
    named = parse_item_id(name)
    if named:
        yield from _of_turn(conversation, named[0])
    yield from _with_kept_id(conversation, name)


def _of_turn(conversation: Conversation, uid: Any) -> list[int]:
    # Uses index: turn_id_per_project
    rows = Turn.unscoped.filter(project=conversation.project_id, uid=uid)
    return list(rows.for_history(conversation).values_list("seq", flat=True))


def _with_kept_id(conversation: Conversation, name: str) -> list[int]:
    """Turns that are whole items, sent with this id; those that show first, then newest first."""
    kept = {KEPT: {str(WORDS): {"id": name}}}
    rows = Turn.unscoped.for_history(conversation).filter(parts__contains=kept)
    return list(rows.order_by("-hidden_at", "-seq").values_list("seq", flat=True)[:10])
