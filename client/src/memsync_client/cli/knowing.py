"""What is known: remember, recall, context, state, diff, forget."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any

import typer

from memsync_client.cli import output
from memsync_client.cli.options import Json, Scope, SessionId, Yes, access, confirm
from memsync_client.cli.sessions import write
from memsync_client.errors import InvalidValue
from memsync_client.models import Recorded, State, StateDiff
from memsync_client.records import Record

app = typer.Typer()

Session = Annotated[str | None, typer.Option("--session", help="The id of a session.")]
Branch = Annotated[
    bool, typer.Option("--branch", help="Only what rests on the session's visible history.")
]
_CATEGORIES = ("identity", "knowledge", "context", "instructions", "uncertainties")
_CHANGES = ("added", "updated", "superseded", "closed", "reinforced", "contested")


class Mode(str, Enum):
    """Retract keeps the words in the history; erase blanks them everywhere."""

    retract = "retract"
    erase = "erase"


@app.command()
def remember(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to remember; - reads standard input.")],
    scope: Scope = None,
    session: Session = None,
    role: Annotated[str, typer.Option(help="Who says it.")] = "user",
    as_json: Json = False,
) -> None:
    """Store a text and learn from it."""
    said = sys.stdin.read() if text == "-" else text
    done = access(ctx).run(
        lambda client: client.facts.add(
            said,
            scope=scope,
            session_id=session,
            role=role,  # type: ignore[arg-type]  # the server says which there are
        )
    )
    output.show(done, as_json, _render_learnt)


@app.command()
def recall(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="The question.")],
    scope: Scope = None,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, max=100)] = 10,
    session: Annotated[
        str | None, typer.Option("--session", help="Names a series of follow-up questions.")
    ] = None,
    branch: Branch = False,
    as_json: Json = False,
) -> None:
    """Find the memories and turns that answer a question."""
    found = access(ctx).run(
        lambda client: client.query(
            query, scope=scope, top_k=top_k, session_id=session, branch=branch or None
        )
    )
    output.show(found, as_json, lambda answer: output.hits(answer.results))


@app.command()
def context(
    ctx: typer.Context,
    session: SessionId,
    query: Annotated[str | None, typer.Option("--query", "-q", help="What comes next.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1)] = None,
    branch: Branch = False,
) -> None:
    """Print what a prompt of this session should hold: instructions, memories, newest turns."""
    found = access(ctx).run(
        lambda client: client.sessions.context(
            session, query=query, max_tokens=max_tokens, branch=branch or None
        )
    )
    write(found, None)


@app.command()
def state(
    ctx: typer.Context,
    scope: Scope = None,
    session: Session = None,
    at: Annotated[int | None, typer.Option(min=0, help="After this turn of --session.")] = None,
    time: Annotated[str | None, typer.Option(help="At this time, ISO 8601.")] = None,
    branch: Branch = False,
    as_json: Json = False,
) -> None:
    """Show what is known, now or at a point."""
    if at is not None and time is not None:
        raise InvalidValue("Give --at or --time, not both.")
    point = {"seq": at} if at is not None else {"time": time} if time else None
    found = access(ctx).run(
        lambda client: client.state(
            scope=scope, session_id=session, at=point, branch=branch or None
        )
    )
    output.show(found, as_json, _render_state)


@app.command()
def diff(
    ctx: typer.Context,
    session: SessionId,
    since: Annotated[int, typer.Option(min=0, help="After this turn.")] = 0,
    until: Annotated[int | None, typer.Option(min=0, help="Up to this turn.")] = None,
    as_json: Json = False,
) -> None:
    """Show what changed between two turns of a session."""
    found = access(ctx).run(
        lambda client: client.sessions.diff(session, since_seq=since, until_seq=until)
    )
    output.show(found, as_json, _render_diff)


@app.command()
def forget(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[MEMORY]...")] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", help="What it is about.")] = None,
    category: Annotated[str | None, typer.Option(help="All of a category.")] = None,
    key: Annotated[str | None, typer.Option(help="All under a key, such as employer.")] = None,
    scope: Scope = None,
    mode: Annotated[Mode, typer.Option()] = Mode.retract,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Forget memories: by id, by what they are about, or by category and key.

    Without --yes it shows what would go, and asks. With --json it does not ask: without --yes it
    prints what would go, forgets nothing, and ends with exit code 1.
    """
    chosen = {"category": category, "key": key}
    narrowed = {name: value for name, value in chosen.items() if value is not None}
    asked: dict[str, Any] = {
        "ids": ids or None,
        "query": query,
        "filter": narrowed or None,
        "scope": scope,
        "mode": mode.value,
    }
    if not (ids or query or narrowed):
        raise InvalidValue("Say what: ids, --query, --category or --key.")
    if not yes or dry_run:
        would = access(ctx).run(lambda client: client.forget(**asked, dry_run=True))
        output.show(would, as_json, _render_forgotten)
        if dry_run:
            return
        confirm(f"{mode.value.capitalize()} these?", as_json=as_json)
    in_rounds(
        lambda: access(ctx).run(lambda client: client.forget(**asked, dry_run=False)),
        lambda done: output.show(done, as_json, _render_forgotten),
    )


