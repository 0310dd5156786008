"""OpenAI's Conversations API over MemSync's sessions and turns.

The same rows, services and rules as below `/api/v1/`; only shapes, ids and errors are OpenAI's. The
project is the key's. `MemSync-Scope: user=u_alice&agent=support` narrows the credentials by these
tags for one request, or for all of a client's: what it makes is theirs, and nobody else's is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ProjectView, ScopeForbidden, read_scope
from accounts.idempotency import Showing
from accounts.principals import Principal, in_project
from accounts.scope import ScopeContradiction, add_tags
from conversations import hiding, services
from conversations.item_reads import Found, find_item, list_items, place_of
from conversations.items import Item, conversation_id, items_of, parse_conversation_id
from conversations.models import Conversation
from conversations.render import turn_row
from memories import conversing, erasure
from memories.api.openai.bodies import (
    ConversationSerializer,
    CreateConversationSerializer,
    CreateItemsSerializer,
    DeletedConversationSerializer,
    ItemListSerializer,
    UpdateConversationSerializer,
)
from memories.api.openai.schema import OpenAIProblemSerializer
from memsync.common.errors import Forbidden, InvalidField, NotFound, openai_exception_handler
from memsync.common.pagination import refuse_unknown_parameters
from memsync.common.parsing import read_number

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
SCOPE_HEADER = "MemSync-Scope"
_INCLUDE = frozenset({"include", "include[]"})
_LISTING = frozenset({"limit", "order", "after"}) | _INCLUDE
SCOPE = OpenApiParameter(
    SCOPE_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Tags as a query string, `user=u_alice&agent=support`.",
)
INCLUDE = OpenApiParameter("include", str, many=True, description="accepted; items are whole")


class OpenAIView(ProjectView):
    """A route that speaks as OpenAI's."""

    problem = (OpenAIProblemSerializer, "application/json")

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Errors in OpenAI's envelope."""
        return openai_exception_handler

    def in_project(self, ctx: str | None) -> Principal:
        """The principal, narrowed by the scope header. Raises InvalidField, ScopeForbidden."""
        me = self._of_person() if self.principal.is_user else super().in_project(ctx)
        try:
            return replace(me, floor=add_tags(me.floor, read_scope(self._tags())))
        except ScopeContradiction as error:
            raise ScopeForbidden from error

    def _of_person(self) -> Principal:
        """A person in the project of the conversation they name; they make none themselves."""
        if "conversation_id" not in self.kwargs:
            raise Forbidden
        row = self.find_conversation(self.kwargs["conversation_id"])
        return in_project(self.principal, row.project)

    def asked_route(self) -> str:
        """With the scope: the same body for another person is another request."""
        return " ".join([super().asked_route(), *self._tags()])

    def find_conversation(self, name: str) -> Conversation:
        """The conversation in reach with this id. Raises NotFound."""
        uid = parse_conversation_id(name)
        rows = Conversation.objects.reachable(self.principal).filter(uid=uid)
        found: Conversation | None = rows.select_related("project").order_by("-serial").first()
        if found is None:
            raise NotFound
        return found

    def _tags(self) -> list[str]:
        """The tags of the header. Anything else is refused: passed over, it widens the scope."""
        text = self.request.headers.get(SCOPE_HEADER)
        if text is None:
            return []
        pairs = _pairs(text)
        if not pairs:
            raise InvalidField(SCOPE_HEADER, "tags as key=value&key=value, percent-encoded, once")
        return [f"{key}={value}" for key, value in pairs]


class ConversationView(OpenAIView):
    """Conversations."""

    @extend_schema(
        operation_id="openai_conversations_create",
        parameters=[SCOPE],
        request=CreateConversationSerializer,
        responses={200: ConversationSerializer},
    )
    def create(self, request: Request) -> Response:
        """Create a conversation, maybe with up to 20 items."""
        self.require_writer()
        if not self.principal.floor and not self.principal.is_management:
            raise Forbidden(f"Say for whom: a key with a floor, or {SCOPE_HEADER}: user=<id>.")
        body = self.read(CreateConversationSerializer)
        row = conversing.create_with_items(
            principal=self.principal,
            metadata=body.get("metadata") or {},
            items=body.get("items") or [],
        )
        return _conversation(row)

    @extend_schema(
        operation_id="openai_conversations_show",
        parameters=[SCOPE],
        responses=ConversationSerializer,
    )
    def retrieve(self, request: Request, conversation_id: str) -> Response:
        """Show a conversation."""
        conversation = self.find_conversation(conversation_id)
        refuse_unknown_parameters(request)
        return _conversation(conversation)

    @extend_schema(
        operation_id="openai_conversations_update",
        parameters=[SCOPE],
        request=UpdateConversationSerializer,
        responses=ConversationSerializer,
    )
    def update(self, request: Request, conversation_id: str) -> Response:
        """Replace the metadata of a conversation."""
        conversation = self.find_conversation(conversation_id)
        services.refuse_unless_changeable(self.principal, conversation, {"metadata": {}})
        body = self.read(UpdateConversationSerializer)
        row = services.update_conversation(
            principal=self.principal,
            conversation=conversation,
            changes={"metadata": body["metadata"] or {}},
        )
        return _conversation(row)

    @extend_schema(
        operation_id="openai_conversations_delete",
        parameters=[SCOPE],
        responses=DeletedConversationSerializer,
    )
    def destroy(self, request: Request, conversation_id: str) -> Response:
        """Delete a conversation: its words go everywhere; what rested on it alone is erased."""
        conversation = self.find_conversation(conversation_id)
        services.refuse_unless_key_may_write(self.principal, conversation)
        refuse_unknown_parameters(request)
        erasure.delete_conversation(principal=self.principal, conversation=conversation)
        named = _id(conversation)
        return Response({"id": named, "object": "conversation.deleted", "deleted": True})


