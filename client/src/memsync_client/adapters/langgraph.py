"""LangGraph: a checkpointer that keeps the state of graphs in MemSync.

Needs the extra `langgraph`. A saver is given to a graph as any other:

    from memsync_client import Memsync
    from memsync_client.adapters.langgraph import MemsyncSaver

    saver = MemsyncSaver(Memsync(), scope={"user": "user-123"})
    graph = builder.compile(checkpointer=saver)
    graph.invoke({"asked": ["Hello"]}, {"configurable": {"thread_id": "chat-1"}})
"""

from __future__ import annotations

import asyncio
import base64
import builtins
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, cast

from memsync_client.client import AsyncMemsync, Memsync
from memsync_client.errors import InvalidValue, NotFound
from memsync_client.models import Checkpoint as Stored
from memsync_client.requests import Scope
from memsync_client.resources.checkpoints import Write

try:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        WRITES_IDX_MAP,
        BaseCheckpointSaver,
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
        CheckpointTuple,
        get_checkpoint_id,
        get_serializable_checkpoint_metadata,
    )
    from langgraph.checkpoint.serde.base import SerializerProtocol
except ImportError as error:
    raise ImportError(
        "The checkpointer needs LangGraph: pip install 'memsync-client[langgraph]'"
    ) from error

KEEP_LATEST, DELETE = "keep_latest", "delete"
PAGE, NAMED = 10, 200
"""States of a page; names of one call."""
DELTAS = "counters_since_delta_snapshot"


