"""Routes that reach memories."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER, ProjectView
from conversations.api.views import PAGE, TurnReadView
from conversations.messages import new_turn
from conversations.render import stored_turn_json
from conversations.services import refuse_unless_writable
from memories import services
from memories.api.serializers import (
    AppendedSerializer,
    AppendSerializer,
    BatchSerializer,
    MemoryListSerializer,
    MemorySerializer,
    QuerySerializer,
    RecalledSerializer,
    RecordedSerializer,
    TraceSerializer,
)
from memories.models import Memory, Trace
from memories.recall import recall
from memories.render import memory_json, trace_json
from memsync.common.errors import Forbidden, NotFound
from memsync.common.ids import parse_uuid
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters


class TurnView(TurnReadView):
    """Turns, read and appended."""

    @extend_schema(
        operation_id="turns_append",
        request=AppendSerializer,
        responses={200: AppendedSerializer, 201: AppendedSerializer},
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
        )
        answer = {
            "session_id": conversation.uid,
            "turns": [stored_turn_json(turn, conversation) for turn in done.turns],
            "trace_id": done.trace.uid if done.trace else None,
            "diff": done.diff,
        }
        return Response(answer, status=201 if done.new_count else 200)


class BatchView(ProjectView):
    """Whole message lists."""

    @extend_schema(
        operation_id="facts_batch", request=BatchSerializer, responses=RecordedSerializer
    )
    def create(self, request: Request) -> Response:
        """Store a list of messages in one session and learn from them."""
        if not self.principal.may_write:
            raise Forbidden
        body = self.read(BatchSerializer)
        done = services.record_batch(
            principal=self.principal,
            messages=body["messages"],
            session_id=body.get("session_id"),
            scope=self.scope_of(body.get("scope")),
            metadata=body.get("metadata"),
        )
        return Response(done.as_json())


class QueryView(ProjectView):
    """Recall."""

    is_idempotent = False  # it writes a receipt only

    def answer(self, handler: Callable[..., Response], request: Request, **kwargs: Any) -> Response:
        """The project comes from the path, or from `context_id`, or is the only one."""
        body = request.data if isinstance(request.data, dict) else {}
        kwargs.setdefault("ctx", body.get("context_id"))
        return super().answer(handler, request, **kwargs)

    @extend_schema(
        operation_id="memory_query", request=QuerySerializer, responses=RecalledSerializer
    )
    def query(self, request: Request) -> Response:
        """Find the memories and turns that answer a question."""
        started = time.perf_counter()
        body = self.read(QuerySerializer)
        found = recall(
            principal=self.principal,
            query=body["query"],
            scope=self.scope_of(body.get("scope")) or {},
            top_k=body["top_k"],
            include=body.get("include") or ("memories", "turns"),
            categories=body.get("categories"),
        )
        found.trace.save(force_insert=True)
        answer = {
            "trace_id": found.trace.uid,
            "session_id": body.get("session_id"),
            "results": found.results,
            "latency_ms": round((time.perf_counter() - started) * 1000, 3),
        }
        return Response(answer)


class MemoryView(ProjectView):
    """Memories, read."""

    @extend_schema(
        operation_id="memories_list",
        parameters=[*PAGE, SCOPE_PARAMETER],
        responses=MemoryListSerializer,
    )
    def list(self, request: Request) -> Response:
        """List live memories with their sources, newest first."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"scope"})
        rows = Memory.objects.listed(self.principal, self.query_scope()).live().with_sources()
        return Response(paginate(request, rows, memory_json))

    @extend_schema(operation_id="memories_show", responses=MemorySerializer)
    def retrieve(self, request: Request, memory_id: str) -> Response:
        """Show a memory with its sources."""
        uid = parse_uuid(memory_id)
        rows = Memory.objects.reachable(self.principal).with_sources()
        row = rows.filter(uid=uid).first() if uid else None
        if row is None:
            raise NotFound
        return Response(memory_json(row))


class TraceView(ProjectView):
    """Traces."""

    @extend_schema(operation_id="traces_show", responses=TraceSerializer)
    def retrieve(self, request: Request, trace_id: str) -> Response:
        """Show a trace."""
        uid = parse_uuid(trace_id)
        rows = Trace.objects.reachable(self.principal).select_related("conversation")
        row = rows.filter(uid=uid).first() if uid else None
        if row is None:
            raise NotFound
        return Response(trace_json(row))
