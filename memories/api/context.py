"""The route of context assembly."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.views import SessionRoutes
from conversations.lineage import line_of
from memories import context
from memories.api.recall import RecallView
from memories.context.assemble import Material
from memories.context.render import FORMATS
from memories.recall import Asked, Filters, Pending, Recalled, prepare
from memsync.common.errors import InvalidField
from memsync.common.pagination import refuse_unknown_parameters
from memsync.common.privacy import strip_private

DEFAULT_TOKENS, MAX_TOKENS = 4000, 1_000_000
MEMORIES = 30
"""Best memories that are considered."""
MAX_QUERY = 10_000
_PARAMETERS = frozenset({"query", "max_tokens", "format", "branch"})


class ContextSourceSerializer(serializers.Serializer):
    """Where a part of a context comes from."""

    part = serializers.ChoiceField(choices=["instruction", "memory", "summary", "turn"])
    ref = serializers.CharField()
    seq = serializers.IntegerField(required=False)
    sources = serializers.ListField(child=serializers.CharField(), required=False)


class ContextSerializer(serializers.Serializer):
    """A context in OpenAI's or Anthropic's form; `system` is Anthropic's."""

    trace_id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    format = serializers.ChoiceField(choices=["openai", "anthropic"])
    system = serializers.CharField(required=False)
    messages = serializers.ListField(child=serializers.DictField())
    max_tokens = serializers.IntegerField()
    tokens = serializers.IntegerField()
    sources = ContextSourceSerializer(many=True)
    left_out = serializers.DictField()
    says = serializers.CharField()


class ContextView(RecallView, SessionRoutes):
    """What a model should read before it answers in a session."""

    @extend_schema(
        operation_id="sessions_context",
        parameters=[
            OpenApiParameter("query", str, description="default: what the user said last"),
            OpenApiParameter(
                "max_tokens", int, description=f"default {DEFAULT_TOKENS}; never more"
            ),
            OpenApiParameter("format", str, enum=list(FORMATS), default="text"),
            OpenApiParameter("branch", bool, description="only memories of this visible history"),
        ],
        responses={
            (200, "application/json"): ContextSerializer,
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
        },
    )
    def retrieve(self, request: Request, session_id: str) -> Pending:
        """Instructions, what was said before in summary, newest turns, memories for the query."""
        self.conversation = self.find_session(session_id)
        refuse_unknown_parameters(request, _PARAMETERS)
        self.form = _choice(request, "format", FORMATS)
        self.budget = _number(request, "max_tokens")
        branch = _choice(request, "branch", ("false", "true")) == "true"
        self.turns = context.read_turns(self.conversation, self.budget)
        self.instructions = context.instructions_for(
            self.principal, self.conversation, branch=branch
        )
        segments = line_of(self.conversation) if branch else None
        asked = Asked(
            principal=self.principal,
            query=_query(request) or context.question_of(self.turns),
            scope=self.conversation.scope,
            top_k=MEMORIES,
            include=("memories",),
            filters=Filters(segments=segments),
        )
        return prepare(asked, served=self.conversation)

    def finish(self, pending: Pending, found: Recalled) -> Any:
        """The context, whole pieces within the budget."""
        material = Material(
            self.instructions,
            context.facts_of(found.results),
            self.turns,
            self.conversation.turn_count,
        )
        shown, account = context.write_context(material, budget=self.budget, form=self.form)
        if self.form == "text":
            headers = {"X-Trace-ID": str(found.trace.uid), "X-Tokens": str(account["tokens"])}
            return HttpResponse(shown, content_type="text/plain; charset=utf-8", headers=headers)
        about = {"trace_id": found.trace.uid, "session_id": self.conversation.uid}
        return Response(about | {"format": self.form} | shown | account)


def _choice(request: Request, name: str, allowed: tuple[str, ...]) -> str:
    value = request.query_params.get(name, allowed[0])
    if value not in allowed:
        raise InvalidField(name, f"one of {', '.join(allowed)}")
    return value


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, str(DEFAULT_TOKENS))
    is_number = text.isascii() and text.isdecimal() and len(text) <= 9
    if not is_number or not 1 <= int(text) <= MAX_TOKENS:
        raise InvalidField(name, f"a number from 1 to {MAX_TOKENS}")
    return int(text)


def _query(request: Request) -> str:
    text = strip_private(request.query_params.get("query", "")).strip()
    if len(text) > MAX_QUERY:
        raise InvalidField("query", f"at most {MAX_QUERY} characters")
    return text
