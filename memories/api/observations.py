"""Routes of observations, and those of agent sessions whose effect reaches them.

Retrieval has three layers, each dearer than the one before: index rows found by a search, a
timeline of index rows around one of them, and full observations by their ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER
from accounts.principals import WRITING_KEYS
from accounts.scope import subset_keys
from conversations.api.agent_sessions import (
    DEFAULT_PLATFORM,
    PLATFORM,
    AgentSessionRoutes,
    AgentSessionView,
    NothingSerializer,
)
from conversations.api.views import PAGE
from conversations.models import MAX_CONTENT
from conversations.services import refuse_unless_writable
from memories import observations
from memories.api.serializers import DiffSerializer
from memories.api.sessions import CASCADE, ErasedSerializer, read_cascade
from memories.erasure import delete_conversation
from memories.models import Observation
from memories.promotion import promote_observation
from memories.render import observation_json, observation_row
from memsync.common.errors import InvalidField, NotFound
from memsync.common.ids import parse_uuid
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters
from memsync.common.serializers import (
    PageSerializer,
    StrictCharField,
    StrictIntegerField,
    StrictRegexField,
    StrictSerializer,
    TitleField,
    UUIDField,
)

MAX_IDS = 100
DEFAULT_DEPTH, MAX_DEPTH = 10, 50


def texts(*, each: int, most: int) -> serializers.ListField:
    """A list of strings."""
    return serializers.ListField(
        child=StrictCharField(max_length=each, allow_blank=True), required=False, max_length=most
    )


class CreateObservationSerializer(StrictSerializer):
    """`POST …/observations`."""

    memory_session_id = TitleField(max_length=200, allow_null=True)
    type = StrictRegexField(r"^[a-z][a-z0-9_-]{0,31}\Z")
    title = StrictCharField(max_length=1000)
    subtitle = StrictCharField(max_length=2000, required=False, allow_blank=True)
    narrative = StrictCharField(max_length=MAX_CONTENT, required=False, allow_blank=True)
    facts = texts(each=10_000, most=200)
    concepts = texts(each=200, most=100)
    files_read = texts(each=4096, most=1000)
    files_modified = texts(each=4096, most=1000)
    prompt_number = StrictIntegerField(
        required=False, allow_null=True, min_value=0, max_value=2**31 - 1
    )


class ObservationIdsSerializer(StrictSerializer):
    """`POST …/observations/batch`."""

    ids = serializers.ListField(child=UUIDField(), allow_empty=False, max_length=MAX_IDS)


class ObservationRowSerializer(serializers.Serializer):
    """An observation in an index: enough to decide whether to read it."""

    id = serializers.UUIDField()
    content_session_id = serializers.CharField()
    memory_session_id = serializers.CharField(help_text="that it was recorded under")
    type = serializers.CharField()
    title = serializers.CharField()
    subtitle = serializers.CharField()
    prompt_number = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class ObservationSerializer(ObservationRowSerializer):
    """An observation."""

    platform = serializers.CharField()
    session_id = serializers.UUIDField(help_text="of the run's conversation")
    narrative = serializers.CharField()
    facts = serializers.ListField(child=serializers.CharField())
    concepts = serializers.ListField(child=serializers.CharField())
    files_read = serializers.ListField(child=serializers.CharField())
    files_modified = serializers.ListField(child=serializers.CharField())
    scope = serializers.ListField(child=serializers.CharField())


class ObservationListSerializer(PageSerializer):
    """A page of observations."""

    data = ObservationSerializer(many=True)


class ObservationIndexSerializer(PageSerializer):
    """A page of index rows."""

    data = ObservationRowSerializer(many=True)


class ObservationBatchSerializer(serializers.Serializer):
    """Observations by their ids, in the order asked; `missing` are not there or out of reach."""

    data = ObservationSerializer(many=True)
    missing = serializers.ListField(child=serializers.UUIDField())


class PromotedSerializer(serializers.Serializer):
    """What a promotion changed."""

    trace_id = serializers.UUIDField()
    observation_id = serializers.UUIDField()
    diff = DiffSerializer()


class TimelineSerializer(serializers.Serializer):
    """Index rows around one, oldest first, itself included."""

    anchor = serializers.UUIDField()
    data = ObservationRowSerializer(many=True)
    has_before = serializers.BooleanField()
    has_after = serializers.BooleanField()


class RunView(AgentSessionView):
    """A coding agent's session with its observations."""

    @extend_schema(
        operation_id="agent_sessions_delete",
        parameters=[PLATFORM, CASCADE],
        responses={200: ErasedSerializer},
    )
    def destroy(self, request: Request, content_session_id: str) -> Response:
        """Delete a run with its observations and its conversation; answers with counts."""
        session = self.find_writable(content_session_id, "cascade")
        counts = delete_conversation(
            principal=self.principal,
            conversation=session.conversation,
            cascade=read_cascade(request),
        )
        return Response(asdict(counts))

    @extend_schema(
        operation_id="agent_sessions_observations",
        parameters=[*PAGE, PLATFORM],
        responses=ObservationListSerializer,
    )
    def observations(self, request: Request, content_session_id: str) -> Response:
        """List the observations of one run in full, newest first."""
        session = self.find_agent_session(content_session_id)
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"platform"})
        rows = Observation.objects.of(self.principal).filter(agent_session=session).for_wire()
        return Response(paginate(request, rows, observation_json))


