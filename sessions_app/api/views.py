"""Routes of `/auth/*`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import PrincipalView
from accounts.principals import Principal
from accounts.scope import tags
from memsync.common.api import ApiView
from memsync.common.errors import Forbidden
from sessions_app import services
from sessions_app.api.serializers import LoginSerializer, MeSerializer, TokenPairSerializer
from sessions_app.models import Device


class LoginView(ApiView):
    """Sign in."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_login",
        request=LoginSerializer,
        responses=TokenPairSerializer,
        auth=[],
    )
    def login(self, request: Request) -> Response:
        """Exchange e-mail and password for an access and a refresh token."""
        body = self.read(LoginSerializer)
        user = services.check_credentials(email=body["email"], password=body["password"])
        signed_in = services.sign_in(
            user=user, session_type=body["session_type"], device=body.get("device")
        )
        return Response(token_pair_json(signed_in))


class MeView(PrincipalView):
    """Who asks."""

    @extend_schema(operation_id="auth_me", responses=MeSerializer)
    def retrieve(self, request: Request) -> Response:
        """Show the principal of these credentials."""
        return Response(principal_json(self.principal))


class LogoutView(PrincipalView):
    """Sign out."""

    @extend_schema(operation_id="auth_logout", request=None, responses={204: None})
    def logout(self, request: Request) -> Response:
        """End the family of this access token; the token is dead at once."""
        if self.principal.sid is None:
            raise Forbidden("A key is revoked, not signed out.")
        user = services.find_by_id(self.principal.id)
        if user:
            services.end_family(family_id=self.principal.sid, user=user, reason="logout")
        return Response(status=204)


def token_pair_json(signed_in: services.SignedIn) -> dict[str, Any]:
    """What login answers."""
    family = signed_in.family
    return {
        "access": signed_in.access,
        "refresh": signed_in.refresh,
        "token_type": "Bearer",
        "expires_in": signed_in.expires_in,
        "session": {
            "id": family.pk,
            "family_id": family.pk,
            "session_type": family.session_type,
            "device": device_json(signed_in.device),
            "created_at": family.created_at,
            "expires_at": family.expires_at,
        },
    }


def device_json(device: Device) -> dict[str, Any]:
    """A device on the wire; the fingerprint stays here."""
    return {
        "id": device.pk,
        "label": device.label,
        "ip": device.ip,
        "location": device.location,
        "user_agent": device.user_agent,
    }


def principal_json(principal: Principal) -> dict[str, Any]:
    """Who asks, as on the wire."""
    shown: dict[str, Any] = {
        "kind": principal.kind,
        "id": principal.id,
        "role": principal.role,
        "tenant": principal.tenant_slug,
        "floor": tags(principal.floor),
    }
    if principal.project_id:
        shown["project"] = {"id": principal.project_id, "slug": principal.project_slug}
    if principal.sid:
        shown["sid"] = principal.sid
    return shown
