"""OpenAPI: OpenAI's error envelope."""

from __future__ import annotations

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
