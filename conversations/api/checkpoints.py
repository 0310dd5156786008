"""Routes of checkpoints: the state of an app's threads, as opaque bytes."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, Collate, Concat
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import SCOPE_PARAMETER, ProjectView
from accounts.principals import Principal
from conversations import checkpoints
from conversations.api.checkpoint_bodies import (
    CheckpointCountsSerializer,
    CheckpointListSerializer,
    CheckpointSerializer,
    CheckpointWriteSerializer,
    CopyThreadSerializer,
    PruneSerializer,
    PutCheckpointSerializer,
    PutWritesSerializer,
    StoredSerializer,
)
from conversations.api.views import PAGE
from conversations.checkpoint_rows import WRITE_BYTES, Checkpoint, CheckpointWrite, octets
from conversations.filters import METADATA, has_metadata
from memsync.common.errors import InvalidField, NotFound
from memsync.common.pagination import (
    PAGE_PARAMETERS,
    PageAsked,
    paginate,
    read_page,
    refuse_unknown_parameters,
)
from memsync.common.serializers import StrictSerializer

MOST_STATES = 20
"""Rows of a page that carries states, which may be megabytes each."""
MAX_STATES = 8 * 2**20
"""Bytes of the states and writes of a page that has several; it ends before what goes beyond."""

THREAD = [
    OpenApiParameter("thread_id", str, required=True),
    SCOPE_PARAMETER,
]
PLACE = [OpenApiParameter("checkpoint_ns", str), OpenApiParameter("checkpoint_id", str)]
LISTED = [
    *PAGE,
    SCOPE_PARAMETER,
    OpenApiParameter("thread_id", str, description="of exactly the asked scope"),
    *PLACE,
    OpenApiParameter("before", str, description="a checkpoint id: only smaller ones"),
    OpenApiParameter("metadata.<key>", str, description="the value under this key"),
    OpenApiParameter("include", str, enum=["state"], description=f"limit then ≤ {MOST_STATES}"),
]
FILTERS = {"checkpoint_ns": "checkpoint_ns", "checkpoint_id": "checkpoint_id"}


class CheckpointView(ProjectView):
    """Checkpoints of threads."""

    @extend_schema(
        operation_id="checkpoints_put",
        request=PutCheckpointSerializer,
        responses={200: StoredSerializer, 201: StoredSerializer},
    )
    def create(self, request: Request) -> Response:
        """Store a checkpoint, or replace the one with its id (200)."""
        body = self.keepers_body(PutCheckpointSerializer)
        scope = self.scope_of(body.pop("scope", None))
        body["parent_checkpoint_id"] = body.get("parent_checkpoint_id") or ""
        is_new = checkpoints.put_checkpoint(principal=self.principal, scope=scope, fields=body)
        return Response(_place(body), status=201 if is_new else 200)

    @extend_schema(
        operation_id="checkpoints_put_writes",
        request=PutWritesSerializer,
        responses=StoredSerializer,
    )
    def put_writes(self, request: Request) -> Response:
        """Store what a task wrote; its checkpoint may follow."""
        body = self.keepers_body(PutWritesSerializer)
        scope, writes = self.scope_of(body.pop("scope", None)), body.pop("writes")
        checkpoints.put_writes(principal=self.principal, scope=scope, place=body, writes=writes)
        return Response(_place(body))

    @extend_schema(
        operation_id="checkpoints_list", parameters=LISTED, responses=CheckpointListSerializer
    )
    def list(self, request: Request) -> Response:
        """List checkpoints: of a thread by their ids, else as they were stored; newest first."""
        query = request.query_params
        known = {"scope", "thread_id", "before", "include", "metadata", *FILTERS}
        refuse_unknown_parameters(request, PAGE_PARAMETERS | known)
        with_state = _includes_state(query)
        if with_state and read_page(request).limit > MOST_STATES:
            raise InvalidField("limit", f"at most {MOST_STATES} with include=state")
        rows, key = self._chosen(), "serial"
        if "thread_id" in query:
            rows, key = rows.annotate(sort_key=SORT_KEY), "sort_key"
        if not with_state:
            return Response(paginate(request, rows.defer("type", "blob"), head_json, key=key))
        asked = read_page(request)
        fitting = replace(asked, limit=_how_many_fit(self.principal, asked, rows, key))
        page = fitting.of(rows, _as_it_is, key=key)
        found = [item["row"] for item in page["data"]]
        return Response(page | {"data": states_json(self.principal, found)})

    def _chosen(self) -> QuerySet:
        """The rows that the query's filters select."""
        query = self.request.query_params
        if "thread_id" in query:
            rows = self.thread(Checkpoint)
        else:
            rows = Checkpoint.objects.listed(self.principal, self.query_scope())
        for name in FILTERS.keys() & query.keys():
            rows = rows.filter(**{name: query[name]})
        if "before" in query:
            rows = rows.filter(checkpoint_id__lt=query["before"])
        for name, values in query.lists():
            for value in values if name.startswith(METADATA) else ():
                rows = rows.filter(has_metadata(name.removeprefix(METADATA), value))
        return rows

    @extend_schema(
        operation_id="checkpoints_state",
        parameters=[*THREAD, *PLACE],
        responses=CheckpointSerializer,
    )
    def state(self, request: Request) -> Response:
        """Read a thread's latest checkpoint, or one by its id, with its pending writes."""
        query = request.query_params
        rows = self.thread(Checkpoint).filter(checkpoint_ns=query.get("checkpoint_ns", ""))
        if "checkpoint_id" in query:
            rows = rows.filter(checkpoint_id=query["checkpoint_id"])
        found = rows.order_by("-checkpoint_id").first()
        if found is None:
            raise NotFound
        refuse_unknown_parameters(request, frozenset({"thread_id", "scope", *FILTERS}))
        [shown] = states_json(self.principal, [found])
        return Response(shown)

    @extend_schema(
        operation_id="checkpoints_delete",
        parameters=THREAD,
        responses=CheckpointCountsSerializer,
    )
    def destroy(self, request: Request) -> Response:
        """Delete a thread with all it holds; again, it deletes nothing."""
        checkpoints.refuse_unless_keeper(self.principal)
        refuse_unknown_parameters(request, frozenset({"thread_id", "scope"}))
        counts = checkpoints.delete_threads(
            principal=self.principal, scope=self.query_scope(), thread_ids=[self.thread_id()]
        )
        return Response(asdict(counts))

    @extend_schema(
        operation_id="checkpoints_copy",
        request=CopyThreadSerializer,
        responses=CheckpointCountsSerializer,
    )
    def copy(self, request: Request) -> Response:
        """Copy a thread inside its scope; what the target has is kept."""
        body = self.keepers_body(CopyThreadSerializer)
        counts = checkpoints.copy_thread(
            principal=self.principal,
            scope=self.scope_of(body.get("scope")),
            source=body["source_thread_id"],
            target=body["target_thread_id"],
        )
        return Response(asdict(counts))

    @extend_schema(
        operation_id="checkpoints_prune",
        request=PruneSerializer,
        responses=CheckpointCountsSerializer,
    )
    def prune(self, request: Request) -> Response:
        """Keep the latest checkpoints of threads only, or delete threads, or runs."""
        body = self.keepers_body(PruneSerializer)
        who: Mapping[str, Any] = {
            "principal": self.principal,
            "scope": self.scope_of(body.get("scope")),
        }
        if "run_ids" in body:
            counts = checkpoints.delete_runs(**who, run_ids=body["run_ids"])
        elif body.get("strategy") == checkpoints.DELETE:
            counts = checkpoints.delete_threads(**who, thread_ids=body["thread_ids"])
        else:
            counts = checkpoints.keep_latest(**who, thread_ids=body["thread_ids"])
        return Response(asdict(counts))

    def keepers_body(self, serializer: type[StrictSerializer]) -> dict[str, Any]:
        """The body, of a principal who keeps state: 403, then 400."""
        checkpoints.refuse_unless_keeper(self.principal)
        return self.read(serializer)

    def thread_id(self) -> str:
        """The thread that the query names. Raises InvalidField."""
        thread_id = self.request.query_params.get("thread_id", "")
        if not thread_id:
            raise InvalidField("thread_id", "name a thread", code="required")
        return thread_id

    def thread(self, model: Any) -> QuerySet:
        """Rows of the thread that the query names, in floor ∪ scope exactly."""
        key = checkpoints.read_key(self.principal, self.query_scope(), self.thread_id())
        rows: QuerySet = model.objects.reachable(self.principal).filter(thread_key=key)
        return rows


