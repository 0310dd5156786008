"""Routes of coding agents' sessions. Those with observations are in `memories.api.observations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER, ProjectView
from accounts.principals import WRITING_KEYS
from conversations import agent_sessions
from conversations.api.views import PAGE
from conversations.models import MAX_CONTENT, AgentSession
from conversations.render import agent_session_json
from conversations.services import refuse_unless_writable
from memsync.common.errors import Forbidden, InvalidField, NotFound
from memsync.common.pagination import PAGE_PARAMETERS, paginate, refuse_unknown_parameters
from memsync.common.serializers import (
    MetadataField,
    PageSerializer,
    StrictCharField,
    StrictRegexField,
    StrictSerializer,
    TitleField,
)

DEFAULT_PLATFORM = "claude"
PLATFORM = OpenApiParameter(
    "platform", str, description=f"whose content session id it is; default {DEFAULT_PLATFORM}"
)


class ContentSessionIdField(TitleField):
    """The caller's own id of a run, which is a segment of paths."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=200, **options)

    def to_internal_value(self, data: Any) -> str:
        """The id."""
        text = super().to_internal_value(data)
        if "/" in text or text in {".", ".."}:
            raise serializers.ValidationError("It cannot be a segment of a path.", "invalid")
        return text


class PlatformField(StrictRegexField):
    """The coding agent's name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[a-z0-9][a-z0-9._-]{0,31}\Z", **options)


class CreateAgentSessionSerializer(StrictSerializer):
    """`POST …/agent-sessions`."""

    content_session_id = ContentSessionIdField()
    platform = PlatformField(default=DEFAULT_PLATFORM)
    prompt = StrictCharField(
        required=False, allow_null=True, allow_blank=True, max_length=MAX_CONTENT
    )
    title = TitleField(max_length=300, required=False, allow_blank=True)
    scope = serializers.ListField(child=StrictCharField(), required=False, max_length=64)
    metadata = MetadataField(required=False)


class RegisterSerializer(StrictSerializer):
    """`POST …/memory-session`; without an id one is made up."""

    memory_session_id = TitleField(
        max_length=200,
        required=False,
        allow_null=True,
        help_text="absent or null: keep the current id, or make one up where there is none",
    )


class NothingSerializer(StrictSerializer):
    """A body without fields."""


class MemorySessionIdSerializer(serializers.Serializer):
    """One memory session id a run had."""

    memory_session_id = serializers.CharField()
    reason = serializers.CharField()
    captured_at = serializers.DateTimeField()
    superseded_at = serializers.DateTimeField(allow_null=True)


class AgentSessionSerializer(serializers.Serializer):
    """A coding agent's session on the wire."""

    id = serializers.UUIDField()
    content_session_id = serializers.CharField()
    platform = serializers.CharField()
    memory_session_id = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=["NOT_CAPTURED", "CAPTURED"])
    session_id = serializers.UUIDField(help_text="of its conversation, which holds the prompts")
    title = serializers.CharField()
    scope = serializers.ListField(child=serializers.CharField())
    user = serializers.CharField(allow_null=True)
    metadata = MetadataField()
    last_prompt_number = serializers.IntegerField()
    force_init = serializers.BooleanField()
    status = serializers.ChoiceField(choices=AgentSession.Status.choices)
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    memory_session_ids = MemorySessionIdSerializer(many=True, help_text="all it had, oldest first")


class OpenedAgentSessionSerializer(AgentSessionSerializer):
    """The answer of a create."""

    skipped = serializers.ChoiceField(
        choices=["duplicate", "private"],
        allow_null=True,
        help_text="duplicate: the prompt was not counted; private: nothing of it was kept",
    )


class AgentSessionListSerializer(PageSerializer):
    """A page of coding agents' sessions."""

    data = AgentSessionSerializer(many=True)


class ResumeSerializer(serializers.Serializer):
    """Whether to resume, and with which id."""

    resume = serializers.CharField(allow_null=True)
    reason = serializers.ChoiceField(
        choices=["continuation", "not_captured", "first_prompt", "force_init"]
    )


class AgentSessionRoutes(ProjectView):
    """A view below `/agent-sessions`."""

    def find_agent_session(self, content_session_id: str) -> AgentSession:
        """The run in reach with this content id on the asked platform. Raises NotFound."""
        platform = self.request.query_params.get("platform", DEFAULT_PLATFORM)
        rows = AgentSession.objects.reachable(self.principal).for_wire()
        found: AgentSession | None = rows.filter(
            content_session_id=content_session_id, platform=platform
        ).first()
        if found is None:
            raise NotFound
        return found

    def find_writable(self, content_session_id: str, *parameters: str) -> AgentSession:
        """The same, for a write: 404, then 403, then 400 for other parameters than these."""
        session = self.find_agent_session(content_session_id)
        self.require_agent()
        refuse_unless_writable(self.principal, session)
        refuse_unknown_parameters(self.request, frozenset({"platform", *parameters}))
        return session

    def require_agent(self) -> None:
        """403 for people and supervisors: runs are written by keys (DESIGN §4)."""
        if self.principal.is_user or not self.principal.may_write:
            raise Forbidden


