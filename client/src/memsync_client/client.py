"""The clients: `Memsync` blocks, `AsyncMemsync` awaits."""

from __future__ import annotations

import asyncio
import os
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import Any, Generic, TypeVar
from uuid import UUID

from memsync_client.errors import InvalidValue, NotFound
from memsync_client.llm import Llm
from memsync_client.llm.memory import LlmMemory
from memsync_client.llm.recalling import is_theirs, open_session, refuse_foreign
from memsync_client.models import Recalled, Recorded, Session, Turn
from memsync_client.records import Page
from memsync_client.requests import Plan, ask, get, page, post, record, text
from memsync_client.resources.access import Auth, Keys
from memsync_client.resources.agents import AgentSessions, ObservationsOf
from memsync_client.resources.checkpoints import Checkpoints
from memsync_client.resources.memories import Entities, Facts, Knowing, Memories, Traces
from memsync_client.resources.sessions import Sessions, at
from memsync_client.routes import D, Route
from memsync_client.scope import (
    Acting,
    Attribution,
    Scopes,
    SessionManager,
    attribution_of,
    new_session_id,
    session_id_of,
)
from memsync_client.transport import Awaiting, Blocking, Settings

Self = TypeVar("Self", bound="Client[Any]")

DEFAULT_URL = "http://127.0.0.1:8000"
DAY = timedelta(hours=24)


class Client(Knowing[D], Generic[D]):
    """What both clients share."""

    def __init__(self, driver: D) -> None:
        super().__init__(driver)
        self._scopes = Scopes()
        self._memory = LlmMemory(driver.settings, self._scopes)
        self.sessions: Sessions[D] = Sessions(driver)
        self.facts: Facts[D] = Facts(driver)
        self.memories: Memories[D] = Memories(driver)
        self.entities: Entities[D] = Entities(driver)
        self.traces: Traces[D] = Traces(driver)
        self.agent_sessions: AgentSessions[D] = AgentSessions(driver)
        self.observations: ObservationsOf[D] = ObservationsOf(driver)
        self.checkpoints: Checkpoints[D] = Checkpoints(driver)
        self.auth: Auth[D] = Auth(driver)
        self.keys: Keys[D] = Keys(driver)

    @property
    def session(self) -> SessionManager:
        """The session of the calling thread or task."""
        return SessionManager(self._scopes)

    @property
    def unsent(self) -> int:
        """How many calls of a model still wait for their turns to be stored."""
        return len(self._memory.outbox)

    @property
    def last_error(self) -> Exception | None:
        """Why turns of a call of a model were not stored, the last time."""
        return self._memory.outbox.last_error

    def set_api_key(self: Self, api_key: str) -> Self:
        """Go on with another API key of the project, or a renewed access token.

        Turns that wait for credentials that work are sent at once, if the new ones are of the same
        tenant and project; else they are let go, and `last_error` says so. Where the former key
        never worked, the server must know the session. Raises InvalidValue.
        """
        self._driver.set_api_key(api_key)
        self._memory.set_api_key(api_key)
        return self

    def attribution(self: Self, entity: str, process: str | None = None) -> Self:
        """Act for a user (`entity`) of an agent (`process`) from now on, in this thread or task.

        Somebody else's session is not taken over: unless one was set for them, theirs is new.
        """
        self._scopes.attribute(entity, process)
        return self

    def reset_session(self: Self) -> Self:
        """Start a new session. The transcript is cut; what was learnt about the user stays."""
        self.session.reset()
        return self

    def set_session(self: Self, session_id: str | UUID) -> Self:
        """Go on in a session. Raises InvalidValue for what is no UUID, before any request."""
        self.session.set(session_id)
        return self

    def acting(
        self, entity: str, process: str | None = None, *, session_id: str | UUID | None = None
    ) -> AbstractContextManager[None]:
        """Act for somebody inside a `with` block only, in a new session unless one is given."""
        chosen = new_session_id() if session_id is None else session_id_of(session_id)
        who = attribution_of(entity, process)
        return self._scopes.within(Acting(chosen, who, is_chosen=session_id is not None))

    @Route
    def resume_or_start(
        self, entity: str, process: str | None = None, max_idle: timedelta = DAY
    ) -> Plan[str]:
        """Act for somebody in their newest session, or in a new one when that is too long ago.

        Gives the id of the session. What goes wrong leaves person and session as they were.
        """
        wanted = attribution_of(entity, process)
        since = (datetime.now(timezone.utc) - max_idle).isoformat()
        found: Page[Session] = yield get(
            "/sessions",
            page(Session),
            scope=wanted.session_scope,
            status="active",
            active_after=since,
            limit=200,
        )
        theirs = [each for each in found.data if is_theirs(each, wanted)]
        newest = max(theirs, key=lambda each: each.last_activity_at, default=None)
        session_id = newest.id if newest else new_session_id()
        self._scopes.resume(session_id, wanted)
        return session_id

    @Route
    def remember(self, words: str) -> Plan[Recorded]:
        """Store a text of the user in the current session, and learn from it.

        Raises Forbidden for a session of somebody else, and whatever else the server refuses.
        """
        acting, who = self._for_somebody()
        yield from open_session(acting)
        body = {"text": words, "session_id": acting.session_id, "scope": who.memory_scope}
        recorded: Recorded = yield post("/facts", record(Recorded), body)
        return recorded

    @Route
    def recall(
        self, query: str, *, top_k: int | None = None, session_only: bool = False
    ) -> Plan[Recalled]:
        """Find what answers a question: for the current user and agent, or in this session only."""
        acting, who = self._for_somebody()
        if session_only:
            yield from open_session(acting)
        body = {
            "query": query,
            "scope": who.session_scope,
            "session_id": acting.session_id,
            "top_k": top_k,
            "branch": True if session_only else None,
        }
        recalled: Recalled = yield ask("/query", record(Recalled), body)
        return recalled

    @Route
    def context(self, query: str | None = None, *, max_tokens: int | None = None) -> Plan[str]:
        """Assemble the memory of a prompt in the current session, as text."""
        acting, _ = self._for_somebody()
        yield from open_session(acting)
        path = at(acting.session_id, "context")
        assembled: str = yield ask(path, text, {"query": query, "max_tokens": max_tokens})
        return assembled

    @Route
    def history(self, *, limit: int = 50) -> Plan[list[Turn]]:
        """Read the newest turns of the current session, in order; none of a session not begun."""
        acting, who = self._for_somebody()
        try:
            found: Session = yield get(at(acting.session_id), record(Session))
        except NotFound:
            return []
        refuse_foreign(found, who)
        path = at(acting.session_id, "turns")
        turns: Page[Turn] = yield get(path, page(Turn), order="desc", limit=limit)
        return turns.data[::-1]

    def _for_somebody(self) -> tuple[Acting, Attribution]:
        acting = self._scopes.current
        if acting.attribution is None:
            raise InvalidValue("Say for whom first: client.attribution(entity, process).")
        self._scopes.claim(acting.session_id, acting.attribution)
        return acting, acting.attribution


