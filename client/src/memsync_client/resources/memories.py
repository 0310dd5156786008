"""Facts, memories, recall, state and traces: what was learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from httpx import Response

from memsync_client.models import (
    ByHand,
    Change,
    Entity,
    Memory,
    Recalled,
    Recorded,
    Role,
    State,
    Trace,
)
from memsync_client.records import Page, Record
from memsync_client.requests import (
    NDJSON,
    Request,
    Scope,
    ask,
    get,
    page,
    post,
    record,
    segment,
    streamed,
    tags,
)
from memsync_client.resources.sessions import Id, Message, Order, time
from memsync_client.routes import D, Each, Lines, Resource, Route

Category = Literal["identity", "knowledge", "context", "instruction", "uncertainty"]


class Facts(Resource[D]):
    """`client.facts`."""

    @Route
    def add(
        self,
        text: str,
        *,
        scope: Scope | None = None,
        session_id: Id | None = None,
        role: Role | None = None,
        authority: Literal["experiential", "authoritative"] | None = None,
        wait: bool = True,
    ) -> Request[Recorded]:
        """Store a text and learn from it; with `wait=False` the worker learns, see the trace."""
        body = {
            "text": text,
            "scope": tags(scope),
            "session_id": _text(session_id),
            "role": role,
            "authority": authority,
        }
        return post("/facts", record(Recorded), body, wait=wait)

    @Route
    def batch(
        self,
        messages: Sequence[Message],
        *,
        session_id: Id | None = None,
        scope: Scope | None = None,
        metadata: Mapping[str, Any] | None = None,
        wait: bool = True,
    ) -> Request[Recorded]:
        """Store messages in one session, continued or new, and learn from them.

        With `wait=False` the worker learns; the trace says when it is done.
        """
        body = {
            "messages": [*messages],
            "session_id": _text(session_id),
            "scope": tags(scope),
            "metadata": metadata,
        }
        return post("/facts/batch", record(Recorded), body, wait=wait)


class Memories(Resource[D]):
    """`client.memories`."""

    @Route
    def list(
        self,
        *,
        scope: Scope | None = None,
        category: Category | None = None,
        status: str | None = None,
        key: str | None = None,
        subject: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Memory]]:
        """List memories with their sources, newest first; live ones unless `status` says else."""
        return get(
            "/memories",
            page(Memory),
            scope=tags(scope),
            category=category,
            status=status,
            key=key,
            subject=subject,
            limit=limit,
            cursor=cursor,
            order=order,
        )

    each = Each(list)

    @Route
    def add(
        self,
        *,
        category: Category,
        key: str,
        value: str,
        subject: str | None = None,
        scope: Scope | None = None,
    ) -> Request[ByHand]:
        """Write a memory by hand; one that is stored already comes back, surer."""
        body = {
            "category": category,
            "key": key,
            "value": value,
            "subject": subject,
            "scope": tags(scope),
        }
        return post("/memories", record(ByHand), body)

    @Route
    def show(self, memory_id: Id) -> Request[Memory]:
        """Show a memory with its sources."""
        return get(_at(memory_id), record(Memory))

    @Route
    def correct(self, memory_id: Id, *, value: str) -> Request[ByHand]:
        """Correct a memory's value; the old one stays as superseded."""
        return Request("PATCH", _at(memory_id), record(ByHand), body={"value": value})

    @Route
    def retract(self, memory_id: Id) -> Request[ByHand]:
        """Retract a memory; `client.forget(…, mode="erase")` takes its words away too."""
        return Request("DELETE", _at(memory_id), record(ByHand))

    @Route
    def history(
        self,
        memory_id: Id,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order = "asc",
    ) -> Request[Page[Change]]:
        """List every change of a memory, the first one first unless `order` is "desc"."""
        path = f"{_at(memory_id)}/history"
        return get(path, page(Change), limit=limit, cursor=cursor, order=order)

    @Route
    def resolve(
        self, memory_id: Id, *, value: str | None = None, reject: bool | None = None
    ) -> Request[ByHand]:
        """Settle an uncertainty: with the value that holds, or by rejecting it."""
        body = {"value": value, "reject": reject}
        return post(f"{_at(memory_id)}/resolve", record(ByHand), body)


class Entities(Resource[D]):
    """`client.entities`."""

    @Route
    def list(
        self,
        *,
        scope: Scope | None = None,
        type: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Entity]]:
        """List who and what memories are about."""
        return get(
            "/entities",
            page(Entity),
            scope=tags(scope),
            type=type,
            limit=limit,
            cursor=cursor,
            order=order,
        )

    each = Each(list)

    @Route
    def show(self, entity_id: Id) -> Request[Entity]:
        """Show an entity."""
        return get(f"/entities/{segment(entity_id)}", record(Entity))

    @Route
    def merge(self, entity_id: Id, *, into: Id) -> Request[Entity]:
        """Merge an entity into another that is the same."""
        return post(f"/entities/{segment(entity_id)}/merge", record(Entity), {"into": str(into)})

    @Route
    def add_alias(self, entity_id: Id, *, name: str) -> Request[Entity]:
        """Add another name of an entity."""
        return post(f"/entities/{segment(entity_id)}/aliases", record(Entity), {"name": name})


