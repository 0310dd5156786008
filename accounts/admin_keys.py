"""Staff: API keys. A key's text is shown on the page that follows its making, and never again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from accounts import services
from accounts.admin import ServiceAdmin, TagsField
from accounts.models import ApiKey, Project
from accounts.pages import signed_in_user
from accounts.scope import tags
from memsync.common.admin import tenant_of
from memsync.common.confirm import ask


class NewKeyForm(forms.ModelForm):
    """What is chosen once for a key."""

    floor = TagsField(
        required=False,
        help_text="One key=value a line: the key sees and writes only within these tags.",
    )

    class Meta:
        model = ApiKey
        fields = ["project", "name", "role", "floor", "expires_at"]

    def clean_expires_at(self) -> Any:
        """In the future."""
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise forms.ValidationError("It lies in the past.")
        return expires_at


@admin.register(ApiKey)
class ApiKeyAdmin(ServiceAdmin):
    """Keys of the projects."""

    form = NewKeyForm
    list_display = ["name", "prefix", "role", "shown_floor", "project", "state", "last_used_at"]
    list_filter = ["role", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "prefix"]
    list_select_related = ["project"]
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Without the secrets' hashes."""
        return super().get_queryset(request).defer("secret_hash")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A known key has a past."""
        if obj is None:
            return NewKeyForm.Meta.fields
        chosen = ["project", "name", "prefix", "role", "shown_floor", "created_by", "created_at"]
        return [*chosen, "expires_at", "last_used_at", "revoked_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All of a known key."""
        return self.get_fields(request, obj) if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: another key is made instead."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """For the action."""
        return request.user.has_perm("accounts.change_apikey")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only projects that this staff member sees."""
        own = tenant_of(request)
        projects = Project.objects.filter(tenant=own) if own else Project.objects.all()
        options = kwargs | {"queryset": projects.select_related("tenant")}
        return super().formfield_for_foreignkey(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Through the service."""
        made, obj.text = services.create_api_key(actor=signed_in_user(request), **form.cleaned_data)
        self.save_made(obj, made)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any) -> HttpResponse:
        """The page with the key's text: no redirect, no message, which would both keep it."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "key": obj}
        return _shown_once(request, context | {"title": "The new key"})

    @admin.action(description="Revoke key", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        """End the chosen keys, after a question."""
        question = "Applications with these keys are refused at once:"
        if page := ask(self, request, rows, action="revoke", question=question):
            return page
        for key in rows:
            services.revoke_api_key(actor=signed_in_user(request), key=key)
        self.message_user(request, "The keys are revoked.", messages.SUCCESS)
        return None

    @admin.display(description="floor")
    def shown_floor(self, key: ApiKey) -> str:
        """As tags."""
        return " ".join(tags(key.floor))

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        """Whether it works."""
        if key.revoked_at:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= timezone.now() else "works"


@never_cache
def _shown_once(request: HttpRequest, context: dict[str, Any]) -> TemplateResponse:
    return TemplateResponse(request, "admin/accounts/apikey/shown_once.html", context)
