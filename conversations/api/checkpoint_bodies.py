"""Bodies of the routes of checkpoints."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations import checkpoints
from conversations.checkpoint_rows import MAX_NAME, MAX_NAMESPACE, MAX_THREAD
from memsync.common.serializers import (
    MetadataField,
    PageSerializer,
    StrictCharField,
    StrictIntegerField,
    StrictRegexField,
    StrictSerializer,
    TitleField,
)

MAX_WRITES, MAX_IDX, MAX_NAMED = 1000, 1_000_000, 200


@extend_schema_field(OpenApiTypes.BYTE)
class BlobField(serializers.Field):
    """Bytes, as base64."""

    def to_internal_value(self, data: Any) -> bytes:
        """The bytes."""
        try:
            return base64.b64decode(data.encode("ascii"), validate=True)
        except (AttributeError, UnicodeError, binascii.Error) as error:
            raise serializers.ValidationError("Base64 is expected.", "not_base64") from error

    def to_representation(self, value: Any) -> str:
        """As base64."""
        return base64.b64encode(value).decode()


class NameField(StrictRegexField):
    """An id that sorts and compares byte by byte: visible ASCII."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[\x21-\x7e]+\Z", max_length=MAX_NAME, **options)


class ScopedBody(StrictSerializer):
    """A body that names a thread in its scope."""

    scope = serializers.ListField(child=StrictCharField(), required=False, max_length=64)


class PlaceBody(ScopedBody):
    """A body about one checkpoint."""

    thread_id = TitleField(max_length=MAX_THREAD)
    checkpoint_ns = TitleField(max_length=MAX_NAMESPACE, default="", allow_blank=True)
    checkpoint_id = NameField()


class PutCheckpointSerializer(PlaceBody):
    """`POST …/checkpoints`."""

    parent_checkpoint_id = NameField(required=False, allow_null=True)
    metadata = MetadataField(required=False)
    type = TitleField(max_length=50)
    blob = BlobField()


class WriteSerializer(StrictSerializer):
    """One write of a task."""

    idx = StrictIntegerField(min_value=-100, max_value=MAX_IDX)
    channel = TitleField(max_length=MAX_THREAD)
    type = TitleField(max_length=50)
    blob = BlobField()


class PutWritesSerializer(PlaceBody):
    """`POST …/checkpoints/writes`."""

    task_id = NameField()
    task_path = TitleField(max_length=MAX_NAMESPACE, default="", allow_blank=True)
    writes = serializers.ListField(child=WriteSerializer(), min_length=1, max_length=MAX_WRITES)


class CopyThreadSerializer(ScopedBody):
    """`POST …/checkpoints/copy`."""

    source_thread_id = TitleField(max_length=MAX_THREAD)
    target_thread_id = TitleField(max_length=MAX_THREAD)


class PruneSerializer(ScopedBody):
    """`POST …/checkpoints/prune`: of threads, or of runs."""

    thread_ids = serializers.ListField(
        child=TitleField(max_length=MAX_THREAD), required=False, max_length=MAX_NAMED
    )
    run_ids = serializers.ListField(
        child=TitleField(max_length=MAX_THREAD), required=False, max_length=MAX_NAMED
    )
    strategy = serializers.ChoiceField(
        choices=[checkpoints.KEEP_LATEST, checkpoints.DELETE], required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Either threads, or runs, which are deleted."""
        if ("thread_ids" in attrs) == ("run_ids" in attrs):
            raise serializers.ValidationError("Give thread_ids or run_ids.", "one_of")
        if "run_ids" in attrs and attrs.get("strategy") == checkpoints.KEEP_LATEST:
            raise serializers.ValidationError({"strategy": "Runs are deleted whole."})
        return attrs


class StoredSerializer(serializers.Serializer):
    """The place of what was stored."""

    thread_id = serializers.CharField()
    checkpoint_ns = serializers.CharField()
    checkpoint_id = serializers.CharField()


class CheckpointCountsSerializer(serializers.Serializer):
    """How many rows."""

    checkpoints = serializers.IntegerField()
    writes = serializers.IntegerField()


class CheckpointWriteSerializer(serializers.Serializer):
    """A write on the wire."""

    task_id = serializers.CharField()
    task_path = serializers.CharField()
    idx = serializers.IntegerField()
    channel = serializers.CharField()
    type = serializers.CharField()
    blob = BlobField()


class CheckpointSerializer(StoredSerializer):
    """A checkpoint on the wire."""

    parent_checkpoint_id = serializers.CharField(allow_null=True)
    metadata = MetadataField()
    scope = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    type = serializers.CharField(required=False, help_text="with its state only")
    blob = BlobField(required=False)
    writes = CheckpointWriteSerializer(many=True, required=False)


class CheckpointListSerializer(PageSerializer):
    """A page of checkpoints."""

    data = CheckpointSerializer(many=True)