class ObservationView(AgentSessionRoutes):
    """Observations of a project."""

    roles = {"create": WRITING_KEYS}

    @extend_schema(
        operation_id="observations_create",
        request=CreateObservationSerializer,
        responses={200: ObservationSerializer, 201: ObservationSerializer},
    )
    def create(self, request: Request) -> Response:
        """Record an observation of a captured run; 200 when the run has this content already."""
        body = self.read(CreateObservationSerializer)
        session = observations.run_of(self.principal, body["memory_session_id"])
        refuse_unless_writable(self.principal, session)
        done = observations.record_observation(principal=self.principal, session=session, **body)
        return Response(observation_json(done.observation), status=201 if done.is_new else 200)

    @extend_schema(
        operation_id="observations_search",
        parameters=[
            *PAGE,
            SCOPE_PARAMETER,
            OpenApiParameter("q", str, description="any of these words; best first"),
            OpenApiParameter("type", str),
            OpenApiParameter("concept", str),
            OpenApiParameter("file", str, description="read or modified, the exact path"),
            OpenApiParameter("content_session_id", str),
            PLATFORM,
        ],
        responses=ObservationIndexSerializer,
    )
    def list(self, request: Request) -> Response:
        """Search observations: small rows, best first with `q`, else newest first."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"scope", "q", "platform", *FILTERS})
        sent = request.query_params
        rows = Observation.objects.listed(self.principal, self.query_scope()).for_wire()
        for name, condition in FILTERS.items():
            for value in sent.getlist(name):
                rows = rows.filter(condition(value))
        if "content_session_id" in sent or "platform" in sent:
            rows = rows.filter(agent_session__platform=sent.get("platform", DEFAULT_PLATFORM))
        if "q" not in sent:
            return Response(paginate(request, rows, observation_row))
        rows = rows.about(sent["q"], self.principal.project)
        return Response(paginate(request, rows, observation_row, key="place"))

    @extend_schema(operation_id="observations_show", responses=ObservationSerializer)
    def retrieve(self, request: Request, observation_id: str) -> Response:
        """Show an observation."""
        observation = self.find_observation(observation_id)
        refuse_unknown_parameters(request)
        return Response(observation_json(observation))

    @extend_schema(
        operation_id="observations_timeline",
        parameters=[
            OpenApiParameter("before", int, description=f"0 to {MAX_DEPTH}, default 10"),
            OpenApiParameter("after", int, description=f"0 to {MAX_DEPTH}, default 10"),
        ],
        responses=TimelineSerializer,
    )
    def timeline(self, request: Request, observation_id: str) -> Response:
        """List what was observed around one observation: small rows, oldest first."""
        anchor = self.find_observation(observation_id)
        refuse_unknown_parameters(request, frozenset({"before", "after"}))
        before, after = self._depth("before"), self._depth("after")
        rows = Observation.objects.reachable(self.principal).for_wire()
        rows = rows.filter(project_id=anchor.project_id, scope_key__in=subset_keys(anchor.scope))
        earlier = list(rows.filter(serial__lt=anchor.pk).order_by("-serial")[: before + 1])
        later = list(rows.filter(serial__gt=anchor.pk).order_by("serial")[: after + 1])
        shown = [*reversed(earlier[:before]), anchor, *later[:after]]
        return Response(
            {
                "anchor": anchor.uid,
                "data": [observation_row(row) for row in shown],
                "has_before": len(earlier) > before,
                "has_after": len(later) > after,
            }
        )

    @extend_schema(
        operation_id="observations_promote",
        request=NothingSerializer,
        responses={200: PromotedSerializer},
    )
    def promote(self, request: Request, observation_id: str) -> Response:
        """Make memories of what an observation states; again, it changes nothing."""
        observation = self.find_observation(observation_id)
        self.require_agent()
        refuse_unless_writable(self.principal, observation)
        self.read(NothingSerializer)
        done = promote_observation(principal=self.principal, observation=observation)
        shown = {"trace_id": done.trace.uid, "observation_id": observation.uid, "diff": done.diff}
        return Response(shown)

    def find_observation(self, uid: str) -> Observation:
        """The observation in reach with this id. Raises NotFound."""
        wanted = parse_uuid(uid)
        rows = Observation.objects.reachable(self.principal).for_wire()
        found: Observation | None = rows.filter(uid=wanted).first() if wanted else None
        if found is None:
            raise NotFound
        return found

    def _depth(self, name: str) -> int:
        text = self.request.query_params.get(name, str(DEFAULT_DEPTH))
        if not (text.isascii() and text.isdecimal() and len(text) < 3 and int(text) <= MAX_DEPTH):
            raise InvalidField(name, f"a number from 0 to {MAX_DEPTH}")
        return int(text)


class ObservationBatchView(AgentSessionRoutes):
    """Observations by their ids."""

    is_idempotent = False  # it writes nothing

    @extend_schema(
        operation_id="observations_batch",
        request=ObservationIdsSerializer,
        responses=ObservationBatchSerializer,
    )
    def batch(self, request: Request) -> Response:
        """Read observations in full by their ids; it writes nothing."""
        wanted: list[UUID] = self.read(ObservationIdsSerializer)["ids"]
        rows = Observation.objects.reachable(self.principal).for_wire().filter(uid__in=wanted)
        found = {row.uid: observation_json(row) for row in rows}
        unique = dict.fromkeys(wanted)
        return Response(
            {
                "data": [found[uid] for uid in unique if uid in found],
                "missing": [uid for uid in unique if uid not in found],
            }
        )


FILTERS: dict[str, Callable[[str], Any]] = {
    "type": lambda value: Q(type=value),
    "concept": lambda value: Q(concepts__contains=[value]),
    "file": lambda value: Q(files_read__contains=[value]) | Q(files_modified__contains=[value]),
    "content_session_id": lambda value: Q(agent_session__content_session_id=value),
}
"""Parameters that narrow the search."""
