"""The audit record: written by services, in the transaction of what it records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.models import AuditEvent, User
from accounts.principals import Principal
from memsync.common.context import request_facts


def record(
    actor: Principal | User | None,
    action: str,
    *,
    target: Any = None,
    tenant_id: Any = None,
    project_id: Any = None,
    **detail: Any,
) -> None:
    """Note that `actor` (None: a command) did `action` to `target`; no words in `detail`."""
    event = _event(actor, action, target, detail)
    event.tenant_id = tenant_id or event.tenant_id
    event.project_id = project_id or event.project_id
    AuditEvent.objects.bulk_create([event])


def record_each(actor: Principal | User | None, action: str, targets: Iterable[Any]) -> None:
    """Note that `actor` did `action` to each of the targets: an event of its own, in one insert."""
    AuditEvent.objects.bulk_create([_event(actor, action, target, {}) for target in targets])


def _event(
    actor: Principal | User | None, action: str, target: Any, detail: dict[str, Any]
) -> AuditEvent:
    facts = request_facts()
    return AuditEvent(
        tenant_id=getattr(target, "tenant_id", None) or _tenant_of(actor),
        project_id=getattr(target, "project_id", None),
        **_actor(actor),
        action=action,
        object_type=type(target).__name__ if target is not None else "",
        object_id=str(getattr(target, "uid", None) or getattr(target, "pk", "")),
        request_id=facts.request_id,
        ip=facts.ip,
        detail=detail,
    )


def _tenant_of(actor: Principal | User | None) -> Any:
    return actor.tenant_id if actor else None


def _actor(actor: Principal | User | None) -> dict[str, Any]:
    if actor is None:
        return {"actor_kind": "command", "actor_id": None, "actor_label": ""}
    if isinstance(actor, Principal):
        return {"actor_kind": actor.kind, "actor_id": actor.id, "actor_label": actor.label}
    return {"actor_kind": "staff", "actor_id": actor.pk, "actor_label": str(actor)}
