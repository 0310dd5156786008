"""Routes of recall: questions, their receipts, and what callers say of the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER, ProjectView
from accounts.principals import ROLE_MANAGEMENT, ROLE_SUPERVISOR, Principal
from conversations.api.views import PAGE
from conversations.lineage import Segment, line_of
from conversations.models import Conversation
from memories.api.recall_bodies import (
    FeedbackGivenSerializer,
    FeedbackSerializer,
    QuerySerializer,
    RecalledSerializer,
    TraceListSerializer,
)
from memories.api.serializers import TraceSerializer
from memories.diffs import diff_of
from memories.feedback import give_feedback
from memories.models import Trace
from memories.recall import (
    INCLUDE,
    Asked,
    AsOf,
    Filters,
    Pending,
    Recalled,
    ask_models,
    find,
    prepare,
    receipts,
)
from memories.render import trace_json
from memsync.common.errors import InvalidField, NotFound
from memsync.common.ids import parse_uuid
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters
from memsync.common.tenancy import tenant_scope


class RecallView(ProjectView):
    """A view that asks a model: between two transactions, as the model may be remote.

    Its handler returns a Pending, in the first; `finish` answers, in the second.
    """

    is_idempotent = False  # it writes a receipt only

    def respond(
        self, handler: Callable[..., Response], request: Request, **kwargs: Any
    ) -> Response:
        """Understand, ask the model, answer, and write the receipt apart."""
        self.started = time.perf_counter()
        with tenant_scope(self.principal.tenant_id):
            pending: Any = self.answer(handler, request, **kwargs)
        if not isinstance(pending, Pending):
            return pending  # type: ignore[no-any-return]
        vectors = ask_models(pending)
        with tenant_scope(self.principal.tenant_id):
            found = find(pending, vectors)
            response = self.finish(pending, found)
        receipts.write(found.trace)
        return response

    def finish(self, pending: Pending, found: Recalled) -> Response:
        """The answer, from what was found."""
        raise NotImplementedError

    def conversation_named(self, session_id: object) -> Conversation | None:
        """The conversation in reach that a session id names, if it names one."""
        uid = parse_uuid(session_id)
        rows = Conversation.objects.reachable(self.principal)
        found: Conversation | None = rows.filter(uid=uid).first() if uid else None
        return found


@extend_schema_view(
    create=extend_schema(
        operation_id="memory_query", request=QuerySerializer, responses={200: RecalledSerializer}
    )
)
class QueryView(RecallView):
    """Recall, the project named in the body or implied by the credentials."""

    def answer(self, handler: Callable[..., Response], request: Request, **kwargs: Any) -> Response:
        """The project comes from the path, or from `context_id`, or is the only one."""
        kwargs.setdefault("ctx", self.context_named())
        return super().answer(handler, request, **kwargs)

    def context_named(self) -> str | None:
        """The `context_id` of the body; one that is no string is left to the body's own check."""
        named = self.sent().get("context_id")
        return named if isinstance(named, str) else None

    def create(self, request: Request) -> Pending:
        """Find the memories and turns that answer a question."""
        body = self.read(QuerySerializer)
        served = self.conversation_named(body.get("session_id"))
        asked = Asked(
            principal=self.principal,
            query=body["query"],
            scope=self.scope_of(body.get("scope")) or {},
            top_k=body["top_k"],
            include=body.get("include") or INCLUDE,
            filters=self._filters(body, served),
        )
        return prepare(
            asked,
            session_id=body.get("session_id"),
            persist=body["persist"],
            explain=body["explain"],
            served=served,
        )

    def finish(self, pending: Pending, found: Recalled) -> Response:
        """The hits with the id of their receipt."""
        return Response(
            {
                "trace_id": found.trace.uid,
                "session_id": pending.session.session_id if pending.session else None,
                "results": found.results,
                "latency_ms": round((time.perf_counter() - self.started) * 1000, 3),
            }
        )

    def _filters(self, body: dict[str, Any], served: Conversation | None) -> Filters:
        sent = body.get("filters") or {}
        senders = sent.get("sender")
        return Filters(
            kinds=sent.get("kind"),
            roles=sent.get("role"),
            senders=[name.lower() for name in senders] if senders else None,
            since=sent.get("since"),
            until=sent.get("until"),
            segments=self._segments(body, served),
            categories=body.get("categories"),
            as_of=AsOf(**body.get("as_of") or {}),
        )

    def _segments(self, body: dict[str, Any], served: Conversation | None) -> list[Segment] | None:
        """The visible histories of the sessions in the filter, or of the branch."""
        if body["branch"]:
            if served is None:
                raise InvalidField("branch", "needs the session_id of a session in reach")
            return line_of(served)
        wanted = (body.get("filters") or {}).get("session_id")
        if wanted is None:
            return None
        rows = Conversation.objects.reachable(self.principal).filter(uid__in=wanted)
        return [segment for row in rows for segment in line_of(row)]


