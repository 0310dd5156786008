"""Plain functions that make what tests need, through the services."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts import services
from accounts.models import Project, Tenant, User
from accounts.scope import parse_tags

PASSWORD = "correct horse battery staple 9"


class Lines(bytes):
    """A body of JSON Lines."""


@dataclass(frozen=True)
class Answer:
    """What a request got."""

    status: int
    body: Any
    headers: Any

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


@dataclass(frozen=True)
class Api:
    """The routes of one project for one credential."""

    credential: dict[str, str]
    ctx: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Any route; `body` is sent as JSON."""
        kwargs: dict[str, Any] = {"headers": {**self.credential, **_dashed(headers)}}
        if body is not None:
            content_type = "application/x-ndjson" if isinstance(body, Lines) else "application/json"
            kwargs |= {"data": body, "content_type": content_type}
        response = Client(raise_request_exception=False).generic(method, path, **_encoded(kwargs))
        content = response.getvalue()  # of streamed answers too
        is_json = "json" in response.headers.get("Content-Type", "")
        is_json = is_json and "ndjson" not in response.headers["Content-Type"]
        parsed = json.loads(content) if content and is_json else content
        return Answer(response.status_code, parsed, response.headers)

    def get(self, path: str, **headers: str) -> Answer:
        """GET below the project."""
        return self.call("GET", f"/api/v1/{self.ctx}{path}", **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST below the project."""
        return self.call("POST", f"/api/v1/{self.ctx}{path}", body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Answer:
        """PATCH below the project."""
        return self.call("PATCH", f"/api/v1/{self.ctx}{path}", body, **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        """DELETE below the project."""
        return self.call("DELETE", f"/api/v1/{self.ctx}{path}", **headers)

    def session(self, *scope: str, **fields: Any) -> Any:
        """A new session's body."""
        made = self.post("/sessions", {"scope": list(scope or ("user=u_alice",)), **fields})
        assert made.status == 201, made
        return made.body

    def say(self, session_id: str, *texts: str, **fields: Any) -> Answer:
        """Append user messages."""
        messages = [{"role": "user", "content": text} for text in texts]
        return self.post(f"/sessions/{session_id}/turns", {"messages": messages, **fields})


@dataclass(frozen=True)
class Space:
    """A tenant with one project."""

    tenant: Tenant
    project: Project
    key: str

    def api(self, key: str = "", ctx: str = "") -> Api:
        """The project's routes; without `key` for its management key."""
        return Api({"API-KEY": key or self.key}, ctx or self.project.slug)

    def make_key(self, role: str = "agent", *floor: str) -> str:
        """Another key of the project."""
        _, text = services.create_api_key(
            actor=None, project=self.project, name=role, role=role, floor=parse_tags(floor)
        )
        return text

    def make_user(self, external_id: str = "u_alice", **fields: Any) -> User:
        """A person who can sign in with PASSWORD."""
        email = f"{external_id}-{uuid.uuid4().hex[:8]}@example.org"
        return services.create_user(
            actor=None,
            tenant=self.tenant,
            email=email,
            password=PASSWORD,
            external_id=external_id,
            **fields,
        )

    def api_of(self, user: User) -> Api:
        """The project's routes for a signed-in person."""
        from sessions_app.services import sign_in

        return Api({"Authorization": f"Bearer {sign_in(user=user).access}"}, self.project.slug)


def make_space(slug: str = "") -> Space:
    """A fresh tenant with the project `app` and a management key."""
    tenant = services.create_tenant(actor=None, slug=slug or f"t-{uuid.uuid4().hex[:10]}")
    project = services.create_project(actor=None, tenant=tenant, slug="app")
    _, key = services.create_api_key(
        actor=None, project=project, name="management", role="management"
    )
    return Space(tenant, project, key)


def anonymous(ctx: str = "app") -> Api:
    """Nobody."""
    return Api({}, ctx)


def signed_in_client(user: User) -> Client:
    """A browser in which this person has signed in on the login page."""
    client = Client()
    client.post("/login/", {"username": user.email, "password": PASSWORD})
    return client


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _encoded(kwargs: dict[str, Any]) -> dict[str, Any]:
    """As `Client.generic` wants it: bytes as they are, anything else as JSON."""
    if "data" in kwargs and not isinstance(kwargs["data"], bytes):
        kwargs["data"] = json.dumps(kwargs["data"])
    return kwargs
