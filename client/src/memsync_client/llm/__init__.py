"""`client.llm`: memory for the clients of language models."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Any, Generic, TypeVar

from memsync_client.forks import renew_in_children
from memsync_client.llm.hook import Calls, hook
from memsync_client.llm.memory import LlmMemory, Options
from memsync_client.llm.recording import Recording

C = TypeVar("C")
"""The client that a registration is chained on."""


class Llm(Generic[C]):
    """Registers clients of the `openai` and `anthropic` packages."""

    def __init__(self, owner: C, memory: LlmMemory) -> None:
        self._owner = owner
        self._memory = memory
        self._open: weakref.WeakSet[Recording] = weakref.WeakSet()
        self.begin()
        renew_in_children(self)

    def begin(self) -> None:
        """Have a lock that nobody holds, and no streams: those of a parent it stores itself."""
        self._lock = threading.Lock()
        for recording in self._open:
            recording.leave()
        self._open = weakref.WeakSet()

    def register(
        self,
        client: Any,
        *,
        timeout: float = 2.0,
        max_tokens: int = 2000,
        session_only: bool = False,
    ) -> C:
        """Give a client of a language model memory, and return the MemSync client.

        From now on each call it makes for somebody (`attribution`) is preceded by what is
        remembered of them, within `max_tokens`, and its new turns are stored in the background. A
        server that is away, slow or wrong delays a call by at most `timeout` seconds and never
        breaks it. `session_only` recalls only what this session taught. Raises InvalidValue for
        other clients.
        """
        options = Options(timeout, max_tokens, session_only)
        hook(client, Calls(self._memory, options, self._watch))
        return self._owner

    def wait(self, timeout: float) -> bool:
        """Wait until all turns are stored; see `Memsync.wait`."""
        deadline = time.monotonic() + timeout
        while self._has_open() and time.monotonic() < deadline:
            time.sleep(0.05)
        return self._memory.outbox.wait(max(0.0, deadline - time.monotonic()))

    def _watch(self, recording: Recording) -> None:
        with self._lock:
            self._open.add(recording)

    def _has_open(self) -> bool:
        """Whether streams are still being read; those that nobody reads any more are finished."""
        with self._lock:
            recordings = [each for each in self._open if not each.is_done]
            self._open = weakref.WeakSet(recordings)
        for recording in recordings:
            if recording.is_idle:
                recording.finish()
        return not all(recording.is_done for recording in recordings)