@extend_schema_view(
    create=extend_schema(
        operation_id="query", request=QuerySerializer, responses={200: RecalledSerializer}
    )
)
class ProjectQueryView(QueryView):
    """Recall, the project named in the path."""

    def in_project(self, ctx: str | None) -> Principal:
        """The project of the path, which a `context_id` must name too. Raises NotFound."""
        self.principal = super().in_project(ctx)
        return super().in_project(self.context_named())


class TraceView(ProjectView):
    """Traces: ingests and recalls."""

    @extend_schema(
        operation_id="traces_list",
        parameters=[
            *PAGE,
            SCOPE_PARAMETER,
            OpenApiParameter("kind", str, enum=Trace.Kind.values),
        ],
        responses=TraceListSerializer,
    )
    def list(self, request: Request) -> Response:
        """List traces, newest first."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"scope", "kind"})
        rows = Trace.objects.listed(self.principal, self.query_scope())
        rows = rows.filter(_readable(self.principal))
        if kind := request.query_params.get("kind"):
            if kind not in Trace.Kind.values:
                raise InvalidField("kind", "ingest or recall")
            rows = rows.filter(kind=kind)
        receipts.flush()
        return Response(paginate(request, rows.select_related("conversation"), trace_json))

    @extend_schema(operation_id="traces_show", responses=TraceSerializer)
    def retrieve(self, request: Request, trace_id: str) -> Response:
        """Show a trace: of an ingest whether it is done, and then its diff."""
        row = self.find_trace(trace_id)
        refuse_unknown_parameters(request)
        given = row.feedback.order_by("serial").values("item_id", "verdict", "created_at")
        feedback = [
            {"id": one["item_id"], "verdict": one["verdict"], "created_at": one["created_at"]}
            for one in given
        ]
        is_learnt = row.kind == Trace.Kind.INGEST and row.is_finished
        diff = diff_of(row) if is_learnt else None
        return Response(trace_json(row) | {"feedback": feedback, "diff": diff})

    @extend_schema(
        operation_id="recalls_feedback",
        request=FeedbackSerializer,
        responses={200: FeedbackGivenSerializer, 201: FeedbackGivenSerializer},
    )
    def feedback(self, request: Request, trace_id: str) -> Response:
        """Say that an item of a recall was useful, wrong or outdated; the last word counts."""
        row = self.find_trace(trace_id)
        if row.kind != Trace.Kind.RECALL:
            raise NotFound
        self.require_writer()
        body = self.read(FeedbackSerializer)
        given, is_new = give_feedback(
            principal=self.principal, trace=row, item=body["id"], verdict=body["verdict"]
        )
        shown = {
            "trace_id": row.uid,
            "id": given.item_id,
            "verdict": given.verdict,
            "created_at": given.created_at,
        }
        return Response(shown, status=201 if is_new else 200)

    def find_trace(self, trace_id: str) -> Trace:
        """The trace in reach with this id; a receipt may still be on its way to the database."""
        uid = parse_uuid(trace_id)
        rows = Trace.objects.reachable(self.principal).filter(_readable(self.principal))
        rows = rows.select_related("conversation")
        row: Trace | None = rows.filter(uid=uid).first() if uid else None
        if row is None and uid and receipts.flush():
            row = rows.filter(uid=uid).first()
        if row is None:
            raise NotFound
        return row


def _readable(principal: Principal) -> Q:
    """Ingests in reach; of recalls, whose questions are words too, one's own.

    Supervisors and management read those of everybody.
    """
    if principal.role in {ROLE_SUPERVISOR, ROLE_MANAGEMENT}:
        return Q()
    own = Q(principal_kind=principal.kind, principal_id=principal.id)
    return own | Q(kind=Trace.Kind.INGEST)
