"""`memsync mcp`: the server's tools, for programs that start a command and talk to it."""

from __future__ import annotations

import typer

from memsync_client.cli.options import Scope, access
from memsync_client.errors import InvalidValue

NEEDED = frozenset({"mcp", "mcp_types", "httpx2", "anyio"})


def mcp(ctx: typer.Context, scope: Scope = None) -> None:
    """Serve the server's tools on standard input and output (Model Context Protocol).

    With --scope, calls that name no scope get this one.
    """
    try:
        from memsync_client.cli import stdio
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        raise InvalidValue(
            "memsync mcp needs an extra of this package: pip install 'memsync-client[mcp]'"
        ) from error
    stdio.serve(access(ctx), scope or [])
