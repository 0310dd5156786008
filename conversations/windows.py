"""Which turns of a conversation a page shows: a window of positions, flat in its length. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PAGE = 100


@dataclass(frozen=True, slots=True)
class Window:
    """The positions [first, last] of a history that runs from 1 to `head`."""

    first: int
    last: int
    head: int

    @property
    def earlier(self) -> int | None:
        """Where the page before this one starts."""
        return max(1, self.first - PAGE) if self.first > 1 else None

    @property
    def later(self) -> int | None:
        """Where the page after this one starts."""
        return self.last + 1 if self.last < self.head else None


def window_of(query: Mapping[str, str], *, head: int) -> Window:
    """The window that a page's query asks for; what is no position counts as not given.

    `only=n` is one turn, `from=n` the page that starts there, `turn=n` a page with turn n in its
    middle; without any of them it is the newest page.
    """
    if only := _position(query.get("only"), head):
        return Window(only, only, head)
    first = _position(query.get("from"), head)
    if first is None:
        shown = _position(query.get("turn"), head) or head
        first = max(1, min(head - PAGE + 1, shown - PAGE // 2))
    return Window(first, min(head, first + PAGE - 1), head)


def _position(text: str | None, head: int) -> int | None:
    """The position in `text`, if there is such a turn."""
    if not text or len(text) > 9 or not (text.isascii() and text.isdecimal()):
        return None
    return int(text) if 1 <= int(text) <= head else None
