"""Routes that reach memories."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts.principals import WRITERS
from conversations.api.views import TurnReadView
from conversations.messages import new_turn
from conversations.render import stored_turn_json
from conversations.services import refuse_unless_key_may_write, refuse_unless_writable
from memories import erasure, services
from memories.api.learning import PREFER, AcceptedSerializer, LearningView
from memories.api.serializers import (
    AppendedSerializer,
    AppendSerializer,
    BatchSerializer,
    FactSerializer,
    RecordedSerializer,
)
from memories.api.sessions import ErasedSerializer
from memsync.common.pagination import refuse_unknown_parameters


class TurnView(LearningView, TurnReadView):
    """Turns, read and appended."""

    @extend_schema(
        operation_id="turns_append",
        parameters=[PREFER],
        request=AppendSerializer,
        responses={200: AppendedSerializer, 201: AppendedSerializer, 202: AcceptedSerializer},
    )
    def create(self, request: Request, session_id: str) -> Response:
        """Append messages to a session and learn from them; 200 when all were stored already."""
        conversation = self.find_session(session_id)
        refuse_unless_writable(self.principal, conversation)
        body = self.read(AppendSerializer)
        done = services.record_turns(
            principal=self.principal,
            conversation=conversation,
            messages=[new_turn(message) for message in body["messages"]],
            scope=self.scope_of(body.get("scope")),
            extract=body["extract"],
            later=self.is_async,
        )
        answer = {
            "session_id": conversation.uid,
            "turns": [stored_turn_json(turn, conversation) for turn in done.turns],
            "trace_id": done.trace.uid if done.trace else None,
            "diff": done.diff,
        }
        return self.learnt(done, answer, 201 if done.new_count else 200)

    @extend_schema(operation_id="turns_redact", responses={200: ErasedSerializer})
    def destroy(self, request: Request, session_id: str, turn_id: str) -> Response:
        """Redact a turn: it keeps its place, its words go everywhere."""
        conversation = self.find_session(session_id)
        turn = self.find_turn(conversation, turn_id)
        refuse_unless_key_may_write(self.principal, conversation)
        refuse_unknown_parameters(request)
        counts = erasure.redact_turn(principal=self.principal, conversation=conversation, turn=turn)
        return Response(asdict(counts))


class FactsView(LearningView):
    """A route that stores what it is told in a session of its own, or in one that it names."""

    roles = {"create": WRITERS}

    def read(self, serializer: type[Serializer], *parameters: str) -> dict[str, Any]:
        """The validated body; what these credentials may not write is refused before."""
        sent = self.sent()
        services.refuse_unless_recordable(
            principal=self.principal,
            session_id=sent.get("session_id"),
            authority=sent.get("authority"),
        )
        return super().read(serializer, *parameters)


class BatchView(FactsView):
    """Whole message lists."""

    @extend_schema(
        operation_id="facts_batch",
        parameters=[PREFER],
        request=BatchSerializer,
        responses={200: RecordedSerializer, 202: AcceptedSerializer},
    )
    def create(self, request: Request) -> Response:
        """Store a list of messages in one session and learn from them."""
        body = self.read(BatchSerializer)
        done = services.record_batch(
            principal=self.principal,
            messages=body["messages"],
            session_id=body.get("session_id"),
            scope=self.scope_of(body.get("scope")),
            metadata=body.get("metadata"),
            later=self.is_async,
        )
        return self.learnt(done, done.as_json())


class FactView(FactsView):
    """Single facts and curated documents."""

    @extend_schema(
        operation_id="facts_add",
        parameters=[PREFER],
        request=FactSerializer,
        responses={200: RecordedSerializer, 202: AcceptedSerializer},
    )
    def create(self, request: Request) -> Response:
        """Store a text as a turn and learn from it; a long one in several turns of one session."""
        body = self.read(FactSerializer)
        done = services.record_fact(
            principal=self.principal,
            text=body["text"],
            role=body["role"],
            session_id=body.get("session_id"),
            scope=self.scope_of(body.get("scope")),
            authority=body["authority"],
            later=self.is_async,
        )
        return self.learnt(done, done.as_json())
