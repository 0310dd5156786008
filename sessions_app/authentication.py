"""Who asks by access token."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.authentication import bearer_token
from accounts.principals import ROLE_USER, Principal
from memsync.common.context import request_facts
from memsync.common.errors import Unauthenticated
from sessions_app.tokens import BadToken, Claims, read_access


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access JWT>`."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        """The signed-in person's principal. Raises Unauthenticated."""
        token = bearer_token(request)
        if token is None:
            return None
        try:
            principal = find_signed_in(read_access(token))
        except BadToken:
            principal = None
        if principal is None:
            raise Unauthenticated
        return principal, principal

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return "Bearer"


def find_signed_in(claims: Claims) -> Principal | None:
    """The person and their live family in one query, so that revoking either ends the token."""
    row = _live_row(claims.user_id, claims.family_id)
    if not row or row["tenant_id"] is None:  # staff without a tenant have no API
        return None
    return Principal(
        kind="user",
        id=row["user_id"],
        role=ROLE_USER,
        tenant_id=row["tenant_id"],
        tenant_slug=row["tenant_slug"],
        floor={"user": row["external_id"]},
        label=row["email"] or row["external_id"],
        user_id=row["user_id"],
        tags=json.loads(row["tags"]),
        sid=claims.family_id,
    )


def use_page_family(user_id: UUID, family_id: UUID) -> bool:
    """Whether this family of this person may still be used; noted at most once a minute."""
    row = _live_row(user_id, family_id)
    if row and row["is_stale"]:
        with connection.cursor() as cursor:
            facts = request_facts()
            cursor.execute("SELECT memsync_touch_family(%s, %s)", [family_id, facts.ip])
    return bool(row)


def _live_row(user_id: UUID, family_id: UUID) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM memsync_find_signed_in(%s, %s)", [user_id, family_id])
        columns = [column.name for column in cursor.description or ()]
        found = cursor.fetchone()
    return dict(zip(columns, found, strict=True)) if found else {}


class BearerScheme(OpenApiAuthenticationExtension):
    """How the schema names it."""

    target_class = AccessTokenAuthentication
    name = "Bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}
