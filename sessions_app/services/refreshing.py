"""Refreshing: one presented token in, its successor or a refusal out, whatever races with it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q

from accounts.keys import keyed_hash
from memsync.common.context import request_facts
from memsync.common.errors import BadRequest, Conflict, Problem, Unauthenticated
from memsync.common.tenancy import tenant_scope
from sessions_app.events import record_family_events
from sessions_app.models import (
    Device,
    EventKind,
    RevokeReason,
    SecurityEvent,
    Session,
    SessionFamily,
    Severity,
)
from sessions_app.querysets import database_now
from sessions_app.rotation import Presented, Verdict, judge
from sessions_app.services.endings import end_families, set_lock_timeout
from sessions_app.services.signing_in import SignedIn, access_jti, issue, seconds_left
from sessions_app.tokens import BadToken, mint_access, mint_refresh, read_refresh

_ATTEMPT_FORM = re.compile(r"[\x21-\x7e]{1,255}")
LATE_USE_EVERY = timedelta(minutes=1)


class InvalidRefresh(Unauthenticated):
    """One answer for a forged, expired, revoked and reused token."""

    code = "refresh_token_invalid"
    detail = "The refresh token is not valid. Sign in again."


class RefreshConflict(Conflict):
    """Another request took the token at the same moment; its answer has the new one."""

    code = "refresh_conflict"
    detail = "Another request is refreshing this session. Use the tokens it got."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


@dataclass(frozen=True, slots=True)
class Found:
    """A genuine token, as it was before any lock. Without `session_id` its row is gone."""

    tenant_id: UUID | None
    user_id: UUID
    family_id: UUID
    session_id: UUID | None
    was_current: bool


@dataclass(frozen=True, slots=True)
class Locked:
    """The family behind its lock, the row of the presented token and the current one."""

    family: SessionFamily
    row: Session | None
    current: Session | None
    now: datetime


def refresh(*, token: str, attempt: str | None = None) -> SignedIn:
    """The next pair of a family. `attempt` is the Idempotency-Key of this try.

    Raises InvalidRefresh, RefreshConflict, BadRequest for a malformed key. What must survive the
    error (a family's end, an event) is committed before it is raised, so it needs to be the
    outermost transaction.
    """
    if attempt is not None and not _ATTEMPT_FORM.fullmatch(attempt):
        raise BadRequest("1 to 255 visible ASCII characters.", code="bad_idempotency_key")
    found = find_presented(token)
    if found is None or found.tenant_id is None:  # staff without a tenant have no API
        raise InvalidRefresh
    with tenant_scope(found.tenant_id):
        answer = _answer(found, attempt)
    if isinstance(answer, Problem):
        raise answer
    return answer


def find_presented(token: str) -> Found | None:
    """The family and row of a genuine token, read without a lock; None for any other."""
    try:
        claims = read_refresh(token)
    except BadToken:
        return None
    hashes = [keyed_hash(token, pepper_id) for pepper_id in settings.TOKEN_PEPPERS]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM memsync_find_refresh(%s, %s)", [claims.family_id, hashes])
        row = cursor.fetchone()
    found = Found(*row) if row else None
    return found if found and found.user_id == claims.user_id else None


def _answer(found: Found, attempt: str | None) -> SignedIn | Problem:
    """Decide behind the family's lock, and do it. Errors are returned, for after the commit."""
    locked = _lock(found)
    if locked is None:
        return InvalidRefresh()
    family, row, current = locked.family, locked.row, locked.current
    window = timedelta(milliseconds=settings.REFRESH_RACE_WINDOW_MS)
    match judge(_presented(locked, found, attempt), race_window=window):
        case Verdict.ROTATE if row:
            return _rotate(row, family, attempt, locked.now)
        case Verdict.RETRY if row and current and attempt:
            return _repeat(row, current, family, attempt, locked.now)
        case Verdict.OVERLAP | Verdict.RACE:
            record_family_events(EventKind.REFRESH_RACE, [family])
            return RefreshConflict()
        case Verdict.REUSE:
            _raise_alarm(locked)
        case Verdict.ENDED:
            _end(family, _ended_by(family))
        case Verdict.REVOKED:
            _note_late_use(family, locked.now)
    return InvalidRefresh()


def _lock(found: Found) -> Locked | None:
    """Wait for the family, then read all anew: the statement that waited shows what was before."""
    set_lock_timeout()
    family = SessionFamily.objects.filter(pk=found.family_id)
    if not list(family.select_for_update(no_key=True).values_list("pk")):
        return None
    rows = Session.objects.filter(Q(pk=found.session_id) | Q(is_current=True), family__in=family)
    by_id = {row.pk: row for row in rows}
    return Locked(
        family=family.select_related("user", "device").get(),
        row=by_id.get(found.session_id) if found.session_id else None,
        current=next((row for row in by_id.values() if row.is_current), None),
        now=database_now(),
    )


def _presented(locked: Locked, found: Found, attempt: str | None) -> Presented:
    family, row, current = locked.family, locked.row, locked.current
    return Presented(
        now=locked.now,
        is_revoked=family.revoked_at is not None,
        expires_at=family.expires_at,
        ended_by=_ended_by(family),
        is_current=row is not None and row.is_current,
        was_current=found.was_current,
        is_parent=bool(row and current and current.parent_id == row.pk),
        rotated_at=row.rotated_at if row else None,
        is_same_attempt=bool(row and attempt and row.retry_key_hash == _attempt_hash(row, attempt)),
    )


def _ended_by(family: SessionFamily) -> str:
    """Why a family that nobody revoked may no longer be used; empty while it may."""
    user = family.user
    if not user.is_active:
        return RevokeReason.USER_INACTIVE
    if user.sessions_valid_after and family.created_at < user.sessions_valid_after:
        return RevokeReason.SESSIONS_ENDED
    return RevokeReason.DEVICE_REVOKED if family.device.revoked_at else ""


def _rotate(row: Session, family: SessionFamily, attempt: str | None, now: datetime) -> SignedIn:
    """Use up the current token and issue its successor."""
    pepper_id = max(settings.TOKEN_PEPPERS)
    row.is_current = row.is_active = False
    row.rotated_at = now
    row.retry_key_hash = _attempt_hash(row, attempt) if attempt else ""
    row.save(update_fields=["is_current", "is_active", "rotated_at", "retry_key_hash"])
    jti = _derived_jti(row, attempt, pepper_id) if attempt else secrets.token_urlsafe(32)
    generation = row.generation + 1
    signed_in = issue(family, generation=generation, parent=row, jti=jti, now=now)
    _note_use(family, generation, now)
    return signed_in


def _repeat(
    row: Session, current: Session, family: SessionFamily, attempt: str, now: datetime
) -> SignedIn | InvalidRefresh:
    """The pair that this attempt got the first time: derived from its key, for it is not stored.

    The key that signed it is found by trying, as it may have been replaced since. Without it (it or
    the pepper was withdrawn at once, after a leak) there is nothing to repeat.
    """
    pepper_id = current.hash_key_id
    issued_at = current.created_at
    if pepper_id not in settings.TOKEN_PEPPERS:
        return InvalidRefresh()
    jti = _derived_jti(row, attempt, pepper_id)
    for kid in reversed(settings.JWT_KEYS):
        token = mint_refresh(family, jti=jti, issued_at=issued_at, kid=kid)
        if keyed_hash(token, pepper_id) == current.refresh_token_hash:
            record_family_events(EventKind.REFRESH_RETRY, [family], generation=current.generation)
            access = mint_access(
                family, jti=access_jti(jti, pepper_id), issued_at=issued_at, kid=kid
            )
            return SignedIn(family, access, token, seconds_left(family, issued_at, now))
    return InvalidRefresh()


def _derived_jti(row: Session, attempt: str, pepper_id: int) -> str:
    """The secret of this token's successor, for who knows the pepper and the attempt's key."""
    return keyed_hash(f"successor\n{row.pk}\n{attempt}", pepper_id)


def _attempt_hash(row: Session, attempt: str) -> str:
    """What the row keeps of the attempt that used it up."""
    return keyed_hash(f"attempt\n{row.pk}\n{attempt}", row.hash_key_id)


def _note_use(family: SessionFamily, generation: int, now: datetime) -> None:
    """Family and device were seen; other software than last time is worth an event."""
    facts = request_facts()
    device = family.device
    if facts.user_agent != device.user_agent:
        record_family_events(
            EventKind.DEVICE_MISMATCH,
            [family],
            severity=Severity.WARNING,
            before=device.user_agent,
        )
    SessionFamily.objects.filter(pk=family.pk).update(last_used_at=now)
    Device.objects.filter(pk=device.pk).update(
        last_seen_at=now, ip=facts.ip, user_agent=facts.user_agent
    )
    record_family_events(EventKind.REFRESH_ROTATED, [family], generation=generation)


def _raise_alarm(locked: Locked) -> None:
    """A used token came back: whoever holds the newest one, it ends here."""
    family, row, current = locked.family, locked.row, locked.current
    end_families(SessionFamily.objects.filter(pk=family.pk), reason=RevokeReason.REUSE)
    record_family_events(
        EventKind.REFRESH_REUSE,
        [family],
        severity=Severity.HIGH,
        generation=row.generation if row else None,
        current_generation=current.generation if current else None,
        last_ip=family.device.ip,
        last_user_agent=family.device.user_agent,
    )


def _end(family: SessionFamily, reason: str) -> None:
    """The person or the device may no longer: say so on the family too."""
    end_families(SessionFamily.objects.filter(pk=family.pk), reason=RevokeReason(reason))
    record_family_events(EventKind.FAMILY_REVOKED, [family], reason=reason)


def _note_late_use(family: SessionFamily, now: datetime) -> None:
    """Once a minute at most, so that a dead token cannot fill the disk."""
    noted = SecurityEvent.objects.filter(
        family=family,
        kind=EventKind.REFRESH_AFTER_REVOKE,
        at__gt=now - LATE_USE_EVERY,
    )
    if not noted.exists():
        record_family_events(
            EventKind.REFRESH_AFTER_REVOKE,
            [family],
            severity=Severity.WARNING,
            reason=family.revoke_reason,
        )
