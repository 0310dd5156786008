"""`manage.py serve`: everything at once, as `make run` wants it."""

import os
import socket
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections

from memsync.embedded import EmbeddedPostgres, EmbeddedPostgresError, data_dir
from memsync.pulse import HEARTBEAT_VARIABLE, FilePulse, HttpPulse
from memsync.shared_folder import shared_folder
from memsync.supervisor import Child, Silence, stoppable, supervise

#: One process with four threads: PostgreSQL does the work, and two cores are shared with it.
WEB_OPTIONS = (
    *("--interface", "wsgi", "--http", "1", "--no-ws", "--workers", "1"),
    *("--blocking-threads", "4", "--blocking-threads-idle-timeout", "600"),
    *("--respawn-failed-workers", "--workers-kill-timeout", "8", "--log-level", "warning"),
)
#: Seconds without a sign of life after which a process is killed: far more than load explains.
HANG_PATIENCE = 300.0
WILDCARD_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class Command(BaseCommand):
    """Run the database, the web server and the worker, and start again whichever dies."""

    help = "Runs MemSync: database (unless DATABASE_URL names one), web server and worker."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until SIGINT or SIGTERM, then stop everything and return.

        Raises CommandError when the port is taken or the database cannot be had.
        """
        self.host = os.environ.get("MEMSYNC_HOST") or "127.0.0.1"
        self.port = _port(os.environ.get("PORT") or "8000")
        _refuse_taken_port(self.host, self.port)
        database = None if os.environ.get("DATABASE_URL") else EmbeddedPostgres(data_dir())
        try:
            with (
                stoppable(),
                shared_folder() as self.shared_folder,
                database.hold() if database else nullcontext(),
            ):
                self._prepare()
                supervise(self._children(), database, self._announce_if_ready)
        except EmbeddedPostgresError as error:
            raise CommandError(f"The embedded database cannot be used: {error}") from error

    def _prepare(self) -> None:
        """Bring the tables up to date; fill in the demo tenant, but not in production."""
        call_command("migrate", verbosity=0)
        if not settings.PRODUCTION:
            call_command("seed_demo")
        self.stdout.flush()
        connections.close_all()

    def _children(self) -> list[Child]:
        address = ("--host", self.host, "--port", str(self.port))
        web = (sys.executable, "-m", "granian", *WEB_OPTIONS, *address, "memsync.wsgi:application")
        worker = (sys.executable, "manage.py", "worker")
        beats = FilePulse(self._heartbeat)
        return [
            Child("web", web, self._environ("web"), self._silence_of_web()),
            Child("worker", worker, self._environ("worker"), Silence(beats, HANG_PATIENCE)),
        ]

    def _silence_of_web(self) -> Silence:
        """A model that is waited for may hold every thread for as long as it is given, twice."""
        pulse = HttpPulse(WILDCARD_HOSTS.get(self.host, self.host), self.port)
        return Silence(pulse, HANG_PATIENCE + 2 * settings.OPENAI_SECONDS)

    @property
    def _heartbeat(self) -> Path:
        """What the worker touches."""
        return self.shared_folder / "worker.heartbeat"

    def _environ(self, process: str) -> Mapping[str, str]:
        """Return a child's environment: it takes the database as given, and starts none."""
        return os.environ | {
            "DATABASE_URL": settings.DATABASE_URL,
            "MEMSYNC_DATA_DIR": str(data_dir()),
            "MEMSYNC_PROCESS": process,
            "PROMETHEUS_MULTIPROC_DIR": str(self.shared_folder),
            HEARTBEAT_VARIABLE: str(self._heartbeat),
        }

    def _announce_if_ready(self) -> bool:
        """Print the addresses once the web server answers."""
        host = WILDCARD_HOSTS.get(self.host, self.host)
        if not _is_healthy(host, self.port):
            return False
        url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.stdout.write(
            f"\nMemSync is running. Ctrl-C stops it.\n\n"
            f"  App       {url}/\n  Admin     {url}/admin/\n  API docs  {url}/api/docs/\n"
        )
        self.stdout.flush()
        return True


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise CommandError("PORT must be a number from 1 to 65535.")


def _refuse_taken_port(host: str, port: int) -> None:
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror
        raise CommandError(f"Cannot listen on {host}:{port}: {reason}. Set PORT.") from error


def _is_healthy(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
