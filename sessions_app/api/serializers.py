"""Bodies and answers of `/auth/*`."""

from __future__ import annotations

from rest_framework import serializers

from memsync.common.serializers import StrictCharField, StrictSerializer, TitleField
from sessions_app.models import SessionType


class DeviceInputSerializer(StrictSerializer):
    """What a client tells of its device: signals, not credentials."""

    fingerprint = StrictCharField(max_length=128, required=False)
    label = TitleField(max_length=200, required=False, allow_blank=True)
    location = TitleField(max_length=200, required=False, allow_blank=True)


class LoginSerializer(StrictSerializer):
    """`POST /auth/login`."""

    email = StrictCharField(max_length=254)
    password = StrictCharField(max_length=1000)
    session_type = serializers.ChoiceField(choices=SessionType.choices, default=SessionType.API)
    device = DeviceInputSerializer(required=False)


class DeviceSerializer(serializers.Serializer):
    """A device on the wire."""

    id = serializers.UUIDField()
    label = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    location = serializers.CharField()
    user_agent = serializers.CharField()


class FamilySerializer(serializers.Serializer):
    """A sign-in on the wire."""

    id = serializers.UUIDField()
    family_id = serializers.UUIDField()
    session_type = serializers.CharField()
    device = DeviceSerializer()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class TokenPairSerializer(serializers.Serializer):
    """What signing in answers."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds")
    session = FamilySerializer()


class ProjectRefSerializer(serializers.Serializer):
    """A project, named."""

    id = serializers.UUIDField()
    slug = serializers.CharField()


class MeSerializer(serializers.Serializer):
    """Who asks."""

    kind = serializers.ChoiceField(choices=["user", "key"])
    id = serializers.UUIDField()
    role = serializers.CharField()
    tenant = serializers.CharField()
    project = ProjectRefSerializer(required=False)
    floor = serializers.ListField(child=serializers.CharField())
    sid = serializers.UUIDField(required=False)
