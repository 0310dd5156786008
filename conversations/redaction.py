"""What redaction does to turns and conversations themselves; `memories.erasure` calls it.

Places, times, roles, ids and digests stay, so that histories stay dense and what refers to a turn
stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils import timezone

from conversations.models import Conversation, Turn
from memsync.common.errors import Conflict
from memsync.common.tenancy import alias

REACH = 2
"""How many turns after it hold a turn's words in their index."""


class TurnInherited(Conflict):
    """A fork shows the turn, but another session holds it."""

    code = "turn_inherited"

    def __init__(self, owner: UUID) -> None:
        super().__init__(f"The turn belongs to session {owner}; change it there.")


def lock_conversations(serials: Iterable[int]) -> list[Conversation]:
    """The living ones of these conversations, locked against appends, forks and each other."""
    rows = Conversation.unscoped.living().filter(pk__in=list(serials))
    return list(rows.order_by("serial").select_for_update(of=("self",)))


def blank_turns(serials: Sequence[int]) -> int:
    """Take the words out of turns; returns how many had any left to take."""
    rows = Turn.unscoped.filter(pk__in=serials, redacted_at__isnull=True)
    blanked: int = rows.update(
        content="",
        parts=None,
        sender="",
        metadata={},
        search=None,
        embedded_with="",
        redacted_at=timezone.now(),
    )
    return blanked


def bury(conversations: Sequence[int]) -> int:
    """Take the words out of conversations and hide them; returns how many."""
    buried: int = Conversation.unscoped.filter(pk__in=conversations).update(
        title="",
        metadata={},
        members=[],
        speakers=[],
        fork_reason="",
        status=Conversation.Status.CLOSED,
        deleted_at=timezone.now(),
    )
    return buried


_SEEN = """
WITH RECURSIVE seen AS (
    SELECT %(conversation)s::bigint AS pk
    UNION ALL
    SELECT fork.pk FROM seen JOIN conversations_conversation fork
        ON fork.forked_from_id = seen.pk AND fork.fork_seq >= %(seq)s
)
"""  # the conversations whose history shows the turn
_SHOWING = _SEEN + "TABLE seen"
_AFTER = (
    _SEEN
    + """
SELECT t.pk FROM seen JOIN conversations_turn t ON t.conversation_id = seen.pk
 WHERE t.seq > %(seq)s AND t.seq <= %(seq)s + %(reach)s
"""
)
_UNHEARD = (
    _SEEN
    + """
UPDATE conversations_conversation c SET speakers = array_remove(c.speakers, %(sender)s)
  FROM seen WHERE c.pk = seen.pk AND NOT EXISTS (
       SELECT FROM conversations_turn t
        WHERE t.conversation_id = c.pk AND t.sender = %(sender)s)
"""
)


def showing(turns: Iterable[Turn]) -> set[int]:
    """The conversations whose history shows one of these turns: their own, and forks of it."""
    found: set[int] = set()
    with connections[alias()].cursor() as cursor:
        for turn in turns:
            place = {"conversation": turn.conversation_id, "seq": turn.seq}
            cursor.execute(_SHOWING, place)
            found.update(pk for (pk,) in cursor.fetchall())
    return found


def turns_after(turn: Turn) -> list[int]:
    """The turns, also of forks, whose index holds this turn's words as those before theirs."""
    place = {"conversation": turn.conversation_id, "seq": turn.seq, "reach": REACH}
    with connections[alias()].cursor() as cursor:
        cursor.execute(_AFTER, place)
        return [pk for (pk,) in cursor.fetchall()]


def forget_speaker(turn: Turn) -> None:
    """Take a redacted turn's sender, who says nothing else there, off who speaks."""
    if not turn.sender:
        return
    place: dict[str, Any] = {
        "conversation": turn.conversation_id,
        "seq": turn.seq,
        "sender": turn.sender,
    }
    with connections[alias()].cursor() as cursor:
        cursor.execute(_UNHEARD, place)


_INDEX = """
UPDATE conversations_turn t
   SET search = memsync_words_of_turn(
           project.search_config::regconfig, t.sender, t.content,
           coalesce(t.occurred_at, t.created_at),
           (SELECT string_agg(words, ' ' ORDER BY seq)
              FROM memsync_said_before(t.conversation_id, t.seq, %s)))
  FROM accounts_project project
 WHERE project.id = t.project_id AND t.pk = ANY(%s) AND t.redacted_at IS NULL
"""


def index_turns(serials: Sequence[int]) -> None:
    """Make the lexical index of turns anew, as an append makes it."""
    with connections[alias()].cursor() as cursor:
        cursor.execute(_INDEX, [REACH, list(serials)])
