"""Running the `memsync` command in this process."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from memsync_client.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


class Command:
    """`memsync("sessions", "list")`; `input` is its standard input."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str, input: str = "") -> Ran:
        """Run it; a traceback fails the test."""
        self._patch.setattr(sys, "argv", ["memsync", *arguments])
        self._patch.setattr(sys, "stdin", io.StringIO(input))
        self._capsys.readouterr()
        try:
            main()
            code: Any = 0
        except SystemExit as done:
            code = done.code or 0
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(int(code), out, err)
