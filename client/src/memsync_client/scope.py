"""For whom a client acts: one immutable value per context, so that threads and tasks never mix.

`contextvars` hold it: an asyncio task, and a thread that runs in a copied context, has its own. A
thread that has set nothing of its own takes what the context that made the client has set, as long
as that was one attribution only; once it has alternated between people, such a thread acts for
nobody, and nothing is stored or recalled for it.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from memsync_client.errors import InvalidValue
from memsync_client.forks import renew_in_children

Place = tuple[int, "weakref.ref[asyncio.Task[Any]] | None"]
MAX_NAME = 128
"""Characters of a scope tag's value."""
MAX_REMEMBERED = 10_000
"""Session ids whose owner a client remembers."""


@dataclass(frozen=True)
class Attribution:
    """Who speaks, and to which agent."""

    entity: str
    process: str | None = None

    @property
    def session_scope(self) -> list[str]:
        """The scope of the conversation."""
        agent = [f"agent={self.process}"] if self.process is not None else []
        return [f"user={self.entity}", *agent]

    @property
    def memory_scope(self) -> list[str]:
        """The scope of what is learnt: every agent of this person knows it."""
        return [f"user={self.entity}"]


@dataclass(frozen=True)
class Acting:
    """For whom, and in which session."""

    session_id: str
    attribution: Attribution | None = None
    is_chosen: bool = False
    """Whether the session id was set on purpose rather than made up."""


def new_session_id() -> str:
    """A random UUID, version 4."""
    return str(uuid.uuid4())


def session_id_of(value: str | uuid.UUID) -> str:
    """The canonical form of a session id. Raises InvalidValue for what is no UUID."""
    try:
        return str(value if isinstance(value, uuid.UUID) else uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise InvalidValue(f"A session id is a UUID, not {value!r}.") from None


def attribution_of(entity: str, process: str | None) -> Attribution:
    """A checked attribution. Raises InvalidValue."""
    for name, value in (("entity", entity), ("process", process)):
        if value is None and name == "process":
            continue
        if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or not value.isprintable():
            raise InvalidValue(f"{name} is 1 to {MAX_NAME} printable characters.")
    return Attribution(entity, process)


class Scopes:
    """The scope of each context of one client."""

    def __init__(self) -> None:
        self._own: ContextVar[Acting] = ContextVar("memsync_acting")
        self._shared = Acting(new_session_id())
        self._home = _place()
        self._owners: OrderedDict[str, Attribution] = OrderedDict()
        self.begin()
        renew_in_children(self)

    def begin(self) -> None:
        """Have a lock that nobody holds."""
        self._lock = threading.Lock()

    @property
    def current(self) -> Acting:
        """The scope of the calling context."""
        return self._own.get(self._shared)

    def attribute(self, entity: str, process: str | None) -> None:
        """Act for somebody else. Their session is a new one, unless one was set for them."""
        wanted, now = attribution_of(entity, process), self.current
        if wanted == now.attribution:
            self._own.set(now)  # this context's own, whomever the others act for
            return
        keeps = self._may_keep(now, wanted)
        session_id = now.session_id if keeps else new_session_id()
        if not now.is_chosen:
            self.claim(session_id, wanted)
        self._set(Acting(session_id, wanted, now.is_chosen and keeps))

    def choose(self, session_id: str) -> None:
        """Act in this session from now on."""
        self._set(replace(self.current, session_id=session_id, is_chosen=True))

    def resume(self, session_id: str, attribution: Attribution) -> None:
        """Act for somebody in a session that the server says is theirs, in one step."""
        with self._lock:
            self._owners[session_id] = attribution
        self._set(Acting(session_id, attribution, is_chosen=True))

    def claim(self, session_id: str, attribution: Attribution) -> bool:
        """Remember whose session this is; False when this client used it for somebody else."""
        with self._lock:
            owner = self._owners.setdefault(session_id, attribution)
            self._owners.move_to_end(session_id)
            while len(self._owners) > MAX_REMEMBERED:
                self._owners.popitem(last=False)
        return owner == attribution

    @contextmanager
    def within(self, acting: Acting) -> Iterator[None]:
        """Act like this inside a `with` block only."""
        token = self._own.set(acting)
        try:
            yield
        finally:
            self._own.reset(token)

    def _may_keep(self, now: Acting, wanted: Attribution) -> bool:
        if now.is_chosen:
            return self._owners.get(now.session_id, wanted) == wanted
        return now.attribution is None and self.claim(now.session_id, wanted)

    def _set(self, acting: Acting) -> None:
        self._own.set(acting)
        if _place() != self._home:
            return
        before = self._shared.attribution
        if before in (None, acting.attribution):
            self._shared = acting
        else:
            self._shared = Acting(new_session_id())
            self._home = (-1, None)  # ambiguous for good: contexts without their own are nobody


def _place() -> Place:
    """The calling thread and task."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident(), weakref.ref(task) if task else None


class SessionManager:
    """`client.session`: the session of the calling context."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes

    @property
    def id(self) -> str:
        """The UUID of the current session."""
        return self._scopes.current.session_id

    def reset(self) -> SessionManager:
        """Start a new session; what was learnt about the person stays."""
        self._scopes.choose(new_session_id())
        return self

    def set(self, session_id: str | uuid.UUID) -> SessionManager:
        """Go on in a session. Raises InvalidValue for what is no UUID."""
        self._scopes.choose(session_id_of(session_id))
        return self
