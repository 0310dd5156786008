"""Security events: recorded in the transaction of what they tell of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connections

from memsync.common import metrics
from memsync.common.context import request_facts
from memsync.common.ids import uuid7
from memsync.common.tenancy import alias
from sessions_app.models import EventKind, SessionFamily, Severity

for _kind in EventKind:
    metrics.SECURITY_EVENTS.labels(str(_kind))  # 0 until the first: an alarm must see it rise


def record_event(
    kind: EventKind,
    *,
    tenant_id: UUID | None = None,
    user_id: UUID | None = None,
    severity: Severity = Severity.INFO,
    **detail: Any,
) -> None:
    """Append an event that concerns no sign-in, such as a failed one.

    `detail` never holds tokens, hashes, passwords or people's words.
    """
    _append([_event(kind, severity, detail) | {"tenant_id": tenant_id, "user_id": user_id}])


def record_family_events(
    kind: EventKind,
    families: Iterable[SessionFamily],
    *,
    severity: Severity = Severity.INFO,
    actor_id: UUID | None = None,
    **detail: Any,
) -> None:
    """Append an event for each of these sign-ins, in one statement."""
    event = _event(kind, severity, detail) | {"actor_id": actor_id}
    _append([event | _of(family) | {"uid": uuid7()} for family in families])


def _of(family: SessionFamily) -> dict[str, Any]:
    return {
        "tenant_id": family.tenant_id,
        "user_id": family.user_id,
        "family_id": family.pk,
        "device_id": family.device_id,
    }


def _event(kind: EventKind, severity: Severity, detail: dict[str, Any]) -> dict[str, Any]:
    facts = request_facts()
    return {
        "uid": uuid7(),
        "kind": kind,
        "severity": severity,
        "ip": facts.ip,
        "user_agent": facts.user_agent,
        "request_id": facts.request_id,
        "detail": detail,
    }


def _append(events: list[dict[str, Any]]) -> None:
    with connections[alias()].cursor() as cursor:
        text = json.dumps(events, default=str)
        cursor.execute("SELECT memsync_record_security_events(%s::jsonb)", [text])
    for kind, number in Counter(str(event["kind"]) for event in events).items():
        metrics.count_when_stored(metrics.SECURITY_EVENTS, kind, number)
