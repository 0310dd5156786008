"""Sign-ins as JSON. Fingerprints, hashes and token ids stay here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.principals import Principal
from accounts.scope import tags
from sessions_app.models import Device, SecurityEvent, SessionFamily


def family_json(family: SessionFamily) -> dict[str, Any]:
    """A sign-in as login and refresh answer it."""
    return {
        "id": family.pk,
        "family_id": family.pk,
        "session_type": family.session_type,
        "device": device_json(family.device),
        "created_at": family.created_at,
        "expires_at": family.expires_at,
    }


def listed_family_json(family: SessionFamily, sid: UUID | None) -> dict[str, Any]:
    """A sign-in in the list of its owner, who asks from the family `sid`."""
    return family_json(family) | {
        "last_used_at": family.last_used_at,
        "is_this_session": family.pk == sid,
    }


def device_json(device: Device) -> dict[str, Any]:
    """A device."""
    return {
        "id": device.pk,
        "label": device.label,
        "ip": device.ip,
        "location": device.location,
        "user_agent": device.user_agent,
        "last_seen_at": device.last_seen_at,
    }


def event_json(event: SecurityEvent) -> dict[str, Any]:
    """A security event of the person who asks."""
    return {
        "id": event.uid,
        "kind": event.kind,
        "severity": event.severity,
        "at": event.at,
        "ip": event.ip,
        "device": device_json(event.device) if event.device else None,
        "session_id": event.family_id,
        "detail": event.detail,
    }


def principal_json(principal: Principal) -> dict[str, Any]:
    """Who asks."""
    shown: dict[str, Any] = {
        "kind": principal.kind,
        "id": principal.id,
        "role": principal.role,
        "tenant": principal.tenant_slug,
        "floor": tags(principal.floor),
    }
    if principal.project_id:
        shown["project"] = {"id": principal.project_id, "slug": principal.project_slug}
    if principal.sid:
        shown["sid"] = principal.sid
    return shown
