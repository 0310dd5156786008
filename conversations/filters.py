"""Filters of the list of sessions."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.http import QueryDict

from conversations.models import Conversation
from memsync.common.errors import BadRequest
from memsync.common.parsing import loads

METADATA = "metadata."


class SessionFilter(filters.FilterSet):  # type: ignore[misc]  # no stubs
    """By status, kind, title, metadata and time. Archived sessions are listed only on request."""

    status = filters.MultipleChoiceFilter(choices=Conversation.Status.choices)
    kind = filters.CharFilter(max_length=32)
    q = filters.CharFilter("title", "icontains", label="title contains", max_length=300)
    created_after = filters.IsoDateTimeFilter("created_at", "gt")
    created_before = filters.IsoDateTimeFilter("created_at", "lt")
    active_after = filters.IsoDateTimeFilter("last_activity_at", "gt")
    active_before = filters.IsoDateTimeFilter("last_activity_at", "lt")

    class Meta:
        model = Conversation
        fields: tuple[str, ...] = ()


PARAMETERS = frozenset(SessionFilter.base_filters) | {"metadata"}


def filter_sessions(rows: QuerySet, query: QueryDict) -> QuerySet:
    """The sessions that a query's filters select. Raises BadRequest naming each bad value."""
    chosen = SessionFilter(query, queryset=rows)
    if not chosen.is_valid():
        raise BadRequest("Some filters are not valid.", errors=_errors(chosen.form))
    rows = chosen.qs
    if "status" not in query:
        rows = rows.exclude(status=Conversation.Status.ARCHIVED)
    for name, values in query.lists():
        if name.startswith(METADATA):
            for value in values:
                rows = rows.filter(has_metadata(name.removeprefix(METADATA), value))
    return rows


def _errors(form: Any) -> list[tuple[str, str, str]]:
    return [
        (name, str(error.code or "invalid"), " ".join(error.messages))
        for name, errors in form.errors.as_data().items()
        for error in errors
    ]


def has_metadata(key: str, value: str) -> Q:
    """Metadata with this value under this key: as text, or as the JSON scalar it spells."""
    found = Q(metadata__contains={key: value})
    try:
        scalar = loads(value.encode())
    except BadRequest:
        return found
    is_scalar = scalar is None or isinstance(scalar, (bool, int, float))
    return found | Q(metadata__contains={key: scalar}) if is_scalar else found
