"""Passwords: checked through the throttle, and changed."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password, verify_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connections

from accounts.models import User
from memsync.common.errors import InvalidField, Unauthenticated
from memsync.common.tenancy import alias
from sessions_app.events import record_event
from sessions_app.models import EventKind, RevokeReason, SessionFamily, Severity
from sessions_app.services.endings import end_families
from sessions_app.services.people import canonical_email, find_by_email, tenant_or_owner
from sessions_app.throttle import counted_attempt

MAX_PASSWORD = 1000
"""Characters: hashing is made to be slow, and gets slower with length."""


class BadCredentials(Unauthenticated):
    """One answer for an unknown e-mail, a wrong password and a person who may not sign in."""

    code = "bad_credentials"
    detail = "E-mail or password is wrong."


def check_credentials(*, email: str, password: str, needs_tenant: bool = False) -> User:
    """The person with these credentials. Raises BadCredentials, SignInThrottled.

    Whoever is named and whatever is wrong, it costs one hash and gets one answer. `needs_tenant`
    refuses staff without a tenant, for whom the API has nothing.
    """
    with counted_attempt(canonical_email(email)):
        user = find_by_email(email)
        if user is None:
            make_password(password)
            record_event(EventKind.LOGIN_FAILED)
            raise BadCredentials
        is_right, is_hash_old = verify_password(password, user.password)
        if not is_right or not user.is_active or (needs_tenant and user.tenant_id is None):
            record_event(EventKind.LOGIN_FAILED, tenant_id=user.tenant_id, user_id=user.pk)
            raise BadCredentials
    if is_hash_old:
        _store_stronger_hash(user, password)
    return user


def change_password(*, user: User, current: str, new: str) -> None:
    """Set a new password and end all sign-ins of the person, the one it was changed in too.

    Raises InvalidField for a wrong current or a weak new password, SignInThrottled.
    """
    with counted_attempt(canonical_email(user.email or "")):
        if not verify_password(current, user.password)[0]:
            record_event(
                EventKind.PASSWORD_REFUSED,
                tenant_id=user.tenant_id,
                user_id=user.pk,
                severity=Severity.WARNING,
            )
            raise InvalidField("current_password", "It is wrong.", code="wrong_password")
    _refuse_weak(new, user)
    _store_new_password(user, new)


def _refuse_weak(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidField("new_password", " ".join(error.messages), code="weak") from error


def _store_new_password(user: User, new: str) -> None:
    """Store it unless somebody else was faster; the database ends what was signed in before."""
    encoded = make_password(new)
    with tenant_or_owner(user.tenant_id):
        mine = User.objects.filter(pk=user.pk, password=user.password)
        if not mine.update(password=encoded):
            raise InvalidField("current_password", "It is wrong.", code="wrong_password")
        record_event(
            EventKind.PASSWORD_CHANGED,
            tenant_id=user.tenant_id,
            user_id=user.pk,
            severity=Severity.WARNING,
        )
        end_families(SessionFamily.objects.filter(user=user), reason=RevokeReason.PASSWORD_CHANGED)
    user.password = encoded


def _store_stronger_hash(user: User, password: str) -> None:
    """The same password under today's hasher; this ends no sign-in."""
    encoded = make_password(password)
    with tenant_or_owner(user.tenant_id), connections[alias()].cursor() as cursor:
        cursor.execute("SELECT set_config('memsync.same_password', 'yes', true)")
        if User.objects.filter(pk=user.pk, password=user.password).update(password=encoded):
            user.password = encoded
        cursor.execute("SELECT set_config('memsync.same_password', '', true)")
