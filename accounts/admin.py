"""Staff: tenants, projects, people, the audit record and idempotency records."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin  # noqa: F401 - it registers Group, see below
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts import services
from accounts.models import AuditEvent, IdempotencyKey, Project, Tenant, User
from accounts.pages import signed_in_user
from accounts.scope import BadScope, parse_tags, tags
from memsync.common.admin import ReadOnlyAdmin, RecentValuesFilter, TenantBoundAdmin, tenant_of
from memsync.common.errors import Problem
from memsync.common.tenancy import alias

admin.site.unregister(Group)  # our groups are fixed, and belong to no tenant
NEW_PERSON = ["tenant", "external_id", "name", "email", "password", "role", "is_staff"]


class ServiceAdmin(TenantBoundAdmin):
    """Rows that staff make and edit through services; what a service refuses is said, not saved."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The form; back to it with the reason when the service refuses."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return redirect(request.get_full_path())

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: conversations, memories and the audit record refer to these rows."""
        return False

    def save_made(self, obj: Model, made: Model) -> None:
        """Let the admin go on with the row that the service has made."""
        obj.pk = made.pk
        obj._state.adding = False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the service has saved all."""


@admin.register(Tenant)
class TenantsAdmin(ServiceAdmin):
    """Organizations; only staff without one of their own make new ones."""

    tenant_field = "pk"
    list_display = ["slug", "name", "created_at"]
    search_fields = ["slug", "name"]
    fields = ["slug", "name", "created_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The slug is chosen once."""
        return ["slug", "created_at"] if obj else ["created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Staff without a tenant."""
        return tenant_of(request) is None and super().has_add_permission(request)

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """Through the service."""
        actor = signed_in_user(request)
        if change:
            services.rename(actor=actor, row=obj, name=obj.name)
        else:
            made = services.create_tenant(actor=actor, slug=obj.slug, name=obj.name)
            self.save_made(obj, made)


@admin.register(Project)
class ProjectsAdmin(ServiceAdmin):
    """Applications of a tenant."""

    list_display = ["slug", "name", "created_at"]
    search_fields = ["slug", "name"]
    fields = ["tenant", "slug", "name", "created_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Tenant and slug are chosen once."""
        return ["tenant", "slug", "created_at"] if obj else ["created_at"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only tenants that this staff member sees."""
        return _tenant_field(super().formfield_for_foreignkey, db_field, request, kwargs)

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        """Through the service."""
        actor = signed_in_user(request)
        if change:
            services.rename(actor=actor, row=obj, name=obj.name)
        else:
            made = services.create_project(
                actor=actor, tenant=obj.tenant, slug=obj.slug, name=obj.name
            )
            self.save_made(obj, made)


def _tenant_field(make: Any, db_field: Any, request: HttpRequest, options: Any) -> Any:
    """The form field for a tenant, with those that the staff member sees."""
    own = tenant_of(request)
    tenants = Tenant.objects.filter(pk=own) if own else Tenant.objects.all()
    return make(db_field, request, **options | {"queryset": tenants})


class TagsField(forms.CharField):
    """A scope as one `key=value` a line."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 40})

    def prepare_value(self, value: Any) -> Any:
        """Scope → lines."""
        return "\n".join(tags(value)) if isinstance(value, dict) else value

    def clean(self, value: Any) -> Any:
        """Lines → scope."""
        try:
            return parse_tags((super().clean(value) or "").split())
        except BadScope as error:
            raise forms.ValidationError(str(error)) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as text."""
        return super().has_changed(self.prepare_value(initial), data)


class EmailForm(forms.ModelForm):
    """The e-mail is unique over the installation: the database is asked past the wall."""

    def clean_email(self) -> str | None:
        """In lower case, or nothing; taken is taken in any tenant."""
        email = (self.cleaned_data["email"] or "").lower()
        if email and self._is_taken(email):
            raise forms.ValidationError("This e-mail is taken.")
        return email or None

    def _is_taken(self, email: str) -> bool:
        with connections[alias()].cursor() as cursor:
            cursor.execute("SELECT id FROM memsync_find_user_by_email(%s)", [email])
            found = cursor.fetchone()
        return found is not None and found[0] != self.instance.pk


class PersonForm(EmailForm):
    """What staff edit of a person."""

    email = forms.EmailField(required=False)
    tags = TagsField(
        required=False,
        help_text="One key=value a line: rows that belong to no user are shown within these tags.",
    )

    class Meta:
        model = User
        fields = ["name", "email", "role", "tags", "is_active", "is_staff"]


class NewPersonForm(EmailForm):
    """A person who can sign in; claims the shadow user of the external id, if there is one."""

    external_id = forms.CharField(
        max_length=128,
        required=False,
        help_text="What applications call this person; may be empty.",
    )
    email = forms.EmailField()
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )

    class Meta:
        model = User
        # Not the external id: that of a shadow user is taken on purpose; the service checks it.
        fields = ["tenant", "name", "email", "role", "is_staff"]

    def clean_password(self) -> str:
        """By the rules for all passwords."""
        password: str = self.cleaned_data["password"]
        validate_password(password, self.instance)
        return password


class PasswordForm(forms.Form):
    """Another password for a person."""

    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        help_text="The person is signed out everywhere.",
    )

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        self.user = user

    def clean_password(self) -> str:
        """By the rules for all passwords."""
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password


@admin.register(User)
class PeopleAdmin(ServiceAdmin):
    """People of the tenants, and staff."""

    list_display = ["__str__", "name", "external_id", "role", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "is_active", "is_staff"]
    search_fields = ["email", "name", "external_id"]
    change_form_template = "admin/accounts/user/change_form.html"
    fieldsets = [
        (None, {"fields": ["tenant", "external_id", "name", "email"]}),
        ("Rights", {"fields": ["role", "tags", "is_active", "is_staff"]}),
        ("Times", {"fields": ["created_at", "last_login", "sessions_valid_after"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new person has a password and no times."""
        return super().get_fieldsets(request, obj) if obj else [(None, {"fields": NEW_PERSON})]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form for a new person, or for a known one."""
        form = PersonForm if obj else NewPersonForm
        return super().get_form(request, obj, change, form=form, fields=form.Meta.fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What is chosen once, times, and one's own rights: nobody locks themselves out."""
        if obj is None:
            return []
        own = ["is_active", "is_staff"] if obj.pk == request.user.pk else []
        return ["tenant", "external_id", "created_at", "last_login", "sessions_valid_after", *own]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers are edited by superusers only."""
        is_above = obj is not None and obj.is_superuser and not signed_in_user(request).is_superuser
        return not is_above and super().has_change_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only tenants that this staff member sees; staff of a tenant make people of it."""
        field = _tenant_field(super().formfield_for_foreignkey, db_field, request, kwargs)
        if tenant_of(request) is not None:
            field.required, field.empty_label = True, None
        return field

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Through the service."""
        actor = signed_in_user(request)
        if change:
            services.update_user(actor=actor, user=obj, **form.cleaned_data)
        else:
            self.save_made(obj, services.create_user(actor=actor, **form.cleaned_data))

    def get_urls(self) -> list[Any]:
        """With the password form."""
        view = self.admin_site.admin_view(self.set_password)
        password = path("<uuid:pk>/password/", view, name="accounts_user_password")
        return [password, *super().get_urls()]

    @method_decorator(sensitive_post_parameters())
    def set_password(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form that gives a person another password."""
        user = self.get_object(request, str(pk))
        if user is None:
            raise Http404
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        form = PasswordForm(user, request.POST or None)
        if form.is_valid():
            services.set_password(
                actor=signed_in_user(request), user=user, password=form.cleaned_data["password"]
            )
            self.message_user(request, f"{user} has another password.")
            return redirect("admin:accounts_user_change", user.pk)
        context = {"form": form, "person": user, "opts": self.opts, "title": f"Password of {user}"}
        context |= self.admin_site.each_context(request)
        return render(request, "admin/accounts/user/set_password.html", context)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what; append-only."""

    list_display = ["at", "who", "action", "what", "ip"]
    list_filter = [("action", RecentValuesFilter), ("actor_kind", RecentValuesFilter)]
    search_fields = ["actor_label", "object_id", "request_id"]

    @admin.display(description="who")
    def who(self, row: AuditEvent) -> str:
        """The kind of actor, and which one."""
        return f"{row.actor_kind} {row.actor_label}".strip()

    @admin.display(description="what")
    def what(self, row: AuditEvent) -> str:
        """The object."""
        return f"{row.object_type} {row.object_id}".strip()


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    """Keyed requests of the last day; the stored answers hold people's words and are not shown."""

    list_display = ["created_at", "route", "state", "response_status", "principal_kind", "project"]
    list_filter = ["state"]
    list_select_related = ["project"]
    search_fields = ["key"]
    fields = [
        *["project", "principal_kind", "principal_id", "key", "route", "fingerprint"],
        *["state", "lease_until", "trace_uid", "response_status", "created_at"],
    ]


from accounts import admin_keys  # noqa: E402, F401 - registers the keys; it builds on the above
