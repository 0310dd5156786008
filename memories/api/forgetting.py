"""`POST …/forget` and `POST …/erase`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ProjectView
from accounts.principals import MANAGEMENT, WRITERS
from accounts.scope import add_tags, tags
from memories import forgetting
from memories.api.serializers import MemoryItemSerializer, scope_field
from memories.models import Category, Memory
from memories.render import memory_item
from memories.scope_erasure import erase_scope
from memsync.common.errors import Forbidden
from memsync.common.serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
    UUIDField,
)
from memsync.common.tenancy import tenant_scope


class ForgetFilterSerializer(StrictSerializer):
    """Which memories: all that is given must hold."""

    category = serializers.ChoiceField(choices=Category.choices, required=False)
    key = StrictCharField(max_length=64, required=False)
    subject = StrictCharField(max_length=300, required=False)
    status = serializers.ChoiceField(choices=Memory.Status.choices, required=False)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An empty filter would be everything."""
        if not attrs:
            raise serializers.ValidationError("Give at least one condition.", "empty")
        return attrs


class ForgetSerializer(StrictSerializer):
    """Exactly one of `ids`, `filter` and `query`."""

    ids = serializers.ListField(child=UUIDField(), required=False, min_length=1, max_length=1000)
    filter = ForgetFilterSerializer(required=False)
    query = StrictCharField(max_length=10_000, required=False)
    scope = scope_field()
    mode = serializers.ChoiceField(
        choices=[forgetting.RETRACT, forgetting.ERASE], default=forgetting.RETRACT
    )
    dry_run = StrictBooleanField(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One way of choosing."""
        if len(attrs.keys() & {"ids", "filter", "query"}) != 1:
            raise serializers.ValidationError("Give one of ids, filter and query.", "one_of")
        return attrs


class ForgottenSerializer(serializers.Serializer):
    """What a forget did, or would do."""

    mode = serializers.CharField()
    dry_run = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    memories = MemoryItemSerializer(many=True)
    has_more = serializers.BooleanField()


class ForgetView(ProjectView):
    """Forget."""

    roles = {"forget": WRITERS}

    def read(self, serializer: type[serializers.Serializer], *parameters: str) -> dict[str, Any]:
        """The validated body; agents, who forget by id alone, are refused before."""
        if self.principal.is_agent and self.sent().keys() & {"filter", "query"}:
            raise Forbidden("Only management keys forget by filter or query.")
        return super().read(serializer, *parameters)

    @extend_schema(operation_id="forget", request=ForgetSerializer, responses=ForgottenSerializer)
    def forget(self, request: Request) -> Response:
        """Retract or erase memories; `dry_run` (the default) only shows which."""
        body = self.read(ForgetSerializer)
        chosen = forgetting.choose(
            principal=self.principal,
            scope=self.scope_of(body.get("scope")),
            ids=body.get("ids"),
            filters=body.get("filter"),
            query=body.get("query"),
        )
        done = forgetting.forget(
            principal=self.principal, memories=chosen, mode=body["mode"], dry_run=body["dry_run"]
        )
        return Response(forgotten_json(done))


def forgotten_json(done: forgetting.Forgotten) -> dict[str, Any]:
    """The receipt; erased memories are named by id alone."""
    shown = [memory_item(memory) for memory in done.memories]
    if done.mode == forgetting.ERASE and not done.dry_run:
        blank = {"subject": "", "value": "", "text": "", "status": Memory.Status.ERASED}
        shown = [item | blank for item in shown]
    return {
        "mode": done.mode,
        "dry_run": done.dry_run,
        "counts": done.counts,
        "memories": shown,
        "has_more": done.has_more,
    }


class EraseSerializer(StrictSerializer):
    """The tags that a row must have, all of them, whatever else it has."""

    scope = scope_field(required=True, min_length=1)
    dry_run = StrictBooleanField(default=True)


class ScopeErasedSerializer(serializers.Serializer):
    """What an erasure did, or would do."""

    scope = serializers.ListField(child=serializers.CharField(), help_text="with the key's floor")
    dry_run = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    has_more = serializers.BooleanField(help_text="call again for the rest")
    left_over = serializers.IntegerField(help_text="rows of these kinds that are there after all")


class EraseView(ProjectView):
    """Erase a scope: in several transactions, after the one that reads the request."""

    is_idempotent = False  # a repeat finds nothing more
    roles = {"erase": MANAGEMENT}

    def respond(
        self, handler: Callable[..., Response], request: Request, **kwargs: Any
    ) -> Response:
        """Read what is asked for, then erase."""
        with tenant_scope(self.principal.tenant_id):
            wanted: Any = self.answer(handler, request, **kwargs)
        if isinstance(wanted, Response):
            return wanted
        done = erase_scope(principal=self.principal, **wanted)
        return Response(asdict(done) | {"scope": tags(done.scope)})

    @extend_schema(
        operation_id="erase_scope", request=EraseSerializer, responses={200: ScopeErasedSerializer}
    )
    def erase(self, request: Request) -> dict[str, Any]:
        """Erase all there is under a scope; `dry_run` (the default) only counts. Management."""
        body = self.read(EraseSerializer)
        scope = add_tags(self.principal.floor, self.scope_of(body["scope"]) or {})
        return {"scope": scope, "dry_run": body["dry_run"]}
