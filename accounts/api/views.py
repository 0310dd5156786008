"""Routes of API keys."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api.base import ProjectView
from accounts.api.serializers import (
    CreateKeySerializer,
    KeyListSerializer,
    KeySerializer,
    NewKeySerializer,
)
from accounts.models import ApiKey, Project
from accounts.principals import MANAGEMENT
from accounts.scope import add_tags, tags
from memsync.common.errors import NotFound
from memsync.common.ids import parse_uuid
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters


class KeyView(ProjectView):
    """The keys of a project, for its management keys."""

    is_idempotent = False  # a stored answer would keep the key's text
    roles = dict.fromkeys(("list", "create", "destroy"), MANAGEMENT)

    @extend_schema(
        operation_id="keys_list",
        responses=KeyListSerializer,
        parameters=[
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int, description="1 to 200, default 50"),
            OpenApiParameter("order", str, enum=["asc", "desc"]),
        ],
    )
    def list(self, request: Request) -> Response:
        """List the keys, revoked and expired ones too."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS)
        return Response(paginate(request, self._keys(), key_json, key="id"))

    @extend_schema(
        operation_id="keys_create",
        request=CreateKeySerializer,
        responses={201: NewKeySerializer},
    )
    def create(self, request: Request) -> Response:
        """Create a key; its text is in `key`, this once."""
        body = self.read(CreateKeySerializer)
        body["floor"] = add_tags(self.principal.floor, dict(body["floor"]))
        key, text = services.create_api_key(
            actor=self.principal, project=Project.objects.get(pk=self._project_id), **body
        )
        return Response(key_json(key) | {"key": text}, status=201)

    @extend_schema(operation_id="keys_revoke", responses={204: None})
    def destroy(self, request: Request, key_id: str) -> Response:
        """Revoke a key; it stops working at once."""
        wanted = parse_uuid(key_id)
        key = self._keys().filter(pk=wanted).first() if wanted else None
        if key is None:
            raise NotFound
        refuse_unknown_parameters(request)
        services.revoke_api_key(actor=self.principal, key=key)
        return Response(status=204)

    def _keys(self) -> QuerySet[ApiKey]:
        """The project's keys that are bound at least as much as the one that asks."""
        return ApiKey.objects.filter(
            tenant_id=self.principal.tenant_id,
            project_id=self._project_id,
            floor__contains=self.principal.floor,
        )

    @property
    def _project_id(self) -> UUID:
        return cast(UUID, self.principal.project_id)  # a ProjectView has resolved it


def key_json(key: ApiKey) -> dict[str, Any]:
    """A key on the wire."""
    shown = {str(name): getattr(key, str(name)) for name in KeySerializer().fields}
    return shown | {"floor": tags(key.floor)}
