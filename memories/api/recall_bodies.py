"""Bodies and answers of recall."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.models import Turn
from memories.api.serializers import SourceSerializer, TraceSerializer, scope_field
from memories.models import Category, RecallFeedback
from memories.recall import INCLUDE
from memsync.common.serializers import (
    PageSerializer,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
    UUIDField,
)

MAX_FILTER_VALUES = 100


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
class OneOrMoreField(serializers.ListField):
    """A value, or a list of values of which any will do."""

    def __init__(self, child: serializers.Field, **options: Any) -> None:
        options |= {"allow_empty": False, "max_length": MAX_FILTER_VALUES, "required": False}
        super().__init__(child=child, **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        """A list in either case."""
        return super().to_internal_value(data if isinstance(data, list) else [data])


class FilterSerializer(StrictSerializer):
    """What narrows a recall: all of it must hold, of a list any value.

    A memory passes where a turn that it cites does.
    """

    session_id = OneOrMoreField(
        UUIDField(), help_text="sessions, with what they show of the sessions they were forked from"
    )
    kind = OneOrMoreField(StrictCharField(max_length=32), help_text="of the session")
    role = OneOrMoreField(serializers.ChoiceField(choices=Turn.Role.choices))
    sender = OneOrMoreField(StrictCharField(max_length=200), help_text="in any case")
    since = serializers.DateTimeField(required=False, help_text="said at or after")
    until = serializers.DateTimeField(required=False, help_text="said before")


class PastSerializer(StrictSerializer):
    """Two clocks: what was true at `valid`, of what had been learnt by `known`."""

    valid = serializers.DateTimeField(required=False)
    known = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """At least one of them."""
        if not attrs:
            raise serializers.ValidationError("Give valid, known or both.", "required")
        return attrs


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "format": "date-time"},
            {
                "type": "object",
                "properties": {
                    "valid": {"type": "string", "format": "date-time"},
                    "known": {"type": "string", "format": "date-time"},
                },
            },
        ]
    }
)
class AsOfField(serializers.Field):
    """A time, at which it was true; or an object, see PastSerializer."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """`{valid?, known?}`."""
        if isinstance(data, dict):
            reading = PastSerializer(data=data)
            reading.is_valid(raise_exception=True)
            validated: dict[str, Any] = reading.validated_data
            return validated
        return {"valid": serializers.DateTimeField().to_internal_value(data)}

    def to_representation(self, value: Any) -> Any:
        """As read."""
        return value


class QuerySerializer(StrictSerializer):
    """`POST /memory/query`."""

    query = StrictCharField(max_length=100_000)
    session_id = StrictCharField(
        max_length=128,
        required=False,
        allow_null=True,
        help_text="any text: follow-ups under it are read with the questions before them",
    )
    top_k = StrictIntegerField(min_value=1, max_value=100, default=10)
    scope = scope_field()
    categories = serializers.ListField(
        child=serializers.ChoiceField(choices=Category.choices), required=False, allow_empty=False
    )
    filters = FilterSerializer(required=False)
    as_of = AsOfField(required=False)
    include = serializers.ListField(
        child=serializers.ChoiceField(choices=list(INCLUDE)), required=False, allow_empty=False
    )
    persist = StrictBooleanField(default=False)
    explain = StrictBooleanField(default=False)
    branch = StrictBooleanField(
        default=False, help_text="only what rests on the visible history of session_id"
    )
    context_id = StrictCharField(max_length=64, required=False)

    def validate_query(self, value: str) -> str:
        """Some character that is no space."""
        if not value.strip():
            raise serializers.ValidationError("Ask something.", "blank")
        return value


class ExplanationSerializer(serializers.Serializer):
    """What each part adds to the score."""

    words = serializers.FloatField()
    meaning = serializers.FloatField()
    speaker = serializers.FloatField()
    memories = serializers.FloatField()


class HitSerializer(serializers.Serializer):
    """One result of a recall."""

    type = serializers.ChoiceField(choices=["memory", "turn"])
    id = serializers.UUIDField()
    text = serializers.CharField()
    score = serializers.FloatField()
    category = serializers.CharField(required=False)
    confidence = serializers.FloatField(required=False)
    subject = serializers.CharField(required=False)
    key = serializers.CharField(required=False)
    value = serializers.CharField(required=False)
    valid_from = serializers.DateTimeField(required=False, allow_null=True)
    valid_until = serializers.DateTimeField(required=False, allow_null=True)
    role = serializers.CharField(required=False)
    sender = serializers.CharField(required=False, allow_null=True)
    said_at = serializers.DateTimeField(required=False)
    sources = SourceSerializer(many=True)
    explain = ExplanationSerializer(required=False)


class RecalledSerializer(serializers.Serializer):
    """The answer of a recall."""

    trace_id = serializers.UUIDField()
    session_id = serializers.CharField(allow_null=True)
    results = HitSerializer(many=True)
    latency_ms = serializers.FloatField()


class TraceListSerializer(PageSerializer):
    """A page of traces."""

    data = TraceSerializer(many=True)


class FeedbackSerializer(StrictSerializer):
    """`POST …/recalls/{trace_id}/feedback`."""

    id = UUIDField(help_text="of an item that the recall returned")
    verdict = serializers.ChoiceField(choices=RecallFeedback.Verdict.choices)


class FeedbackGivenSerializer(serializers.Serializer):
    """What was said of an item."""

    trace_id = serializers.UUIDField()
    id = serializers.UUIDField()
    verdict = serializers.CharField()
    created_at = serializers.DateTimeField()
