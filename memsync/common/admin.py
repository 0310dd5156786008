"""What our admins share: read-only, limited to the staff's tenant, flat in the number of rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import AllValuesFieldListFilter, ModelAdmin, ShowFacets
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

MOST_COUNTED = 10_000
"""Rows a changelist counts and pages through; beyond them a filter or a search leads on."""
RECENT = 1_000
"""Newest rows whose values a filter offers."""
OFFERED_LOOKUPS = {"", "exact", "gte", "lt", "isnull", "isempty"}
"""What the links of filters ask of a column."""


class LimitedPaginator(Paginator):
    """Counts no further than MOST_COUNTED, whatever the size of the table."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most MOST_COUNTED."""
        rows: Any = self.object_list
        counted: int = rows.order_by()[:MOST_COUNTED].count()
        return counted


class TenantBoundAdmin(ModelAdmin):
    """Rows of the staff's own tenant; staff without a tenant see those of all."""

    tenant_field = "tenant"
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    paginator = LimitedPaginator
    ordering = ("-pk",)
    sortable_by = ()  # sorting a big table by a column without an index reads all of it
    list_select_related: ClassVar[Any] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """The rows this staff member may see."""
        rows = super().get_queryset(request)
        tenant_id = tenant_of(request)
        return rows if tenant_id is None else rows.filter(**{self.tenant_field: tenant_id})

    def get_list_display(self, request: HttpRequest) -> Any:
        """With the tenant, for staff who see several."""
        columns = super().get_list_display(request)
        return [*columns, "tenant"] if self._shows_tenant(request) else columns

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """With the tenant, if it is shown."""
        shown = ["tenant"] if self._shows_tenant(request) else []
        return [*self.list_select_related, *shown]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the filters offer: asked of any column, lists would tell stored secrets."""
        name, _, how = lookup.partition("__")
        if name not in {field.name for field in self.opts.get_fields()}:
            return super().lookup_allowed(lookup, value, request)
        return how in OFFERED_LOOKUPS and name in map(_filtered, self.list_filter)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, which says so when it counted no further."""
        found = super().get_changelist_instance(request)
        if found.result_count >= MOST_COUNTED:
            found.search_help_text = (
                f"There are {MOST_COUNTED:,} or more: counts and pages end there. Search or filter."
            )
        return found

    def _shows_tenant(self, request: HttpRequest) -> bool:
        return tenant_of(request) is None and self.tenant_field == "tenant"


class ReadOnlyAdmin(TenantBoundAdmin):
    """Rows that people look at: services write them, not forms."""

    change_form_template = "admin/read_only.html"

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody: rows are made by services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: what was stored is evidence."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: erasing has its own service, which leaves receipts."""
        return False


class RecentValuesFilter(AllValuesFieldListFilter):
    """The values of the newest rows, instead of a DISTINCT over the whole table."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: ModelAdmin,
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        newest = model_admin.get_queryset(request).order_by("-pk")[:RECENT]
        values = newest.values_list(field.name, flat=True)
        self.lookup_choices: Any = sorted({value for value in values if value})


def _filtered(given: Any) -> str:
    """The column or the parameter that an entry of `list_filter` is about."""
    name = given[0] if isinstance(given, tuple) else given
    return str(getattr(name, "parameter_name", name))


def tenant_of(request: HttpRequest) -> Any:
    """The staff member's tenant; None for those who see all."""
    return getattr(request.user, "tenant_id", None)
