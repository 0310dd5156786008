"""One line of an export → the values of its columns. No database."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from accounts.scope import BadScope, parse_tags
from memories.models import Memory
from memories.portability.records import BY_TYPE, CHANGE, MEMORY, Record
from memories.render import snapshot
from memsync.common.ids import parse_uuid
from memsync.common.parsing import depth

MAX_DEPTH = 64
_TEXT = (models.CharField, models.TextField)
_NUMBERS = (models.IntegerField, models.FloatField)
_LISTS_OF_TEXT = {"members", "facts", "concepts", "files_read", "files_modified"}
SNAPSHOT = tuple(snapshot(Memory()))
"""What a change says of a memory, each under the name of its column."""


Line = dict[str, Any]
"""The values of a line as the database takes them, under `line` its number in the file, and what
`_told` adds to a change."""


class BadLine(ValueError):
    """A line that is no record of an export, or does not fit the others: then `line` is given."""

    def __init__(self, field: str, reason: str, line: Line | None = None) -> None:
        self.field, self.reason = field, reason
        self.number: int | None = line["line"] if line else None
        super().__init__(f"{field}: {reason}")


def parse_line(line: Any, number: int) -> tuple[str, Line]:
    """The type of a line and its values. Raises BadLine."""
    kind = line.get("type") if isinstance(line, dict) else None
    record = BY_TYPE.get(kind) if isinstance(kind, str) else None
    if record is None:
        raise BadLine("type", "is none of an export")
    line = dict.fromkeys(record.later) | line
    if set(line) != set(record.fields):
        odd = sorted(set(line) ^ set(record.fields))
        raise BadLine(odd[0][:100], "is missing or unknown")
    parsed: Line = {"line": number, "id": _uuid("id", line["id"])}
    if record.is_scoped:
        parsed["scope"] = _scope(line["scope"])
    for name, _ in record.references:
        parsed[name] = _reference(record, name, line[name])
    for name in record.columns:
        parsed[name] = _value(record, name, line[name])
    for name in record.extra:
        parsed[name] = _rank(name, line[name])
    if record is CHANGE:
        parsed |= _told(parsed)
    return record.name, parsed


def _told(change: Line) -> Line:
    """What a change says: how its memory was and is, as columns of it, and what it replaced.

    Both states must be as `snapshot` writes them. Raises BadLine.
    """
    before, after = change["before"], change["after"]
    if not isinstance(before, dict | None) or not isinstance(after, dict):
        raise BadLine("after", "is no snapshot of a memory")
    was = dict(before or {})
    replaced = was.pop("memory_id", None)
    is_unnamed = change["op"] == "corrected" and before and replaced is None
    if is_unnamed or not set(was) <= set(SNAPSHOT):
        raise BadLine("before", "is no snapshot of a memory")
    if set(after) != set(SNAPSHOT):
        raise BadLine("after", "is no snapshot of a memory")
    return {
        "was": {name: _value(MEMORY, name, value) for name, value in was.items()},
        "is": {name: _value(MEMORY, name, value) for name, value in after.items()},
        "replaced": _uuid("before", replaced) if replaced is not None else None,
    }


def _uuid(name: str, value: Any) -> UUID:
    found = parse_uuid(value)
    if found is None:
        raise BadLine(name, "is not a UUID")
    return found


def _scope(value: Any) -> dict[str, str]:
    if not isinstance(value, list):
        raise BadLine("scope", "is not a list of tags")
    try:
        return parse_tags(value)
    except BadScope as error:
        raise BadLine("scope", str(error)) from error


def _reference(record: Record, name: str, value: Any) -> UUID | None:
    if value is None and record.model._meta.get_field(name).null:
        return None
    return _uuid(name, value)


def _rank(name: str, value: Any) -> int | None:
    is_place = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not is_place and not (value is None and name == "place"):
        raise BadLine(name, "is not a rank")
    rank: int | None = value
    return rank


def _value(record: Record, name: str, value: Any) -> Any:
    """The value as its column takes it: of its type, in its bounds, one of its choices."""
    column: Any = record.model._meta.get_field(record.attribute(name))
    if value is None:
        if not column.null:
            raise BadLine(name, "is null")
        return None
    if isinstance(column, models.BinaryField):
        return _hex(name, value)
    if isinstance(column, _TEXT) and not isinstance(value, str):
        raise BadLine(name, "is not text")
    if isinstance(column, _NUMBERS) and not _is_number(column, value):
        raise BadLine(name, "is not a number of its kind")
    if isinstance(column, ArrayField):
        _check_items(column, name, value)
    if isinstance(column, models.JSONField) and not isinstance(value, _shape(column)):
        raise BadLine(name, "is of another shape")
    if name in _LISTS_OF_TEXT and not all(isinstance(each, str) for each in value):
        raise BadLine(name, "is not a list of texts")
    if depth(value) > MAX_DEPTH:
        raise BadLine(name, f"is nested deeper than {MAX_DEPTH}")
    if column.choices and value not in dict(column.flatchoices):
        raise BadLine(name, "is none of its values")
    return _cleaned(column, name, value)


def _is_number(column: Any, value: Any) -> bool:
    """Whether JSON gave a whole number for an integer column, any number for another."""
    kind = int if isinstance(column, models.IntegerField) else (int, float)
    return isinstance(value, kind) and not isinstance(value, bool)


def _check_items(column: Any, name: str, value: Any) -> None:
    kind = str if isinstance(column.base_field, _TEXT) else int
    if not isinstance(value, list) or not all(type(each) is kind for each in value):
        raise BadLine(name, "is not a list of its kind")


def _shape(column: Any) -> type:
    """What a JSON column holds: what it holds by default, or anything."""
    return column.default if column.default in (dict, list) else object


def _cleaned(column: Any, name: str, value: Any) -> Any:
    try:
        cleaned = column.to_python(value)
        column.run_validators(cleaned)
    except (ValidationError, TypeError, ValueError) as error:
        raise BadLine(name, "is not valid") from error
    if isinstance(cleaned, datetime) and cleaned.tzinfo is None:
        raise BadLine(name, "has no time zone")
    return cleaned


def _hex(name: str, value: Any) -> bytes:
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError) as error:
        raise BadLine(name, "is not hexadecimal") from error