class ItemView(OpenAIView):
    """Items of a conversation."""

    @extend_schema(
        operation_id="openai_items_create",
        parameters=[SCOPE, INCLUDE],
        request=CreateItemsSerializer,
        responses={200: ItemListSerializer},
    )
    def create(self, request: Request, conversation_id: str) -> Response:
        """Add up to 20 items and learn from them."""
        conversation = self.find_conversation(conversation_id)
        services.refuse_unless_writable(self.principal, conversation)
        refuse_unknown_parameters(request, _INCLUDE)
        body = self.read(CreateItemsSerializer, *_INCLUDE)
        done = conversing.add_items(
            principal=self.principal, conversation=conversation, items=body["items"]
        )
        items = [item for turn in done.turns for item in items_of(turn_row(turn))]
        return Showing(_page(items, len(items)), shows=[turn.uid for turn in done.turns])

    @extend_schema(
        operation_id="openai_items_list",
        parameters=[
            SCOPE,
            INCLUDE,
            OpenApiParameter("limit", int, description="1 to 100, default 20"),
            OpenApiParameter("order", str, enum=["asc", "desc"], default="desc"),
            OpenApiParameter("after", str, description="the id of an item"),
        ],
        responses=ItemListSerializer,
    )
    def list(self, request: Request, conversation_id: str) -> Response:
        """List items, newest first unless told otherwise."""
        conversation = self.find_conversation(conversation_id)
        refuse_unknown_parameters(request, _LISTING)
        limit = read_number(request, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
        order = request.query_params.get("order", "desc")
        if order not in {"asc", "desc"}:
            raise InvalidField("order", "asc or desc")
        items = list_items(
            conversation,
            ascending=order == "asc",
            after=_after(conversation, request),
            most=limit + 1,
        )
        return Response(_page(items, limit))

    @extend_schema(
        operation_id="openai_items_show",
        parameters=[SCOPE, INCLUDE],
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
    )
    def retrieve(self, request: Request, conversation_id: str, item_id: str) -> Response:
        """Show an item."""
        conversation = self.find_conversation(conversation_id)
        refuse_unknown_parameters(request, _INCLUDE)
        return Response(_find(conversation, item_id).item.body)

    @extend_schema(
        operation_id="openai_items_delete", parameters=[SCOPE], responses=ConversationSerializer
    )
    def destroy(self, request: Request, conversation_id: str, item_id: str) -> Response:
        """Hide an item: readers and recall pass it over, the record still has it."""
        conversation = self.find_conversation(conversation_id)
        found = _find(conversation, item_id)
        services.refuse_unless_key_may_write(self.principal, conversation)
        refuse_unknown_parameters(request)
        hiding.hide_item(
            principal=self.principal,
            conversation=conversation,
            seq=found.seq,
            place=found.item.place,
        )
        return _conversation(conversation)


def _pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of a query string; none of what is not one. A repeated header comes with commas."""
    if "," in text or not text.isascii():
        return []
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return []


def _id(row: Conversation) -> str:
    return conversation_id(row.uid)


def _conversation(row: Conversation) -> Response:
    shown = {
        "id": _id(row),
        "object": "conversation",
        "created_at": int(row.created_at.timestamp()),
        "metadata": row.metadata,
    }
    return Showing(shown, shows=[row.uid])


def _page(items: list[Item], limit: int) -> dict[str, Any]:
    """OpenAI's list; of an empty one the ids are empty, as its clients expect strings."""
    page = items[:limit]
    return {
        "object": "list",
        "data": [item.body for item in page],
        "first_id": page[0].id if page else "",
        "last_id": page[-1].id if page else "",
        "has_more": len(items) > limit,
    }


def _find(conversation: Conversation, name: str) -> Found:
    found = find_item(conversation, name)
    if found is None:
        raise NotFound
    return found


def _after(conversation: Conversation, request: Request) -> tuple[int, int] | None:
    name = request.query_params.get("after")
    if name is None:
        return None
    place = place_of(conversation, name)
    if place is None:
        raise InvalidField("after", "no item of this conversation")
    return place
