"""What the command line prints: tables for people, JSON for programs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree as RichTree

from memsync_client.errors import (
    APIError,
    ConnectionFailed,
    InvalidValue,
    MemsyncError,
    NotFound,
    ServerError,
    Unauthenticated,
)
from memsync_client.models import Hit, MemoryItem, Session, Source, Tree, Turn

PIPED_WIDTH = 1000
"""Characters of a line that goes to another program: rows are not folded."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Column = tuple[str, Callable[[Any], object]]


class Exit:
    """Exit codes."""

    REFUSED = 1
    USAGE = 2
    SIGN_IN = 3
    NOT_FOUND = 4
    AWAY = 5


def console() -> Console:
    """Where tables go; made anew so that it follows a redirected standard output."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def shown_safely(text: str) -> str:
    """A text for a terminal, which what other people wrote must not steer."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def print_json(data: object) -> None:
    """Print JSON."""
    print(json.dumps(data, indent=2, ensure_ascii=False))


def show(data: Any, as_json: bool, render: Callable[[Any], None]) -> None:
    """Print an answer, for a program or for people."""
    if as_json:
        print_json(data)
    else:
        render(data)


def table(rows: Iterable[Any], *columns: Column, empty: str = "Nothing.") -> None:
    """Print rows as a table."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for heading, _ in columns:
        drawn.add_column(heading, overflow="fold", no_wrap=heading == "ID")
    for row in rows:
        drawn.add_row(*(escape(_shown(read(row))) for _, read in columns))
    console().print(drawn if drawn.row_count else empty)


def fields(record: dict[str, Any], names: Sequence[str]) -> None:
    """Print the fields of one thing."""
    rows = [
        (name, record.get(name)) for name in names if record.get(name) not in (None, "", [], {})
    ]
    table(rows, ("", lambda row: row[0]), ("", lambda row: row[1]))


def line(text: str) -> None:
    """Print a line as it is."""
    console().print(escape(shown_safely(text)), soft_wrap=True)


def sessions(rows: Iterable[Session]) -> None:
    """Print sessions."""
    table(
        rows,
        ("ID", lambda row: row.id),
        ("TITLE", lambda row: row.title),
        ("STATUS", lambda row: row.status),
        ("TURNS", lambda row: row.turn_count),
        ("SCOPE", lambda row: " ".join(row.scope)),
        ("LAST ACTIVE", lambda row: when(row.last_activity_at)),
        empty="No sessions.",
    )


def turns(rows: Iterable[Turn]) -> None:
    """Print turns."""
    table(
        rows,
        ("#", lambda row: row.seq),
        ("ROLE", lambda row: row.role),
        ("SAID", lambda row: row.content or ("(redacted)" if row.redacted_at else "")),
        empty="No turns.",
    )


def memories(rows: Iterable[MemoryItem]) -> None:
    """Print memories with the words they came from."""
    table(
        rows,
        ("ID", lambda row: row.memory_id),
        ("CATEGORY", lambda row: row.category),
        ("MEMORY", lambda row: row.text),
        ("STATUS", lambda row: row.status),
        ("SURE", lambda row: f"{row.confidence:.2f}"),
        ("FROM", lambda row: quotes(row.get("sources") or [row.get("source")])),
        empty="No memories.",
    )


def hits(rows: Iterable[Hit]) -> None:
    """Print results of a recall."""
    table(
        rows,
        ("SCORE", lambda row: f"{row.score:.3f}"),
        ("TYPE", lambda row: row.type),
        ("TEXT", lambda row: row.text),
        ("FROM", lambda row: quotes(row.sources)),
        empty="Nothing is known.",
    )


def tree(found: Tree) -> None:
    """Print a tree of forks."""
    drawn: dict[str, RichTree] = {}
    for node in found.nodes:
        at = f" [dim]after {node.fork_seq}[/dim]" if node.fork_seq is not None else ""
        label = f"{escape(shown_safely(node.title or 'untitled'))} [dim]{node.id}[/dim]{at}"
        above = drawn.get(node.forked_from or "")
        drawn[node.id] = above.add(label) if above else RichTree(label)
    console().print(drawn[found.root])


def quotes(sources: Iterable[Source | None]) -> str:
    """The words that something rests on."""
    return " · ".join(f"“{source.quote}”" for source in sources if source and source.quote)


def when(time: str | None) -> str:
    """A time for people."""
    return (time or "")[:16].replace("T", " ")


def report(error: MemsyncError, *, as_json: bool) -> int:
    """Print an error on standard error; its exit code."""
    if as_json:
        print(json.dumps({"error": _error_json(error)}, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"memsync: {shown_safely(str(error))}", file=sys.stderr)
        if isinstance(error, Unauthenticated):
            print("memsync: sign in with `memsync login`, or set MEMSYNC_API_KEY.", file=sys.stderr)
    return _exit_code(error)


def _error_json(error: MemsyncError) -> dict[str, Any]:
    if not isinstance(error, APIError):
        return {"code": type(error).__name__, "detail": str(error)}
    named = ("status", "code", "detail", "request_id", "trace_id")
    shown = {name: getattr(error, name) for name in named}
    return shown | {"errors": [vars(each) for each in error.errors]}


def _exit_code(error: MemsyncError) -> int:
    match error:
        case InvalidValue():
            return Exit.USAGE
        case Unauthenticated():
            return Exit.SIGN_IN
        case NotFound():
            return Exit.NOT_FOUND
        case ConnectionFailed() | ServerError():
            return Exit.AWAY
    return Exit.REFUSED


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else shown_safely(str(value))
