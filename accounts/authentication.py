"""Who asks by API key."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.keys import secret_matches, split_key
from accounts.principals import Principal
from memsync.common.errors import Unauthenticated


def bearer_token(request: Request) -> str | None:
    """The credentials of `Authorization: Bearer`, the scheme in any case (RFC 9110 §11.1)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class KeyAuthentication(BaseAuthentication):
    """`API-KEY: <key>` or `Authorization: Bearer <key>`."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        """The key's principal; None when the credentials are not a key. Raises Unauthenticated."""
        text = request.headers.get("API-KEY")
        if text is None:
            text = bearer_token(request)
            if text is None or not text.startswith("ms_"):
                return None
        parts = split_key(text)
        principal = find_key(*parts) if parts else None
        if principal is None:
            raise Unauthenticated
        return principal, principal

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return "Bearer"


def find_key(prefix: str, secret: str) -> Principal | None:
    """The principal of a live key, by one index lookup; None for any that is not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM memsync_find_key(%s)", [prefix])
        columns = [column.name for column in cursor.description or ()]
        found = cursor.fetchone()
    row: dict[str, Any] = dict(zip(columns, found, strict=True)) if found else {}
    if not row or not secret_matches(secret, row["secret_hash"], row["hash_key_id"]):
        return None
    if row["is_stale"]:
        _touch(row["id"])
    return Principal(
        kind="key",
        id=row["id"],
        role=row["role"],
        tenant_id=row["tenant_id"],
        tenant_slug=row["tenant_slug"],
        floor=json.loads(row["floor"]),  # Django reads jsonb of raw statements as text
        label=row["name"],
        project_id=row["project_id"],
        project_slug=row["project_slug"],
    )


def _touch(key_id: UUID) -> None:
    """Note the use of a key: at most one write a minute, whatever the traffic."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT memsync_touch_key(%s)", [key_id])


class KeyScheme(OpenApiAuthenticationExtension):
    """How the schema names it."""

    target_class = KeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The OpenAPI security scheme."""
        return {"type": "apiKey", "in": "header", "name": "API-KEY"}
