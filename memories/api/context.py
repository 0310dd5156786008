"""The route of context assembly."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER
from conversations.api.views import SessionRoutes
from conversations.models import Conversation
from memories.api.recall import RecallView
from memories.api.serializers import scope_field
from memories.context.asking import DEFAULT_TOKENS, MAX_QUERY, MAX_TOKENS, want, write
from memories.context.render import FORMATS
from memories.recall import Pending, Recalled
from memsync.common.errors import InvalidField
from memsync.common.pagination import refuse_unknown_parameters
from memsync.common.parsing import read_number
from memsync.common.privacy import strip_private
from memsync.common.serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)

_PARAMETERS = frozenset({"query", "max_tokens", "format", "branch", "scope"})


class ContextQuerySerializer(StrictSerializer):
    """What `GET` takes as parameters, in a body: URLs are logged, and a question is private."""

    query = StrictCharField(max_length=MAX_QUERY, required=False, allow_blank=True)
    max_tokens = StrictIntegerField(min_value=1, max_value=MAX_TOKENS, default=DEFAULT_TOKENS)
    format = serializers.ChoiceField(choices=list(FORMATS), default=FORMATS[0])
    branch = StrictBooleanField(default=False)
    scope = scope_field()


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


_ANSWERS = {
    (200, "application/json"): ContextSerializer,
    (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
}


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
            SCOPE_PARAMETER,
        ],
        responses=_ANSWERS,
    )
    def retrieve(self, request: Request, session_id: str) -> Pending:
        """Instructions, what was said before in summary, newest turns, memories for the query."""
        conversation = self.find_session(session_id)
        refuse_unknown_parameters(request, _PARAMETERS)
        budget = read_number(
            request, "max_tokens", default=DEFAULT_TOKENS, least=1, most=MAX_TOKENS
        )
        return self._want(
            conversation,
            query=_query(request),
            max_tokens=budget,
            format=_choice(request, "format", FORMATS),
            branch=_choice(request, "branch", ("false", "true")) == "true",
            scope=self.query_scope(),
        )

    @extend_schema(
        operation_id="sessions_context_ask", request=ContextQuerySerializer, responses=_ANSWERS
    )
    def create(self, request: Request, session_id: str) -> Pending:
        """The same, with the question in the body: no server or proxy logs it there."""
        conversation = self.find_session(session_id)
        body = self.read(ContextQuerySerializer)
        return self._want(
            conversation,
            query=body.get("query", "").strip(),
            max_tokens=body["max_tokens"],
            format=body["format"],
            branch=body["branch"],
            scope=self.scope_of(body.get("scope")),
        )

    def _want(
        self, conversation: Conversation, *, format: str, max_tokens: int, **wanted: Any
    ) -> Pending:
        self.form = format
        self.wanted = want(self.principal, conversation, budget=max_tokens, **wanted)
        return self.wanted.pending

    def finish(self, pending: Pending, found: Recalled) -> Any:
        """The context, whole pieces within the budget."""
        shown, account = write(self.wanted, found, form=self.form)
        if self.form == "text":
            headers = {"X-Trace-ID": str(found.trace.uid), "X-Tokens": str(account["tokens"])}
            return HttpResponse(shown, content_type="text/plain; charset=utf-8", headers=headers)
        about = {"trace_id": found.trace.uid, "session_id": self.wanted.conversation.uid}
        return Response(about | {"format": self.form} | shown | account)


def _choice(request: Request, name: str, allowed: tuple[str, ...]) -> str:
    value = request.query_params.get(name, allowed[0])
    if value not in allowed:
        raise InvalidField(name, f"one of {', '.join(allowed)}")
    return value


def _query(request: Request) -> str:
    text = strip_private(request.query_params.get("query", "")).strip()
    if len(text) > MAX_QUERY:
        raise InvalidField("query", f"at most {MAX_QUERY} characters")
    return text
