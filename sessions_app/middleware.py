"""Pages and admin: the cookie session is bound to a token family, checked on each request."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from memsync.common.errors import is_api
from memsync.common.tenancy import owner, tenant_scope
from sessions_app.authentication import use_page_family
from sessions_app.pages import bound_family

OWN_TRANSACTIONS = ("/login/", "/logout/", "/password/", "/admin/login/", "/admin/logout/")
"""Pages that concern people of any tenant, or whose writes must survive a refusal."""


def page_session(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Sign a person out whose family was revoked, and open their rows for the page.

    People and staff of a tenant get its transaction; staff without one use the owner's connection.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if is_api(request) or not request.session.session_key:
            return get_response(request)
        user = request.user
        if not user.is_authenticated:
            return get_response(request)
        family = bound_family(request)
        if family is None or not use_page_family(user.pk, family):
            logout(request)
            return get_response(request)
        if request.path in OWN_TRANSACTIONS:
            return get_response(request)
        if user.tenant_id is None:
            with owner():
                return get_response(request)
        with tenant_scope(user.tenant_id):
            response = get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            return response

    return middleware
