"""Writes of sign-in: credentials in, a device, a token family and its first token out."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from django.utils import timezone

from accounts.keys import keyed_hash
from accounts.models import User
from memsync.common.context import request_facts
from memsync.common.errors import Unauthenticated
from memsync.common.tenancy import owner, tenant_scope
from sessions_app.events import record_event
from sessions_app.models import Device, Session, SessionFamily, SessionType
from sessions_app.throttle import counted_attempt
from sessions_app.tokens import FAMILY_LIFETIME, mint_access, mint_refresh


class BadCredentials(Unauthenticated):
    """One answer for an unknown e-mail, a wrong password and a person who may not sign in."""

    code = "bad_credentials"
    detail = "E-mail or password is wrong."


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A fresh family and its tokens; the refresh token is nowhere else in plain text."""

    family: SessionFamily
    device: Device
    access: str
    refresh: str
    expires_in: int


def check_credentials(*, email: str, password: str) -> User:
    """The person with these credentials. Raises BadCredentials, SignInThrottled.

    An unknown e-mail costs the same hashing as a wrong password.
    """
    with counted_attempt(email):
        user = find_by_email(email)
        stored = user.password if user else make_password(None)
        if user is None:
            make_password(password)
        if user is None or not check_password(password, stored) or not user.is_active:
            record_event(
                "login_failed",
                tenant_id=user.tenant_id if user else None,
                user_id=user.pk if user else None,
            )
            raise BadCredentials
    return user


def find_by_email(email: str) -> User | None:
    """The person with this e-mail, whatever their tenant."""
    return next(
        iter(User.objects.raw("SELECT * FROM memsync_find_user_by_email(%s)", [email])), None
    )


def find_by_id(user_id: UUID | str) -> User | None:
    """The person with this id, whatever their tenant."""
    return next(iter(User.objects.raw("SELECT * FROM memsync_find_user(%s)", [user_id])), None)


def sign_in(
    *, user: User, session_type: str = SessionType.API, device: Mapping[str, str] | None = None
) -> SignedIn:
    """Start a family for a person whose credentials were checked."""
    with person_scope(user):
        now = _database_now()
        on = _device(user, device or {}, now)
        family = SessionFamily.objects.create(
            tenant_id=user.tenant_id,
            user=user,
            device=on,
            session_type=session_type,
            created_at=now,
            last_used_at=now,
            expires_at=now + FAMILY_LIFETIME,
        )
        refresh = _first_token(family)
        User.objects.filter(pk=user.pk).update(last_login=now)
        record_event(
            "login_ok",
            tenant_id=user.tenant_id,
            user_id=user.pk,
            family_id=family.pk,
            device_id=on.pk,
        )
    access, seconds = mint_access(
        user_id=user.pk, family_id=family.pk, expires_at=family.expires_at, now=now
    )
    return SignedIn(family, on, access, refresh, seconds)


def end_family(*, family_id: UUID, user: User, reason: str) -> None:
    """Revoke one family of a person; its tokens are dead at once. A second time changes nothing."""
    with person_scope(user):
        family = SessionFamily.objects.select_for_update().filter(pk=family_id, user=user).first()
        if family is None or family.revoked_at:
            return
        family.revoked_at, family.revoke_reason = timezone.now(), reason
        family.save(update_fields=["revoked_at", "revoke_reason"])
        family.sessions.update(is_active=False, is_current=False)
        record_event(reason, tenant_id=user.tenant_id, user_id=user.pk, family_id=family.pk)


@contextmanager
def person_scope(user: User) -> Iterator[None]:
    """The transaction for a person's rows: their tenant's, or the owner's for staff without one."""
    if user.tenant_id is None:
        with owner(), tenant_scope(None):
            yield
    else:
        with tenant_scope(user.tenant_id):
            yield


def _device(user: User, told: Mapping[str, str], now: datetime) -> Device:
    """The device of this fingerprint, seen now; without a fingerprint a new one."""
    facts = request_facts()
    seen = {
        "ip": facts.ip,
        "user_agent": facts.user_agent,
        "last_seen_at": now,
        **{name: told[name] for name in ("label", "location") if told.get(name)},
    }
    device, _ = Device.objects.update_or_create(
        user=user,
        fingerprint=told.get("fingerprint") or secrets.token_hex(16),
        defaults={**seen, "revoked_at": None},
        create_defaults={**seen, "tenant_id": user.tenant_id, "first_seen_at": now},
    )
    return device


def _first_token(family: SessionFamily) -> str:
    token = mint_refresh(
        user_id=family.user_id,
        family_id=family.pk,
        expires_at=family.expires_at,
        jti=secrets.token_urlsafe(32),
    )
    pepper_id = max(settings.TOKEN_PEPPERS)
    Session.objects.create(
        tenant_id=family.tenant_id,
        user_id=family.user_id,
        device_id=family.device_id,
        family=family,
        refresh_token_hash=keyed_hash(token, pepper_id),
        hash_key_id=pepper_id,
        session_type=family.session_type,
        created_at=family.created_at,
        expires_at=family.expires_at,
    )
    return token


def _database_now() -> datetime:
    """The database's clock: the only one that decides about expiry."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
