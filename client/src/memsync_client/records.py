"""Answers of the server: dicts whose fields are attributes too, with types for what they hold.

A server newer than this package may send more: fields without a declared type are kept as they are.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_type_hints

T = TypeVar("T")


class Record(dict[str, Any]):
    """A JSON object: `record.field` is `record["field"]`, and an AttributeError when absent."""

    def __init__(self, fields: dict[str, Any]) -> None:
        hints = _records_in(type(self))
        super().__init__((name, _typed(hints.get(name), value)) for name, value in fields.items())

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}") from None


@cache
def _records_in(kind: type[Record]) -> dict[str, type[Record]]:
    """The fields of a record that hold records, or lists of them."""
    found = {name: _record_in(hint) for name, hint in get_type_hints(kind).items()}
    return {name: inner for name, inner in found.items() if inner}


def _record_in(hint: Any) -> type[Record] | None:
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint
    return next((inner for part in get_args(hint) if (inner := _record_in(part))), None)


def _typed(kind: type[Record] | None, value: Any) -> Any:
    if kind is None:
        return value
    if isinstance(value, list):
        return [_typed(kind, each) for each in value]
    return kind(value) if isinstance(value, dict) else value


class Page(Record, Generic[T]):
    """One page of a list; `next_cursor` asks for the next."""

    data: list[T]
    next_cursor: str | None
    has_more: bool
