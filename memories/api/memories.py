"""Routes of single memories: read, write by hand, settle, take back, and their history."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER, ProjectView
from accounts.principals import WRITING_KEYS
from conversations.api.views import PAGE
from conversations.services import refuse_unless_writable
from memories import corrections
from memories.api.serializers import (
    DiffSerializer,
    MemoryListSerializer,
    MemorySerializer,
    scope_field,
)
from memories.models import MAX_VALUE, Category, Memory, MemoryChange
from memories.render import change_json, memory_json
from memsync.common.errors import InvalidField, NotFound
from memsync.common.ids import parse_uuid
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters
from memsync.common.serializers import (
    PageSerializer,
    StrictBooleanField,
    StrictCharField,
    StrictRegexField,
    StrictSerializer,
)

LIST_PARAMETERS = PAGE_PARAMETERS | {"scope", "category", "status", "key", "subject"}


class AddMemorySerializer(StrictSerializer):
    """`POST …/memories`."""

    category = serializers.ChoiceField(
        choices=[c for c in Category.choices if c[0] != Category.UNCERTAINTY]
    )
    key = StrictRegexField(r"^[a-z][a-z0-9_]{0,63}\Z")
    value = StrictCharField(max_length=MAX_VALUE)
    subject = StrictCharField(max_length=300, default="user")
    scope = scope_field()


class CorrectMemorySerializer(StrictSerializer):
    """`PATCH …/memories/{id}`."""

    value = StrictCharField(max_length=MAX_VALUE)


class ResolveSerializer(StrictSerializer):
    """`POST …/memories/{id}/resolve`: a value, or `reject: true`."""

    value = StrictCharField(max_length=MAX_VALUE, required=False)
    reject = StrictBooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two."""
        if ("value" in attrs) == bool(attrs.get("reject")):
            raise serializers.ValidationError("Give a value, or reject: true.", "one_of")
        return attrs


class ByHandSerializer(serializers.Serializer):
    """What a write by hand did."""

    trace_id = serializers.UUIDField()
    memory = MemorySerializer()
    diff = DiffSerializer()


class ChangeSerializer(serializers.Serializer):
    """One change of a memory."""

    op = serializers.CharField()
    at = serializers.DateTimeField()
    trace_id = serializers.UUIDField()
    number = serializers.IntegerField(allow_null=True)
    principal = serializers.DictField()
    turn_id = serializers.UUIDField(allow_null=True)
    session_id = serializers.UUIDField(allow_null=True)
    seq = serializers.IntegerField(allow_null=True)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)


class HistorySerializer(PageSerializer):
    """A page of changes."""

    data = ChangeSerializer(many=True)


class MemoryView(ProjectView):
    """Memories."""

    roles = {"create": WRITING_KEYS}

    @extend_schema(
        operation_id="memories_list",
        parameters=[
            *PAGE,
            SCOPE_PARAMETER,
            OpenApiParameter("category", str, enum=Category.values),
            OpenApiParameter("status", str, enum=Memory.Status.values, description="default live"),
            OpenApiParameter("key", str),
            OpenApiParameter("subject", str),
        ],
        responses=MemoryListSerializer,
    )
    def list(self, request: Request) -> Response:
        """List memories with their sources, newest first; live ones unless `status` says else."""
        refuse_unknown_parameters(request, LIST_PARAMETERS)
        asked = request.query_params
        rows = Memory.objects.listed(self.principal, self.query_scope()).with_sources()
        rows = rows.filter(status=_one_of(asked, "status", Memory.Status.values, "live"))
        if category := _one_of(asked, "category", Category.values):
            rows = rows.filter(category=category)
        equal = {name: asked[name] for name in ("key", "subject") if name in asked}
        return Response(paginate(request, rows.filter(**equal), memory_json))

    @extend_schema(
        operation_id="memories_add",
        request=AddMemorySerializer,
        responses={200: ByHandSerializer, 201: ByHandSerializer},
    )
    def create(self, request: Request) -> Response:
        """Write a memory by hand; 200 when it is stored already, and is now surer."""
        body = self.read(AddMemorySerializer)
        done = corrections.add_memory(
            principal=self.principal, scope=self.scope_of(body.pop("scope", None)), **body
        )
        return Response(self.shown(done), status=200 if done.is_repeat else 201)

    @extend_schema(operation_id="memories_show", responses=MemorySerializer)
    def retrieve(self, request: Request, memory_id: str) -> Response:
        """Show a memory with its sources."""
        memory = self.find(memory_id)
        refuse_unknown_parameters(request)
        return Response(memory_json(memory))

    @extend_schema(
        operation_id="memories_correct",
        request=CorrectMemorySerializer,
        responses=ByHandSerializer,
    )
    def partial_update(self, request: Request, memory_id: str) -> Response:
        """Correct a memory's value; the old one stays as superseded, with its sources."""
        memory = self.find_writable(memory_id)
        body = self.read(CorrectMemorySerializer)
        done = corrections.correct_memory(
            principal=self.principal, memory=memory, value=body["value"]
        )
        return Response(self.shown(done))

    @extend_schema(operation_id="memories_retract", responses=ByHandSerializer)
    def destroy(self, request: Request, memory_id: str) -> Response:
        """Retract a memory; `forget` with mode erase takes its words away too."""
        memory = self.find_writable(memory_id)
        refuse_unknown_parameters(request)
        return Response(
            self.shown(corrections.retract_memory(principal=self.principal, memory=memory))
        )

    @extend_schema(
        operation_id="memories_resolve", request=ResolveSerializer, responses=ByHandSerializer
    )
    def resolve(self, request: Request, memory_id: str) -> Response:
        """Settle an uncertainty: with the value that holds, or by rejecting it."""
        memory = self.find_writable(memory_id)
        body = self.read(ResolveSerializer)
        done = corrections.resolve_uncertainty(
            principal=self.principal, memory=memory, value=body.get("value")
        )
        return Response(self.shown(done))

    @extend_schema(operation_id="memories_history", parameters=PAGE, responses=HistorySerializer)
    def history(self, request: Request, memory_id: str) -> Response:
        """Show every change of a memory, the newest first."""
        memory = self.find(memory_id)
        refuse_unknown_parameters(request, PAGE_PARAMETERS)
        rows = MemoryChange.objects.filter(memory=memory).select_related(
            "trace", "turn__conversation"
        )
        return Response(paginate(request, rows, change_json))

    def find(self, memory_id: str) -> Memory:
        """The memory in reach with this id. Raises NotFound."""
        uid = parse_uuid(memory_id)
        rows = Memory.objects.reachable(self.principal).with_sources()
        row: Memory | None = rows.filter(uid=uid).first() if uid else None
        if row is None:
            raise NotFound
        return row

    def find_writable(self, memory_id: str) -> Memory:
        """As `find`, for a write. Raises NotFound, Forbidden."""
        memory = self.find(memory_id)
        refuse_unless_writable(self.principal, memory)
        return memory

    def shown(self, done: corrections.ByHand) -> dict[str, Any]:
        """The answer of a write by hand."""
        memory = Memory.objects.reachable(self.principal).with_sources().get(pk=done.memory.pk)
        return {"trace_id": done.trace.uid, "memory": memory_json(memory), "diff": done.diff}


def _one_of(asked: Any, name: str, allowed: list[str], default: str = "") -> str:
    value = str(asked.get(name, default))
    if value and value not in allowed:
        raise InvalidField(name, f"one of {', '.join(allowed)}")
    return value
