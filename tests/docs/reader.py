"""A reader who does what a document says, in a folder of their own."""

from __future__ import annotations

import json
import re
import subprocess
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml

from tests.docs import interpreters
from tests.docs.blocks import ROOT, Block
from tests.docs.interpreters import Failed, Interpreter
from tests.docs.outputs import difference

NAMED = re.compile(r"^// (\S+\.m?ts)\n")
VARIABLE = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)

STARTS: dict[str, Callable[[Path, Mapping[str, str]], Interpreter]] = {
    "sh": interpreters.bash,
    "python": interpreters.python,
    "sql": interpreters.psql,
}
SUFFIXES = {"python": "py"}


@dataclass
class Reader:
    """Runs blocks in order; each language keeps what it has set."""

    folder: Path
    environ: Mapping[str, str]
    interpreters: dict[str, Interpreter] = field(default_factory=dict)

    def read(self, blocks: list[Block]) -> None:
        """Do what every block says, and compare what it shows. Errors name the block."""
        came = ""
        for block, after in zip(blocks, [*blocks[1:], None], strict=True):
            try:
                came = self._do(block, after, came)
            except Exception as error:
                error.add_note(f"in {block}")
                raise

    def close(self) -> None:
        """Let the interpreters end. Raises Failed when one ends badly."""
        for interpreter in self.interpreters.values():
            interpreter.close()

    def _do(self, block: Block, after: Block | None, came: str) -> str:
        if block.is_output:
            if different := difference(block.language, block.text, came):
                raise Failed(f"shows what does not come: {different}")
            return came
        check_form(block)
        if block.reason:
            return ""
        if block.language in STARTS:
            return self._run(block)
        if block.language == "http":
            return self._ask(block, is_refused=after is not None and shows_refusal(after))
        if block.language == "ts":
            self._save(block)
        return ""

    def _run(self, block: Block) -> str:
        if block.language not in self.interpreters:
            start = STARTS[block.language]
            self.interpreters[block.language] = start(self.folder, self.environ)
        name = f"{Path(block.document).stem}.{SUFFIXES.get(block.language, block.language)}"
        file = self.folder / f".line-{block.line}-{name}"
        file.write_text(block.text)
        return self.interpreters[block.language].run(file)

    def _ask(self, block: Block, *, is_refused: bool) -> str:
        """Send a request; it is refused if and only if the document shows the refusal."""
        head, _, body = block.text.strip().partition("\n\n")
        method, path = head.splitlines()[0].split()
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        if body:
            headers["Content-Type"] = "application/json"
        response = httpx.request(
            method,
            self.environ["MEMSYNC_URL"] + path,
            headers={"API-KEY": self.environ["MEMSYNC_API_KEY"], **headers},
            content=body,
            timeout=30,
        )
        if response.is_error != is_refused:
            raise Failed(f"{response.status_code} {response.text}")
        return response.text

    def _save(self, block: Block) -> None:
        """TypeScript is kept under the name in its first line, for the commands that run it."""
        named = NAMED.match(block.text)
        if not named:
            raise Failed("TypeScript names its file in its first line: // chat.ts")
        (self.folder / named[1]).write_text(block.text)


def shows_refusal(block: Block) -> bool:
    """Whether a block shows a problem, which has a code."""
    return block.is_output and block.language == "json" and "code" in json.loads(block.text)


def check_form(block: Block) -> None:
    """What is not run can be read at least: it parses, and names what there is.

    Raises SyntaxError, ValueError, YAMLError, CalledProcessError.
    """
    if block.language == "python":
        compile(block.text, str(block), "exec", PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if block.language == "sh":
        subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
    if block.language == "json":
        json.loads(block.text)
    if block.language == "yaml":
        yaml.safe_load(block.text)
    if block.language == "env" and (
        unknown := set(VARIABLE.findall(block.text)) - known_variables()
    ):
        raise ValueError(f"{block}: nothing reads {', '.join(sorted(unknown))}")


def known_variables() -> set[str]:
    """The variables that are read, as `.env.example` says."""
    return set(VARIABLE.findall((ROOT / ".env.example").read_text()))
