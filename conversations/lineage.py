"""Which turns a conversation shows: its own, and those of its ancestors up to each fork point.

The line of ancestors never changes, so it is read once per row. A history is dense: every position
from 1 to the head is one turn of exactly one segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connections

from memsync.common.tenancy import alias

if TYPE_CHECKING:
    from conversations.models import Conversation

LAST = 2**31 - 1
"""Beyond every position."""

_LINE = """
WITH RECURSIVE line AS (
    SELECT pk, id, title, forked_from_id, coalesce(fork_seq, 0) AS above, %(last)s AS upto, 0 AS up
      FROM conversations_conversation WHERE pk = %(pk)s
    UNION ALL
    SELECT p.pk, p.id, p.title, p.forked_from_id, coalesce(p.fork_seq, 0),
           least(line.upto, line.above), line.up + 1
      FROM line JOIN conversations_conversation p ON p.pk = line.forked_from_id
)
SELECT pk, title, id::text, above + 1, upto FROM line ORDER BY up DESC
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """The positions [first, last] of a history that one conversation holds; maybe none."""

    conversation: int
    name: str
    """Its title, else its id."""
    first: int
    last: int

    def within(self, first: int, last: int) -> Segment:
        """The part of it in [first, last]."""
        return Segment(self.conversation, self.name, max(self.first, first), min(self.last, last))

    @property
    def is_empty(self) -> bool:
        """Whether a fork at an inherited message cut all of it off."""
        return self.first > self.last


def line_of(conversation: Conversation) -> list[Segment]:
    """All ancestors and itself, the root first: one query for a fork, none for others."""
    known: list[Segment] | None = conversation.line
    if known is None:
        known = conversation.line = _read(conversation)
    return known


def _read(conversation: Conversation) -> list[Segment]:
    if conversation.forked_from_id is None:
        name = conversation.title or str(conversation.uid)
        return [Segment(conversation.pk, name, 1, LAST)]
    with connections[alias()].cursor() as cursor:
        cursor.execute(_LINE, {"pk": conversation.pk, "last": LAST})
        return [
            Segment(pk, title or uid, first, last)
            for pk, title, uid, first, last in cursor.fetchall()
        ]


def segments_of(conversation: Conversation, first: int = 1, last: int = LAST) -> list[Segment]:
    """The segments that hold turns of [first, last], in order."""
    clipped = [segment.within(first, last) for segment in line_of(conversation)]
    return [segment for segment in clipped if not segment.is_empty]
