"""A transcript to read: turns with their cited words marked and the memories that cite them beside.

The same for the page and the admin. Three queries whatever the length: turns, sources, memories.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Left, Length

from conversations.folding import Fold, folds
from conversations.forks import Branch, branches_of
from conversations.models import MAX_CONTENT, Conversation, Turn
from conversations.windows import Window
from memories.cards import Card, card_of
from memories.marking import Segment, Span, mark
from memories.models import Memory, Source

CLIP = 20_000
"""Characters of a turn on a page of many; a page of one turn shows it whole."""
MAX_SOURCES = 2_000
"""Citations on one page."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A memory beside a turn; marks link to its anchor."""

    anchor: str
    card: Card


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """One turn as shown. Segments hold the anchors of the memories that cite them."""

    seq: int
    role: str
    speaker: str
    at: datetime
    is_redacted: bool
    hidden: str
    """What of it readers of the conversation no longer get; empty for nothing."""
    is_inherited: bool
    """Said in a conversation that this one was forked from."""
    segments: list[Segment[str]]
    cut: int
    """Characters that are not shown."""
    folds: list[Fold]
    memories: list[Cited] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    """Other ways on from here; the page puts them in."""


def read_turns(
    conversation: Conversation, window: Window, memories: QuerySet[Memory], *, user: str = "User"
) -> list[ShownTurn]:
    """The turns of the window in order, citing those of `memories`, which the reader may see.

    `user` names the speaker of turns of that role that have no sender.
    """
    clip = MAX_CONTENT if window.first == window.last else CLIP
    turns = list(_turns(conversation, window, clip))
    sources = Source.objects.filter(turn__in=turns, erased_at__isnull=True, memory__in=memories)
    cited = defaultdict(list)
    for source in sources.select_related("memory").order_by("span_start", "serial")[:MAX_SOURCES]:
        cited[source.turn_id].append(source)
    return [_shown(turn, cited[turn.pk], conversation, user) for turn in turns]


def add_branches(conversation: Conversation, window: Window, turns: list[ShownTurn]) -> None:
    """Put in where other conversations part from this one."""
    by_place = {turn.seq: turn for turn in turns}
    for branch in branches_of(conversation, window.first, window.last):
        by_place[branch.seq].branches.append(branch)


def _turns(conversation: Conversation, window: Window, clip: int) -> QuerySet[Turn]:
    """# Uses index: turn_seq_per_conversation"""
    rows = Turn.unscoped.for_history(conversation, window.first, window.last).order_by("seq")
    shown: QuerySet[Turn] = rows.defer("content", "search", "metadata", "body_hash").annotate(
        clipped=Left("content", clip), length=Length("content")
    )
    return shown


def _shown(turn: Turn, sources: list[Source], conversation: Conversation, user: str) -> ShownTurn:
    anchors = {
        memory: f"turn-{turn.seq}-memory-{index}"
        for index, memory in enumerate(dict.fromkeys(s.memory for s in sources), start=1)
    }
    spans = [Span(s.span_start, s.span_end, anchors[s.memory]) for s in sources]
    text, length = turn.clipped, turn.length  # type: ignore[attr-defined]  # annotated
    return ShownTurn(
        seq=turn.seq,
        role=turn.role,
        speaker=turn.sender or (user if turn.role == "user" else Turn.Role(turn.role).label),
        at=turn.occurred_at or turn.created_at,
        is_redacted=turn.redacted_at is not None,
        hidden="This turn is" if turn.hidden_at else "Parts are" if turn.hidden_items else "",
        is_inherited=turn.conversation_id != conversation.pk,
        segments=mark(text, spans) if text else [],
        cut=length - len(text),
        folds=folds(turn.parts),
        memories=[Cited(anchor, card_of(memory)) for memory, anchor in anchors.items()],
    )
