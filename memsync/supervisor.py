"""Keep the processes of `manage.py serve` alive: the web server, the worker and the database."""

import ctypes
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from memsync.embedded import BASE_DIR, EmbeddedPostgres, EmbeddedPostgresError
from memsync.pulse import Pulse

logger = logging.getLogger(__name__)

POLL_INTERVAL = 0.25
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Seconds a child may take to finish what it is doing before it is killed.
STOP_PATIENCE = 10.0
#: Seconds a pass of the loop waits for the database; a longer recovery goes on by itself.
DATABASE_PATIENCE = 2.0
#: Seconds of silence that one pass can add: what froze the supervisor too is held against nobody.
MOST_SILENCE_A_PASS = 1.0
#: Seconds until the next try after 1, 2, 3… deaths in a row; a life of STEADY_AFTER ends the row.
RESTART_DELAYS = (0.0, 0.5, 1.0, 2.0, 4.0)
STEADY_AFTER = 10.0

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class StopRequested(BaseException):
    """A signal asked the whole to stop. Like KeyboardInterrupt it is no error."""


@contextmanager
def stoppable() -> Iterator[None]:
    """End the block without an error when SIGINT, SIGTERM or SIGHUP comes.

    Further signals are ignored from then on, so that nothing interrupts the cleaning up. A SIGHUP
    that was ignored before (nohup) stays ignored.
    """
    for signum in STOP_SIGNALS:
        if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _request_stop)
    with suppress(StopRequested):
        yield


def _request_stop(signum: int, frame: FrameType | None) -> None:
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise StopRequested


@dataclass
class Backoff:
    """When to start something again after it died; all times are on the monotonic clock."""

    deaths: int = 0
    due_at: float = 0.0
    started_at: float = 0.0

    def is_due(self) -> bool:
        return time.monotonic() >= self.due_at

    def note_start(self) -> None:
        self.started_at = time.monotonic()

    def note_death(self) -> None:
        now = time.monotonic()
        is_steady = now - self.started_at > STEADY_AFTER
        self.deaths = 1 if is_steady else self.deaths + 1
        self.due_at = now + RESTART_DELAYS[min(self.deaths, len(RESTART_DELAYS)) - 1]


@dataclass
class Silence:
    """For how long a process has given no sign of life."""

    pulse: Pulse
    patience: float
    """Seconds; after them it is taken for hung. Whatever keeps it busy lawfully must be shorter."""
    seconds: float = 0.0
    looked_at: float = 0.0

    def begin(self) -> None:
        """A new process has all the patience again."""
        self.seconds, self.looked_at = 0.0, time.monotonic()

    def is_too_long(self) -> bool:
        """Look for a sign of life; tell whether the patience is over."""
        now = time.monotonic()
        self.seconds += min(now - self.looked_at, MOST_SILENCE_A_PASS)
        self.looked_at = now
        if self.pulse.has_beaten():
            self.seconds = 0.0
        return self.seconds > self.patience


class Child:
    """A program that is started again whenever it ends, or hangs as its silence tells.

    It leads a session of its own: a Ctrl-C in the terminal reaches the supervisor only, and what
    the program left behind can be killed as a group. When the supervisor dies without a word, the
    kernel sends the program SIGTERM.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        silence: Silence | None = None,
    ) -> None:
        self.name = name
        self._command = command
        self._environ = environ
        self._silence = silence
        self._process: subprocess.Popen[bytes] | None = None
        self._backoff = Backoff()

    def watch(self) -> None:
        """Start the program if it does not run and its turn has come; kill it if it hangs."""
        self._end_if_hung()
        if self._process is not None and self._process.poll() is not None:
            logger.warning("%s ended with code %s", self.name, self._process.returncode)
            self._kill_group(self._process)
            self._process = None
            self._backoff.note_death()
        if self._process is None and self._backoff.is_due():
            self._start()

    def _end_if_hung(self) -> None:
        if self._process is None or self._silence is None or not self._silence.is_too_long():
            return
        logger.warning("%s hangs; killing it", self.name)
        self._kill_group(self._process)
        self._process.wait()

    def stop(self) -> None:
        """Ask the program to end; kill what is left of it after STOP_PATIENCE seconds."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_PATIENCE)
        self._kill_group(self._process)
        self._process.wait()

    def _start(self) -> None:
        supervisor = os.getpid()

        def end_with_supervisor() -> None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != supervisor:  # It died before the line above.
                os._exit(1)

        self._backoff.note_start()
        if self._silence:
            self._silence.begin()
        self._process = subprocess.Popen(
            self._command,
            cwd=BASE_DIR,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_supervisor,  # Safe: the supervisor has no other threads.
        )

    def _kill_group(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


class DatabaseWatch:
    """The embedded database as one more thing that is started again when it dies."""

    def __init__(self, database: EmbeddedPostgres) -> None:
        self._database = database
        self._backoff = Backoff()

    def watch(self) -> None:
        """Start the database if it is down; wait DATABASE_PATIENCE seconds at most."""
        self._database.trim_log()
        if self._database.is_running() or not self._backoff.is_due():
            return
        logger.warning("database ended; starting it again")
        self._backoff.note_death()
        self._backoff.note_start()
        try:
            self._database.ensure_running(DATABASE_PATIENCE)
        except EmbeddedPostgresError as error:
            logger.warning("database: %s", error)


def supervise(
    children: Sequence[Child], database: EmbeddedPostgres | None, is_ready: Callable[[], bool]
) -> None:
    """Keep the children and the database running until StopRequested; then stop the children.

    `is_ready` is called on each pass until it returns True once. Children stop in the given order.
    The database is the caller's, who stops it after the children.
    """
    watched: list[DatabaseWatch | Child] = [*children]
    if database is not None:
        watched.insert(0, DatabaseWatch(database))
    ready = False
    try:
        while True:
            for each in watched:
                each.watch()
            ready = ready or is_ready()
            time.sleep(POLL_INTERVAL)
    finally:
        for child in children:
            child.stop()
