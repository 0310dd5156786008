"""Staff: sign-ins with their rotation chains, devices, security events. No secret is loaded."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.pages import signed_in_user
from memsync.common.admin import ReadOnlyAdmin
from memsync.common.confirm import ask
from sessions_app import services
from sessions_app.models import Device, RevokeReason, SecurityEvent, Session, SessionFamily
from sessions_app.querysets import FamilyQuerySet

CHAIN_SHOWN = 50
STATES: dict[str, str] = {"live": "live", "expired": "expired", **dict(RevokeReason.choices)}


class StateFilter(admin.SimpleListFilter):
    """Live, or why not."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All states."""
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """The sign-ins in the chosen state."""
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(SessionFamily)
class FamilyAdmin(ReadOnlyAdmin):
    """One row per sign-in; inside, its refresh tokens from the first to the newest."""

    list_display = ["user", "session_type", "device", "last_used_at", "shown_state", "tokens"]
    list_filter = ["session_type", StateFilter]
    search_fields = ["user__email", "user__external_id", "device__label", "device__ip"]
    list_select_related = ["user", "device"]
    fields = [
        *["user", "tenant", "session_type", "device", "created_at", "last_used_at", "expires_at"],
        *["shown_state", "revoked_at", "tokens", "chain"],
    ]
    readonly_fields = ["shown_state", "tokens", "chain"]
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With state and number of tokens."""
        rows = cast(FamilyQuerySet, super().get_queryset(request))
        return rows.for_admin()

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """For the action."""
        return request.user.has_perm("sessions_app.revoke_sessionfamily")

    @admin.action(description="Revoke family", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        """End the chosen sign-ins, after a question."""
        question = "These sign-ins end at once, and all their tokens with them:"
        if page := ask(self, request, rows, action="revoke", question=question):
            return page
        chosen = SessionFamily.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))
        ended = services.revoke_families(actor=signed_in_user(request), families=chosen)
        self.message_user(request, f"Sign-ins ended: {ended}.", messages.SUCCESS)
        return None

    @admin.display(description="state")
    def shown_state(self, family: Any) -> str:
        """In words."""
        return STATES[family.state]

    @admin.display(description="tokens")
    def tokens(self, family: Any) -> str:
        """How many refresh tokens it has had; page sessions live by their cookie."""
        return str(family.generations) if family.generations else "cookie"

    @admin.display(description="rotation chain")
    def chain(self, family: Any) -> SafeString | str:
        """The newest tokens, newest first."""
        rows: Any = Session.objects.filter(family=family).order_by("-generation")
        newest = [_chain_row(row) for row in rows.without_secrets()[:CHAIN_SHOWN]]
        if not newest:
            return "A page session has no refresh tokens."
        return format_html(
            "<table><tr><th>Token</th><th>Issued</th><th>Used up</th><th>State</th></tr>{}</table>",
            format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", newest),
        )


def _chain_row(row: Session) -> tuple[object, ...]:
    state = "current" if row.is_current else "used" if row.rotated_at else "revoked"
    return row.generation, _time(row.created_at), _time(row.rotated_at), state


def _time(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "–"


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """Devices that people signed in on."""

    list_display = ["__str__", "user", "ip", "location", "last_seen_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__email", "user__external_id", "label", "ip"]
    list_select_related = ["user"]
    fields = [
        *["user", "tenant", "label", "ip", "location", "user_agent"],
        *["first_seen_at", "last_seen_at", "revoked_at"],
    ]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """For the action."""
        return request.user.has_perm("sessions_app.revoke_device")

    @admin.action(description="Revoke device", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        """End the chosen devices and all sign-ins on them, after a question."""
        question = "These devices are revoked, and all sign-ins on them end at once:"
        if page := ask(self, request, rows, action="revoke", question=question):
            return page
        chosen = Device.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))
        ended = services.revoke_devices(actor=signed_in_user(request), devices=chosen)
        self.message_user(request, f"Devices revoked: {ended}.", messages.SUCCESS)
        return None


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnlyAdmin):
    """What happened around signing in; append-only."""

    list_display = ["at", "kind", "severity", "user", "device", "ip", "actor"]
    list_filter = ["severity", "kind", "at"]
    search_fields = ["user__email", "user__external_id", "ip", "request_id"]
    list_select_related = ["user", "device", "actor"]
