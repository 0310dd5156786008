"""Query sessions: the earlier questions of one principal about one scope under a caller's hint.

In the process by default, bounded and expiring; in the database where the caller or the settings
ask for it. The key holds principal and scope, so a hint of somebody else finds nothing of theirs.
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from threading import Lock

from django.conf import settings
from django.db import connections
from django.utils import timezone

from accounts.scope import scope_key
from memories.models import QuerySession
from memories.recall.asking import Asked
from memories.recall.followup import Earlier
from memsync.common.ids import uuid7
from memsync.common.tenancy import alias

MAX_SESSIONS = 10_000
MAX_EARLIER = 6
KEPT_QUERY = 1000
"""Characters of an earlier question."""


@dataclass(frozen=True, slots=True)
class Key:
    """Whose questions, about what, under which hint."""

    tenant: uuid.UUID
    project: uuid.UUID
    principal_kind: str
    principal_id: uuid.UUID
    scope_key: str
    session_id: str


def key_of(asked: Asked, session_id: str) -> Key:
    """The key of a question's session."""
    me = asked.principal
    scope = scope_key(asked.whole_scope)
    return Key(me.tenant_id, me.project, me.kind, me.id, scope, session_id)


class Remembered:
    """The sessions of this process, the least recently used dropped first. Thread-safe."""

    def __init__(self, *, size: int = MAX_SESSIONS) -> None:
        self._size = size
        self._sessions: OrderedDict[Key, tuple[float, tuple[Earlier, ...]]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, key: Key) -> tuple[Earlier, ...]:
        """The earlier questions, oldest first; none once they have expired."""
        with self._lock:
            until, earlier = self._sessions.get(key, (0.0, ()))
            return earlier if time.monotonic() < until else ()

    def add(self, key: Key, one: Earlier) -> None:
        """Add a question to its session."""
        earlier = (*self.get(key), one)[-MAX_EARLIER:]
        with self._lock:
            until = time.monotonic() + settings.QUERY_SESSION_MINUTES * 60
            self._sessions[key] = (until, earlier)
            self._sessions.move_to_end(key)
            while len(self._sessions) > self._size:
                self._sessions.popitem(last=False)

    def forget(self, receipts: Collection[str]) -> None:
        """Forget the sessions in which one of these questions was asked."""
        with self._lock:
            for key, (_, earlier) in list(self._sessions.items()):
                if any(one.receipt in receipts for one in earlier):
                    del self._sessions[key]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._sessions.clear()


_here = Remembered()


def earlier_questions(key: Key, *, persist: bool) -> tuple[Earlier, ...]:
    """What was asked before under this key, oldest first."""
    return _stored(key) if _in_database(persist) else _here.get(key)


def remember(key: Key, one: Earlier, *, persist: bool) -> None:
    """Add a question to its session."""
    one = replace(one, query=one.query[:KEPT_QUERY])
    if _in_database(persist):
        _store(key, (*_stored(key), one)[-MAX_EARLIER:])
    else:
        _here.add(key, one)


def forget_asked(project: uuid.UUID, receipts: Collection[uuid.UUID]) -> None:
    """Forget the sessions in which the questions of these receipts were asked."""
    if not receipts:
        return
    asked = {str(receipt) for receipt in receipts}
    _here.forget(asked)
    with connections[alias()].cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM memories_querysession WHERE project_id = %s AND EXISTS (
                SELECT FROM jsonb_array_elements(history) AS one
                 WHERE one->>'receipt' = ANY(%s))
            """,
            [project, list(asked)],
        )


def forget_all() -> None:
    """Forget the sessions of this process."""
    _here.clear()


def prune() -> int:
    """Delete stored sessions that have expired; returns how many."""
    deleted, _ = QuerySession.objects.filter(updated_at__lt=_oldest()).delete()
    return deleted


def _in_database(persist: bool) -> bool:
    return persist or settings.QUERY_SESSIONS_PERSIST


def _oldest() -> object:
    return timezone.now() - timedelta(minutes=settings.QUERY_SESSION_MINUTES)


def _stored(key: Key) -> tuple[Earlier, ...]:
    rows = QuerySession.objects.filter(updated_at__gte=_oldest(), **_columns(key))
    history = rows.values_list("history", flat=True).first() or []
    return tuple(
        Earlier(one["query"], tuple((kind, pk) for kind, pk in one["hits"]), one.get("receipt", ""))
        for one in history
    )


def _store(key: Key, earlier: tuple[Earlier, ...]) -> None:
    history = [
        {"query": one.query, "hits": [list(hit) for hit in one.hits], "receipt": one.receipt}
        for one in earlier
    ]
    QuerySession.objects.update_or_create(
        **_columns(key),
        defaults={"history": history, "updated_at": timezone.now()},
        create_defaults={"history": history, "uid": uuid7(), **_columns(key)},
    )


def _columns(key: Key) -> dict[str, object]:
    names = ("tenant_id", "project_id", "principal_kind", "principal_id", "scope_key", "session_id")
    return dict(zip(names, astuple(key), strict=True))
