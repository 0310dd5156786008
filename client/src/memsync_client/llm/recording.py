"""Watching one call of a model: what was sent, what came back, stored exactly once."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from memsync_client.llm.forms import Form
from memsync_client.llm.forms.turns import Message

logger = logging.getLogger("memsync_client")

Keep = Callable[[Sequence[Message]], None]
IDLE = 1.0
"""Seconds after which a stream that nobody reads counts as left."""


class Recording:
    """The turns of one call; `finish` stores them, the first time only."""

    def __init__(self, form: Form, sent: Sequence[Message], keep: Keep) -> None:
        self._form, self._sent, self._keep = form, sent, keep
        self._collector = form.Collector()
        self._lock = threading.Lock()
        self._is_done = False
        self._last_read = time.monotonic()
        self._is_waited_for = False

    @property
    def is_done(self) -> bool:
        """Whether its turns were stored."""
        return self._is_done

    @property
    def is_idle(self) -> bool:
        """Whether nobody has read from its stream for a while; who waits for a piece reads."""
        return not self._is_waited_for and time.monotonic() - self._last_read > IDLE

    def answer(self, result: Any) -> None:
        """A whole answer came back."""
        self._store(lambda: self._form.reply(result))

    def wait_for_piece(self) -> None:
        """Its reader asks for the next piece of a stream."""
        self._is_waited_for = True

    def piece(self, item: Any) -> None:
        """A piece of a stream was read."""
        self._last_read = time.monotonic()
        self._is_waited_for = False
        try:
            self._collector.add(item)
        except Exception:  # an event of a form that we do not know
            logger.exception("a piece of a stream was not understood")

    def finish(self, *, is_whole: bool = False) -> None:
        """The stream has ended, or its reader has left: store what was said until then."""
        self._store(lambda: self._collector.reply(is_whole=is_whole), is_whole=is_whole)

    def fail(self) -> None:
        """The stream broke: store what was read, if anything."""
        if self._collector.has_begun:
            self.finish()
        self._is_done = True

    def leave(self) -> None:
        """Store nothing: another process does, whose stream it is."""
        self._lock = threading.Lock()
        self._is_done = True

    def _store(self, reply: Callable[[], list[Message]], *, is_whole: bool = True) -> None:
        with self._lock:
            if self._is_done:
                return
            self._is_done = True
        try:
            said = reply()
            if not is_whole:
                said = [each | {"metadata": {"incomplete": True}} for each in said]
            self._keep([*self._sent, *said])
        except Exception:  # never into the caller's code
            logger.exception("the turns of a call were not stored")


def watch_stream(stream: Any, recording: Recording) -> Any:
    """The same stream, recorded while it is read, closed, or let go of."""
    is_async = hasattr(stream, "__anext__")
    inner = stream._iterator
    stream._iterator = _Awaited(inner, recording) if is_async else _Iterated(inner, recording)
    close = stream.close

    def closed() -> Any:
        recording.finish()
        return close()

    async def awaited_closed() -> Any:
        recording.finish()
        return await close()

    stream.close = awaited_closed if is_async else closed
    weakref.finalize(stream, recording.finish)
    return stream


class _Iterated(Iterator[Any]):
    def __init__(self, inner: Iterator[Any], recording: Recording) -> None:
        self._inner, self._recording = inner, recording

    def __next__(self) -> Any:
        self._recording.wait_for_piece()
        try:
            item = next(self._inner)
        except StopIteration:
            self._recording.finish(is_whole=True)
            raise
        except BaseException:
            self._recording.fail()
            raise
        self._recording.piece(item)
        return item


class _Awaited(AsyncIterator[Any]):
    def __init__(self, inner: AsyncIterator[Any], recording: Recording) -> None:
        self._inner, self._recording = inner, recording

    async def __anext__(self) -> Any:
        self._recording.wait_for_piece()
        try:
            item = await self._inner.__anext__()
        except StopAsyncIteration:
            self._recording.finish(is_whole=True)
            raise
        except BaseException:
            self._recording.fail()
            raise
        self._recording.piece(item)
        return item
