"""Fields and serializers that refuse what they do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from memsync.common.ids import parse_uuid
from memsync.common.parsing import depth
from memsync.common.rendering import dumps

MAX_METADATA_BYTES, MAX_METADATA_DEPTH = 16 * 1024, 32


class StrictSerializer(serializers.Serializer):
    """A serializer to which an unknown field is an error."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields, then read the known ones."""
        if isinstance(data, Mapping):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {
                        name[:100]: serializers.ErrorDetail("Unknown field.", "unknown_field")
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


class PageSerializer(serializers.Serializer):
    """A page of a list; subclasses say what `data` is a list of."""

    next_cursor = serializers.CharField(allow_null=True)
    has_more = serializers.BooleanField()


class StrictCharField(serializers.CharField):
    """A string that was sent as a string; it is kept as sent unless told to trim."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("trim_whitespace", False)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        """The string; a number or a boolean is not one."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictRegexField(StrictCharField, serializers.RegexField):
    r"""A string of a form; the expression ends with `\Z`, as `$` passes over a line's end."""

    def __init__(self, regex: str, **options: Any) -> None:
        super().__init__(regex=regex, **options)


class TitleField(StrictCharField):
    """One line: no control characters, no bidirectional overrides."""

    _FORBIDDEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")

    def to_internal_value(self, data: Any) -> str:
        """The line."""
        text = super().to_internal_value(data)
        if any(c < " " or "\x7f" <= c <= "\x9f" or c in self._FORBIDDEN for c in text):
            raise serializers.ValidationError("Control characters are not allowed.", "control")
        return text


class UUIDField(serializers.UUIDField):
    """A UUID in canonical form, of any version."""

    def to_internal_value(self, data: Any) -> Any:
        """The UUID."""
        value = parse_uuid(data)
        if value is None:
            self.fail("invalid", value=data)
        return value


@extend_schema_field(OpenApiTypes.OBJECT)
class MetadataField(serializers.JSONField):
    """A JSON object of at most 16 KiB, 32 levels deep."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The object."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("An object is expected.", "not_an_object")
        if depth(data) > MAX_METADATA_DEPTH:
            raise serializers.ValidationError(f"Deeper than {MAX_METADATA_DEPTH}.", "too_deep")
        if len(dumps(data)) > MAX_METADATA_BYTES:
            raise serializers.ValidationError(f"Over {MAX_METADATA_BYTES} bytes.", "too_large")
        return data


class StrictBooleanField(serializers.BooleanField):
    """true or false, not a word that looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        """The boolean."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictIntegerField(serializers.IntegerField):
    """An integer that was sent as one."""

    def to_internal_value(self, data: Any) -> int:
        """The integer."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)
