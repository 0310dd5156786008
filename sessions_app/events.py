"""Security events: recorded in the transaction of what they tell of."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connections

from memsync.common.context import request_facts
from memsync.common.tenancy import alias


def record_event(
    kind: str,
    *,
    tenant_id: UUID | None = None,
    user_id: UUID | None = None,
    family_id: UUID | None = None,
    device_id: UUID | None = None,
    severity: str = "info",
    **detail: Any,
) -> None:
    """Append a security event; never tokens, hashes, passwords or people's words."""
    facts = request_facts()
    event = {
        "kind": kind,
        "tenant_id": tenant_id,
        "user_id": user_id,
        "family_id": family_id,
        "device_id": device_id,
        "severity": severity,
        "ip": facts.ip,
        "user_agent": facts.user_agent,
        "request_id": facts.request_id,
        "detail": detail,
    }
    with connections[alias()].cursor() as cursor:
        text = json.dumps(event, default=str)
        cursor.execute("SELECT memsync_record_security_event(%s::jsonb)", [text])
