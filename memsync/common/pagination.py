"""Cursor pagination by one unique column, flat in the length of the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import QuerySet
from rest_framework.request import Request

from memsync.common.errors import BadRequest, InvalidField
from memsync.common.parsing import read_number

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
PAGE_PARAMETERS = frozenset({"cursor", "limit", "order"})


class BadCursor(BadRequest):
    """The cursor was not issued for this list."""

    code = "invalid_cursor"
    detail = "The cursor was not issued for this list."


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page of a list a request asks for; its cursor is signed for this list and order."""

    limit: int
    order: str
    after: Any
    """The key of the row before the page; None for the first page."""
    salt: str

    def of(
        self, rows: QuerySet, render: Callable[[Any], dict[str, Any]], *, key: str = "serial"
    ) -> dict[str, Any]:
        """The page of a queryset, by one unique column."""
        ascending = self.order == "asc"
        if self.after is not None:
            rows = rows.filter(**{f"{key}__{'gt' if ascending else 'lt'}": self.after})
        found = list(rows.order_by(key if ascending else f"-{key}")[: self.limit + 1])
        return self.answer(found, render, key)

    def answer(
        self, rows: list[Any], render: Callable[[Any], dict[str, Any]], key: str
    ) -> dict[str, Any]:
        """`{data, next_cursor, has_more}` of the page's rows and, if any, the row after."""
        has_more = len(rows) > self.limit
        page = rows[: self.limit]
        cursor = signing.dumps(_value(page[-1], key), salt=self.salt) if has_more else None
        return {"data": [render(row) for row in page], "next_cursor": cursor, "has_more": has_more}


def read_page(request: Request, *, order: str = "desc") -> PageAsked:
    """What `limit`, `order` and `cursor` of a request ask for. Raises InvalidField, BadCursor."""
    limit = read_number(request, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
    order = request.query_params.get("order", order)
    if order not in {"asc", "desc"}:
        raise InvalidField("order", "asc or desc")
    cursor = request.query_params.get("cursor")
    return page_after(cursor, limit=limit, order=order, salt=_salt(request, order))


def page_after(cursor: str | None, *, limit: int, order: str = "desc", salt: str) -> PageAsked:
    """The page after a cursor; `salt` is all that selects or orders the rows. Raises BadCursor."""
    return PageAsked(limit, order, _read(cursor, salt) if cursor else None, salt)


def paginate(
    request: Request,
    rows: QuerySet,
    render: Callable[[Any], dict[str, Any]],
    *,
    key: str = "serial",
    order: str = "desc",
) -> dict[str, Any]:
    """One page of a queryset as `{data, next_cursor, has_more}`, by one unique column."""
    return read_page(request, order=order).of(rows, render, key=key)


def refuse_unknown_parameters(request: Request, allowed: frozenset[str] = frozenset()) -> None:
    """Raise for a query parameter nobody reads: a misspelt filter must not widen a list."""
    for name in request.query_params:
        if name not in allowed and not (name.startswith("metadata.") and "metadata" in allowed):
            raise InvalidField(name, "unknown parameter", code="unknown_field")


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
    value = row[key] if isinstance(row, dict) else getattr(row, key)
    return str(value) if isinstance(value, UUID) else value
