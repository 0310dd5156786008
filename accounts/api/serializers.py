"""Bodies and answers of `/keys`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts.models import ApiKey
from accounts.scope import BadScope, Scope, parse_tags
from memsync.common.serializers import PageSerializer, StrictCharField, StrictSerializer, TitleField


class FloorField(serializers.ListField):
    """A list of `key=value` tags, read as a scope."""

    child = StrictCharField()

    def to_internal_value(self, data: Any) -> Any:
        """The scope."""
        try:
            scope: Scope = parse_tags(super().to_internal_value(data))
        except BadScope as error:
            raise serializers.ValidationError(str(error), "bad_scope") from error
        return scope


class CreateKeySerializer(StrictSerializer):
    """`POST /keys`."""

    name = TitleField(max_length=100)
    role = serializers.ChoiceField(choices=ApiKey.Role.choices)
    floor = FloorField(default=list)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        """In the future."""
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("It lies in the past.", "past")
        return value


class KeySerializer(serializers.Serializer):
    """A key on the wire, without its secret."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=ApiKey.Role.choices)
    floor = serializers.ListField(child=serializers.CharField())
    prefix = serializers.CharField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewKeySerializer(KeySerializer):
    """A key just made: the only time that its text is shown."""

    key = serializers.CharField()


class KeyListSerializer(PageSerializer):
    """A page of keys."""

    data = KeySerializer(many=True)
