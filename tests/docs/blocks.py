"""The examples of the documents: their fenced blocks, in order, each with what it shows.

What a reader can run is run. What cannot be run in a test has a comment before it,
`<!-- not run: <reason> -->`, with one of REASONS. A block whose second word is `output` shows what
the block before it prints or is answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]

LANGUAGES = frozenset({"python", "sh", "sql", "http", "ts", "json", "yaml", "env", "text"})
"""`text` is for drawings and outputs; everything else is run, or read and checked."""

REASONS = frozenset(
    {
        "starts the server itself",
        "installs packages",
        "runs the checks and tests themselves",
        "your own address and key",
        "asks for a password",
        "calls another product",
    }
)

NOT_RUN = re.compile(r"^<!-- not run: (.+?) -->$")


def documents() -> list[Path]:
    """Every document whose examples are run."""
    return [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "client/README.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
    ]


def name_of(document: Path) -> str:
    """The path of a document from the root."""
    return str(document.relative_to(ROOT))


def has_examples(document: Path) -> bool:
    """Whether there is anything in a document that needs a server."""
    return re.search(r"^ *```(sh|python|sql|http)", document.read_text(), re.MULTILINE) is not None


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    document: str
    line: int
    """Where its text begins, counted from 1."""
    language: str
    is_output: bool
    text: str
    reason: str
    """Why it is not run; empty when it is."""

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


class Unreadable(ValueError):
    """A block that nobody would run."""


def blocks_of(document: Path) -> list[Block]:
    """The blocks of a document. Raises Unreadable for one that would escape."""
    tokens = MarkdownIt("commonmark").parse(document.read_text())
    return list(_read(tokens, name_of(document)))


def _read(tokens: list[Token], document: str) -> Iterator[Block]:
    reason = ""
    for token in tokens:
        line = token.map[0] + 2 if token.map else 0
        place = f"{document}:{line - 1}"
        if token.type == "code_block":
            raise Unreadable(f"{place}: an indented block; fence it with a language")
        if token.type == "fence":
            yield _block(token, document, line, reason)
        elif reason:
            raise Unreadable(f"{place}: a reason with no block after it")
        reason = _reason(token, place)


def _reason(token: Token, place: str) -> str:
    """The reason in a comment; empty for anything else."""
    if token.type != "html_block" or "not run" not in token.content:
        return ""
    found = NOT_RUN.match(token.content.strip())
    if not found or found[1] not in REASONS:
        raise Unreadable(f"{place}: the reason is none of {sorted(REASONS)}")
    return found[1]


def _block(token: Token, document: str, line: int, reason: str) -> Block:
    language, _, rest = token.info.strip().partition(" ")
    if language not in LANGUAGES:
        raise Unreadable(f"{document}:{line - 1}: {language!r} is none of {sorted(LANGUAGES)}")
    if rest not in {"", "output"}:
        raise Unreadable(f"{document}:{line - 1}: {rest!r} says nothing; `output` is what is known")
    return Block(document, line, language, rest == "output", token.content, reason)
