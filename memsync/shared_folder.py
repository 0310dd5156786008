"""The folder in which web and worker count together, and in which the worker shows that it lives.

It lies in memory, not on the disk: a counter's page that a full disk cannot hold would kill its
process.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

MEMORY = Path("/dev/shm")  # noqa: S108 - only as the parent of a private folder
PREFIX = "memsync-serve-"
#: Seconds in which a new folder gets its lock.
YOUTH = 60.0


@contextmanager
def shared_folder() -> Iterator[Path]:
    """Make a private folder for the block; what a killed predecessor left behind goes."""
    parent = MEMORY if os.access(MEMORY, os.W_OK) else Path(gettempdir())
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone
            _remove_if_left(folder)
    with TemporaryDirectory(prefix=PREFIX, dir=parent) as name:
        lock = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield Path(name)
        finally:
            os.close(lock)


def _remove_if_left(folder: Path) -> None:
    """Remove it unless its maker lives, who holds a lock on it."""
    if time.time() - folder.stat().st_mtime < YOUTH:
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(lock)
