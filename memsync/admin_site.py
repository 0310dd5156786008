"""The staff site."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse


class MemsyncAdminSite(AdminSite):
    """Django's admin with our titles and our way of signing in.

    Signing in and out run the code of the pages: one throttle, and a sign-in to see and to end.
    """

    site_header = "MemSync"
    site_title = "MemSync admin"
    index_title = "What is stored"
    enable_nav_sidebar = False  # the lists need the room
    login_template = "sessions_app/admin_login.html"

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """Register models, but not the job queue's: no tenant's, and styled inline."""
        is_one = isinstance(model_or_iterable, type)
        models: Any = [model_or_iterable] if is_one else model_or_iterable
        ours = [model for model in models if model._meta.app_label != "procrastinate"]
        super().register(ours, *args, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The login page in the admin's dress."""
        from django.contrib.admin.forms import AdminAuthenticationForm

        from sessions_app.views import SignInView

        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index")
        context = {
            **self.each_context(request),
            "title": "Sign in",
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
        }
        if not {REDIRECT_FIELD_NAME} & {*request.GET, *request.POST}:
            context[REDIRECT_FIELD_NAME] = reverse("admin:index", current_app=self.name)
        view = SignInView.as_view(
            extra_context=context | (extra_context or {}),
            authentication_form=self.login_form or AdminAuthenticationForm,
            template_name=self.login_template,
            next_page=reverse("admin:index"),
        )
        return view(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """As on the pages."""
        from sessions_app.views import sign_out

        return sign_out(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """As on the pages."""
        return redirect("password")
