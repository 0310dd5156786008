"""Pages: signing in and out, the password, devices and security events."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages import signed_in_user
from memsync.common.errors import InvalidField, NotFound
from memsync.common.keyset import newest
from sessions_app import services
from sessions_app.models import ROUTINE, SecurityEvent, SessionFamily
from sessions_app.pages import bound_family, remember_browser, sign_in_browser, sign_out_browser
from sessions_app.services import MAX_PASSWORD
from sessions_app.throttle import SignInThrottled

PAGE_SIZE = 50


class SignInView(LoginView):
    """The login page; the admin's is the same with another form and template."""

    template_name = "sessions_app/login.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign in; 429 with the form for too many failures."""
        try:
            return super().post(request, *args, **kwargs)
        except SignInThrottled as throttled:
            return self._refuse(throttled)

    def form_valid(self, form: Any) -> HttpResponse:
        """Start a family for the browser."""
        try:
            device = sign_in_browser(self.request, form.get_user())
        except services.BadCredentials:  # deactivated, or another password, a moment ago
            form.add_error(None, form.get_invalid_login_error())
            return self.form_invalid(form)
        response = HttpResponseRedirect(self.get_success_url())
        remember_browser(self.request, response, device)
        return response

    def get_default_redirect_url(self) -> str:
        """Staff without a tenant have no pages of their own."""
        has_pages = signed_in_user(self.request).tenant_id is not None
        return super().get_default_redirect_url() if has_pages else reverse("admin:index")

    def _refuse(self, throttled: SignInThrottled) -> HttpResponse:
        """The form again, without having looked at the password."""
        form: Any = self.get_form_class()(self.request, initial={"username": self._typed()})
        context = self.get_context_data(form=form, throttled=_in_words(throttled))
        return self.render_to_response(context, status=throttled.status, headers=throttled.headers)

    def _typed(self) -> str:
        return self.request.POST.get("username", "")


@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this sign-in; a GET asks first."""
    if request.method != "POST":
        return render(request, "sessions_app/logout.html")
    sign_out_browser(request)
    return redirect("login")


class ChangePasswordForm(forms.Form):
    """The current password and, twice, the new one."""

    current_password = forms.CharField(
        label="Current password",
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    new_password = forms.CharField(
        label="New password",
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. A few words that do not belong together are good.",
    )
    again = forms.CharField(
        label="New password again",
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both alike."""
        cleaned: dict[str, Any] = self.cleaned_data
        if cleaned.get("again") and cleaned.get("new_password") != cleaned["again"]:
            self.add_error("again", "The two new passwords differ.")
        return cleaned


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change the password: all sign-ins end, and this browser gets a new one."""
    form = ChangePasswordForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        user = signed_in_user(request)
        try:
            services.change_password(
                user=user,
                current=form.cleaned_data["current_password"],
                new=form.cleaned_data["new_password"],
            )
        except InvalidField as problem:
            for field, _, detail in problem.errors:
                form.add_error(field, detail)
        except SignInThrottled as throttled:
            form.add_error(None, _in_words(throttled))
            status = throttled.status
        else:
            device = sign_in_browser(request, user)
            messages.success(request, "Your password is changed. All other devices are signed out.")
            response = redirect("devices")
            remember_browser(request, response, device)
            return response
    return render(request, "sessions_app/password.html", {"form": form}, status=status)


@require_safe
@login_required
def devices(request: HttpRequest) -> HttpResponse:
    """Where a person is signed in."""
    mine = SessionFamily.objects.of(signed_in_user(request).pk).live().for_list()
    page = newest(
        mine, by=["last_used_at", "id"], cursor=request.GET.get("before", ""), size=PAGE_SIZE
    )
    this = bound_family(request)
    context = {"page": page, "this": this, "has_others": any(row.pk != this for row in page.rows)}
    return render(request, "sessions_app/devices.html", context)


@require_POST
@login_required
def revoke_family(request: HttpRequest, family_id: UUID) -> HttpResponse:
    """End one sign-in."""
    user = signed_in_user(request)
    try:
        services.revoke_own_family(tenant_id=user.tenant_id, user_id=user.pk, family_id=family_id)
    except NotFound as error:
        raise Http404 from error
    messages.success(request, "That device is signed out.")
    return redirect("devices")


@require_POST
@login_required
def revoke_others(request: HttpRequest) -> HttpResponse:
    """End all sign-ins but this."""
    user = signed_in_user(request)
    ended = services.sign_out_all(
        tenant_id=user.tenant_id, user_id=user.pk, keep=bound_family(request)
    )
    messages.success(request, f"Signed out elsewhere: {ended}.")
    return redirect("devices")


@require_safe
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """What happened around a person's sign-ins; what happens every few minutes on request."""
    user, shows_all = signed_in_user(request), "all" in request.GET
    mine = SecurityEvent.objects.filter(Q() if shows_all else ~Q(kind__in=ROUTINE), user=user)
    page = newest(
        mine.select_related("device", "actor"),
        by=["id"],
        cursor=request.GET.get("before", ""),
        size=PAGE_SIZE,
    )
    context = {"page": page, "shows_all": shows_all}
    return render(request, "sessions_app/security.html", context)


def _in_words(throttled: SignInThrottled) -> str:
    minutes = math.ceil(int(throttled.headers["Retry-After"]) / 60)
    span = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"Too many failed tries. Wait {span}, then try again."
