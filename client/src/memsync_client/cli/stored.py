"""What is stored: `memsync memories`, `traces`, `entities`, `keys`, `agents`, whole projects."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from memsync_client.cli import output
from memsync_client.cli.options import Cursor, Json, Limit, Scope, Yes, access, confirm
from memsync_client.cli.sessions import download
from memsync_client.errors import InvalidValue
from memsync_client.models import Change, Key, Trace

memories = typer.Typer(help="Memories: what was learnt.")
traces = typer.Typer(no_args_is_help=True, help="Traces: what each ingest and recall did.")
entities = typer.Typer(no_args_is_help=True, help="Who and what memories are about.")
keys = typer.Typer(no_args_is_help=True, help="API keys of the project, for management keys.")
agents = typer.Typer(no_args_is_help=True, help="Coding agents: their runs.")
project = typer.Typer()

MemoryId = Annotated[str, typer.Argument(metavar="MEMORY", help="The id of a memory.")]


class Role(str, Enum):
    """What a key may do."""

    agent = "agent"
    supervisor = "supervisor"
    management = "management"


@memories.callback(invoke_without_command=True)
def list_memories(
    ctx: typer.Context,
    scope: Scope = None,
    session: Annotated[str | None, typer.Option(help="Only what rests on this session.")] = None,
    category: Annotated[str | None, typer.Option()] = None,
    status: Annotated[str | None, typer.Option(help="live, superseded, retracted…")] = None,
    key: Annotated[str | None, typer.Option(help="Such as employer.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """List memories, newest first, with the words they came from."""
    if ctx.invoked_subcommand is not None:
        return
    if session and (scope or category or status or key):
        raise InvalidValue("--session lists all that rests on a session, without other filters.")
    found = access(ctx).run(
        lambda client: (
            client.sessions.memories(session, limit=limit, cursor=cursor)
            if session
            else client.memories.list(
                scope=scope,
                category=category,  # type: ignore[arg-type]  # the server says which there are
                status=status,
                key=key,
                limit=limit,
                cursor=cursor,
            )
        )
    )
    output.show(found, as_json, lambda page: output.memories(page.data))


@memories.command("show")
def show_memory(ctx: typer.Context, memory: MemoryId, as_json: Json = False) -> None:
    """Show a memory."""
    found = access(ctx).run(lambda client: client.memories.show(memory))
    output.show(found, as_json, lambda row: output.fields(row, list(row)))


@memories.command("history")
def history(ctx: typer.Context, memory: MemoryId, as_json: Json = False) -> None:
    """List every change of a memory, from its beginning."""
    found = access(ctx).run(lambda client: client.memories.history(memory))

    def value(change: Change) -> object:
        return (change.after or change.before or {}).get("value")

    output.show(
        found,
        as_json,
        lambda page: output.table(
            page.data,
            ("AT", lambda row: output.when(row.at)),
            ("CHANGE", lambda row: row.op),
            ("VALUE", value),
            ("BY", lambda row: row.principal.get("label")),
            ("TRACE", lambda row: row.trace_id),
        ),
    )


@memories.command("correct")
def correct(
    ctx: typer.Context,
    memory: MemoryId,
    value: Annotated[str, typer.Argument(help="What is true.")],
    as_json: Json = False,
) -> None:
    """Correct a memory; the old value stays in its history."""
    done = access(ctx).run(lambda client: client.memories.correct(memory, value=value))
    output.show(done, as_json, lambda found: output.memories([found.memory]))


@traces.command("show")
def show_trace(
    ctx: typer.Context,
    trace: Annotated[str, typer.Argument(metavar="TRACE", help="The id of a trace.")],
    as_json: Json = False,
) -> None:
    """Show what one ingest or recall read, and did."""
    found = access(ctx).run(lambda client: client.traces.show(trace))
    output.show(found, as_json, lambda row: output.fields(row, list(row)))


@traces.command("list")
def list_traces(
    ctx: typer.Context,
    scope: Scope = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """List ingests and recalls, newest first."""
    found = access(ctx).run(
        lambda client: client.traces.list(scope=scope, limit=limit, cursor=cursor)
    )

    def render(rows: list[Trace]) -> None:
        output.table(
            rows,
            ("ID", lambda row: row.id),
            ("AT", lambda row: output.when(row.created_at)),
            ("KIND", lambda row: row.kind),
            ("STATUS", lambda row: row.status),
            ("ASKED", lambda row: row.query),
        )

    output.show(found, as_json, lambda page: render(page.data))


@entities.command("list")
def list_entities(
    ctx: typer.Context,
    scope: Scope = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """List entities."""
    found = access(ctx).run(
        lambda client: client.entities.list(scope=scope, limit=limit, cursor=cursor)
    )
    output.show(
        found,
        as_json,
        lambda page: output.table(
            page.data,
            ("ID", lambda row: row.id),
            ("NAME", lambda row: row.name),
            ("TYPE", lambda row: row.type),
            ("ALSO", lambda row: ", ".join(row.aliases)),
        ),
    )


@keys.command("create")
def create_key(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[Role, typer.Option()] = Role.agent,
    floor: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Tags it is bound to.")
    ] = None,
    expires_at: Annotated[str | None, typer.Option(help="ISO 8601.")] = None,
    as_json: Json = False,
) -> None:
    """Create a key and print it, this once."""
    made = access(ctx).run(
        lambda client: client.keys.create(
            name=name, role=role.value, floor=floor, expires_at=expires_at
        )
    )
    output.show(made, as_json, lambda key: typer.echo(key.key))


@keys.command("list")
def list_keys(
    ctx: typer.Context, limit: Limit = 50, cursor: Cursor = None, as_json: Json = False
) -> None:
    """List the keys of the project."""
    found = access(ctx).run(lambda client: client.keys.list(limit=limit, cursor=cursor))

    def state(key: Key) -> str:
        return "revoked" if key.revoked_at else "live"

    output.show(
        found,
        as_json,
        lambda page: output.table(
            page.data,
            ("ID", lambda row: row.id),
            ("NAME", lambda row: row.name),
            ("ROLE", lambda row: row.role),
            ("FLOOR", lambda row: " ".join(row.floor)),
            ("STATE", state),
            ("LAST USED", lambda row: output.when(row.last_used_at)),
        ),
    )


@keys.command("revoke")
def revoke_key(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The id of a key.")],
    yes: Yes = False,
) -> None:
    """Revoke a key; it stops working at once."""
    if not yes:
        confirm("What uses this key stops working. Go on?")
    access(ctx).run(lambda client: client.keys.revoke(key))


@agents.command("list")
def list_runs(
    ctx: typer.Context,
    scope: Scope = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """List the runs of coding agents, newest first."""
    found = access(ctx).run(
        lambda client: client.agent_sessions.list(scope=scope, limit=limit, cursor=cursor)
    )
    output.show(
        found,
        as_json,
        lambda page: output.table(
            page.data,
            ("RUN", lambda row: row.content_session_id),
            ("TITLE", lambda row: row.title),
            ("STATE", lambda row: row.state),
            ("STATUS", lambda row: row.status),
            ("PROMPTS", lambda row: row.last_prompt_number),
            ("SINCE", lambda row: output.when(row.created_at)),
        ),
    )


@agents.command("observations")
def list_observations(
    ctx: typer.Context,
    words: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    scope: Scope = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """Search what coding agents observed."""
    found = access(ctx).run(
        lambda client: client.observations.list(q=words, scope=scope, limit=limit, cursor=cursor)
    )
    output.show(
        found,
        as_json,
        lambda page: output.table(
            page.data,
            ("ID", lambda row: row.id),
            ("AT", lambda row: output.when(row.created_at)),
            ("TYPE", lambda row: row.type),
            ("TITLE", lambda row: row.title),
            ("RUN", lambda row: row.content_session_id),
        ),
    )


@project.command("export")
def export_project(
    ctx: typer.Context,
    to: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
) -> None:
    """Write out everything in reach as JSON Lines."""
    download(access(ctx), lambda client: client.export_lines(), to)


@project.command("import")
def import_project(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    as_json: Json = False,
) -> None:
    """Store the lines of an export, all or none."""
    text = file.read_text(encoding="utf-8")
    counts = access(ctx).run(lambda client: client.import_(text))
    output.show(counts, as_json, lambda found: output.fields(found.imported, list(found.imported)))
