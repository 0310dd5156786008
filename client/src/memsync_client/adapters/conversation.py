"""A conversation of another framework, kept in sessions of MemSync.

Frameworks name their conversations as they like, take items back, and clear a conversation to go
on under the same name. MemSync never edits what was said. So a name stands for one session after
another: clearing archives the session and begins the next, whose id follows from the one before.
The record stays, and so does what was learnt.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from memsync_client.adapters.messages import Message, is_out, item_id, json_of
from memsync_client.errors import Conflict, Forbidden, InvalidValue, NotFound
from memsync_client.llm.recalling import refuse_foreign
from memsync_client.models import Appended, Session, Turn
from memsync_client.records import Page, Record
from memsync_client.requests import Plan, Request, Scope, get, page, post, record, segment, tags
from memsync_client.resources.sessions import at
from memsync_client.routes import D, Resource, Route
from memsync_client.scope import Attribution, Scopes, attribution_of

MAX_MESSAGES = 100
MAX_BYTES = 6 * 1024 * 1024
"""Of one append, well below what the server takes of a body."""
PAGE = 200
REMEMBERED = 100
"""Appends without an answer that are remembered until they are tried again."""
_NAMES = uuid.UUID("0b4f0a5e-6f6b-5c0e-9d2c-6f1f3f1f7a51")


@dataclass(frozen=True)
class Owner:
    """Whose a conversation is: the scope of its sessions, and of what is learnt in them."""

    scope: list[str] | None = None
    """None leaves it to the key's floor."""
    attribution: Attribution | None = None

    @property
    def memory_scope(self) -> list[str] | None:
        """What is learnt is known to all agents of a person."""
        return self.attribution.memory_scope if self.attribution else None

    def refuse(self, session: Session) -> None:
        """Raises Forbidden for a session of somebody else."""
        if self.attribution:
            refuse_foreign(session, self.attribution)
        elif self.scope is not None and not set(self.scope) <= set(session.scope):
            detail = f"Session {session.id} has another scope."
            raise Forbidden(status=403, code="scope_conflict", detail=detail)


def owner_of(
    scopes: Scopes, *, entity: str | None, process: str | None, scope: Scope | None
) -> Owner:
    """The owner that was named: a person and an agent, or a scope; else whom the client acts for.

    Raises InvalidValue for both.
    """
    if scope is not None:
        if entity is not None or process is not None:
            raise InvalidValue("Give entity and process, or scope.")
        return Owner(sorted(tags(scope) or []))
    if entity is None and process is not None:
        raise InvalidValue("process needs an entity.")
    who = attribution_of(entity, process) if entity is not None else scopes.current.attribution
    return Owner(sorted(who.session_scope), who) if who else Owner()


@dataclass(frozen=True)
class Entry:
    """A message to be stored, and the id its framework knows it by."""

    message: Message
    own_id: str | None = None

    @property
    def digest(self) -> str:
        """Of the whole message."""
        return hashlib.sha256(json_of(self.message)).hexdigest()[:32]


