"""Turns on their way to the server: sent by one thread in order, kept while they cannot be stored.

That is while the server is away, or does not take the credentials.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from memsync_client.errors import (
    UNEXPECTED,
    APIError,
    ConnectionFailed,
    MemsyncError,
    RateLimited,
    ServerError,
    Unauthenticated,
    without_words,
)
from memsync_client.forks import renew_in_children
from memsync_client.llm.credentials import Credentials
from memsync_client.llm.forms.turns import Message
from memsync_client.requests import IN_FLIGHT
from memsync_client.scope import Acting

logger = logging.getLogger("memsync_client")

MAX_KEPT = 10_000
"""Calls whose turns are kept; then the oldest are let go."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
AT_EXIT = 5.0
"""Seconds that a process waits for its unsent turns when it ends."""


@dataclass(frozen=True)
class Unsent:
    """The turns of one call of a model, and the key that makes sending them twice harmless."""

    acting: Acting
    messages: Sequence[Message]
    credentials: Credentials
    """Those they were said under."""
    key: str = field(default_factory=lambda: str(uuid.uuid4()))


class Outbox:
    """Keeps turns until `send` has stored them. Nothing it does raises into its callers."""

    def __init__(self, send: Callable[[Unsent], None]) -> None:
        self._send = send
        self._is_closed = False
        self.begin()
        renew_in_children(self)
        _outboxes.add(self)

    def begin(self) -> None:
        """Have nothing on its way; what waits in a parent process is sent there."""
        self._items: deque[Unsent] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._attempts = 0
        self._failed: dict[str, int] = {}
        """Of sessions that were not stored, the last time: which attempt that was."""
        self._hurry = False
        self.last_error: MemsyncError | None = None
        """Why turns were not stored, the last time."""
        self.refused = 0
        """Calls whose turns the server refused for good."""
        self._told = 0
        """Of these, how many a `wait` has answered for."""

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Unsent) -> None:
        """Take turns over; returns at once."""
        with self._changed:
            if self._is_closed:
                logger.warning("the client is closed: turns are not stored")
                return
            if len(self._items) >= MAX_KEPT:
                self._items.popleft()
                logger.warning("too many unsent turns: the oldest were let go")
            self._items.append(item)
            self._ensure_thread()
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until all is stored; False when something still is not, or was refused.

        What was refused counts once, in the first answer after it.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            self._begin_now()
            while self._items and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            told, self._told = self._told, self.refused
            return not self._items and self.refused == told

    def settle(self, acting: Acting, timeout: float) -> bool:
        """Wait for the turns of one person, but not for a server that is away.

        Nor for another session of theirs that fails: False only when this one's are not stored.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            since = self._attempts
            self._begin_now()
            while self._is_awaited(acting, since):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return self._failed.get(acting.session_id, 0) <= since

    def _is_awaited(self, acting: Acting, since: int) -> bool:
        """Whether turns of a person wait that did not fail since an attempt."""
        return any(
            _is_of_same(item.acting, acting)
            and self._failed.get(item.acting.session_id, 0) <= since
            for item in self._items
        )

    def hurry(self) -> None:
        """Try what waits now: it may have become possible."""
        with self._changed:
            self._begin_now()

    def close(self) -> None:
        """Send nothing any more."""
        with self._changed:
            self._is_closed = True
            if self._items:
                logger.warning("closed with the turns of %s calls unsent", len(self._items))
            self._items.clear()
            self._begin_now()

    def _begin_now(self) -> None:
        """Cut a pause short."""
        self._hurry = True
        if self._items:
            self._ensure_thread()
        self._changed.notify_all()

    def _ensure_thread(self) -> None:
        """Start the thread, which ends when there is nothing to send."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="memsync", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        pause = 0.0
        while True:
            item = self._next(pause)
            if item is None:
                return
            pause = self._try(item, pause)

    def _next(self, pause: float) -> Unsent | None:
        """The item to send next, after a pause; None when there is nothing to do."""
        with self._changed:
            if pause and not self._hurry:
                self._changed.wait_for(lambda: self._hurry or self._untried() is not None, pause)
            self._hurry = False
            if not self._items:
                self._thread = None
                self._failed.clear()
                return None
            return self._untried() or self._items[0]

    def _untried(self) -> Unsent | None:
        """The oldest item of a session that has not failed: it need not wait for one that has."""
        each = self._items
        return next((item for item in each if item.acting.session_id not in self._failed), None)

    def _try(self, item: Unsent, pause: float) -> float:
        """Send an item; the pause before the next attempt."""
        error: MemsyncError | None = None
        try:
            self._send(item)
        except MemsyncError as raised:
            error = raised
        except Exception:  # a bug of ours must not stop the thread
            error = MemsyncError("unexpected")
            if not self._is_closed:
                logger.exception("turns could not be sent")
        with self._changed:
            if self._is_closed:
                return 0.0
            keeps = error is not None and may_pass(error)
            if error is not None and keeps and not pause:  # once, not at every attempt
                logger.warning("turns are kept: %s", without_words(error))
            self._note(item, error, keeps=keeps)
            self._changed.notify_all()
        return min(LONGEST_PAUSE, max(FIRST_PAUSE, pause * 2)) if keeps else 0.0

    def _note(self, item: Unsent, error: MemsyncError | None, *, keeps: bool) -> None:
        session = item.acting.session_id
        self._attempts += 1
        self._failed.pop(session, None)
        if error is not None:
            self.last_error = error
        if error is not None and not keeps:
            self.refused += 1
            logger.warning("turns of session %s were refused: %s", session, without_words(error))
        if keeps:
            self._failed[session] = self._attempts
            self._put_behind(session)
        else:
            with suppress(ValueError):  # let go meanwhile
                self._items.remove(item)

    def _put_behind(self, session_id: str) -> None:
        """Let other sessions go first; within one the order stays."""
        waiting = [item for item in self._items if item.acting.session_id == session_id]
        others = [item for item in self._items if item.acting.session_id != session_id]
        self._items = deque((*others, *waiting))


def _is_of_same(one: Acting, other: Acting) -> bool:
    """Whether both are for the same person."""
    who, whom = one.attribution, other.attribution
    return who is not None and whom is not None and who.entity == whom.entity


def may_pass(error: MemsyncError) -> bool:
    """Whether the same request may succeed later: the server is back, or the key works again."""
    code = error.code if isinstance(error, APIError) else ""
    passes = isinstance(error, ConnectionFailed | ServerError | RateLimited | Unauthenticated)
    return passes or code in {IN_FLIGHT, UNEXPECTED}


_outboxes: weakref.WeakSet[Outbox] = weakref.WeakSet()


@atexit.register
def _flush() -> None:
    deadline = time.monotonic() + AT_EXIT
    for outbox in list(_outboxes):
        if len(outbox):
            outbox.wait(max(0.0, deadline - time.monotonic()))