class AgentSessionView(AgentSessionRoutes):
    """Coding agents' sessions."""

    roles = {"create": WRITING_KEYS}

    @extend_schema(
        operation_id="agent_sessions_create",
        request=CreateAgentSessionSerializer,
        responses={200: OpenedAgentSessionSerializer, 201: OpenedAgentSessionSerializer},
    )
    def create(self, request: Request) -> Response:
        """Get or create the run of a content session and count a prompt; 200 when it existed."""
        body = self.read(CreateAgentSessionSerializer)
        scope = self.scope_of(body.pop("scope", None))
        opened = agent_sessions.open_agent_session(principal=self.principal, scope=scope, **body)
        answer = agent_session_json(opened.session) | {"skipped": opened.skipped}
        return Response(answer, status=201 if opened.is_new else 200)

    @extend_schema(
        operation_id="agent_sessions_list",
        parameters=[
            *PAGE,
            SCOPE_PARAMETER,
            OpenApiParameter("platform", str),
            OpenApiParameter("status", str, enum=AgentSession.Status.values),
            OpenApiParameter("state", str, enum=["NOT_CAPTURED", "CAPTURED"]),
            OpenApiParameter("content_session_id", str),
            OpenApiParameter("memory_session_id", str, description="that the run has or had"),
        ],
        responses=AgentSessionListSerializer,
    )
    def list(self, request: Request) -> Response:
        """List coding agents' sessions, newest first."""
        refuse_unknown_parameters(request, PAGE_PARAMETERS | {"scope", *FILTERS})
        rows = AgentSession.objects.listed(self.principal, self.query_scope()).for_wire()
        for name, condition in FILTERS.items():
            for value in request.query_params.getlist(name):
                rows = rows.filter(condition(value))
        return Response(paginate(request, rows, agent_session_json))

    @extend_schema(
        operation_id="agent_sessions_show",
        parameters=[PLATFORM],
        responses=AgentSessionSerializer,
    )
    def retrieve(self, request: Request, content_session_id: str) -> Response:
        """Show a coding agent's session with the ids it had."""
        session = self.find_agent_session(content_session_id)
        refuse_unknown_parameters(request, frozenset({"platform"}))
        return Response(agent_session_json(session))


class AgentSessionActionView(AgentSessionRoutes):
    """What happens to a run."""

    @extend_schema(
        operation_id="agent_sessions_register",
        parameters=[PLATFORM],
        request=RegisterSerializer,
        responses=AgentSessionSerializer,
    )
    def register(self, request: Request, content_session_id: str) -> Response:
        """Register the agent's own session id; another one than before keeps a history."""
        session = self.find_writable(content_session_id)
        session = agent_sessions.register_memory_session(
            principal=self.principal,
            session=session,
            memory_session_id=self.read(RegisterSerializer, "platform").get("memory_session_id"),
        )
        return Response(agent_session_json(session))

    @extend_schema(
        operation_id="agent_sessions_resume", parameters=[PLATFORM], responses=ResumeSerializer
    )
    def resume(self, request: Request, content_session_id: str) -> Response:
        """Say which memory session id to resume, if any; it changes nothing."""
        session = self.find_agent_session(content_session_id)
        refuse_unknown_parameters(request, frozenset({"platform"}))
        resume, reason = agent_sessions.resume_decision(session)
        return Response({"resume": resume, "reason": reason})

    @extend_schema(
        operation_id="agent_sessions_force_init",
        parameters=[PLATFORM],
        request=NothingSerializer,
        responses=AgentSessionSerializer,
    )
    def force_init(self, request: Request, content_session_id: str) -> Response:
        """Start fresh next time, until an id is registered."""
        return self._act(agent_sessions.force_init, content_session_id)

    @extend_schema(
        operation_id="agent_sessions_complete",
        parameters=[PLATFORM],
        request=NothingSerializer,
        responses=AgentSessionSerializer,
    )
    def complete(self, request: Request, content_session_id: str) -> Response:
        """End a run: it takes no more observations until a new prompt."""
        return self._act(agent_sessions.complete, content_session_id)

    def _act(self, service: Callable[..., AgentSession], content_session_id: str) -> Response:
        session = self.find_writable(content_session_id)
        self.read(NothingSerializer, "platform")
        return Response(agent_session_json(service(principal=self.principal, session=session)))


def _state(value: str) -> Q:
    if value not in {"NOT_CAPTURED", "CAPTURED"}:
        raise InvalidField("state", "NOT_CAPTURED or CAPTURED")
    return Q(memory_session_id__isnull=value == "NOT_CAPTURED")


def _status(value: str) -> Q:
    if value not in AgentSession.Status.values:
        raise InvalidField("status", " or ".join(AgentSession.Status.values))
    return Q(status=value)


FILTERS: dict[str, Callable[[str], Q]] = {
    "platform": lambda value: Q(platform=value),
    "status": _status,
    "state": _state,
    "content_session_id": lambda value: Q(content_session_id=value),
    "memory_session_id": lambda value: Q(memory_session_ids__memory_session_id=value),
}
"""Parameters of the list; a memory session id is looked for in the history too."""