class Conversation(Resource[D]):
    """One conversation. `name` is a session's UUID, or any text: each owner has their own names."""

    def __init__(self, driver: D, name: str, owner: Owner, *, extract: bool | None = None) -> None:
        super().__init__(driver)
        self._name = name
        self._owner = owner
        self._extract = extract
        self._first_id = first_id(name, owner)
        self._unanswered: dict[str, str] = {}

    @Route
    def session_id(self) -> Plan[str]:
        """The id of the session that it is in now, begun or not."""
        session = yield from self._session()
        return session.id if session else self._first_id

    @Route
    def newest(self, limit: int | None) -> Plan[list[Turn]]:
        """The newest turns that still have words, in order; all of them without a limit."""
        session = yield from self._session()
        if session is None or (limit is not None and limit <= 0):
            return []
        found: list[Turn] = []
        size = PAGE if limit is None else min(limit, PAGE)
        cursor = None
        while True:
            listed = yield from _newest_first(session.id, size, cursor)
            found += [turn for turn in listed.data if not is_out(turn)]
            if not listed.has_more or (limit is not None and len(found) >= limit):
                return found[:limit][::-1]
            cursor = listed.next_cursor

    @Route
    def add(self, entries: Sequence[Entry]) -> Plan[None]:
        """Append messages, each once, however often this is tried until it is answered.

        A message with an id of its own is stored once as long as it is there. Raises Conflict for
        a session that somebody archived or closed, NotFound for one that was deleted.
        """
        if not entries:
            return
        known = hashlib.sha256("".join(entry.digest for entry in entries).encode()).hexdigest()
        call = self._unanswered.pop(known, None) or str(uuid.uuid4())
        try:
            yield from self._append(entries, call)
        except BaseException:  # also when its task is cancelled: then a repeat is the same call
            while len(self._unanswered) >= REMEMBERED:
                self._unanswered.pop(next(iter(self._unanswered)), None)
            self._unanswered[known] = call
            raise

    @Route
    def pop(self) -> Plan[Turn | None]:
        """Take the newest turn back and give it; None when there is none.

        Raises Conflict when a fork has nothing of its own left.
        """
        session = yield from self._session()
        cursor = None
        while session is not None:
            listed = yield from _newest_first(session.id, PAGE // 4, cursor)
            for turn in listed.data:
                if not is_out(turn) and (yield from _take_out(session.id, turn)):
                    return turn
            if not listed.has_more:
                break
            cursor = listed.next_cursor
        return None

    @Route
    def clear(self) -> Plan[None]:
        """Archive the session; what is said next begins another one."""
        session = yield from self._session()
        if session is None or not session.turn_count:
            return
        yield from self._open(following(session.id), like=session)
        yield Request("PATCH", at(session.id), record(Session), body={"status": "archived"})

    def _session(self) -> Plan[Session | None]:
        """The session it is in now; None before its first. Raises Forbidden for another owner's.

        An archived session that has a follower was cleared.
        """
        try:
            first: Session = yield get(at(self._first_id), record(Session))
        except NotFound:
            return None
        self._owner.refuse(first)
        if first.status != "archived":
            return first
        followers: Page[Session] = yield get(
            "/sessions",
            page(Session),
            scope=first.scope,
            status=["active", "archived", "closed"],
            limit=1,
            order="desc",
            **{"metadata.continues": self._first_id},
        )
        return followers.data[0] if followers.data else first

    def _open(self, session_id: str, like: Session | None = None) -> Plan[Session]:
        """Begin a session, unless somebody else just did."""
        metadata = {} if self._name == self._first_id else {"name": self._name}
        body: Message = {"id": session_id, "scope": self._owner.scope, "metadata": metadata}
        if like is not None:
            continued = {**like.metadata, "continues": self._first_id}
            body |= {"scope": like.scope, "title": like.title, "metadata": continued}
        try:
            made: Session = yield post("/sessions", record(Session), body)
        except Conflict as error:
            if error.code != "session_exists":
                raise
            made = yield get(at(session_id), record(Session))
            self._owner.refuse(made)
        return made

    def _append(self, entries: Sequence[Entry], call: str) -> Plan[None]:
        for number, chunk in enumerate(_chunks(entries)):
            try:
                yield from self._append_some(chunk, f"{call}:{number}")
            except Conflict as error:  # cleared meanwhile: then it goes on in the next session
                if error.code != "session_not_active":
                    raise
                yield from self._append_some(chunk, f"{call}:{number}")

    def _append_some(self, entries: Sequence[Entry], key: str) -> Plan[None]:
        """Append, and once more what had been stored and taken back before.

        What was stored after such a message is taken back and follows it again, so that the order
        is that of the call.
        """
        session = (yield from self._session()) or (yield from self._open(self._first_id))
        waiting = [(entry, client_id(entry, place, key)) for place, entry in enumerate(entries)]
        for attempt in count(1):
            turns = yield from self._send(session.id, waiting, f"{key}:{session.id}", attempt)
            out = next((place for place, turn in enumerate(turns) if is_out(turn)), None)
            if out is None:
                return
            for turn in turns[out:]:
                if not is_out(turn):
                    yield from _take_out(session.id, turn)
            waiting = waiting[out:]

    def _send(
        self, session_id: str, named: Sequence[tuple[Entry, str]], key: str, attempt: int
    ) -> Plan[list[Turn]]:
        suffix = f"#{attempt}" if attempt > 1 else ""
        body: Message = {
            "messages": [entry.message | {"client_id": name + suffix} for entry, name in named],
        }
        if self._owner.memory_scope is not None:
            body["scope"] = self._owner.memory_scope
        if self._extract is not None:
            body["extract"] = self._extract
        appended: Appended = yield Request(
            "POST",
            at(session_id, "turns"),
            record(Appended),
            body=body,
            is_keyed=True,
            headers={"Idempotency-Key": key + suffix},
        )
        return appended.turns


def first_id(name: str, owner: Owner) -> str:
    """The id of the session a name stands for first. Raises InvalidValue for no name."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidValue("A conversation needs a name.")
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return str(uuid.uuid5(_NAMES, json.dumps([owner.scope, name])))


def following(session_id: str) -> str:
    """The id of the session after this one."""
    return str(uuid.uuid5(_NAMES, f"after {session_id}"))


def client_id(entry: Entry, place: int, key: str) -> str:
    """What the server tells a repeat of a message by.

    The framework's own id where it has one, with the words, as ids are not unique everywhere; else
    the call and the place in it, so that the same words may be said twice.
    """
    if entry.own_id:
        return f"{entry.own_id[:100]}:{entry.digest}"
    return f"{key}:{place}"


def _take_out(session_id: str, turn: Turn) -> Plan[bool]:
    """Take a turn back; False when somebody else just did.

    Hides it, so that the record stays. What holds several items has no one name to hide it by, and
    is redacted. Raises Conflict for a turn that a fork only shows.
    """
    name = item_id(turn)
    if name is None:
        redact = Request("DELETE", at(session_id, "turns", turn.id), record(Record))
        counts: Record = yield redact
        return bool(counts.get("turns"))
    path = f"/v1/conversations/{segment(session_id)}/items/{segment(name)}"
    try:
        yield Request("DELETE", path, record(Record), is_global=True)
    except NotFound:
        return False
    return True


def _newest_first(session_id: str, size: int, cursor: str | None) -> Plan[Page[Turn]]:
    path = at(session_id, "turns")
    listed: Page[Turn] = yield get(path, page(Turn), order="desc", limit=size, cursor=cursor)
    return listed


def _chunks(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The entries in as many appends as they need."""
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        more = len(json_of(entry.message))
        if chunk and (len(chunk) == MAX_MESSAGES or size + more > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += more
    if chunk:
        yield chunk
