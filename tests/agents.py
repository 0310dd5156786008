"""Coding agents' calls, for tests."""

from __future__ import annotations

from tests.factories import Answer, Api

CS = "user-session-123"
RUN = f"/agent-sessions/{CS}"


FULL = {
    "type": "bugfix",
    "title": "Login fails after midnight",
    "subtitle": "The token's expiry was compared in local time",
    "narrative": "The comparison used naive datetimes. It uses UTC now.",
    "facts": ["tokens expire in UTC", "the check is in auth/tokens.py"],
    "concepts": ["problem-solution", "gotcha"],
    "files_read": ["auth/tokens.py", "auth/clock.py"],
    "files_modified": ["auth/tokens.py"],
    "prompt_number": 1,
}
"""Every field of an observation."""


def create(api: Api, content_session_id: str = CS, **fields) -> Answer:
    body = {"content_session_id": content_session_id, "scope": ["user=u_bob"], **fields}
    return api.post("/agent-sessions", body)


def register(api: Api, memory_session_id: str | None, content_session_id: str = CS) -> Answer:
    return api.post(
        f"/agent-sessions/{content_session_id}/memory-session",
        {"memory_session_id": memory_session_id},
    )


def resume(api: Api) -> dict:
    return api.get(f"{RUN}/resume").body


def run(api: Api, name: str = CS, memory_id: str | None = "m-1", *scope: str, **fields) -> Answer:
    """An agent session, captured under `memory_id`."""
    body = {"content_session_id": name, "scope": list(scope or ("user=u_bob",)), **fields}
    made = api.post("/agent-sessions", body)
    if memory_id:
        register(api, memory_id, name)
    return made


def observe(api: Api, memory_id: str | None = "m-1", **fields) -> Answer:
    body = {"type": "discovery", "title": "A thing", "narrative": "n"}
    return api.post("/observations", {"memory_session_id": memory_id, **body, **fields})
