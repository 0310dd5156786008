"""Bodies of the routes of conversations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.messages import text_of
from conversations.models import MAX_CONTENT, Conversation, Turn
from conversations.relations import RELATIONS
from memsync.common.parsing import depth
from memsync.common.serializers import (
    MAX_METADATA_DEPTH,
    MetadataField,
    PageSerializer,
    StrictCharField,
    StrictIntegerField,
    StrictRegexField,
    StrictSerializer,
    TitleField,
    UUIDField,
)

CALLS = ("tool_calls", "function_call")


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "object"}]}},
        ],
        "nullable": True,
    }
)
class ContentField(serializers.Field):
    """A string, null, or an array of content parts in OpenAI's or Anthropic's form."""

    def to_internal_value(self, data: Any) -> Any:
        """The content as sent."""
        is_parts = isinstance(data, list) and all(isinstance(p, (str, dict)) for p in data)
        if not isinstance(data, str) and not is_parts:
            raise serializers.ValidationError("A string, null or an array of parts.", "invalid")
        if depth(data) > MAX_METADATA_DEPTH:
            raise serializers.ValidationError(f"Deeper than {MAX_METADATA_DEPTH}.", "too_deep")
        if len(text_of(data)) > MAX_CONTENT:
            raise serializers.ValidationError(f"Over {MAX_CONTENT} characters.", "too_long")
        return data

    def to_representation(self, value: Any) -> Any:
        """As stored."""
        return value


@extend_schema_field(OpenApiTypes.ANY)
class JSONValueField(serializers.JSONField):
    """A JSON value kept as it is, at most 32 levels deep."""

    def to_internal_value(self, data: Any) -> Any:
        """The value."""
        if depth(data) > MAX_METADATA_DEPTH:
            raise serializers.ValidationError(f"Deeper than {MAX_METADATA_DEPTH}.", "too_deep")
        return data


class MessageSerializer(StrictSerializer):
    """One message of an append."""

    role = serializers.ChoiceField(choices=Turn.Role.choices)
    content = ContentField(
        required=False, allow_null=True, help_text="an assistant's may be absent beside its calls"
    )
    name = TitleField(max_length=200, required=False, allow_null=True)
    tool_calls = JSONValueField(required=False, allow_null=True)
    tool_call_id = StrictCharField(max_length=200, required=False, allow_null=True)
    function_call = JSONValueField(required=False, allow_null=True)
    refusal = StrictCharField(required=False, allow_null=True, allow_blank=True)
    parts = JSONValueField(required=False, allow_null=True)
    sender = TitleField(max_length=200, required=False, allow_blank=True, allow_null=True)
    parent_id = UUIDField(required=False, allow_null=True)
    client_id = StrictCharField(max_length=200, required=False, allow_null=True)
    metadata = MetadataField(required=False)
    occurred_at = serializers.DateTimeField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Content that is absent is null, where an assistant calls something instead."""
        is_call = attrs["role"] == Turn.Role.ASSISTANT and any(attrs.get(name) for name in CALLS)
        if "content" not in attrs and not is_call:
            raise serializers.ValidationError(
                {"content": serializers.ErrorDetail("This field is required.", "required")}
            )
        return {"content": None, **attrs}


class CreateSessionSerializer(StrictSerializer):
    """`POST …/sessions`."""

    id = UUIDField(required=False)
    title = TitleField(max_length=300, required=False, allow_blank=True)
    kind = StrictRegexField(r"^[a-z][a-z0-9_-]{0,31}\Z", required=False)
    scope = serializers.ListField(child=StrictCharField(), required=False, max_length=64)
    metadata = MetadataField(required=False)
    members = serializers.ListField(
        child=TitleField(max_length=200), required=False, max_length=100
    )


class UpdateSessionSerializer(StrictSerializer):
    """`PATCH …/sessions/{id}`."""

    title = TitleField(max_length=300, required=False, allow_blank=True)
    metadata = MetadataField(required=False)
    status = serializers.ChoiceField(choices=Conversation.Status.choices, required=False)


class ForkSerializer(StrictSerializer):
    """`POST …/fork`."""

    title = TitleField(max_length=300, required=False, allow_blank=True)
    seq = StrictIntegerField(required=False, allow_null=True)
    parent_message_id = UUIDField(required=False, allow_null=True)
    reason = TitleField(max_length=300, required=False, allow_blank=True)
    metadata = MetadataField(required=False)


class NodeSerializer(serializers.Serializer):
    """A session in its tree."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    level = serializers.IntegerField(help_text="The root has level 1.")
    forked_from = serializers.UUIDField(allow_null=True)
    fork_seq = serializers.IntegerField(allow_null=True)
    status = serializers.CharField()


class TreeSerializer(serializers.Serializer):
    """A tree of forks, parents before children."""

    root = serializers.UUIDField()
    nodes = NodeSerializer(many=True)


class RelationSerializer(serializers.Serializer):
    """That one session or turn is forked from, replies to or belongs to another."""

    type = serializers.ChoiceField(choices=list(RELATIONS))
    from_ref = serializers.CharField(help_text="`session:<id>` or `turn:<id>`")
    to_ref = serializers.CharField()
    seq = serializers.IntegerField(help_text="Of the turn, or of the fork point.")
    reason = serializers.CharField(required=False)
    created_at = serializers.DateTimeField()


class RelationListSerializer(PageSerializer):
    """A page of relations."""

    data = RelationSerializer(many=True)


class TranscriptRowSerializer(serializers.Serializer):
    """One turn of a transcript."""

    seq = serializers.IntegerField()
    turn_id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    role = serializers.CharField()
    speaker = serializers.CharField()
    message = serializers.CharField()
    parts = JSONValueField(allow_null=True)
    fork_info = serializers.CharField(help_text="`(from: A → B)` where inherited, else empty.")
    occurred_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    redacted_at = serializers.DateTimeField(allow_null=True)
    hidden_at = serializers.DateTimeField(allow_null=True)


class TranscriptSerializer(serializers.Serializer):
    """A transcript as JSON."""

    session_id = serializers.UUIDField()
    title = serializers.CharField()
    data = TranscriptRowSerializer(many=True)


class SessionSerializer(serializers.Serializer):
    """A conversation on the wire."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    scope = serializers.ListField(child=serializers.CharField())
    metadata = MetadataField()
    members = serializers.ListField(child=serializers.CharField())
    user = serializers.CharField(allow_null=True)
    forked_from = serializers.UUIDField(allow_null=True)
    fork_seq = serializers.IntegerField(allow_null=True)
    fork_reason = serializers.CharField()
    turn_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    last_activity_at = serializers.DateTimeField()


class TurnSerializer(serializers.Serializer):
    """A turn on the wire."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    seq = serializers.IntegerField()
    role = serializers.CharField()
    content = serializers.CharField()
    parts = JSONValueField(required=False)
    sender = serializers.CharField(allow_null=True)
    parent_id = serializers.UUIDField(allow_null=True)
    client_id = serializers.CharField(allow_null=True)
    metadata = MetadataField()
    occurred_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    redacted_at = serializers.DateTimeField(allow_null=True)
    hidden_at = serializers.DateTimeField(allow_null=True)
    hidden_items = serializers.ListField(
        child=serializers.IntegerField(),
        required=False,
        help_text="places of items that were hidden alone: 0 the words, from 1 the calls",
    )
    inherited = serializers.BooleanField()


class SessionListSerializer(PageSerializer):
    """A page of conversations."""

    data = SessionSerializer(many=True)


class TurnListSerializer(PageSerializer):
    """A page of turns."""

    data = TurnSerializer(many=True)
