"""Routes of conversations and their turns. Routes that reach memories live in `memories.api`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER, ProjectView
from conversations import services
from conversations.api.serializers import (
    CreateSessionSerializer,
    SessionListSerializer,
    SessionSerializer,
    TurnListSerializer,
    TurnSerializer,
)
from conversations.models import Conversation, Turn
from conversations.render import session_json, turn_json
from memsync.common.errors import Forbidden, InvalidField, NotFound
from memsync.common.ids import parse_uuid
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters

PAGE = [
    OpenApiParameter("cursor", str),
    OpenApiParameter("limit", int, description="1 to 200, default 50"),
    OpenApiParameter("order", str, enum=["asc", "desc"]),
]


class SessionRoutes(ProjectView):
    """A view below `/sessions`."""

    def find_session(self, uid: str) -> Conversation:
        """The conversation in reach with this id. Raises NotFound."""
        wanted = parse_uuid(uid)
        rows = Conversation.objects.reachable(self.principal).for_wire()
        found: Conversation | None = rows.filter(uid=wanted).first() if wanted else None
        if found is None:
            raise NotFound
        return found


class SessionView(SessionRoutes):
    """Conversations."""

    @extend_schema(
        operation_id="sessions_create",
        request=CreateSessionSerializer,
        responses={201: SessionSerializer},
    )
    def create(self, request: Request) -> Response:
        """Create a session."""
        if self.principal.is_user or not self.principal.may_write:
            raise Forbidden
        body = self.read(CreateSessionSerializer)
        row = services.create_conversation(
            principal=self.principal,
            scope=self.scope_of(body.pop("scope", None)),
            uid=body.pop("id", None),
            **body,
        )
        return Response(session_json(row), status=201)

    @extend_schema(
        operation_id="sessions_list",
        parameters=[*PAGE, SCOPE_PARAMETER],
        responses=SessionListSerializer,
    )
    def list(self, request: Request) -> Response:
        """List sessions, newest first."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"scope"})
        rows = Conversation.objects.listed(self.principal, self.query_scope()).for_wire()
        return Response(paginate(request, rows, session_json))

    @extend_schema(operation_id="sessions_show", responses=SessionSerializer)
    def retrieve(self, request: Request, session_id: str) -> Response:
        """Show a session."""
        return Response(session_json(self.find_session(session_id)))


class TurnReadView(SessionRoutes):
    """Turns of a conversation, read."""

    @extend_schema(
        operation_id="turns_list",
        parameters=[*PAGE, OpenApiParameter("since_seq", int, description="after this seq")],
        responses=TurnListSerializer,
    )
    def list(self, request: Request, session_id: str) -> Response:
        """List the turns of a session in order."""
        conversation = self.find_session(session_id)
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"since_seq"})
        rows = Turn.unscoped.for_history(conversation).for_wire()
        if since := request.query_params.get("since_seq"):
            rows = rows.filter(seq__gt=_seq(since))
        return Response(
            paginate(
                request, rows, lambda row: turn_json(row, conversation), key="seq", order="asc"
            )
        )

    @extend_schema(operation_id="turns_show", responses=TurnSerializer)
    def retrieve(self, request: Request, session_id: str, turn_id: str) -> Response:
        """Show one turn."""
        conversation = self.find_session(session_id)
        uid = parse_uuid(turn_id)
        rows: Any = Turn.unscoped.for_history(conversation).for_wire()
        row = rows.filter(uid=uid).first() if uid else None
        if row is None:
            raise NotFound
        return Response(turn_json(row, conversation))


def _seq(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InvalidField("since_seq", "a number from 0")
    return int(text)
