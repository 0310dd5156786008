"""OpenAPI: operations that answer with OpenAI's error envelope."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class OpenAIErrorSerializer(serializers.Serializer):
    """What went wrong."""

    message = serializers.CharField()
    type = serializers.CharField()
    param = serializers.CharField(allow_null=True)
    code = serializers.CharField()


class OpenAIProblemSerializer(serializers.Serializer):
    """An error as OpenAI's API gives it."""

    error = OpenAIErrorSerializer()


class OpenAISchema(AutoSchema):
    """Adds the envelope as the default answer of every operation."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        bodies["default"] = self._get_response_for_code(  # type: ignore[no-untyped-call]
            OpenAIProblemSerializer, "default", ["application/json"], direction
        )
        return bodies
