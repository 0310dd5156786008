"""Import: the lines of an export become rows again, all or none, checked like any input.

Ids are kept, so they must be free in the project; what other projects hold neither blocks them nor
shows. Scopes are those of the lines; the people they name are made where they are new.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connections

from accounts import audit
from accounts.principals import Principal
from accounts.scope import scope_key
from accounts.services import named_user_id
from conversations.models import Conversation, Turn
from conversations.redaction import index_turns
from memories.models import Memory, Trace
from memories.persist import index_memories
from memories.portability.checking import check_lines
from memories.portability.parsing import BadLine, Line, parse_line
from memories.portability.records import BY_TYPE, HEADER, MEMORY, RECORDS, SESSION, Record
from memsync.common.errors import BadRequest, Conflict, Forbidden, NotFound, Problem
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import alias, tenant_scope

BATCH = 500


class IdsTaken(Conflict):
    """Something with an id of the file is in the project already."""

    code = "ids_taken"
    detail = "Some ids of the file are in this project already. Nothing was imported."


class ImportConflict(Conflict):
    """What the file says disagrees with what the project holds."""

    code = "import_conflict"
    detail = "The file disagrees with what the project holds. Nothing was imported."


@dataclass(slots=True)
class Import:
    """One import under way: the lines by type, and the keys their rows will have."""

    principal: Principal
    lines: dict[str, list[Line]]
    keys: dict[str, dict[UUID, int]] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)


def read_lines(*, principal: Principal, lines: Sequence[Any]) -> dict[str, int]:
    """Store the lines of an export; returns how many of each type.

    Raises BadRequest naming the line, Forbidden for a scope beyond the floor, IdsTaken, NotFound
    for an id that is taken out of reach, ImportConflict.
    """
    with tenant_scope(principal.tenant_id), _naming_lines():
        run = Import(principal, _sorted(lines))
        _refuse_taken(run)
        check_lines(run.lines)
        _run_sql("SET CONSTRAINTS ALL DEFERRED")
        for record in RECORDS:
            run.keys[record.name] = _keys(record, run.lines[record.name])
        try:
            _store(run)
            _run_sql("SET CONSTRAINTS ALL IMMEDIATE")
        except (IntegrityError, DatabaseError) as error:
            raise _refusal(error) from error
        counts = Counter({name: len(rows) for name, rows in run.rows.items()})
        audit.record(principal, "project.imported", project_id=principal.project, **counts)
    return dict(counts)


@contextmanager
def _naming_lines() -> Iterator[None]:
    """What is wrong with a line is a BadRequest that names it."""
    try:
        yield
    except BadLine as error:
        place = (f"line {error.number}: {error.field}", "invalid", error.reason)
        raise BadRequest("A line is not valid.", errors=[place]) from error


def _sorted(lines: Sequence[Any]) -> dict[str, list[Line]]:
    """The lines by type, each parsed. Raises BadLine."""
    if not lines or lines[0] != HEADER:
        raise BadRequest("The first line is not the header of an export.", code="not_an_export")
    found: dict[str, list[Line]] = defaultdict(list)
    seen: set[tuple[str, UUID]] = set()
    for number, line in enumerate(lines[1:], start=2):
        try:
            kind, parsed = parse_line(line, number)
        except BadLine as error:
            error.number = number
            raise
        if (kind, parsed["id"]) in seen:
            raise BadLine("id", "is given twice", parsed)
        seen.add((kind, parsed["id"]))
        found[kind].append(parsed)
    return found


def _refuse_taken(run: Import) -> None:
    """Raises IdsTaken, or NotFound when a session with such an id is out of reach."""
    for kind, lines in run.lines.items():
        named = [line["id"] for line in lines]
        if kind == MEMORY.name:  # also what changes say was replaced, should it not be in the file
            named += [line["replaced"] for line in run.lines.get("change", ())]
        rows = BY_TYPE[kind].model._default_manager.filter(
            project_id=run.principal.project, uid__in=named
        )
        taken = set(rows.values_list("uid", flat=True))
        if taken and kind == SESSION.name:
            visible = Conversation.objects.reachable(run.principal).filter(uid__in=taken)
            if visible.count() < len(taken):
                raise NotFound
        if taken:
            raise IdsTaken


def _keys(record: Record, lines: Sequence[Line]) -> dict[UUID, int]:
    """A key for every line, taken before any row is stored, so that lines may refer forward."""
    table = record.model._meta.db_table
    with connections[alias()].cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'pk')) FROM generate_series(1, %s)",
            [table, len(lines)],
        )
        keys = [key for (key,) in cursor.fetchall()]
    return {line["id"]: key for line, key in zip(lines, keys, strict=True)}


def _store(run: Import) -> None:
    """Build and insert the rows type by type, then what only the whole can say."""
    users: dict[str, Any] = {}
    for record in RECORDS:
        rows = [_row(run, record, line, users) for line in run.lines[record.name]]
        if record.name in _FINISH:
            _FINISH[record.name](run, rows)
        record.model._default_manager.bulk_create(rows, batch_size=BATCH)
        run.rows[record.name] = rows
    index_turns([row.pk for row in run.rows["turn"]])
    index_memories([row.pk for row in run.rows["memory"]])
    _take_places(run)


def _row(run: Import, record: Record, line: Line, users: dict[str, Any]) -> Any:
    """The row of a line, with its references as keys."""
    values = {record.attribute(name): line[name] for name in record.columns}
    for name, target in record.references:
        values[f"{name}_id"] = run.keys[target][line[name]] if line[name] is not None else None
    if record.is_scoped:
        scope = line["scope"]
        if not run.principal.may_write_scope(scope):
            raise Forbidden("A scope of the file is beyond the floor of these credentials.")
        if "user" in scope and scope["user"] not in users:
            users[scope["user"]] = named_user_id(principal=run.principal, scope=scope)
        values |= {"scope": scope, "user_id": users.get(scope.get("user", ""))}
    row: Any = record.model(
        serial=run.keys[record.name][line["id"]],
        uid=line["id"],
        tenant_id=run.principal.tenant_id,
        project_id=run.principal.project,
        **values,
    )
    if record.is_scoped:
        row.scope_key = scope_key(row.scope)
    return row


def _finish_sessions(run: Import, rows: Sequence[Conversation]) -> None:
    """Heads from the turns, which have no gaps."""
    own = Counter(line["conversation"] for line in run.lines["turn"])
    for row in rows:
        row.next_seq = (row.fork_seq or 0) + own[row.uid] + 1


def _finish_turns(run: Import, rows: Sequence[Turn]) -> None:
    """What a turn copies from its session; how many changes came before it, for now as a rank."""
    sessions = {row.pk: row for row in run.rows["session"]}
    for row, line in zip(rows, run.lines["turn"], strict=True):
        session = sessions[row.conversation_id]
        row.user_id, row.scope_key = session.user_id, session.scope_key
        row.appended_at_trace = line["appended_at"]
        row.embedded_with = "" if row.redacted_at else None


def _finish_traces(run: Import, rows: Sequence[Trace]) -> None:
    for row in rows:
        row.kind = Trace.Kind.INGEST


def _finish_memories(run: Import, rows: Sequence[Memory]) -> None:
    """Wait for ingests that compare claims with memories of these scopes; always in one order."""
    for key in sorted({row.scope_key for row in rows}):
        lock(LockSpace.RECONCILE, f"{run.principal.project}:{key}")


_FINISH: dict[str, Callable[[Import, Sequence[Any]], None]] = {
    "session": _finish_sessions,
    "turn": _finish_turns,
    "trace": _finish_traces,
    "memory": _finish_memories,
}


def _take_places(run: Import) -> None:
    """Put the traces after all of the project's, in their order; last, as for every trace."""
    places = {
        run.keys["trace"][line["id"]]: line["place"]
        for line in run.lines["trace"]
        if line["place"] is not None
    }
    with connections[alias()].cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_projectcounter SET traces = traces + %s WHERE project_id = %s"
            " RETURNING traces - %s",
            [len(places), run.principal.project, len(places)],
        )
        base = cursor.fetchone()[0]
        cursor.execute(
            "UPDATE memories_trace SET number = %s + place"
            "  FROM unnest(%s::bigint[], %s::bigint[]) AS p(key, place) WHERE pk = p.key",
            [base, list(places), list(places.values())],
        )
        cursor.execute(
            "UPDATE conversations_turn SET appended_at_trace = appended_at_trace + %s"
            " WHERE conversation_id = ANY(%s)",
            [base, list(run.keys["session"].values())],
        )


def _refusal(error: DatabaseError) -> Problem:
    """What the database found wrong: another row in the way, or lines that cannot be."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or "rule"
    if getattr(diagnosis, "sqlstate", "") == "23505":
        return ImportConflict(f"The project holds what the file contradicts ({name}).")
    if isinstance(error, IntegrityError):
        return BadRequest(f"The lines break the rule {name}.", code="invalid_import")
    raise error


def _run_sql(statement: str) -> None:
    with connections[alias()].cursor() as cursor:
        cursor.execute(statement)