SORT_KEY = Collate(
    Concat("checkpoint_id", Value(" "), Cast("uid", TextField()), output_field=TextField()), "C"
)
"""Orders a thread by ids, which other namespaces may have too."""


def _how_many_fit(principal: Principal, asked: PageAsked, rows: QuerySet, key: str) -> int:
    """How many states the page may carry, at least one; they are measured, not read."""
    writes = CheckpointWrite.objects.of(principal).at_outer()
    held = writes.order_by().values("thread_key").annotate(held=Sum(WRITE_BYTES)).values("held")
    size = octets("blob") + Coalesce(Subquery(held), 0)
    sized = rows.defer("type", "blob").annotate(size=size)
    sizes: list[int] = [item["row"].size for item in asked.of(sized, _as_it_is, key=key)["data"]]
    return max(1, sum(total <= MAX_STATES for total in accumulate(sizes)))


def _as_it_is(row: Checkpoint) -> dict[str, Any]:
    return {"row": row}


def head_json(row: Checkpoint) -> dict[str, Any]:
    """A checkpoint without its state."""
    return {
        "thread_id": row.thread_id,
        "checkpoint_ns": row.checkpoint_ns,
        "checkpoint_id": row.checkpoint_id,
        "parent_checkpoint_id": row.parent_checkpoint_id or None,
        "metadata": row.metadata,
        "scope": row.scope_tags,
        "created_at": row.created_at,
    }


def states_json(principal: Principal, rows: Sequence[Checkpoint]) -> list[dict[str, Any]]:
    """Checkpoints with their states and writes: one more query, however many."""
    written: dict[tuple[str, str, str], list[Any]] = {_key(row): [] for row in rows}
    places = reduce(or_, (Q(**dict(zip(_PLACE, key, strict=True))) for key in written), Q(pk=None))
    writes = CheckpointWrite.objects.reachable(principal).filter(places)
    for write in writes.order_by("task_path", "task_id", "idx"):
        written[_key(write)].append(CheckpointWriteSerializer(write).data)
    return [
        head_json(row)
        | {"type": row.type, "blob": base64.b64encode(row.blob).decode()}
        | {"writes": written[_key(row)]}
        for row in rows
    ]


_PLACE = ("thread_key", "checkpoint_ns", "checkpoint_id")


def _key(row: Checkpoint | CheckpointWrite) -> tuple[str, str, str]:
    return row.thread_key, row.checkpoint_ns, row.checkpoint_id


def _place(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("thread_id", "checkpoint_ns", "checkpoint_id")}


def _includes_state(query: Mapping[str, Any]) -> bool:
    if query.get("include", "state") != "state":
        raise InvalidField("include", "state")
    return "include" in query
