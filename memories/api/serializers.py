"""Bodies and answers of the routes that reach memories."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from conversations.api.serializers import MessageSerializer, TurnSerializer
from conversations.models import MAX_CONTENT, Turn
from conversations.services import MAX_BATCH, MAX_MESSAGES
from memories.models import Category, Memory
from memsync.common.serializers import (
    MetadataField,
    PageSerializer,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
    UUIDField,
)


def scope_field(**options: Any) -> serializers.ListField:
    """Tags key=value; not required unless the options say so."""
    options = {"required": False, "max_length": 64} | options
    return serializers.ListField(child=StrictCharField(), **options)


class AppendSerializer(StrictSerializer):
    """`POST …/turns`."""

    messages = serializers.ListField(
        child=MessageSerializer(), allow_empty=False, max_length=MAX_MESSAGES
    )
    scope = scope_field()
    extract = StrictBooleanField(default=True)


class BatchSerializer(StrictSerializer):
    """`POST …/facts/batch`."""

    session_id = UUIDField(required=False, allow_null=True)
    messages = serializers.ListField(
        child=MessageSerializer(), allow_empty=False, max_length=MAX_BATCH
    )
    scope = scope_field()
    metadata = MetadataField(required=False)


class FactSerializer(StrictSerializer):
    """`POST …/facts`."""

    text = StrictCharField(max_length=MAX_CONTENT)
    session_id = UUIDField(required=False, allow_null=True)
    scope = scope_field()
    role = serializers.ChoiceField(choices=Turn.Role.choices, default=Turn.Role.USER)
    authority = serializers.ChoiceField(
        choices=Memory.Authority.choices, default=Memory.Authority.EXPERIENTIAL
    )


class SourceSerializer(serializers.Serializer):
    """Where words stand."""

    kind = serializers.CharField()
    ref = serializers.CharField()
    session_id = serializers.UUIDField(allow_null=True)
    turn_id = serializers.UUIDField(allow_null=True)
    seq = serializers.IntegerField(allow_null=True)
    role = serializers.CharField(allow_null=True)
    span = serializers.ListField(
        child=serializers.IntegerField(),
        min_length=2,
        max_length=2,
        help_text="[start, end) in Unicode code points of the turn's content",
    )
    quote = serializers.CharField()
    trust = serializers.FloatField()


class MemoryItemSerializer(serializers.Serializer):
    """A memory without its sources."""

    memory_id = serializers.UUIDField()
    category = serializers.ChoiceField(choices=Category.choices)
    subject = serializers.CharField()
    key = serializers.CharField()
    value = serializers.CharField()
    text = serializers.CharField()
    confidence = serializers.FloatField()
    status = serializers.ChoiceField(choices=Memory.Status.choices)
    valid_from = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    kind = serializers.CharField(required=False)


class MemorySerializer(MemoryItemSerializer):
    """A memory with its sources."""

    id = serializers.UUIDField()
    scope = serializers.ListField(child=serializers.CharField())
    authority = serializers.ChoiceField(choices=Memory.Authority.choices)
    importance = serializers.FloatField()
    created_at = serializers.DateTimeField()
    sources = SourceSerializer(many=True)


class MemoryListSerializer(PageSerializer):
    """A page of memories."""

    data = MemorySerializer(many=True)


class DiffItemSerializer(MemoryItemSerializer):
    """One statement found, and what it did."""

    op = serializers.CharField()
    source = SourceSerializer()


class DiffEntitySerializer(serializers.Serializer):
    """Somebody or something that a statement names."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    is_new = serializers.BooleanField()
    source = SourceSerializer()


class CorrectionSerializer(serializers.Serializer):
    """A value that replaced another."""

    subject = serializers.CharField()
    key = serializers.CharField()
    old_value = serializers.CharField()
    new_value = serializers.CharField()
    old_memory_id = serializers.UUIDField()
    memory_id = serializers.UUIDField()


class DiffSerializer(serializers.Serializer):
    """What an ingest changed."""

    entities = DiffEntitySerializer(many=True)
    attributes = DiffItemSerializer(many=True)
    relations = DiffItemSerializer(many=True)
    instructions = DiffItemSerializer(many=True)
    uncertainties = DiffItemSerializer(many=True)
    corrections = CorrectionSerializer(many=True)
    error = serializers.CharField(required=False)


class RecordedSerializer(serializers.Serializer):
    """The answer of a batch."""

    trace_id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    turn_ids = serializers.ListField(child=serializers.UUIDField())
    diff = DiffSerializer()


class AppendedSerializer(serializers.Serializer):
    """The answer of an append."""

    session_id = serializers.UUIDField()
    turns = TurnSerializer(many=True)
    trace_id = serializers.UUIDField(allow_null=True)
    diff = DiffSerializer()


class TracePrincipalSerializer(serializers.Serializer):
    """Who asked."""

    kind = serializers.CharField()
    id = serializers.UUIDField()
    label = serializers.CharField()


class TraceFeedbackSerializer(serializers.Serializer):
    """What was said of an item of a recall."""

    id = serializers.UUIDField()
    verdict = serializers.CharField()
    created_at = serializers.DateTimeField()


class TraceSerializer(serializers.Serializer):
    """One ingest or recall."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=["ingest", "recall"])
    status = serializers.CharField(help_text="pending, running, done or failed")
    number = serializers.IntegerField(allow_null=True)
    session_id = serializers.UUIDField(allow_null=True)
    scope = serializers.ListField(child=serializers.CharField())
    principal = TracePrincipalSerializer()
    extractor = serializers.CharField()
    prompt_version = serializers.CharField()
    query = serializers.CharField()
    returned = serializers.ListField(child=serializers.DictField())
    detail = serializers.DictField()
    error = serializers.CharField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    request_id = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    feedback = TraceFeedbackSerializer(many=True, required=False)
    diff = DiffSerializer(
        required=False, allow_null=True, help_text="of one finished ingest, not in lists"
    )