class Traces(Resource[D]):
    """`client.traces`."""

    @Route
    def list(
        self,
        *,
        scope: Scope | None = None,
        kind: Literal["ingest", "recall"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Trace]]:
        """List ingests and recalls, newest first."""
        return get(
            "/traces",
            page(Trace),
            scope=tags(scope),
            kind=kind,
            limit=limit,
            cursor=cursor,
            order=order,
        )

    each = Each(list)

    @Route
    def show(self, trace_id: Id) -> Request[Trace]:
        """Show a trace."""
        return get(f"/traces/{segment(trace_id)}", record(Trace))

    @Route
    def feedback(
        self, trace_id: Id, *, id: Id, verdict: Literal["useful", "wrong", "outdated"]
    ) -> Request[Record]:
        """Say of one result of a recall whether it helped; the last word counts."""
        path = f"/recalls/{segment(trace_id)}/feedback"
        return post(path, record(Record), {"id": str(id), "verdict": verdict})


class Knowing(Resource[D]):
    """What a client asks directly: `client.query(…)`, `client.state(…)`, `client.forget(…)`."""

    @Route
    def query(
        self,
        query: str,
        *,
        scope: Scope | None = None,
        top_k: int | None = None,
        session_id: str | None = None,
        categories: Sequence[Category] | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: datetime | str | Mapping[str, str] | None = None,
        include: Sequence[Literal["memories", "turns"]] | None = None,
        persist: bool | None = None,
        explain: bool | None = None,
        branch: bool | None = None,
    ) -> Request[Recalled]:
        """Find the memories and turns that answer a question.

        `session_id` names a series of follow-up questions; it never changes what may be seen.
        """
        body = {
            "query": query,
            "scope": tags(scope),
            "top_k": top_k,
            "session_id": session_id,
            "categories": categories,
            "filters": filters,
            "as_of": as_of if isinstance(as_of, Mapping) else time(as_of),
            "include": include,
            "persist": persist,
            "explain": explain,
            "branch": branch,
        }
        return ask("/query", record(Recalled), body)

    @Route
    def state(
        self,
        *,
        scope: Scope | None = None,
        session_id: Id | None = None,
        at: Mapping[str, Any] | None = None,
        branch: bool | None = None,
    ) -> Request[State]:
        """Show what is known, now or `at` a `{"seq": …}`, `{"turn_id": …}` or `{"time": …}`."""
        body = {
            "scope": tags(scope),
            "session_id": _text(session_id),
            "at": at,
            "branch": branch,
        }
        return ask("/state", record(State), body)

    @Route
    def forget(
        self,
        *,
        ids: Sequence[Id] | None = None,
        filter: Mapping[str, Any] | None = None,
        query: str | None = None,
        scope: Scope | None = None,
        mode: Literal["retract", "erase"] = "retract",
        dry_run: bool = True,
    ) -> Request[Record]:
        """Forget memories by ids, filter or query; a dry run, the default, says what would go."""
        body = {
            "ids": None if ids is None else [str(each) for each in ids],
            "filter": filter,
            "query": query,
            "scope": tags(scope),
            "mode": mode,
            "dry_run": dry_run,
        }
        return post("/forget", record(Record), body)

    @Route
    def erase(self, scope: Scope, *, dry_run: bool = True) -> Request[Record]:
        """Erase all there is under a scope, as for a person who leaves. Management keys only.

        A dry run, the default, counts it. Call again while the answer's `has_more` is true. An
        erasure is sent once: what it counted would be lost if it were repeated in silence.
        """
        body = {"scope": tags(scope), "dry_run": dry_run}
        return Request("POST", "/erase", record(Record), body=body, is_read=dry_run)

    @Route
    def export(self) -> Request[str]:
        """Export everything in reach as JSON Lines, at once in memory."""
        return get("/export", _lines)

    @Lines
    def export_lines(self) -> Request[Response]:
        """Export everything in reach line by line, each a JSON object."""
        return streamed("/export")

    @Route
    def import_(self, lines: str) -> Request[Record]:
        """Store the lines of an export with their ids and times, all or none."""
        return Request(
            "POST",
            "/import",
            record(Record),
            content=lines.encode(),
            content_type=NDJSON,
            is_keyed=True,
        )


def _lines(response: Any) -> str:
    return str(response.content.decode())


def _at(memory_id: Id) -> str:
    return f"/memories/{segment(memory_id)}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
