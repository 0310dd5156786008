"""Routes of entities."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER, ProjectView
from conversations.api.views import PAGE
from conversations.services import refuse_unless_key_may_write
from memories import entities
from memories.models import Entity
from memsync.common.errors import NotFound
from memsync.common.ids import parse_uuid
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters
from memsync.common.serializers import PageSerializer, StrictSerializer, TitleField, UUIDField


class MergeSerializer(StrictSerializer):
    """`POST …/entities/{id}/merge`."""

    into = UUIDField()


class AliasSerializer(StrictSerializer):
    """`POST …/entities/{id}/aliases`."""

    name = TitleField(max_length=300)


class EntitySerializer(serializers.Serializer):
    """An entity on the wire."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    merged_into = serializers.UUIDField(allow_null=True)
    scope = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


class EntityListSerializer(PageSerializer):
    """A page of entities."""

    data = EntitySerializer(many=True)


class EntityView(ProjectView):
    """Entities."""

    @extend_schema(
        operation_id="entities_list",
        parameters=[*PAGE, SCOPE_PARAMETER, OpenApiParameter("type", str)],
        responses=EntityListSerializer,
    )
    def list(self, request: Request) -> Response:
        """List entities, newest first; merged ones are left out."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"scope", "type"})
        rows = Entity.objects.listed(self.principal, self.query_scope())
        rows = rows.filter(merged_into__isnull=True)
        if kind := request.query_params.get("type"):
            rows = rows.filter(type=kind)
        return Response(paginate(request, _for_wire(rows), entity_json))

    @extend_schema(operation_id="entities_show", responses=EntitySerializer)
    def retrieve(self, request: Request, entity_id: str) -> Response:
        """Show an entity."""
        entity = self.find(entity_id)
        refuse_unknown_parameters(request)
        return Response(entity_json(entity))

    @extend_schema(
        operation_id="entities_merge", request=MergeSerializer, responses=EntitySerializer
    )
    def merge(self, request: Request, entity_id: str) -> Response:
        """Merge an entity into another of the same scope."""
        entity = self.find(entity_id)
        refuse_unless_key_may_write(self.principal, entity)
        into = self.find(str(self.read(MergeSerializer)["into"]))
        merged = entities.merge_entities(principal=self.principal, entity=entity, into=into)
        return Response(entity_json(self.find(str(merged.uid))))

    @extend_schema(
        operation_id="entities_alias", request=AliasSerializer, responses={201: EntitySerializer}
    )
    def add_alias(self, request: Request, entity_id: str) -> Response:
        """Give an entity another name."""
        entity = self.find(entity_id)
        refuse_unless_key_may_write(self.principal, entity)
        name = self.read(AliasSerializer)["name"]
        entities.add_alias(principal=self.principal, entity=entity, name=name)
        return Response(entity_json(self.find(entity_id)), status=201)

    def find(self, entity_id: str) -> Entity:
        """The entity in reach with this id. Raises NotFound."""
        uid = parse_uuid(entity_id)
        rows = _for_wire(Entity.objects.reachable(self.principal))
        row: Entity | None = rows.filter(uid=uid).first() if uid else None
        if row is None:
            raise NotFound
        return row


def _for_wire(rows: Any) -> Any:
    return rows.select_related("merged_into").prefetch_related("aliases")


def entity_json(entity: Entity) -> dict[str, Any]:
    """An entity with its other names."""
    return {
        "id": entity.uid,
        "name": entity.name,
        "type": entity.type,
        "aliases": sorted(alias.name for alias in entity.aliases.all()),
        "merged_into": entity.merged_into.uid if entity.merged_into else None,
        "scope": entity.scope_tags,
        "created_at": entity.created_at,
    }
