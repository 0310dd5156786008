"""Recalled text that comes back is no new evidence.

Applications paste what recall returned into the next message, and people quote it. So a claim whose
words are a verbatim copy of a text that the same principal was lately given for this scope is an
*echo*: among other words it teaches nothing at all (an outdated text in a context block must not
revive), and as the whole message it does not make surer what is known already. Words that were in
the question themselves were said before the answer came, and are no echo of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from django.utils import timezone

from accounts.scope import subset_keys
from conversations.models import Conversation, Turn
from memories.models import Memory, Trace
from memories.recall import receipts
from memsync.common.ids import parse_uuid

WINDOW = timedelta(minutes=30)
LAST_RECALLS = 500
"""Of the project, newest first: the bound of what is looked through."""
MOST_TEXTS = 400
FEWEST_WORDS = 3
LONGEST_COPY = 2_000
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


class Echo(Enum):
    """How far words are a copy of what recall returned."""

    NO = 0
    AMONG_OTHERS = 1
    WHOLE_MESSAGE = 2


@dataclass(frozen=True, slots=True)
class Recalled:
    """A text that recall returned, and the question it answered; both normalized."""

    text: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Echoes:
    """The texts that a principal was lately given."""

    recalled: Sequence[Recalled] = ()

    @classmethod
    def of(cls, trace: Trace, conversation: Conversation) -> Echoes:
        """Of the trace's principal, in the scopes that the conversation can see."""
        receipts.flush()
        asked = _recent_recalls(trace)
        if not asked:
            return cls()
        keys = {*subset_keys(conversation.scope), *subset_keys(trace.scope)}
        wanted = {item.get("id"): query for query, items in asked for item in items}
        ids = [uid for name in list(wanted)[:MOST_TEXTS] if (uid := parse_uuid(str(name)))]
        rows = {"project_id": trace.project_id, "uid__in": ids, "scope_key__in": keys}
        memories = Memory.unscoped.filter(**rows).values_list("uid", "text")
        turns = Turn.unscoped.filter(**rows).values_list("uid", "content")
        return cls([Recalled(plain(text), wanted[str(uid)]) for uid, text in [*memories, *turns]])

    def kind_of(self, message: str, start: int, end: int) -> Echo:
        """How far the words [start, end) of a message are an echo."""
        if not self.recalled:
            return Echo.NO
        whole, sentence = plain(message), plain(_sentence(message, start, end))
        texts = [
            one.text
            for one in self.recalled
            if sentence not in one.query and (one.text in whole or sentence in one.text)
        ]
        if not _is_copied(message, start, end, sentence, texts):
            return Echo.NO
        is_whole = any(whole == text for text in texts)
        return Echo.WHOLE_MESSAGE if is_whole else Echo.AMONG_OTHERS


def plain(text: str) -> str:
    """A text for comparing: case, blanks and closing punctuation do not matter."""
    return " ".join(text.split()).casefold().rstrip(".!?…")


def _recent_recalls(trace: Trace) -> list[tuple[str, list[dict[str, object]]]]:
    """(question, what it returned) of the principal's recalls.  # Uses index: trace_newest"""
    recalls = Trace.unscoped.filter(project_id=trace.project_id, kind=Trace.Kind.RECALL)
    newest = recalls.order_by("-serial").values("pk")[:LAST_RECALLS]
    mine = recalls.filter(
        pk__in=newest,
        principal_kind=trace.principal_kind,
        principal_id=trace.principal_id,
        created_at__gt=timezone.now() - WINDOW,
    )
    found = mine.order_by("-serial").values_list("query", "returned")
    return [(plain(query), list(returned)) for query, returned in found]


def _is_copied(message: str, start: int, end: int, sentence: str, texts: Iterable[str]) -> bool:
    """Whether the sentence stands in a returned text, or a returned text around the words."""
    is_sentence = len(sentence.split()) > FEWEST_WORDS
    return any(
        (is_sentence and sentence in text) or _stands_around(message, start, end, text)
        for text in texts
    )


def _stands_around(message: str, start: int, end: int, text: str) -> bool:
    words = text.split()
    if len(words) < FEWEST_WORDS or len(text) > LONGEST_COPY:
        return False
    copy = re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)", re.IGNORECASE)
    near = message[max(0, start - 2 * LONGEST_COPY) : end + 2 * LONGEST_COPY]
    shift = max(0, start - 2 * LONGEST_COPY)
    return any(
        match.start() + shift <= start and end <= match.end() + shift + 1
        for match in copy.finditer(near)
    )


def _sentence(message: str, start: int, end: int) -> str:
    """The sentence around [start, end)."""
    first = 0
    for match in _SENTENCE_END.finditer(message, 0, start):
        first = match.end()
    after = _SENTENCE_END.search(message, end)
    return message[first : after.start() if after else len(message)]
