"""What the admins of stored words share: whatever shows a row beyond its list is audited."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accounts import audit
from accounts.pages import signed_in_user
from memsync.common.admin import ReadOnlyAdmin


class WordsAdmin(ReadOnlyAdmin):
    """Rows that hold people's words. `viewed` names the audit event of reading one."""

    viewed: ClassVar[str]
    readonly_fields: ClassVar[Any] = ["wire_id", "scope_shown"]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The row, with what `context_of` adds; noted in the audit record."""
        row = self.found(request, object_id)
        context = self.context_of(request, row) | (extra_context or {})
        answer = self.answer(request, row, context)
        self.note_viewed(request, row)
        return answer

    def note_viewed(self, request: HttpRequest, *rows: Any) -> None:
        """Note that this staff member was shown these rows."""
        audit.record_each(signed_in_user(request), self.viewed, rows)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing: Django's log has no entries of these rows, the audit record has them."""
        raise Http404

    def found(self, request: HttpRequest, object_id: str) -> Any:
        """The row. Raises PermissionDenied, and Http404 also for one of another tenant."""
        if request.method not in {"GET", "HEAD"} or not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return row

    def context_of(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the template shows besides the fields."""
        return {}

    def answer(self, request: HttpRequest, row: Any, context: dict[str, Any]) -> HttpResponse:
        """The page: Django's form of read-only fields."""
        page: HttpResponse = super().change_view(request, str(row.pk), "", context)
        return page

    @admin.display(description="ID")
    def wire_id(self, row: Any) -> str:
        """The id on the wire."""
        return str(row.uid)

    @admin.display(description="scope")
    def scope_shown(self, row: Any) -> str:
        """The scope as tags."""
        return ", ".join(row.scope_tags) or "everybody in the project"
