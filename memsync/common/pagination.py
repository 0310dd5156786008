"""Cursor pagination by one unique column, flat in the length of the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core import signing
from django.db.models import QuerySet
from rest_framework.request import Request

from memsync.common.errors import BadRequest, InvalidField

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
PAGE_PARAMETERS = frozenset({"cursor", "limit", "order"})


class BadCursor(BadRequest):
    """The cursor was not issued for this list."""

    code = "invalid_cursor"
    detail = "The cursor was not issued for this list."


def paginate(
    request: Request,
    rows: QuerySet,
    render: Callable[[Any], dict[str, Any]],
    *,
    key: str = "serial",
    order: str = "desc",
) -> dict[str, Any]:
    """One page as `{data, next_cursor, has_more}`; a cursor is signed for this list and order."""
    limit = _limit(request)
    order = request.query_params.get("order", order)
    if order not in {"asc", "desc"}:
        raise InvalidField("order", "asc or desc")
    salt = _salt(request, order)
    if cursor := request.query_params.get("cursor"):
        rows = rows.filter(**{f"{key}__{'gt' if order == 'asc' else 'lt'}": _read(cursor, salt)})
    page = list(rows.order_by(key if order == "asc" else f"-{key}")[: limit + 1])
    has_more = len(page) > limit
    page = page[:limit]
    return {
        "data": [render(row) for row in page],
        "next_cursor": signing.dumps(_value(page[-1], key), salt=salt) if has_more else None,
        "has_more": has_more,
    }


def refuse_unknown_parameters(request: Request, allowed: frozenset[str]) -> None:
    """Raise for a query parameter nobody reads: a misspelt filter must not widen a list."""
    for name in request.query_params:
        if name not in allowed and not (name.startswith("metadata.") and "metadata" in allowed):
            raise InvalidField(name, "unknown parameter", code="unknown_field")


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= MAX_LIMIT):
        raise InvalidField("limit", f"a number from 1 to {MAX_LIMIT}")
    return int(text)


def _salt(request: Request, order: str) -> str:
    """What a cursor is bound to: the path and everything that selects or orders the rows."""
    selecting = sorted(
        (name, value)
        for name, values in request.query_params.lists()
        if name not in PAGE_PARAMETERS
        for value in values
    )
    return repr((request.path, selecting, order))


def _read(cursor: str, salt: str) -> Any:
    try:
        return signing.loads(cursor, salt=salt)
    except (signing.BadSignature, ValueError) as error:
        raise BadCursor from error


def _value(row: Any, key: str) -> Any:
    return row[key] if isinstance(row, dict) else getattr(row, key)
