"""Options that many commands share, and how their values are read."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from memsync_client.cli.access import Access
from memsync_client.errors import InvalidValue, MemsyncError

Json = Annotated[bool, typer.Option("--json", help="Print the server's answer as JSON.")]
Scope = Annotated[
    list[str] | None,
    typer.Option("--scope", "-s", metavar="KEY=VALUE", help="A scope tag; repeat for more."),
]
Limit = Annotated[int, typer.Option(min=1, max=200, help="Rows of one page.")]
Cursor = Annotated[str | None, typer.Option(help="Where the page before this one ended.")]
SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="The id of a session.")]
Metadata = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata", "-m", metavar="KEY=VALUE", help="Metadata; a value may be JSON. Repeatable."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def access(ctx: typer.Context) -> Access:
    """What the options before the command say."""
    found: Access = ctx.find_object(Access) or Access()
    return found


class Unconfirmed(MemsyncError):
    """A program did not say `--yes`."""


def confirm(question: str, *, as_json: bool = False) -> None:
    """Ask a person on standard error, and end here unless they agree.

    Who wants JSON is a program, which is not asked: raises Unconfirmed.
    """
    if as_json:
        raise Unconfirmed("Nothing was changed: it takes --yes.")
    typer.confirm(question, abort=True, err=True)


def metadata(given: list[str] | None) -> dict[str, Any] | None:
    """Pairs as an object. Raises InvalidValue."""
    if not given:
        return None
    pairs = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise InvalidValue(f"Metadata is given as key=value, not {each!r}.")
        pairs[key] = _value(value)
    return pairs


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
