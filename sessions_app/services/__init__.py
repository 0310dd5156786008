"""Writes of sign-in: signing in, refreshing, signing out, passwords, and clearing away."""

from sessions_app.services.credentials import (
    MAX_PASSWORD,
    BadCredentials,
    change_password,
    check_credentials,
)
from sessions_app.services.endings import (
    revoke_devices,
    revoke_families,
    revoke_own_family,
    sign_out,
    sign_out_all,
)
from sessions_app.services.people import find_by_email, find_by_id, tenant_or_owner
from sessions_app.services.pruning import prune_sessions
from sessions_app.services.refreshing import (
    InvalidRefresh,
    RefreshConflict,
    find_presented,
    refresh,
)
from sessions_app.services.signing_in import SignedIn, sign_in, start_page_family

__all__ = [
    "MAX_PASSWORD",
    "BadCredentials",
    "InvalidRefresh",
    "RefreshConflict",
    "SignedIn",
    "change_password",
    "check_credentials",
    "find_by_email",
    "find_by_id",
    "find_presented",
    "prune_sessions",
    "refresh",
    "revoke_devices",
    "revoke_families",
    "revoke_own_family",
    "sign_in",
    "sign_out",
    "sign_out_all",
    "start_page_family",
    "tenant_or_owner",
]
