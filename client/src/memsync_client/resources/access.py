"""Who may ask: signing in, and API keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from memsync_client.models import Key, Me, SecurityEvent, SignIn, TokenPair
from memsync_client.records import Page
from memsync_client.requests import (
    Request,
    Scope,
    get,
    nothing,
    page,
    query,
    record,
    segment,
    tags,
    without_none,
)
from memsync_client.resources.sessions import Id, Order, time
from memsync_client.routes import D, Each, Resource, Route

SessionType = Literal["web", "api", "mobile", "cli"]


class Auth(Resource[D]):
    """`client.auth`: people who sign in. Programs use an API key instead."""

    @Route
    def login(
        self,
        *,
        email: str,
        password: str,
        session_type: SessionType | None = None,
        device: Mapping[str, str] | None = None,
    ) -> Request[TokenPair]:
        """Exchange e-mail and password for an access and a refresh token."""
        body = {
            "email": email,
            "password": password,
            "session_type": session_type,
            "device": device,
        }
        return _post("/auth/login", record(TokenPair), body)

    @Route
    def refresh(self, refresh: str) -> Request[TokenPair]:
        """Exchange a refresh token for a new pair; it works once.

        After a lost answer the same attempt is repeated under its key and gets the same pair.
        """
        return Request(
            "POST",
            "/auth/refresh",
            record(TokenPair),
            body={"refresh": refresh},
            is_keyed=True,
            is_global=True,
        )

    @Route
    def logout(self, refresh: str | None = None) -> Request[None]:
        """End the sign-in of these credentials, or of a refresh token."""
        return _post("/auth/logout", nothing, {"refresh": refresh})

    @Route
    def logout_all(self, *, keep_current: bool | None = None) -> Request[None]:
        """End all sign-ins, or all others."""
        return _post("/auth/logout-all", nothing, {"keep_current": keep_current})

    @Route
    def me(self) -> Request[Me]:
        """Show who asks."""
        return _get("/auth/me", record(Me))

    @Route
    def sessions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[SignIn]]:
        """List the sign-ins that still work."""
        return _get("/auth/sessions", page(SignIn), limit=limit, cursor=cursor, order=order)

    @Route
    def revoke(self, family_id: Id) -> Request[None]:
        """End one sign-in."""
        return _post(f"/auth/sessions/{segment(family_id)}/revoke", nothing, {})

    @Route
    def security_events(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[SecurityEvent]]:
        """List what happened around the caller's sign-ins."""
        path = "/auth/security-events"
        return _get(path, page(SecurityEvent), limit=limit, cursor=cursor, order=order)

    @Route
    def password(self, *, current_password: str, new_password: str) -> Request[None]:
        """Change the password. All sign-ins end."""
        body = {"current_password": current_password, "new_password": new_password}
        return _post("/auth/password", nothing, body)


class Keys(Resource[D]):
    """`client.keys`, for management keys."""

    @Route
    def create(
        self,
        *,
        name: str,
        role: Literal["agent", "supervisor", "management"],
        floor: Scope | None = None,
        expires_at: datetime | str | None = None,
    ) -> Request[Key]:
        """Create a key; its text is in `key`, this once."""
        body = {"name": name, "role": role, "floor": tags(floor), "expires_at": time(expires_at)}
        return Request("POST", "/keys", record(Key), body=without_none(body))

    @Route
    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Key]]:
        """List the keys of the project, revoked ones too."""
        return get("/keys", page(Key), limit=limit, cursor=cursor, order=order)

    each = Each(list)

    @Route
    def revoke(self, key_id: Id) -> Request[None]:
        """Revoke a key; it stops working at once."""
        return Request("DELETE", f"/keys/{segment(key_id)}", nothing)


def _get(path: str, read: Any, **params: Any) -> Request[Any]:
    return Request("GET", path, read, params=query(params), is_read=True, is_global=True)


def _post(path: str, read: Any, body: Mapping[str, Any]) -> Request[Any]:
    """A write of `/auth`, which takes no Idempotency-Key: it is never repeated by itself."""
    return Request("POST", path, read, body=without_none(body), is_global=True)
