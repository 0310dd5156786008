"""Sessions: what was said, its forks, and what rests on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from httpx import Response

from memsync_client.models import (
    Appended,
    Memory,
    Session,
    StateDiff,
    Tree,
    Turn,
)
from memsync_client.records import Page, Record
from memsync_client.requests import (
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
    text,
    without_none,
)
from memsync_client.routes import D, Each, Lines, Resource, Route

Id = str | UUID
Order = Literal["asc", "desc"]
Message = Mapping[str, Any]
"""A chat message: `role`, `content`, and what OpenAI's or Anthropic's form adds."""


class Sessions(Resource[D]):
    """`client.sessions`."""

    @Route
    def create(
        self,
        *,
        id: Id | None = None,
        title: str | None = None,
        kind: str | None = None,
        scope: Scope | None = None,
        metadata: Mapping[str, Any] | None = None,
        members: Sequence[str] | None = None,
    ) -> Request[Session]:
        """Create a session."""
        body = {
            "id": _text(id),
            "title": title,
            "kind": kind,
            "scope": tags(scope),
            "metadata": metadata,
            "members": members,
        }
        return post("/sessions", record(Session), body)

    @Route
    def list(
        self,
        *,
        scope: Scope | None = None,
        status: str | Sequence[str] | None = None,
        kind: str | None = None,
        q: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        active_after: datetime | str | None = None,
        active_before: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Session]]:
        """List sessions, newest first; archived ones only with `status="archived"`."""
        fields = {f"metadata.{name}": value for name, value in (metadata or {}).items()}
        return get(
            "/sessions",
            page(Session),
            scope=tags(scope),
            status=status,
            kind=kind,
            q=q,
            created_after=time(created_after),
            created_before=time(created_before),
            active_after=time(active_after),
            active_before=time(active_before),
            limit=limit,
            cursor=cursor,
            order=order,
            **fields,
        )

    each = Each(list)

    @Route
    def show(self, session_id: Id) -> Request[Session]:
        """Show a session."""
        return get(at(session_id), record(Session))

    @Route
    def update(
        self,
        session_id: Id,
        *,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        status: Literal["active", "archived", "closed"] | None = None,
    ) -> Request[Session]:
        """Rename, describe, archive, close or reopen a session."""
        body = without_none({"title": title, "metadata": metadata, "status": status})
        return Request("PATCH", at(session_id), record(Session), body=body)

    @Route
    def archive(self, session_id: Id) -> Request[Session]:
        """Archive a session: it is listed on request only and takes no more turns."""
        return Request("PATCH", at(session_id), record(Session), body={"status": "archived"})

    @Route
    def delete(self, session_id: Id, *, cascade: bool | None = None) -> Request[Record]:
        """Delete a session and what rested on it alone; `cascade` takes its forks too."""
        params = [("cascade", str(cascade).lower())] if cascade is not None else []
        return Request("DELETE", at(session_id), record(Record), params=params)

    @Route
    def append(
        self,
        session_id: Id,
        messages: Sequence[Message],
        *,
        scope: Scope | None = None,
        extract: bool | None = None,
        wait: bool = True,
    ) -> Request[Appended]:
        """Append messages and learn from them; `scope` is that of the memories.

        With `wait=False` the worker learns; the trace says when it is done.
        """
        body = {"messages": [*messages], "scope": tags(scope), "extract": extract}
        return post(at(session_id, "turns"), record(Appended), body, wait=wait)

    @Route
    def turns(
        self,
        session_id: Id,
        *,
        since_seq: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Turn]]:
        """List the turns of a session, the first one first."""
        return get(
            at(session_id, "turns"),
            page(Turn),
            since_seq=since_seq,
            limit=limit,
            cursor=cursor,
            order=order,
        )

    each_turn = Each(turns)

    @Route
    def turn(self, session_id: Id, turn_id: Id) -> Request[Turn]:
        """Show one turn."""
        return get(at(session_id, "turns", turn_id), record(Turn))

    @Route
    def redact(self, session_id: Id, turn_id: Id) -> Request[Record]:
        """Redact a turn: it keeps its place, its words go everywhere."""
        return Request("DELETE", at(session_id, "turns", turn_id), record(Record))

    @Route
    def fork(
        self,
        session_id: Id,
        *,
        title: str | None = None,
        seq: int | None = None,
        parent_message_id: Id | None = None,
        reason: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Request[Session]:
        """Fork a session after turn `seq` or after a message; without either, at its head."""
        body = {
            "title": title,
            "seq": seq,
            "parent_message_id": _text(parent_message_id),
            "reason": reason,
            "metadata": metadata,
        }
        return post(at(session_id, "fork"), record(Session), body)

    @Route
    def tree(self, session_id: Id) -> Request[Tree]:
        """Show every session of the tree that this one belongs to."""
        return get(at(session_id, "tree"), record(Tree))

    @Route
    def relations(
        self,
        session_id: Id,
        *,
        type: Literal["forked_from", "reply_to", "belongs_to"],
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Request[Page[Record]]:
        """List what the session was forked from and its forks, its replies, or its turns."""
        path = at(session_id, "relations")
        return get(path, page(Record), type=type, limit=limit, cursor=cursor)

    @Route
    def transcript(
        self,
        session_id: Id,
        *,
        format: Literal["json", "text", "markdown", "openai"] = "text",
    ) -> Request[str]:
        """Write the visible history out, as text in one of four formats."""
        return get(at(session_id, "transcript"), text, format=format)

    @Route
    def context(
        self,
        session_id: Id,
        *,
        query: str | None = None,
        max_tokens: int | None = None,
        format: Literal["text", "openai", "anthropic"] | None = None,
        branch: bool | None = None,
    ) -> Request[str]:
        """Assemble a prompt's memory: instructions, memories for `query`, newest turns.

        As text, or as the JSON of a request in the form of `openai` or `anthropic`.
        """
        body = {"query": query, "max_tokens": max_tokens, "format": format, "branch": branch}
        return ask(at(session_id, "context"), text, body)

    @Route
    def diff(
        self,
        session_id: Id,
        *,
        since_seq: int | None = None,
        until_seq: int | None = None,
        branch: bool | None = None,
    ) -> Request[StateDiff]:
        """Show what changed after turn `since_seq`, up to `until_seq` or the head."""
        path = at(session_id, "diff")
        return get(path, record(StateDiff), since_seq=since_seq, until_seq=until_seq, branch=branch)

    @Route
    def memories(
        self,
        session_id: Id,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Memory]]:
        """List the memories that rest on the turns of a session."""
        path = at(session_id, "memories")
        return get(path, page(Memory), limit=limit, cursor=cursor, order=order)

    @Route
    def export(self, session_id: Id) -> Request[str]:
        """Export the whole tree of a session as JSON Lines, at once in memory."""
        return get("/export", text, session_id=str(session_id))

    @Lines
    def export_lines(self, session_id: Id) -> Request[Response]:
        """Export the whole tree of a session line by line, each a JSON object."""
        return streamed("/export", session_id=str(session_id))


def at(session_id: Id, *parts: object) -> str:
    """The path of a session, or of something below it."""
    return "/".join(["/sessions", *(segment(part) for part in (session_id, *parts))])


def time(value: datetime | str | None) -> str | None:
    """A time as the wire wants it."""
    return value.isoformat() if isinstance(value, datetime) else value


def _text(value: object) -> str | None:
    return None if value is None else str(value)
