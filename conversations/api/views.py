"""Routes of conversations and their turns. Routes that reach memories live in `memories.api`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER, ProjectView
from accounts.principals import WRITING_KEYS
from conversations import filters, forks, services
from conversations.api.serializers import (
    CreateSessionSerializer,
    ForkSerializer,
    RelationListSerializer,
    SessionListSerializer,
    SessionSerializer,
    TranscriptSerializer,
    TreeSerializer,
    TurnListSerializer,
    TurnSerializer,
    UpdateSessionSerializer,
)
from conversations.history import read_history
from conversations.models import Conversation, Turn
from conversations.relations import RELATIONS
from conversations.render import session_json, turn_json
from conversations.transcripts import FORMS, transcript_response
from memsync.common.errors import InvalidField, NotFound
from memsync.common.ids import parse_uuid
from memsync.common.pagination import (
    PAGE_PARAMETERS,
    PageAsked,
    paginate,
    read_page,
    refuse_unknown_parameters,
)
from memsync.common.parsing import read_number

PAGE = [
    OpenApiParameter("cursor", str),
    OpenApiParameter("limit", int, description="1 to 200, default 50"),
    OpenApiParameter("order", str, enum=["asc", "desc"]),
]
SESSION_FILTERS = [
    OpenApiParameter("status", str, many=True, enum=Conversation.Status.values),
    OpenApiParameter("kind", str),
    OpenApiParameter("q", str, description="words in the title"),
    OpenApiParameter("metadata.<key>", str, description="the value under this key"),
    OpenApiParameter("created_after", OpenApiTypes.DATETIME),
    OpenApiParameter("created_before", OpenApiTypes.DATETIME),
    OpenApiParameter("active_after", OpenApiTypes.DATETIME),
    OpenApiParameter("active_before", OpenApiTypes.DATETIME),
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

    roles = {"create": WRITING_KEYS}

    @extend_schema(
        operation_id="sessions_create",
        request=CreateSessionSerializer,
        responses={201: SessionSerializer},
    )
    def create(self, request: Request) -> Response:
        """Create a session."""
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
        parameters=[*PAGE, SCOPE_PARAMETER, *SESSION_FILTERS],
        responses=SessionListSerializer,
    )
    def list(self, request: Request) -> Response:
        """List sessions, newest first; archived ones on request."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"scope"} | filters.PARAMETERS)
        rows = Conversation.objects.listed(self.principal, self.query_scope()).for_wire()
        rows = filters.filter_sessions(rows, request.query_params)
        return Response(paginate(request, rows, session_json))

    @extend_schema(operation_id="sessions_show", responses=SessionSerializer)
    def retrieve(self, request: Request, session_id: str) -> Response:
        """Show a session."""
        conversation = self.find_session(session_id)
        refuse_unknown_parameters(request)
        return Response(session_json(conversation))

    @extend_schema(
        operation_id="sessions_update", request=UpdateSessionSerializer, responses=SessionSerializer
    )
    def partial_update(self, request: Request, session_id: str) -> Response:
        """Rename, describe, archive, close or reopen a session."""
        conversation = self.find_session(session_id)
        services.refuse_unless_changeable(self.principal, conversation, self.body())
        row = services.update_conversation(
            principal=self.principal,
            conversation=conversation,
            changes=self.read(UpdateSessionSerializer),
        )
        return Response(session_json(row))


class ForkView(SessionRoutes):
    """Forks of a session, and the tree it belongs to."""

    @extend_schema(
        operation_id="sessions_fork", request=ForkSerializer, responses={201: SessionSerializer}
    )
    def create(self, request: Request, session_id: str) -> Response:
        """Fork a session after a turn of its visible history; without a point, at its head."""
        conversation = self.find_session(session_id)
        services.refuse_unless_writable(self.principal, conversation)
        body = self.read(ForkSerializer)
        row = forks.fork_conversation(principal=self.principal, conversation=conversation, **body)
        return Response(session_json(row), status=201)

    @extend_schema(operation_id="sessions_tree", responses=TreeSerializer)
    def tree(self, request: Request, session_id: str) -> Response:
        """Show every session of the tree once, with its level, from any of its members."""
        conversation = self.find_session(session_id)
        refuse_unknown_parameters(request)
        nodes = forks.tree_of(conversation)
        return Response({"root": nodes[0].id, "nodes": [asdict(node) for node in nodes]})

    @extend_schema(
        operation_id="sessions_relations",
        parameters=[*PAGE, OpenApiParameter("type", str, enum=list(RELATIONS), required=True)],
        responses=RelationListSerializer,
    )
    def relations(self, request: Request, session_id: str) -> Response:
        """List what the session was forked from and its forks, its replies, or its turns."""
        conversation = self.find_session(session_id)
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"type"})
        relation = RELATIONS.get(request.query_params.get("type", ""))
        if relation is None:
            raise InvalidField("type", f"one of {', '.join(RELATIONS)}")
        rows = relation.rows(conversation)
        return Response(paginate(request, rows, relation.show, key=relation.key, order="asc"))


class TranscriptView(SessionRoutes):
    """Transcripts as files."""

    @extend_schema(
        operation_id="sessions_transcript",
        parameters=[OpenApiParameter("format", str, enum=list(FORMS), default="json")],
        responses={
            (200, "application/json"): TranscriptSerializer,
            (200, "text/plain"): str,
            (200, "text/markdown"): str,
        },
    )
    def retrieve(self, request: Request, session_id: str) -> Any:
        """Write the visible history out, whole; long ones are streamed."""
        conversation = self.find_session(session_id)
        refuse_unknown_parameters(request, frozenset({"format"}))
        form = FORMS.get(request.query_params.get("format", "json"))
        if form is None:
            raise InvalidField("format", f"one of {', '.join(FORMS)}")
        return transcript_response(conversation, form)


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
        since = read_number(request, "since_seq", default=0)
        page = read_page(request, order="asc")
        rows = _positions(conversation, page, since)
        return Response(page.answer(rows, lambda row: turn_json(row, conversation), "seq"))

    @extend_schema(operation_id="turns_show", responses=TurnSerializer)
    def retrieve(self, request: Request, session_id: str, turn_id: str) -> Response:
        """Show one turn."""
        conversation = self.find_session(session_id)
        turn = self.find_turn(conversation, turn_id)
        refuse_unknown_parameters(request)
        [row] = read_history(conversation, turn.seq, turn.seq)
        return Response(turn_json(row, conversation))

    def find_turn(self, conversation: Conversation, uid: str) -> Turn:
        """The turn of the visible history with this id. Raises NotFound."""
        wanted = parse_uuid(uid)
        rows = Turn.unscoped.for_history(conversation).select_related("conversation")
        found: Turn | None = rows.filter(uid=wanted).first() if wanted else None
        if found is None:
            raise NotFound
        return found


def _positions(conversation: Conversation, page: PageAsked, since: int) -> list[dict[str, Any]]:
    """The turns of a page and one more; a history is dense, so the positions are known before."""
    if page.order == "asc":
        first = max(since, page.after or 0) + 1
        return read_history(conversation, first, first + page.limit)
    last = page.after - 1 if page.after is not None else conversation.turn_count
    return read_history(conversation, max(since + 1, last - page.limit), last)[::-1]
