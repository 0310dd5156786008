"""Bodies and answers of `/auth/*`."""

from __future__ import annotations

from rest_framework import serializers

from memsync.common.serializers import (
    PageSerializer,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
    TitleField,
)
from sessions_app.models import EventKind, SessionType, Severity
from sessions_app.services import MAX_PASSWORD
from sessions_app.tokens import MAX_LENGTH


class DeviceInputSerializer(StrictSerializer):
    """What a client tells of its device: signals, not credentials."""

    fingerprint = StrictCharField(max_length=128, required=False)
    label = TitleField(max_length=200, required=False, allow_blank=True)
    location = TitleField(max_length=200, required=False, allow_blank=True)


class LoginSerializer(StrictSerializer):
    """`POST /auth/login`."""

    email = StrictCharField(max_length=254)
    password = StrictCharField(max_length=MAX_PASSWORD)
    session_type = serializers.ChoiceField(choices=SessionType.choices, default=SessionType.API)
    device = DeviceInputSerializer(required=False)


class RefreshTokenSerializer(StrictSerializer):
    """`POST /auth/refresh` and `/auth/logout`; web sessions have it in their cookie."""

    refresh = StrictCharField(max_length=MAX_LENGTH, required=False)


class LogoutAllSerializer(StrictSerializer):
    """`POST /auth/logout-all`."""

    keep_current = StrictBooleanField(default=False)


class PasswordSerializer(StrictSerializer):
    """`POST /auth/password`."""

    current_password = StrictCharField(max_length=MAX_PASSWORD)
    new_password = StrictCharField(max_length=MAX_PASSWORD)


class DeviceSerializer(serializers.Serializer):
    """A device on the wire."""

    id = serializers.UUIDField()
    label = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    location = serializers.CharField()
    user_agent = serializers.CharField()
    last_seen_at = serializers.DateTimeField()


class FamilySerializer(serializers.Serializer):
    """A sign-in on the wire."""

    id = serializers.UUIDField()
    family_id = serializers.UUIDField()
    session_type = serializers.ChoiceField(choices=SessionType.choices)
    device = DeviceSerializer()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ListedFamilySerializer(FamilySerializer):
    """A sign-in in the list of its owner."""

    last_used_at = serializers.DateTimeField()
    is_this_session = serializers.BooleanField()


class FamilyListSerializer(PageSerializer):
    """A page of sign-ins."""

    data = ListedFamilySerializer(many=True)


class SecurityEventSerializer(serializers.Serializer):
    """A security event on the wire."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=EventKind.choices)
    severity = serializers.ChoiceField(choices=Severity.choices)
    at = serializers.DateTimeField()
    ip = serializers.CharField(allow_null=True)
    device = DeviceSerializer(allow_null=True)
    session_id = serializers.UUIDField(allow_null=True, help_text="the sign-in (family)")
    detail = serializers.DictField()


class SecurityEventListSerializer(PageSerializer):
    """A page of security events."""

    data = SecurityEventSerializer(many=True)


class TokenPairSerializer(serializers.Serializer):
    """What signing in and refreshing answer."""

    access = serializers.CharField()
    refresh = serializers.CharField(required=False, help_text="absent for web: it is in the cookie")
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
