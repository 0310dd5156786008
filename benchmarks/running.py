"""A MemSync of our own to measure: its server in a folder of its own, and a client of its API."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Server:
    """A running server, and the folder of its data."""

    port: int
    folder: Path
    pid: int = 0

    def call(
        self, method: str, path: str, body: Any = None, credentials: str | dict[str, str] = ""
    ) -> Any:
        """The parsed answer of a route, asked with a key or with headers.

        Anything but a success ends the run.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        if isinstance(credentials, str):
            credentials = {"API-KEY": credentials} if credentials else {}
        headers = {"Content-Type": "application/json"} | credentials
        try:
            connection.request(method, path, json.dumps(body).encode() if body else None, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            sys.exit(f"{method} {path}: {response.status} {text[:300]!r}")
        return json.loads(text) if text else None

    def manage(self, *arguments: str) -> dict[str, Any]:
        """The last line that a management command prints, as JSON."""
        command = [sys.executable, "manage.py", *arguments, "--json"]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environ(), capture_output=True, text=True, check=True
        )
        made: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return made

    def new_key(self, name: str) -> str:
        """A management key of a fresh tenant with the project `app`."""
        tenant = f"{name}-{int(time.time())}"
        self.manage("create_tenant", tenant, "--project", "app")
        made = self.manage(
            *["create_api_key", "--tenant", tenant, "--project", "app"],
            *["--name", "bench", "--role", "management"],
        )
        return str(made["key"])

    def wait_for_vectors(self, seconds: float = 600) -> float:
        """Wait until every row has its vector; returns how long it took."""
        started = time.monotonic()
        while self.call("GET", "/readyz")["embedding_backlog"]:
            if time.monotonic() - started > seconds:
                sys.exit("the rows were not embedded in time")
            time.sleep(0.2)
        return time.monotonic() - started

    def cpu_seconds(self) -> float:
        """Processor time of the server's and its database's processes so far.

        Steadier than latency where neighbors use the same processors.
        """
        ticks, whole = 0, {int(path.name) for path in Path("/proc").glob("[0-9]*")}
        parents = {pid: _stat(pid) for pid in whole}
        roots = {pid for pid in whole if str(self.folder) in _command(pid) or pid == self.pid}
        for pid, (parent, spent) in parents.items():
            if pid in roots or parent in roots or parents.get(parent, (0, 0))[0] in roots:
                ticks += spent
        return ticks / os.sysconf("SC_CLK_TCK")

    def environ(self) -> dict[str, str]:
        """The environment of its processes."""
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        return kept | {"MEMSYNC_DATA_DIR": str(self.folder), "PORT": str(self.port)}


@contextmanager
def serving() -> Iterator[Server]:
    """A server in a fresh folder, or in that of MEMSYNC_BENCH_DIR, which is kept."""
    kept = os.environ.get("MEMSYNC_BENCH_DIR")
    with tempfile.TemporaryDirectory(prefix="memsync-bench-") as fresh:
        server = Server(_free_port(), Path(kept or fresh))
        with (server.folder.parent / f"{server.folder.name}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=server.environ(),
                stdout=log,
                stderr=log,
            )
        server = replace(server, pid=process.pid)
        try:
            _wait_until_ready(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(30)


def _stat(pid: int) -> tuple[int, int]:
    """(parent, ticks) of a process; zeros when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0
    return int(fields[1]), int(fields[11]) + int(fields[12])


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            sys.exit("the server did not start")
        try:
            connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit("the server did not become ready")


def in_process(server: Server) -> None:
    """Set Django up in this process on the server's database, for what no route shows."""
    os.environ["MEMSYNC_DATA_DIR"] = str(server.folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "memsync.settings"
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
