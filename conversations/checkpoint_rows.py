"""Checkpoints: the state of an app's threads, which the server keeps and never reads."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func, IntegerField, Q, Value
from django.utils import timezone

from accounts.querysets import ScopedManager
from accounts.rows import ScopedRow
from conversations.querysets import CheckpointQuerySet
from memsync.common.values import JsonValues

MAX_THREAD, MAX_NAMESPACE, MAX_NAME = 200, 500, 100
"""Characters. Names are ASCII, so that what is unique fits a page of the index."""


def octets(column: str) -> Func:
    """The bytes of a column, which are not read to count them."""
    return Func(column, function="octet_length", output_field=IntegerField())


WRITE_BYTES = (
    octets("blob") + octets("task_id") + octets("task_path") + octets("channel") + Value(150)
)
"""Of a write in an answer, but for base64: the names of its fields, and its type, are 150."""


def thread_key(scope_key: str, thread_id: str) -> str:
    """What names a thread in its project: two scopes may use one name and never meet."""
    return hashlib.sha256(json.dumps([scope_key, thread_id]).encode()).hexdigest()


class ThreadRow(ScopedRow):
    """A row of an app's thread. `type` and `blob` are the app's own serialization."""

    thread_key = models.CharField(max_length=64, editable=False)
    thread_id = models.CharField(max_length=MAX_THREAD)
    checkpoint_ns = models.CharField(max_length=MAX_NAMESPACE, blank=True, db_collation="C")
    checkpoint_id = models.CharField(max_length=MAX_NAME, db_collation="C")
    type = models.CharField(max_length=50)
    blob = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        default_manager_name = "unscoped"

    def __str__(self) -> str:
        return f"checkpoint {self.checkpoint_id}"


class Checkpoint(ThreadRow):
    """A thread's state at one moment; ids sort by time."""

    parent_checkpoint_id = models.CharField(max_length=MAX_NAME, blank=True, db_collation="C")
    metadata = models.JSONField(default=dict, blank=True, decoder=JsonValues)

    unscoped: ClassVar[Any] = models.Manager.from_queryset(CheckpointQuerySet)()
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta(ThreadRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["project", "thread_key", "checkpoint_ns", "checkpoint_id"],
                name="checkpoint_once_per_thread",
            ),
            models.CheckConstraint(
                condition=~Q(thread_id="") & ~Q(checkpoint_id=""), name="checkpoint_is_named"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-serial"], name="checkpoint_newest"),
            models.Index(fields=["user"], name="checkpoint_by_user"),
            models.Index(fields=["project", "scope_key"], name="checkpoint_by_scope"),
            GinIndex(fields=["metadata"], opclasses=["jsonb_path_ops"], name="checkpoint_metadata"),
        ]


class CheckpointWrite(ThreadRow):
    """What one task of a step wrote. It may be stored before its checkpoint is."""

    task_id = models.CharField(max_length=MAX_NAME, db_collation="C")
    task_path = models.CharField(max_length=MAX_NAMESPACE, blank=True, db_collation="C")
    idx = models.IntegerField()
    """The place among the task's writes; below 0 what a later write replaces."""
    channel = models.CharField(max_length=MAX_THREAD)

    unscoped: ClassVar[Any] = models.Manager.from_queryset(CheckpointQuerySet)()
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta(ThreadRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=[
                    *["project", "thread_key", "checkpoint_ns", "checkpoint_id"],
                    *["task_id", "idx"],
                ],
                name="checkpoint_write_once_per_task",
            ),
            models.CheckConstraint(
                condition=~Q(thread_id="") & ~Q(checkpoint_id="") & ~Q(task_id=""),
                name="checkpoint_write_is_named",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], name="checkpoint_write_by_user"),
            models.Index(fields=["project", "scope_key"], name="checkpoint_write_by_scope"),
        ]
