"""Keyset paging of the pages: newest first, "older" as a link, flat in the length of the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of the older ones, if there are any."""

    rows: list[Any]
    older: str = ""


def newest(rows: QuerySet, *, by: Sequence[str], cursor: str, size: int) -> Page:
    """The page of `rows` after `cursor`, ordered by the columns `by`, which together are unique.

    Raises BadRequest for a cursor that was not issued for these columns.
    """
    salt = f"newest:{rows.model._meta.label_lower}:{','.join(by)}"
    if cursor:
        rows = rows.filter(_older_than(dict(zip(by, _read(cursor, salt), strict=True))))
    found = list(rows.order_by(*[f"-{column}" for column in by])[: size + 1])
    if len(found) <= size:
        return Page(found)
    last = [_plain(getattr(found[size - 1], column)) for column in by]
    return Page(found[:size], signing.dumps(last, salt=salt))


def _older_than(place: dict[str, Any]) -> Q:
    """Rows that sort after `place`: the first differing column is smaller."""
    older, equal = Q(), Q()
    for column, value in place.items():
        older |= equal & Q(**{f"{column}__lt": value})
        equal &= Q(**{column: value})
    return older


def _read(cursor: str, salt: str) -> list[Any]:
    try:
        place: list[Any] = signing.loads(cursor, salt=salt)
    except (signing.BadSignature, ValueError) as error:
        raise BadRequest("The cursor was not issued for this list.") from error
    return place


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