@app.command()
def erase(
    ctx: typer.Context,
    tags: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Erase all there is under a scope, as of a person who leaves: user=alice.

    Sessions with their words, memories, names, questions and apps' state. Needs a management key.
    Without --yes it counts what would go, and asks; with --json it does not ask.
    """
    if not yes or dry_run:
        would = access(ctx).run(lambda client: client.erase(tags))
        output.show(would, as_json, _render_erased)
        if dry_run:
            return
        confirm("Erase it all, for good?", as_json=as_json)
    in_rounds(
        lambda: access(ctx).run(lambda client: client.erase(tags, dry_run=False)),
        lambda done: output.show(done, as_json, _render_erased),
    )


def in_rounds(work: Callable[[], Record], show: Callable[[Record], None]) -> None:
    """Repeat what takes away a part at a time, and show all that went, also when a round fails.

    Exit code 1 when something is left over, or a round took nothing away.
    """
    total: Record | None = None
    try:
        while True:
            done = work()
            total = _added(total, done)
            if not done.has_more or not any(done.counts.values()):
                break
    finally:
        if total is not None:
            show(total)
    if total.has_more or total.get("left_over"):
        raise typer.Exit(output.Exit.REFUSED)


def _added(total: Record | None, done: Record) -> Record:
    """The newest answer, with the counts and memories of those before."""
    if total is None:
        return done
    sums = Counter(total.counts)
    sums.update(done.counts)
    added = Record({**done, "counts": dict(sums)})
    if "memories" in done:
        added["memories"] = [*total.memories, *done.memories]
    return added


def _render_learnt(done: Recorded) -> None:
    lists = ("attributes", "relations", "instructions", "uncertainties")
    items = [item for name in lists for item in done.diff.get(name, [])]
    output.table(
        items,
        ("LEARNT", lambda item: item.text),
        ("", lambda item: item.op),
        ("FROM", lambda item: output.quotes([item.get("source")])),
        empty="Stored; nothing was learnt from it.",
    )
    output.line(f"Session {done.session_id}, trace {done.trace_id}")


def _render_state(found: State) -> None:
    output.memories([item for name in _CATEGORIES for item in found.get(name, [])])


def _render_diff(found: StateDiff) -> None:
    rows = [(name, item) for name in _CHANGES for item in found.get(name, [])]
    output.table(
        rows,
        ("", lambda row: row[0]),
        ("MEMORY", lambda row: row[1].text),
        ("BEFORE", lambda row: row[1].get("previous_value")),
        ("FROM", lambda row: output.quotes([row[1].get("source")])),
        empty=f"Nothing changed from turn {found.since_seq} to {found.until_seq}.",
    )


def _render_erased(found: Any) -> None:
    output.fields({"scope": ", ".join(found.scope), **found.counts}, ["scope", *found.counts])


def _render_forgotten(found: Any) -> None:
    rows = found.get("memories")
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        output.table(
            rows,
            ("ID", lambda row: row.get("memory_id") or row.get("id")),
            ("MEMORY", lambda row: row.get("text")),
            empty="Nothing matches.",
        )
        found = {name: value for name, value in found.items() if name != "memories"}
    output.fields(found, list(found))
