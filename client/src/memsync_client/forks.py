"""What a forked process must not share with its parent: locks, connections, turns on their way."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Renewable(Protocol):
    """What begins anew in a forked process."""

    def begin(self) -> None:
        """Take nothing over from the parent: its threads are gone, and may have held a lock."""


def renew_in_children(thing: Renewable) -> None:
    """Let a thing begin anew in each process that this one forks, as long as it is there."""
    _renewed.add(thing)


def _begin_all() -> None:
    for thing in list(_renewed):
        thing.begin()


_renewed: weakref.WeakSet[Renewable] = weakref.WeakSet()

if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_all)
