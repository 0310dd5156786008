"""What happens before and after a call of a model, apart from any provider's package."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from memsync_client.errors import MemsyncError, NotFound, without_words
from memsync_client.llm.credentials import Credentials, find_project, refuse_elsewhere
from memsync_client.llm.forms.turns import Message, stored_form
from memsync_client.llm.outbox import Outbox, Unsent
from memsync_client.llm.recalling import Remembered, open_session, remember
from memsync_client.models import Appended
from memsync_client.requests import Plan, Request, record
from memsync_client.resources.sessions import at
from memsync_client.scope import Acting, Attribution, Scopes
from memsync_client.transport import Blocking, Settings

logger = logging.getLogger("memsync_client")

T = TypeVar("T")
MAX_OPEN = 10_000
MAX_APPENDED = 100
"""Messages that the server takes at once."""
PATIENCE = 10.0
"""Seconds that a background thread waits for one answer."""


@dataclass(frozen=True)
class Options:
    """How a registered client remembers."""

    timeout: float = 2.0
    """Seconds a call of the model may be delayed, whatever the server does."""
    max_tokens: int = 2000
    """Of facts and history together."""
    session_only: bool = False
    """Recall only what was learnt in this session: a reset then cuts the facts too."""


class LlmMemory:
    """Recalls within a deadline; stores in the background. Nothing here raises into its callers."""

    def __init__(self, settings: Settings, scopes: Scopes) -> None:
        self._scopes = scopes
        timeout = min(settings.timeout, PATIENCE)
        self._driver = Blocking(replace(settings, retries=0, timeout=timeout))
        self._credentials = Credentials(self._driver.settings)
        self.outbox = Outbox(self._store)

    def acting(self) -> Acting | None:
        """For whom the calling context acts; None when nothing is to be stored or recalled."""
        now = self._scopes.current
        if now.attribution is None:
            return None
        self._scopes.claim(now.session_id, now.attribution)
        return now

    def recall(self, acting: Acting, question: str, options: Options) -> Future[Remembered | None]:
        """What is remembered, from a thread; None when the server cannot tell."""
        return in_thread(lambda: self._recall(acting, question, options))

    def keep(self, acting: Acting, messages: Sequence[Message]) -> None:
        """Store the turns of one call, soon."""
        stored = [stored_form(each) for each in messages]
        for start in range(0, len(stored), MAX_APPENDED):
            part = stored[start : start + MAX_APPENDED]
            self.outbox.put(Unsent(acting, part, self._credentials))

    def set_api_key(self, api_key: str) -> None:
        """Ask with another key, first for what waits. Raises InvalidValue.

        What is said from now on belongs to it; what waits is sent if it leads to the same project.
        """
        settings = self._credentials.settings.with_key(api_key)
        if settings != self._credentials.settings:
            self._credentials = Credentials(settings)
        self.outbox.hurry()

    def close(self) -> None:
        """Let unsent turns go, and close the connections."""
        self.outbox.close()
        self._driver.close()

    def _recall(self, acting: Acting, question: str, options: Options) -> Remembered | None:
        deadline = time.monotonic() + options.timeout
        if not self.outbox.settle(acting, options.timeout):
            return None
        credentials = self._credentials
        self._open(acting, credentials)
        if time.monotonic() > deadline:
            return None
        plan = remember(
            acting,
            question=question,
            max_tokens=options.max_tokens,
            session_only=options.session_only,
        )
        return self._driver.perform(plan, credentials.settings)

    def _open(self, acting: Acting, credentials: Credentials) -> None:
        """Make sure once that the session is there and theirs. Raises MemsyncError."""
        known, opened = (acting.session_id, _attribution(acting)), credentials.opened
        if known in opened:
            return
        self._driver.perform(open_session(acting), credentials.settings)
        while len(opened) >= MAX_OPEN:
            opened.pop(next(iter(opened)), None)
        opened[known] = None

    def _store(self, item: Unsent) -> None:
        """Send the turns of one call. Raises MemsyncError."""
        credentials = self._credentials
        if item.credentials is not credentials:
            check = refuse_elsewhere(item.acting, item.credentials, credentials)
            self._driver.perform(check, credentials.settings)
        self._open(item.acting, credentials)
        try:
            self._driver.perform(_append(item), credentials.settings)
        except NotFound:  # deleted meanwhile: what is said next begins it anew
            credentials.opened.pop((item.acting.session_id, _attribution(item.acting)), None)
            self._open(item.acting, credentials)
            self._driver.perform(_append(item), credentials.settings)
        self._note_project(credentials)

    def _note_project(self, credentials: Credentials) -> None:
        """Know where this key led, before another one is set; what was stored is stored."""
        with suppress(MemsyncError):
            self._driver.perform(find_project(credentials), credentials.settings)


def _append(item: Unsent) -> Plan[Appended]:
    """The append of a call; its key, and the messages' own ids, make repeating it harmless."""
    messages = [
        {**message, "client_id": f"{item.key}:{place}"}
        for place, message in enumerate(item.messages)
    ]
    request = Request(
        "POST",
        at(item.acting.session_id, "turns"),
        record(Appended),
        body={"messages": messages, "scope": _attribution(item.acting).memory_scope},
        headers={"Idempotency-Key": item.key},
        is_keyed=True,
    )
    stored: Appended = yield request
    return stored


def _attribution(acting: Acting) -> Attribution:
    if acting.attribution is None:
        raise ValueError("nobody's turns are not stored")
    return acting.attribution


def in_thread(work: Callable[[], T | None]) -> Future[T | None]:
    """Run in a thread that does not keep the process alive; a failure is logged and gives None."""
    future: Future[T | None] = Future()

    def run() -> None:
        result = None
        try:
            result = work()
        except Exception as error:  # whatever it is, the call of the model goes on without
            logger.warning("nothing was recalled: %s", without_words(error))
        future.set_result(result)

    try:
        threading.Thread(target=run, name="memsync-recall", daemon=True).start()
    except RuntimeError as error:  # the system gives no more threads
        logger.warning("nothing was recalled: %s", error)
        future.set_result(None)
    return future


def result_within(future: Future[T | None], seconds: float) -> T | None:
    """The result, or None after so many seconds."""
    try:
        return future.result(seconds)
    except FutureTimeout:
        logger.warning("nothing was recalled within %s s", seconds)
        return None


async def awaited_within(future: Future[T | None], seconds: float) -> T | None:
    """As `result_within`, without blocking the event loop."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[T | None] = loop.create_future()

    def hand_over() -> None:
        if not waiter.done():
            waiter.set_result(future.result())

    def wake(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(hand_over)

    future.add_done_callback(wake)
    try:
        return await asyncio.wait_for(waiter, seconds)
    except asyncio.TimeoutError:
        logger.warning("nothing was recalled within %s s", seconds)
        return None