class MemsyncSaver(BaseCheckpointSaver[int]):
    """Keeps checkpoints of a scope: the floor of the key, or `scope`, which only adds tags.

    Threads belong to the scope: the same `thread_id` in another one is another thread. A checkpoint
    and its metadata go in one request of at most 8 MiB, about 6 MiB of state; more is refused
    (`ValidationError`, 413) and nothing is stored. Metadata must be JSON of at most 16 KiB. State
    is stored as it is: `<private>` marks in it are not cut out.

    With `client` alone async methods run in threads; with `async_client` they are awaited.
    """

    def __init__(
        self,
        client: Memsync | None = None,
        *,
        async_client: AsyncMemsync | None = None,
        scope: Scope | None = None,
        serde: SerializerProtocol | None = None,
    ) -> None:
        if client is None and async_client is None:
            raise InvalidValue("Give a client, an async_client, or both.")
        super().__init__(serde=serde)
        self._client = client
        self._async_client = async_client
        self._scope = scope

    @property
    def client(self) -> Memsync:
        """The client of the blocking methods. Raises InvalidValue."""
        if self._client is None:
            raise InvalidValue("The saver has an async_client only: use the async methods.")
        return self._client

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read the checkpoint that the config names, or the latest of its thread."""
        try:
            return self._tuple_of(self.client.checkpoints.state(**self._wanted(config)))
        except NotFound:
            return None

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As `get_tuple`."""
        if self._async_client is None:
            return await asyncio.to_thread(self.get_tuple, config)
        try:
            return self._tuple_of(
                await self._async_client.checkpoints.state(**self._wanted(config))
            )
        except NotFound:
            return None

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """List checkpoints, newest first, page by page as they are read."""
        asked = self._listed(config, filter, before)
        left = limit
        for row in self.client.checkpoints.each(**asked):
            if left is not None and left <= 0:
                return
            if _matches(row, filter):
                left = left - 1 if left is not None else None
                yield self._tuple_of(row)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As `list`."""
        if self._async_client is None:
            rows = self.list(config, filter=filter, before=before, limit=limit)
            while (found := await asyncio.to_thread(next, rows, None)) is not None:
                yield found
            return
        asked = self._listed(config, filter, before)
        left = limit
        async for row in self._async_client.checkpoints.each(**asked):
            if left is not None and left <= 0:
                return
            if _matches(row, filter):
                left = left - 1 if left is not None else None
                yield self._tuple_of(row)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint; again, it is stored once."""
        fields = self._put(config, checkpoint, metadata)
        self.client.checkpoints.put(**fields)
        return _config(fields)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As `put`."""
        if self._async_client is None:
            return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)
        fields = self._put(config, checkpoint, metadata)
        await self._async_client.checkpoints.put(**fields)
        return _config(fields)

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store what a task wrote to a checkpoint's channels."""
        if writes:
            self.client.checkpoints.put_writes(**self._writes(config, writes, task_id, task_path))

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """As `put_writes`."""
        if self._async_client is None:
            await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)
        elif writes:
            fields = self._writes(config, writes, task_id, task_path)
            await self._async_client.checkpoints.put_writes(**fields)

    def delete_thread(self, thread_id: str) -> None:
        """Delete a thread of the scope."""
        self.client.checkpoints.delete(str(thread_id), scope=self._scope)

    async def adelete_thread(self, thread_id: str) -> None:
        """As `delete_thread`."""
        if self._async_client is None:
            return await asyncio.to_thread(self.delete_thread, thread_id)
        await self._async_client.checkpoints.delete(str(thread_id), scope=self._scope)
        return None

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints of runs in the scope."""
        for some in _batches(run_ids):
            self.client.checkpoints.prune(run_ids=some, scope=self._scope)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """As `delete_for_runs`."""
        if self._async_client is None:
            return await asyncio.to_thread(self.delete_for_runs, run_ids)
        for some in _batches(run_ids):
            await self._async_client.checkpoints.prune(run_ids=some, scope=self._scope)
        return None

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread, whole, inside the scope."""
        self.client.checkpoints.copy(
            str(source_thread_id), str(target_thread_id), scope=self._scope
        )

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """As `copy_thread`."""
        if self._async_client is None:
            return await asyncio.to_thread(self.copy_thread, source_thread_id, target_thread_id)
        await self._async_client.checkpoints.copy(
            str(source_thread_id), str(target_thread_id), scope=self._scope
        )
        return None

    def prune(self, thread_ids: Sequence[str], *, strategy: str = KEEP_LATEST) -> None:
        """Keep the latest checkpoint of each namespace, or with `delete` none.

        Raises InvalidValue, before anything is pruned, for a thread with delta channels: its latest
        checkpoint cannot be read without those before it.
        """
        _refuse_strategy(strategy)
        if strategy == KEEP_LATEST:
            for thread_id in thread_ids:
                for row in self.client.checkpoints.each(
                    thread_id=str(thread_id), scope=self._scope
                ):
                    _refuse_deltas(row)
        for some in _batches(thread_ids):
            self.client.checkpoints.prune(
                thread_ids=some, strategy=cast(Any, strategy), scope=self._scope
            )

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = KEEP_LATEST) -> None:
        """As `prune`."""
        if self._async_client is None:
            await asyncio.to_thread(self.prune, thread_ids, strategy=strategy)
            return
        _refuse_strategy(strategy)
        stored = self._async_client.checkpoints
        if strategy == KEEP_LATEST:
            for thread_id in thread_ids:
                async for row in stored.each(thread_id=str(thread_id), scope=self._scope):
                    _refuse_deltas(row)
        for some in _batches(thread_ids):
            await stored.prune(thread_ids=some, strategy=cast(Any, strategy), scope=self._scope)

    def _wanted(self, config: RunnableConfig) -> dict[str, Any]:
        named = config["configurable"]
        return {
            "thread_id": str(named["thread_id"]),
            "checkpoint_ns": named.get("checkpoint_ns", ""),
            "checkpoint_id": get_checkpoint_id(config),
            "scope": self._scope,
        }

    def _listed(
        self,
        config: RunnableConfig | None,
        filter: dict[str, Any] | None,
        before: RunnableConfig | None,
    ) -> dict[str, Any]:
        """What narrows the list on the server; `_matches` decides."""
        plain = {k: v for k, v in (filter or {}).items() if isinstance(v, bool | int | str)}
        asked: dict[str, Any] = {
            "include": "state",
            "limit": PAGE,
            "scope": self._scope,
            "metadata": plain,
        }
        if before is not None:
            asked["before"] = get_checkpoint_id(before)
        if config is not None:
            named = config["configurable"]
            asked["thread_id"] = str(named["thread_id"])
            asked["checkpoint_ns"] = named.get("checkpoint_ns")
            asked["checkpoint_id"] = get_checkpoint_id(config)
        return asked

    def _put(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata
    ) -> dict[str, Any]:
        named = config["configurable"]
        kind, blob = self.serde.dumps_typed(checkpoint)
        return {
            "thread_id": str(named["thread_id"]),
            "checkpoint_ns": named.get("checkpoint_ns", ""),
            "checkpoint_id": checkpoint["id"],
            "parent_checkpoint_id": get_checkpoint_id(config),
            "metadata": get_serializable_checkpoint_metadata(config, metadata),
            "type": kind,
            "blob": blob,
            "scope": self._scope,
        }

    def _writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str,
    ) -> dict[str, Any]:
        sent: builtins.list[Write] = [
            (WRITES_IDX_MAP.get(channel, idx), channel, *self.serde.dumps_typed(value))
            for idx, (channel, value) in enumerate(writes)
        ]
        return self._wanted(config) | {
            "task_id": task_id,
            "task_path": task_path,
            "writes": sent,
        }

    def _tuple_of(self, row: Stored) -> CheckpointTuple:
        state = self.serde.loads_typed((row.type, base64.b64decode(row.blob)))
        writes = [
            (w.task_id, w.channel, self.serde.loads_typed((w.type, base64.b64decode(w.blob))))
            for w in row.writes
        ]
        parent = row.parent_checkpoint_id
        return CheckpointTuple(
            config=_config(row),
            checkpoint=state,
            metadata=cast(CheckpointMetadata, row.metadata),
            parent_config=_config({**row, "checkpoint_id": parent}) if parent else None,
            pending_writes=writes,
        )


def _config(place: dict[str, Any]) -> RunnableConfig:
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    return {"configurable": {name: place[name] for name in names}}


def _matches(row: Stored, filter: dict[str, Any] | None) -> bool:
    """Whether the metadata has exactly these values: on the wire 1 and "1" are asked alike."""
    return all(row.metadata.get(name) == value for name, value in (filter or {}).items())


def _batches(names: Sequence[str]) -> Iterator[builtins.list[str]]:
    for start in range(0, len(names), NAMED):
        yield [str(name) for name in names[start : start + NAMED]]


def _refuse_strategy(strategy: str) -> None:
    if strategy not in {KEEP_LATEST, DELETE}:
        raise InvalidValue(f"{strategy!r} is neither {KEEP_LATEST!r} nor {DELETE!r}.")


def _refuse_deltas(row: Stored) -> None:
    if row.metadata.get(DELTAS):
        raise InvalidValue(
            f"Thread {row.thread_id} has delta channels, which need its earlier checkpoints."
        )
