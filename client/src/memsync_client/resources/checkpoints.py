"""Checkpoints: the state of an app's threads, opaque to the server."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from memsync_client.models import Checkpoint
from memsync_client.records import Page, Record
from memsync_client.requests import Request, Scope, ask, get, page, query, record, tags
from memsync_client.resources.sessions import Order
from memsync_client.routes import D, Each, Resource, Route

Write = tuple[int, str, str, bytes]
"""The place among the task's writes, the channel, the type and the bytes."""


class Checkpoints(Resource[D]):
    """`client.checkpoints`: a thread belongs to one scope; two scopes may use one name.

    Every write here may be repeated without harm, so it is, as a read would be.
    """

    @Route
    def put(
        self,
        thread_id: str,
        checkpoint_id: str,
        *,
        type: str,
        blob: bytes,
        checkpoint_ns: str = "",
        parent_checkpoint_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        scope: Scope | None = None,
    ) -> Request[Record]:
        """Store a checkpoint, or replace the one with its id. A body has at most 8 MiB."""
        body = {
            **_place(thread_id, checkpoint_ns, checkpoint_id),
            "parent_checkpoint_id": parent_checkpoint_id,
            "metadata": metadata,
            "type": type,
            "blob": _base64(blob),
            "scope": tags(scope),
        }
        return ask("/checkpoints", record(Record), body)

    @Route
    def put_writes(
        self,
        thread_id: str,
        checkpoint_id: str,
        *,
        task_id: str,
        writes: Iterable[Write],
        task_path: str = "",
        checkpoint_ns: str = "",
        scope: Scope | None = None,
    ) -> Request[Record]:
        """Store what a task wrote. A repeat keeps what is there; below idx 0 it is replaced."""
        body = {
            **_place(thread_id, checkpoint_ns, checkpoint_id),
            "task_id": task_id,
            "task_path": task_path,
            "writes": [
                {"idx": idx, "channel": channel, "type": kind, "blob": _base64(blob)}
                for idx, channel, kind, blob in writes
            ],
            "scope": tags(scope),
        }
        return ask("/checkpoints/writes", record(Record), body)

    @Route
    def state(
        self,
        thread_id: str,
        *,
        checkpoint_ns: str = "",
        checkpoint_id: str | None = None,
        scope: Scope | None = None,
    ) -> Request[Checkpoint]:
        """Read the latest checkpoint of a thread, or one by its id, with its pending writes."""
        return get(
            "/checkpoints/state",
            record(Checkpoint),
            thread_id=thread_id,
            checkpoint_ns=checkpoint_ns,
            checkpoint_id=checkpoint_id,
            scope=tags(scope),
        )

    @Route
    def list(
        self,
        *,
        thread_id: str | None = None,
        checkpoint_ns: str | None = None,
        checkpoint_id: str | None = None,
        before: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        include: Literal["state"] | None = None,
        scope: Scope | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
    ) -> Request[Page[Checkpoint]]:
        """List checkpoints, newest first; with `include="state"` at most 20 a page."""
        fields = {f"metadata.{name}": value for name, value in (metadata or {}).items()}
        return get(
            "/checkpoints",
            page(Checkpoint),
            thread_id=thread_id,
            checkpoint_ns=checkpoint_ns,
            checkpoint_id=checkpoint_id,
            before=before,
            include=include,
            scope=tags(scope),
            limit=limit,
            cursor=cursor,
            order=order,
            **fields,
        )

    each = Each(list)

    @Route
    def delete(self, thread_id: str, *, scope: Scope | None = None) -> Request[Record]:
        """Delete a thread with all it holds."""
        params = query({"thread_id": thread_id, "scope": tags(scope)})
        return Request("DELETE", "/checkpoints", record(Record), params=params)

    @Route
    def copy(
        self, source_thread_id: str, target_thread_id: str, *, scope: Scope | None = None
    ) -> Request[Record]:
        """Copy a thread inside its scope; what the target has is kept."""
        body = {
            "source_thread_id": source_thread_id,
            "target_thread_id": target_thread_id,
            "scope": tags(scope),
        }
        return ask("/checkpoints/copy", record(Record), body)

    @Route
    def prune(
        self,
        *,
        thread_ids: Sequence[str] | None = None,
        run_ids: Sequence[str] | None = None,
        strategy: Literal["keep_latest", "delete"] | None = None,
        scope: Scope | None = None,
    ) -> Request[Record]:
        """Keep the latest checkpoints of threads only, or delete threads, or runs; 200 a call."""
        body = {
            "thread_ids": thread_ids,
            "run_ids": run_ids,
            "strategy": strategy,
            "scope": tags(scope),
        }
        return ask("/checkpoints/prune", record(Record), body)


def _place(thread_id: str, checkpoint_ns: str, checkpoint_id: str) -> dict[str, str]:
    return {
        "thread_id": thread_id,
        "checkpoint_ns": checkpoint_ns,
        "checkpoint_id": checkpoint_id,
    }


def _base64(blob: bytes) -> str:
    return base64.b64encode(blob).decode()
