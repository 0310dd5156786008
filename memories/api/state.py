"""Routes that look back: state at a point, what changed between two, a memory's history."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.views import PAGE, SessionRoutes
from conversations.models import Conversation, Turn
from memories import state
from memories.api.serializers import (
    CorrectionSerializer,
    MemoryItemSerializer,
    MemoryListSerializer,
    SourceSerializer,
    scope_field,
)
from memories.models import Memory
from memories.render import memory_json
from memsync.common.errors import InvalidField, NotFound
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters
from memsync.common.parsing import read_number
from memsync.common.serializers import (
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
    UUIDField,
)

MAX_SEQ = 2_000_000_000


class AtSerializer(StrictSerializer):
    """A point: a turn of the named session by `seq`, any turn by id, or a time."""

    seq = StrictIntegerField(min_value=0, max_value=MAX_SEQ, required=False)
    turn_id = UUIDField(required=False)
    time = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of them."""
        if len(attrs) != 1:
            raise serializers.ValidationError("Give one of seq, turn_id and time.", "one_of")
        return attrs


class AskStateSerializer(StrictSerializer):
    """`POST …/state`."""

    scope = scope_field()
    session_id = UUIDField(required=False)
    at = AtSerializer(required=False)
    branch = StrictBooleanField(default=False)


class StateItemSerializer(MemoryItemSerializer):
    """A memory as it stood, with what it rested on."""

    sources = SourceSerializer(many=True)


class StateSerializer(serializers.Serializer):
    """What was known."""

    scope = serializers.ListField(child=serializers.CharField())
    at = serializers.DictField(allow_null=True)
    identity = StateItemSerializer(many=True)
    knowledge = StateItemSerializer(many=True)
    context = StateItemSerializer(many=True)
    instructions = StateItemSerializer(many=True)
    uncertainties = StateItemSerializer(many=True)
    corrections = CorrectionSerializer(many=True)


class StateDiffItemSerializer(MemoryItemSerializer):
    """A memory, and the words that made the change; none are left of what was erased."""

    source = SourceSerializer(allow_null=True)


class UpdatedItemSerializer(StateDiffItemSerializer):
    """A value and what it replaced."""

    previous_value = serializers.CharField()


class StateDiffSerializer(serializers.Serializer):
    """What changed between two turns."""

    session_id = serializers.UUIDField()
    since_seq = serializers.IntegerField()
    until_seq = serializers.IntegerField()
    added = StateDiffItemSerializer(many=True)
    updated = UpdatedItemSerializer(many=True)
    superseded = StateDiffItemSerializer(many=True)
    closed = StateDiffItemSerializer(many=True)
    reinforced = StateDiffItemSerializer(many=True)
    contested = StateDiffItemSerializer(many=True)


class StateRoutes(SessionRoutes):
    """What the routes below share."""

    def rows_for(
        self, conversation: Conversation | None, scope: dict[str, str], *, branch: bool
    ) -> Any:
        """The memories that a question with `scope` sees; a branch's only, if told so."""
        rows = Memory.objects.asked(self.principal, scope)
        if not branch:
            return rows
        if conversation is None:
            raise InvalidField("branch", "needs a session_id")
        return state.resting_on(rows, conversation)

    def point_at(self, conversation: Conversation, seq: int) -> state.Point:
        """The point after turn `seq` of the visible history; 0 is before the first."""
        first = seq or 1
        turn = Turn.unscoped.for_history(conversation, first, first).first()
        if turn is None and seq == 0:
            return state.now()
        if turn is None:
            raise NotFound("The session has no such turn.")
        return state.point_of_turn(turn) if seq else state.point_before(turn)


class StateView(StateRoutes):
    """What is known, now or then."""

    is_idempotent = False

    @extend_schema(operation_id="state", request=AskStateSerializer, responses=StateSerializer)
    def ask(self, request: Request) -> Response:
        """Show the live memories of a scope, now or at a point."""
        body = self.read(AskStateSerializer)
        named = body.get("session_id")
        conversation = self.find_session(str(named)) if named else None
        scope = self.scope_of(body.get("scope"))
        if scope is None:
            scope = dict(conversation.scope) if conversation else {}
        point, shown = self._point(conversation, body.get("at"))
        rows = self.rows_for(conversation, scope, branch=body["branch"])
        answer = state.state_json(principal=self.principal, scope=scope, rows=rows, point=point)
        return Response(answer | {"at": shown})

    def _point(
        self, conversation: Conversation | None, at: dict[str, Any] | None
    ) -> tuple[state.Point, dict[str, Any] | None]:
        if at is None:
            return state.now(), None
        if "time" in at:
            return state.point_of_time(self.principal, at["time"]), {"time": at["time"]}
        if "turn_id" in at:
            turn = Turn.objects.reachable(self.principal).filter(uid=at["turn_id"]).first()
            if turn is None:
                raise NotFound
            return state.point_of_turn(turn), {"turn_id": turn.uid, "seq": turn.seq}
        if conversation is None:
            raise InvalidField("at.seq", "needs a session_id")
        return self.point_at(conversation, at["seq"]), {"seq": at["seq"]}


class SessionMemoryView(StateRoutes):
    """What a session changed, and what rests on it."""

    @extend_schema(
        operation_id="sessions_diff",
        parameters=[
            OpenApiParameter("since_seq", int, description="exclusive; default 0: all"),
            OpenApiParameter("until_seq", int, description="default: the head"),
            OpenApiParameter("branch", bool),
        ],
        responses=StateDiffSerializer,
    )
    def diff(self, request: Request, session_id: str) -> Response:
        """Show what changed between two turns of a session."""
        conversation = self.find_session(session_id)
        refuse_unknown_parameters(request, frozenset({"since_seq", "until_seq", "branch"}))
        head = conversation.next_seq - 1
        since = read_number(request, "since_seq", default=0)
        until = read_number(request, "until_seq", default=head)
        if since > until:
            raise InvalidField("since_seq", "lies after until_seq")
        branch = request.query_params.get("branch", "false")
        if branch not in {"true", "false"}:
            raise InvalidField("branch", "true or false")
        rows = self.rows_for(conversation, dict(conversation.scope), branch=branch == "true")
        answer = state.diff_json(
            rows=rows,
            since=self.point_at(conversation, since),
            until=self.point_at(conversation, until),
        )
        shown = {"session_id": conversation.uid, "since_seq": since, "until_seq": until}
        return Response(shown | answer)

    @extend_schema(
        operation_id="sessions_memories", parameters=PAGE, responses=MemoryListSerializer
    )
    def memories(self, request: Request, session_id: str) -> Response:
        """List the memories that rest on the turns of a session."""
        conversation = self.find_session(session_id)
        refuse_unknown_parameters(request, PAGE_PARAMETERS)
        rows = Memory.objects.reachable(self.principal).live().with_sources()
        return Response(paginate(request, state.resting_on(rows, conversation), memory_json))
