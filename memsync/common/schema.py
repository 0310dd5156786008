"""OpenAPI: every operation may answer with a problem, and lists are pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import is_list_serializer
from rest_framework import serializers

from memsync.common.errors import PROBLEM_JSON


class FieldErrorSerializer(serializers.Serializer):
    """One field's error."""

    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """An RFC 9457 problem."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.UUIDField()
    trace_id = serializers.UUIDField(required=False)
    errors = FieldErrorSerializer(many=True, required=False)


class ProblemAutoSchema(AutoSchema):
    """Adds the problem as the default answer of every operation.

    A view whose errors have another form says so in `problem`: serializer and media type.
    """

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        serializer, media_type = getattr(self.view, "problem", (ProblemSerializer, PROBLEM_JSON))
        bodies["default"] = self._get_response_for_code(  # type: ignore[no-untyped-call]
            serializer, "default", [media_type], direction
        )
        return bodies

    def _is_list_view(self, serializer: Any = None) -> bool:
        """An array is documented where a serializer says so; the lists of this API are objects."""
        return bool(is_list_serializer(serializer))
