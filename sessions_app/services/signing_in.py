"""Signing in: a device, a token family and its first token; or, on the pages, a family alone."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.keys import keyed_hash
from accounts.models import User
from memsync.common.context import request_facts
from sessions_app.events import record_family_events
from sessions_app.models import (
    FAMILY_LIFETIME,
    Device,
    EventKind,
    RevokeReason,
    Session,
    SessionFamily,
    SessionType,
)
from sessions_app.querysets import Clock, database_now
from sessions_app.services.credentials import BadCredentials
from sessions_app.services.endings import end_families
from sessions_app.services.people import tenant_or_owner
from sessions_app.tokens import access_expiry, mint_access, mint_refresh


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A family and its tokens; the refresh token is nowhere else in plain text."""

    family: SessionFamily
    access: str
    refresh: str
    expires_in: int


def sign_in(
    *, user: User, session_type: str = SessionType.API, device: Mapping[str, str] | None = None
) -> SignedIn:
    """Start a family for a person whose credentials were checked. Raises BadCredentials."""
    with tenant_or_owner(user.tenant_id):
        family = _start_family(user, session_type, device or {})
        jti = secrets.token_urlsafe(32)
        return issue(family, generation=1, parent=None, jti=jti, now=family.created_at)


def start_page_family(*, user: User, fingerprint: str) -> SessionFamily:
    """Start a family for a page session, which has a cookie of Django's and no tokens.

    A browser has one page session: what it was signed in to before ends. Raises BadCredentials.
    """
    with tenant_or_owner(user.tenant_id):
        told = {"fingerprint": fingerprint}
        return _start_family(user, SessionType.WEB, told, is_alone_on_device=True)


def issue(
    family: SessionFamily, *, generation: int, parent: Session | None, jti: str, now: datetime
) -> SignedIn:
    """Store the next token of a family and mint the pair."""
    token = mint_refresh(family, jti=jti, issued_at=now)
    pepper_id = max(settings.TOKEN_PEPPERS)
    Session.objects.create(
        tenant_id=family.tenant_id,
        user_id=family.user_id,
        device_id=family.device_id,
        family=family,
        refresh_token_hash=keyed_hash(token, pepper_id),
        hash_key_id=pepper_id,
        session_type=family.session_type,
        generation=generation,
        parent=parent,
        created_at=now,
        expires_at=family.expires_at,
    )
    access = mint_access(family, jti=access_jti(jti, pepper_id), issued_at=now)
    return SignedIn(family, access, token, seconds_left(family, now, now))


def access_jti(refresh_jti: str, pepper_id: int) -> str:
    """The id of the access token issued with a refresh token; it does not lead back to it."""
    return keyed_hash(f"access\n{refresh_jti}", pepper_id)


def seconds_left(family: SessionFamily, issued_at: datetime, now: datetime) -> int:
    """Of an access token."""
    return max(0, int((access_expiry(family, issued_at) - now).total_seconds()))


def _start_family(
    user: User, session_type: str, told: Mapping[str, str], *, is_alone_on_device: bool = False
) -> SessionFamily:
    _admit(user)
    fingerprint = told.get("fingerprint") or secrets.token_hex(16)
    _end_what_was_before(user, fingerprint, is_alone_on_device=is_alone_on_device)
    now = database_now()
    family = SessionFamily.objects.create(
        tenant_id=user.tenant_id,
        user=user,
        device=_device(user, fingerprint, told, now),
        session_type=session_type,
        created_at=now,
        last_used_at=now,
        expires_at=now + FAMILY_LIFETIME,
    )
    record_family_events(EventKind.LOGIN_OK, [family], session_type=session_type)
    return family


def _admit(user: User) -> None:
    """Lock the person, still active and with the password that was checked. Raises BadCredentials.

    So a deactivation or another password, committed since the check, is not outrun.
    """
    unchanged = User.objects.filter(pk=user.pk, is_active=True, password=user.password)
    if not unchanged.update(last_login=Clock()):
        raise BadCredentials


def _end_what_was_before(user: User, fingerprint: str, *, is_alone_on_device: bool) -> None:
    """A revoked device counts again when somebody signs in on it, but nothing from before does.

    Families come before devices in the order of locks, so this comes before the device is touched.
    """
    device = Device.objects.filter(user=user, fingerprint=fingerprint).first()
    if device and (device.revoked_at or is_alone_on_device):
        reason = RevokeReason.DEVICE_REVOKED if device.revoked_at else RevokeReason.LOGOUT
        end_families(SessionFamily.objects.filter(device=device), reason=reason)


def _device(user: User, fingerprint: str, told: Mapping[str, str], now: datetime) -> Device:
    """The device of this fingerprint, seen now."""
    facts = request_facts()
    seen = {
        "ip": facts.ip,
        "user_agent": facts.user_agent,
        "last_seen_at": now,
        **{name: told[name] for name in ("label", "location") if told.get(name)},
    }
    device, _ = Device.objects.update_or_create(
        user=user,
        fingerprint=fingerprint,
        defaults={**seen, "revoked_at": None},
        create_defaults={**seen, "tenant_id": user.tenant_id, "first_seen_at": now},
    )
    return device
