"""`memsync sessions`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from memsync_client.cli import output
from memsync_client.cli.access import Access
from memsync_client.cli.options import (
    Cursor,
    Json,
    Limit,
    Metadata,
    Scope,
    SessionId,
    Yes,
    access,
    confirm,
    metadata,
)
from memsync_client.client import Memsync
from memsync_client.models import Session

app = typer.Typer(no_args_is_help=True, help="Sessions: what was said.")

_FIELDS = (
    "id",
    "title",
    "kind",
    "status",
    "scope",
    "metadata",
    "forked_from",
    "fork_seq",
    "turn_count",
    "created_at",
    "last_activity_at",
)


class Format(str, Enum):
    """How a session is written out; jsonl is its whole tree, to be imported again."""

    text = "text"
    markdown = "markdown"
    json = "json"
    openai = "openai"
    jsonl = "jsonl"


@app.command()
def create(
    ctx: typer.Context,
    scope: Scope = None,
    title: Annotated[str | None, typer.Option()] = None,
    kind: Annotated[str | None, typer.Option(help="chat, ticket, document…")] = None,
    id: Annotated[str | None, typer.Option(help="A UUID of your own.")] = None,
    pairs: Metadata = None,
    as_json: Json = False,
) -> None:
    """Create a session and print its id."""
    made = access(ctx).run(
        lambda client: client.sessions.create(
            id=id, scope=scope, title=title, kind=kind, metadata=metadata(pairs)
        )
    )
    output.show(made, as_json, lambda session: output.line(session.id))


@app.command("list")
def list_(
    ctx: typer.Context,
    scope: Scope = None,
    status: Annotated[list[str] | None, typer.Option(help="active, archived or closed.")] = None,
    kind: Annotated[str | None, typer.Option()] = None,
    q: Annotated[str | None, typer.Option("-q", help="Words in the title.")] = None,
    pairs: Metadata = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """List sessions, newest first; archived ones with --status archived."""
    found = access(ctx).run(
        lambda client: client.sessions.list(
            scope=scope,
            status=status,
            kind=kind,
            q=q,
            metadata=metadata(pairs),
            limit=limit,
            cursor=cursor,
        )
    )
    output.show(found, as_json, lambda page: output.sessions(page.data))


@app.command()
def show(
    ctx: typer.Context,
    session: SessionId,
    last: Annotated[int, typer.Option(min=0, max=200, help="How many turns.")] = 20,
    as_json: Json = False,
) -> None:
    """Show a session and its newest turns."""

    def read(client: Any) -> tuple[Session, Any]:
        turns = client.sessions.turns(session, order="desc", limit=last).data if last else []
        return client.sessions.show(session), turns[::-1]

    found, turns = access(ctx).run(read)

    def render(_: Any) -> None:
        output.fields(found, _FIELDS)
        output.line("")
        output.turns(turns)

    output.show({**found, "turns": turns}, as_json, render)


@app.command()
def fork(
    ctx: typer.Context,
    session: SessionId,
    at: Annotated[int | None, typer.Option(min=1, help="After this turn.")] = None,
    after: Annotated[str | None, typer.Option(help="After the turn with this id.")] = None,
    title: Annotated[str | None, typer.Option()] = None,
    reason: Annotated[str | None, typer.Option()] = None,
    as_json: Json = False,
) -> None:
    """Fork a session, at its head unless told otherwise, and print the fork's id."""
    made = access(ctx).run(
        lambda client: client.sessions.fork(
            session, seq=at, parent_message_id=after, title=title, reason=reason
        )
    )
    output.show(made, as_json, lambda fork: output.line(fork.id))


@app.command()
def tree(ctx: typer.Context, session: SessionId, as_json: Json = False) -> None:
    """Show the forks around a session."""
    found = access(ctx).run(lambda client: client.sessions.tree(session))
    output.show(found, as_json, output.tree)


@app.command()
def export(
    ctx: typer.Context,
    session: SessionId,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.text,
    to: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file instead of standard output.")
    ] = None,
) -> None:
    """Write a session out: its transcript, or as jsonl its whole tree."""

    if format is Format.jsonl:
        download(access(ctx), lambda client: client.sessions.export_lines(session), to)
        return
    shown = format.value
    write(access(ctx).run(lambda client: client.sessions.transcript(session, format=shown)), to)


@app.command()
def archive(ctx: typer.Context, session: SessionId, as_json: Json = False) -> None:
    """Archive a session."""
    _set_status(ctx, session, "archived", as_json)


@app.command()
def close(ctx: typer.Context, session: SessionId, as_json: Json = False) -> None:
    """Close a session."""
    _set_status(ctx, session, "closed", as_json)


@app.command()
def reopen(ctx: typer.Context, session: SessionId, as_json: Json = False) -> None:
    """Make an archived or closed session active again."""
    _set_status(ctx, session, "active", as_json)


@app.command()
def delete(
    ctx: typer.Context,
    session: SessionId,
    cascade: Annotated[bool, typer.Option("--cascade", help="Its forks too.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete a session, its words and what rested on them alone. --json takes --yes."""
    if not yes:
        confirm("Its words go everywhere, for good. Go on?", as_json=as_json)
    counts = access(ctx).run(
        lambda client: client.sessions.delete(session, cascade=cascade or None)
    )
    output.show(counts, as_json, lambda found: output.fields(found, list(found)))


def write(text: str, to: Path | None) -> None:
    """Write text to a file, or to standard output; what a terminal would obey stays out of one."""
    if to is not None:
        to.write_text(text, encoding="utf-8")
    else:
        shown = output.shown_safely(text) if sys.stdout.isatty() else text
        typer.echo(shown, nl=not text.endswith("\n"))


def download(asked: Access, lines: Callable[[Memsync], Iterator[str]], to: Path | None) -> None:
    """Write lines out, however many, once all have come: no half of them replaces a file."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as spool:
        asked.run(lambda client: spool.writelines(f"{line}\n" for line in lines(client)))
        spool.seek(0)
        if to is not None:
            _replace(to, spool)
        elif sys.stdout.isatty():
            sys.stdout.writelines(map(output.shown_safely, spool))
        else:
            shutil.copyfileobj(spool, sys.stdout)


def _replace(to: Path, spool: IO[str]) -> None:
    """Put a whole file in another's place, for its owner to read; a pipe is written to."""
    if to.exists() and not to.is_file():
        with to.open("w", encoding="utf-8", newline="\n") as pipe:
            shutil.copyfileobj(spool, pipe)
        return
    target = to.resolve()
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            shutil.copyfileobj(spool, file)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _set_status(ctx: typer.Context, session: str, status: Any, as_json: bool) -> None:
    found = access(ctx).run(lambda client: client.sessions.update(session, status=status))
    output.show(found, as_json, lambda row: output.line(f"{row.id} is {row.status}."))
