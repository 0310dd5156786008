"""Coding agents: their runs and what they observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from memsync_client.models import (
    AgentSession,
    Observation,
    Observations,
    Promoted,
    Resume,
    Timeline,
)
from memsync_client.records import Page, Record
from memsync_client.requests import (
    Request,
    Scope,
    ask,
    get,
    page,
    post,
    query,
    record,
    segment,
    tags,
)
from memsync_client.resources.sessions import Id, Order
from memsync_client.routes import D, Each, Resource, Route


class AgentSessions(Resource[D]):
    """`client.agent_sessions`: a run has the caller's id and the agent's own."""

    @Route
    def create(
        self,
        content_session_id: str,
        *,
        platform: str | None = None,
        prompt: str | None = None,
        title: str | None = None,
        scope: Scope | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Request[AgentSession]:
        """Get or create the run of a content session; each `prompt` counts one."""
        body = {
            "content_session_id": content_session_id,
            "platform": platform,
            "prompt": prompt,
            "title": title,
            "scope": tags(scope),
            "metadata": metadata,
        }
        return post("/agent-sessions", record(AgentSession), body)

    @Route
    def list(
        self,
        *,
        scope: Scope | None = None,
        platform: str | None = None,
        status: str | None = None,
        state: Literal["NOT_CAPTURED", "CAPTURED"] | None = None,
        content_session_id: str | None = None,
        memory_session_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[AgentSession]]:
        """List runs, newest first."""
        return get(
            "/agent-sessions",
            page(AgentSession),
            scope=tags(scope),
            platform=platform,
            status=status,
            state=state,
            content_session_id=content_session_id,
            memory_session_id=memory_session_id,
            limit=limit,
            cursor=cursor,
            order=order,
        )

    each = Each(list)

    @Route
    def show(
        self, content_session_id: str, *, platform: str | None = None
    ) -> Request[AgentSession]:
        """Show a run with the ids it had."""
        return get(_at(content_session_id), record(AgentSession), platform=platform)

    @Route
    def delete(
        self,
        content_session_id: str,
        *,
        platform: str | None = None,
        cascade: bool | None = None,
    ) -> Request[Record]:
        """Delete a run with its observations and its conversation."""
        params = query({"platform": platform, "cascade": cascade})
        return Request("DELETE", _at(content_session_id), record(Record), params=params)

    @Route
    def register(
        self,
        content_session_id: str,
        memory_session_id: str | None = None,
        *,
        platform: str | None = None,
    ) -> Request[AgentSession]:
        """Register the agent's own id; without one the current is kept, or one made up."""
        path = f"{_at(content_session_id)}/memory-session"
        body = {"memory_session_id": memory_session_id}
        return post(path, record(AgentSession), body, platform=platform)

    @Route
    def resume(self, content_session_id: str, *, platform: str | None = None) -> Request[Resume]:
        """Say which memory session id to resume, if any."""
        return get(f"{_at(content_session_id)}/resume", record(Resume), platform=platform)

    @Route
    def force_init(
        self, content_session_id: str, *, platform: str | None = None
    ) -> Request[AgentSession]:
        """Start fresh next time, until an id is registered."""
        path = f"{_at(content_session_id)}/force-init"
        return post(path, record(AgentSession), {}, platform=platform)

    @Route
    def complete(
        self, content_session_id: str, *, platform: str | None = None
    ) -> Request[AgentSession]:
        """End a run: it takes no more observations until a new prompt."""
        path = f"{_at(content_session_id)}/complete"
        return post(path, record(AgentSession), {}, platform=platform)

    @Route
    def observations(
        self,
        content_session_id: str,
        *,
        platform: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Observation]]:
        """List the observations of one run in full, newest first."""
        return get(
            f"{_at(content_session_id)}/observations",
            page(Observation),
            platform=platform,
            limit=limit,
            cursor=cursor,
            order=order,
        )


class ObservationsOf(Resource[D]):
    """`client.observations`."""

    @Route
    def create(
        self,
        *,
        memory_session_id: str,
        type: str,
        title: str,
        subtitle: str | None = None,
        narrative: str | None = None,
        facts: Sequence[str] | None = None,
        concepts: Sequence[str] | None = None,
        files_read: Sequence[str] | None = None,
        files_modified: Sequence[str] | None = None,
        prompt_number: int | None = None,
    ) -> Request[Observation]:
        """Record an observation of a run whose memory session id is known."""
        body = {
            "memory_session_id": memory_session_id,
            "type": type,
            "title": title,
            "subtitle": subtitle,
            "narrative": narrative,
            "facts": facts,
            "concepts": concepts,
            "files_read": files_read,
            "files_modified": files_modified,
            "prompt_number": prompt_number,
        }
        return post("/observations", record(Observation), body)

    @Route
    def list(
        self,
        *,
        q: str | None = None,
        scope: Scope | None = None,
        type: str | None = None,
        concept: str | None = None,
        file: str | None = None,
        content_session_id: str | None = None,
        platform: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Observation]]:
        """Search observations: index rows, best first with `q`, else newest first."""
        return get(
            "/observations",
            page(Observation),
            q=q,
            scope=tags(scope),
            type=type,
            concept=concept,
            file=file,
            content_session_id=content_session_id,
            platform=platform,
            limit=limit,
            cursor=cursor,
            order=order,
        )

    each = Each(list)

    @Route
    def show(self, observation_id: Id) -> Request[Observation]:
        """Show an observation in full."""
        return get(f"/observations/{segment(observation_id)}", record(Observation))

    @Route
    def timeline(
        self, observation_id: Id, *, before: int | None = None, after: int | None = None
    ) -> Request[Timeline]:
        """List what was observed around one observation, oldest first."""
        path = f"/observations/{segment(observation_id)}/timeline"
        return get(path, record(Timeline), before=before, after=after)

    @Route
    def batch(self, ids: Sequence[Id]) -> Request[Observations]:
        """Read observations in full by their ids."""
        return ask("/observations/batch", record(Observations), {"ids": [str(id) for id in ids]})

    @Route
    def promote(self, observation_id: Id) -> Request[Promoted]:
        """Make memories of what an observation states; again, it changes nothing."""
        return post(f"/observations/{segment(observation_id)}/promote", record(Promoted), {})


def _at(content_session_id: str) -> str:
    return f"/agent-sessions/{segment(content_session_id)}"