class Memsync(Client[Blocking]):
    """A client of a MemSync server.

    Without arguments it reads MEMSYNC_URL, MEMSYNC_API_KEY and MEMSYNC_CONTEXT. `api_key` may also
    be the access token of a signed-in user. `context` is the project; `-` is the key's own.
    `timeout` is in seconds, `retries` are of calls that may safely be repeated. Threads may share a
    client.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        context: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 2,
    ) -> None:
        settings = settings_of(base_url, api_key, context, timeout, retries)
        super().__init__(Blocking(settings))
        self.llm: Llm[Memsync] = Llm(self, self._memory)

    def wait(self, timeout: float = 30.0) -> bool:
        """Wait until the turns of all calls of models are stored.

        A stream that nobody reads any more counts as left. False when turns are still unsent after
        `timeout` seconds, or were refused (`last_error` says why). A forked process waits for its
        own turns, its parent for those from before.
        """
        return self.llm.wait(timeout)

    def close(self) -> None:
        """Store what is unsent, for up to 5 seconds, and close the connections."""
        self.llm.wait(5.0)
        self._memory.close()
        self._driver.close()

    def __enter__(self) -> Memsync:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


class AsyncMemsync(Client[Awaiting]):
    """As `Memsync`, to be awaited."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        context: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 2,
    ) -> None:
        settings = settings_of(base_url, api_key, context, timeout, retries)
        super().__init__(Awaiting(settings))
        self.llm: Llm[AsyncMemsync] = Llm(self, self._memory)

    async def wait(self, timeout: float = 30.0) -> bool:
        """Wait until the turns of all calls of models are stored; see `Memsync.wait`."""
        return await asyncio.to_thread(self.llm.wait, timeout)

    async def close(self) -> None:
        """Store what is unsent, for up to 5 seconds, and close the connections."""
        await self.wait(5.0)
        self._memory.close()
        await self._driver.close()

    async def __aenter__(self) -> AsyncMemsync:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.close()


def settings_of(
    base_url: str | None,
    api_key: str | None,
    context: str | None,
    timeout: float,
    retries: int,
) -> Settings:
    """The settings given, else those of the environment. Raises InvalidValue."""
    return Settings(
        base_url=base_url or os.environ.get("MEMSYNC_URL") or DEFAULT_URL,
        api_key=api_key or os.environ.get("MEMSYNC_API_KEY") or None,
        context=context or os.environ.get("MEMSYNC_CONTEXT") or "-",
        timeout=timeout,
        retries=retries,
    )
