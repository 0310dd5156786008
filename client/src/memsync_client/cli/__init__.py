"""The `memsync` command."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from memsync_client.cli import knowing, output, sessions, signing, stored
from memsync_client.cli.access import Access
from memsync_client.cli.hook import hook
from memsync_client.cli.mcp import mcp
from memsync_client.errors import MemsyncError
from memsync_client.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="MemSync: memory that can be audited.",
    epilog="Exit codes: 0 done, 1 refused, 2 wrong usage, 3 sign in first, 4 not found, "
    "5 the server is away.",
)
app.add_typer(sessions.app, name="sessions")
app.add_typer(stored.memories, name="memories")
app.add_typer(stored.traces, name="traces")
app.add_typer(stored.entities, name="entities")
app.add_typer(stored.keys, name="keys")
app.add_typer(stored.agents, name="agents")
app.add_typer(signing.profiles_app, name="profiles")
app.add_typer(signing.app)
app.add_typer(knowing.app)
app.add_typer(stored.project)
app.command()(hook)
app.command()(mcp)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", help="Instead of the current profile.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="The server.")] = None,
    context: Annotated[str | None, typer.Option(help="The project; - is the key's own.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 30.0,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command say which server is asked, and as whom."""
    ctx.obj = Access(profile, url, context, timeout)


def main() -> None:
    """Run a command; whatever goes wrong is one line on standard error and an exit code."""
    try:
        app()
    except MemsyncError as error:
        sys.exit(output.report(error, as_json="--json" in sys.argv))
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # a bug, or a file that cannot be written: never a traceback
        print(f"memsync: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(output.Exit.REFUSED)
