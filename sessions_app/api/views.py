"""Routes of `/auth/*`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import PrincipalView
from accounts.authentication import KeyAuthentication, bearer_token
from accounts.principals import Principal
from memsync.common.api import ApiView, TwoCredentials
from memsync.common.errors import Forbidden, InvalidField, NotFound, Unauthenticated
from memsync.common.ids import parse_uuid
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters
from sessions_app import services
from sessions_app.api import cookies
from sessions_app.api.serializers import (
    FamilyListSerializer,
    LoginSerializer,
    LogoutAllSerializer,
    MeSerializer,
    PasswordSerializer,
    RefreshTokenSerializer,
    SecurityEventListSerializer,
    TokenPairSerializer,
)
from sessions_app.authentication import AccessTokenAuthentication
from sessions_app.models import SecurityEvent, SessionFamily, SessionType
from sessions_app.render import event_json, family_json, listed_family_json, principal_json

PAGE = [
    OpenApiParameter("cursor", str),
    OpenApiParameter("limit", int, description="1 to 200, default 50"),
    OpenApiParameter("order", str, enum=["asc", "desc"]),
]
ATTEMPT = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Random for each attempt: after a lost answer, the same key within 60 s gets the "
    "same pair, as long as the new token is unused.",
)


class NotStored:
    """Every answer of `/auth` is for the caller alone: no cache may keep it."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the header, to errors too."""
        final = super().finalize_response(  # type: ignore[misc]
            request, response, *args, **kwargs
        )
        final["Cache-Control"] = "no-store"
        return final


class TokenView(NotStored, ApiView):
    """A view whose caller shows tokens or a password rather than a principal.

    Its services open their own transactions, so that what a refusal leaves behind is committed.
    """

    authentication_classes = []
    permission_classes = [AllowAny]


class PersonView(NotStored, PrincipalView):
    """A view for signed-in people; keys are revoked, not signed out."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """401, then 403."""
        super().initial(request, *args, **kwargs)
        if not self.principal.is_user:
            raise Forbidden

    @property
    def person(self) -> dict[str, UUID]:
        """Whom a service acts for."""
        return {"tenant_id": self.principal.tenant_id, "user_id": self.principal.id}


class LoginView(TokenView):
    """Sign in."""

    @extend_schema(
        operation_id="auth_login",
        request=LoginSerializer,
        responses=TokenPairSerializer,
        auth=[],
    )
    def login(self, request: Request) -> Response:
        """Exchange e-mail and password for an access and a refresh token."""
        body = self.read(LoginSerializer)
        if body["session_type"] == SessionType.WEB:
            cookies.refuse_foreign_origin(request)
        user = services.check_credentials(
            email=body["email"], password=body["password"], needs_tenant=True
        )
        signed_in = services.sign_in(
            user=user, session_type=body["session_type"], device=body.get("device")
        )
        return pair_response(request, signed_in)


class RefreshView(TokenView):
    """Stay signed in."""

    @extend_schema(
        operation_id="auth_refresh",
        request=RefreshTokenSerializer,
        responses=TokenPairSerializer,
        parameters=[ATTEMPT],
        auth=[],
    )
    def refresh(self, request: Request) -> Response:
        """Exchange the refresh token for a new pair; it works once."""
        token = self.read(RefreshTokenSerializer).get("refresh")
        cookie = cookies.read_cookie(request)
        if token is None and cookie is None:
            raise InvalidField("refresh", "This field is required.", code="required")
        if token is not None and cookie is not None:
            raise TwoCredentials("Send the token in the body or in the cookie, not in both.")
        if cookie is not None:
            cookies.require_same_site(request)
        signed_in = services.refresh(
            token=token or cookie or "", attempt=request.headers.get("Idempotency-Key")
        )
        return pair_response(request, signed_in)

    def handle_exception(self, exc: Exception) -> Response:
        """A cookie that does not work any more is taken back."""
        response = super().handle_exception(exc)
        if isinstance(exc, services.InvalidRefresh) and cookies.read_cookie(self.request):
            cookies.clear_cookie(self.request, response)
        return response


class LogoutView(TokenView):
    """Sign out."""

    @extend_schema(
        operation_id="auth_logout",
        request=RefreshTokenSerializer,
        responses={204: None},
        auth=[{"Bearer": []}],  # type: ignore[list-item]  # as OpenAPI has it
    )
    def logout(self, request: Request) -> Response:
        """End the sign-in of the access token, or of a refresh token in body or cookie.

        An access token that has expired does not stand in the way of a refresh token.
        """
        if KeyAuthentication().authenticate(request):
            raise Forbidden("A key is revoked, not signed out.")
        token = self.read(RefreshTokenSerializer).get("refresh")
        cookie = cookies.read_cookie(request)
        if cookie is not None and bearer_token(request) is None:
            cookies.require_same_site(request)
        ended = [self._end_by_access(request)]
        ended += [_end_by_refresh(refresh) for refresh in (token, cookie) if refresh]
        if not any(ended):
            raise Unauthenticated
        response = Response(status=204)
        if cookie is not None:
            cookies.clear_cookie(request, response)
        return response

    def _end_by_access(self, request: Request) -> bool:
        try:
            known = AccessTokenAuthentication().authenticate(request)
        except Unauthenticated:
            known = None
        if known is None or known[0].sid is None:
            return False
        me: Principal = known[0]
        services.sign_out(tenant_id=me.tenant_id, user_id=me.id, family_id=known[0].sid)
        return True


class MeView(NotStored, PrincipalView):
    """Who asks."""

    def respond(
        self, handler: Callable[..., Response], request: Request, **kwargs: Any
    ) -> Response:
        """Without a transaction: authentication has read all there is to show."""
        return handler(request, **kwargs)

    @extend_schema(operation_id="auth_me", responses=MeSerializer)
    def retrieve(self, request: Request) -> Response:
        """Show the principal of these credentials."""
        refuse_unknown_parameters(request)
        return Response(principal_json(self.principal))


class LogoutAllView(PersonView):
    """Sign out everywhere."""

    @extend_schema(
        operation_id="auth_logout_all", request=LogoutAllSerializer, responses={204: None}
    )
    def logout(self, request: Request) -> Response:
        """End all sign-ins of the caller, or all others."""
        keep = self.read(LogoutAllSerializer)["keep_current"]
        services.sign_out_all(**self.person, keep=self.principal.sid if keep else None)
        return Response(status=204)


class SessionsView(PersonView):
    """Where the caller is signed in."""

    @extend_schema(operation_id="auth_sessions", responses=FamilyListSerializer, parameters=PAGE)
    def list(self, request: Request) -> Response:
        """List the sign-ins that still work."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS)
        rows = SessionFamily.objects.of(self.principal.id).live().for_list()
        sid = self.principal.sid
        return Response(paginate(request, rows, lambda row: listed_family_json(row, sid), key="id"))

    @extend_schema(operation_id="auth_sessions_revoke", request=None, responses={204: None})
    def revoke(self, request: Request, family_id: str) -> Response:
        """End one sign-in of the caller."""
        wanted = parse_uuid(family_id)
        if wanted is None:
            raise NotFound
        refuse_unknown_parameters(request)
        services.revoke_own_family(**self.person, family_id=wanted)
        return Response(status=204)


