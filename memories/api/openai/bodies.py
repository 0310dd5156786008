"""Bodies and answers of OpenAI's Conversations, as its own clients write and read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.item_messages import ROLES, type_of
from conversations.items import ITEM_TYPES
from conversations.messages import text_of
from conversations.models import MAX_CONTENT
from memsync.common.parsing import depth
from memsync.common.serializers import MAX_METADATA_DEPTH, MetadataField, StrictSerializer

MAX_ITEMS = 20
MAX_PAIRS, MAX_KEY, MAX_VALUE = 16, 64, 512
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_OWN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}")
_NO_PARTS = ITEM_TYPES | {"tool_use", "tool_result"}
_TEXTS = {
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id",),
}
_WORDS = {"message": "content", "function_call_output": "output"}


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class PairsField(MetadataField):
    """Up to 16 pairs of strings, together as small as a session's metadata, which they are."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The pairs."""
        if not isinstance(data, dict) or len(data) > MAX_PAIRS:
            raise serializers.ValidationError(f"An object of at most {MAX_PAIRS} pairs.")
        for key, value in data.items():
            if len(key) > MAX_KEY:
                raise serializers.ValidationError(f"A key is over {MAX_KEY} characters.")
            if not isinstance(value, str) or len(value) > MAX_VALUE:
                raise serializers.ValidationError(
                    {key[:MAX_KEY]: f"A string of at most {MAX_VALUE} characters."}
                )
        return super().to_internal_value(data)


@extend_schema_field({"type": "object", "additionalProperties": True})
class ItemField(serializers.Field):
    """A message, a tool call, its output, or an item of any other type, which is kept whole."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The item as sent, less an id of null. Raises ValidationError naming the field."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("An object is expected.", "not_an_object")
        if depth(data) > MAX_METADATA_DEPTH:
            raise serializers.ValidationError(f"Deeper than {MAX_METADATA_DEPTH}.", "too_deep")
        kind = self._kind(data)
        if kind == "message" and data.get("role") not in list(ROLES):
            _refuse("role", f"One of {', '.join(ROLES)}.")
        for name in _TEXTS.get(kind, ()):
            if not isinstance(data.get(name), str):
                _refuse(name, "A string is required.")
        if kind in _WORDS:
            self._check_words(_WORDS[kind], data.get(_WORDS[kind]))
        return {name: value for name, value in data.items() if name != "id" or value is not None}

    def _kind(self, data: Mapping[str, Any]) -> str:
        kind = data.get("type") or ("message" if "role" in data else None)
        if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
            _refuse("type", "The type of an item is required.")
        if kind == "item_reference":
            _refuse("type", "Send the item itself; references are not supported.")
        own = data.get("id")
        if own is not None and not (isinstance(own, str) and _OWN_ID.fullmatch(own)):
            _refuse("id", "1 to 200 letters, digits, - and _.")
        return type_of({"type": kind})

    def _check_words(self, name: str, words: Any) -> None:
        """Text, or content parts that have a type and are no items themselves."""
        is_parts = isinstance(words, list) and all(_is_part(part) for part in words)
        if not isinstance(words, str) and not is_parts:
            _refuse(name, "A string or an array of content parts.")
        if len(text_of(words)) > MAX_CONTENT:
            _refuse(name, f"Over {MAX_CONTENT} characters.")

    def to_representation(self, value: Any) -> Any:
        """As stored."""
        return value


def _is_part(part: Any) -> bool:
    kind = part.get("type") if isinstance(part, dict) else None
    return isinstance(kind, str) and kind not in _NO_PARTS


def _refuse(name: str, detail: str) -> None:
    raise serializers.ValidationError({name: serializers.ErrorDetail(detail, "invalid")})


class CreateConversationSerializer(StrictSerializer):
    """`POST /v1/conversations`."""

    items = serializers.ListField(
        child=ItemField(), max_length=MAX_ITEMS, required=False, allow_null=True
    )
    metadata = PairsField(required=False, allow_null=True)


class UpdateConversationSerializer(StrictSerializer):
    """`POST /v1/conversations/{conversation_id}`."""

    metadata = PairsField(allow_null=True)


class CreateItemsSerializer(StrictSerializer):
    """`POST /v1/conversations/{conversation_id}/items`."""

    items = serializers.ListField(child=ItemField(), min_length=1, max_length=MAX_ITEMS)


class ConversationSerializer(serializers.Serializer):
    """A conversation."""

    id = serializers.CharField(help_text="`conv_` and 32 hexadecimal digits")
    object = serializers.ChoiceField(choices=["conversation"])
    created_at = serializers.IntegerField(help_text="seconds since 1970")
    metadata = serializers.JSONField()


class DeletedConversationSerializer(serializers.Serializer):
    """A conversation that is gone."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["conversation.deleted"])
    deleted = serializers.BooleanField()


class ItemListSerializer(serializers.Serializer):
    """A page of items."""

    object = serializers.ChoiceField(choices=["list"])
    data = serializers.ListField(child=ItemField())
    first_id = serializers.CharField(allow_blank=True)
    last_id = serializers.CharField(allow_blank=True)
    has_more = serializers.BooleanField()
