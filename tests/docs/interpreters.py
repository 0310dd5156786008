"""Processes that run one block after another and keep what the blocks before have set."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 120
"""What one block may take on a busy machine."""
RUN_PYTHON = Path(__file__).with_name("run_python.py")


class Failed(AssertionError):
    """A block ended with an error."""


@dataclass
class Interpreter:
    """A process that is told file by file what to run."""

    command: list[str]
    step: Callable[[Path, str], str]
    """What it is told so that it runs a file and then prints a mark on a line of its own."""
    folder: Path
    environ: Mapping[str, str]
    process: subprocess.Popen[str] | None = None
    mark: str = field(default_factory=lambda: f"--- {uuid.uuid4().hex}")

    def run(self, file: Path) -> str:
        """Run a file; what it prints. Raises Failed when the process ends over it."""
        process = self.process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        lines: list[str] = []
        with _patience(process):
            process.stdin.write(self.step(file, self.mark))
            process.stdin.flush()
            for line in process.stdout:
                if line.rstrip("\n").endswith(self.mark):
                    return "".join([*lines, line.rstrip("\n").removesuffix(self.mark)])
                lines.append(line)
        process.wait()
        self.process = None
        raise Failed("".join(lines) + self._errors.read_text())

    def close(self) -> None:
        """Let it end. Raises Failed when it ends badly."""
        if self.process is None:
            return
        try:
            self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        if self.process.returncode:
            raise Failed(f"{self.command[0]} ended with {self.process.returncode}")

    @property
    def _errors(self) -> Path:
        return self.folder / f".errors-{self.mark[4:]}"

    def _start(self) -> subprocess.Popen[str]:
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        return self.process


@contextmanager
def _patience(process: subprocess.Popen[str]) -> Iterator[None]:
    """End a process that takes too long over one block."""
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def bash(folder: Path, environ: Mapping[str, str]) -> Interpreter:
    """A shell that stops at the first error."""

    def step(file: Path, mark: str) -> str:
        return f". {file} < /dev/null; echo '{mark}'\n"

    return Interpreter(["bash", "-euo", "pipefail"], step, folder, environ)


def python(folder: Path, environ: Mapping[str, str]) -> Interpreter:
    """Python with one namespace; `await` works outside of functions."""

    def step(file: Path, mark: str) -> str:
        return f"{mark}\t{file}\n"

    return Interpreter([sys.executable, "-P", str(RUN_PYTHON)], step, folder, environ)


def psql(folder: Path, environ: Mapping[str, str]) -> Interpreter:
    """The client of PostgreSQL, on the database of the server."""

    def step(file: Path, mark: str) -> str:
        return f"\\i {file}\n\\echo '{mark}'\n"

    command = shutil.which("psql", path=environ["PATH"]) or "psql"
    options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", environ["DATABASE_URL"]]
    return Interpreter([command, *options], step, folder, environ)