class SecurityEventsView(PersonView):
    """What happened around the caller's sign-ins."""

    @extend_schema(
        operation_id="auth_security_events",
        responses=SecurityEventListSerializer,
        parameters=PAGE,
    )
    def list(self, request: Request) -> Response:
        """List the security events of the caller."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS)
        rows = SecurityEvent.objects.filter(user=self.principal.id).select_related("device")
        return Response(paginate(request, rows, event_json, key="id"))


class PasswordView(PersonView):
    """The password."""

    def respond(
        self, handler: Callable[..., Response], request: Request, **kwargs: Any
    ) -> Response:
        """Without a transaction around it: a refused attempt is counted and recorded."""
        return handler(request, **kwargs)

    @extend_schema(operation_id="auth_password", request=PasswordSerializer, responses={204: None})
    def change(self, request: Request) -> Response:
        """Change the password. All sign-ins end, this one too: sign in with the new one."""
        body = self.read(PasswordSerializer)
        user = services.find_by_id(self.principal.id)
        if user is None:
            raise Unauthenticated
        services.change_password(
            user=user, current=body["current_password"], new=body["new_password"]
        )
        return Response(status=204)


def _end_by_refresh(token: str) -> bool:
    """Any genuine token of a family may end it, used ones too."""
    found = services.find_presented(token)
    if found is None or found.tenant_id is None:
        return False
    services.sign_out(tenant_id=found.tenant_id, user_id=found.user_id, family_id=found.family_id)
    return True


def pair_response(request: Request, signed_in: services.SignedIn) -> Response:
    """A pair; a web session gets its refresh token in the cookie alone."""
    body = {
        "access": signed_in.access,
        "token_type": "Bearer",
        "expires_in": signed_in.expires_in,
        "session": family_json(signed_in.family),
    }
    if signed_in.family.session_type != SessionType.WEB:
        return Response(body | {"refresh": signed_in.refresh})
    response = Response(body)
    cookies.set_cookie(request, response, signed_in)
    return response
