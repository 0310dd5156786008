"""Writes of checkpoints, and what erasing words does to them.

Every write may be repeated: what is stored already is replaced by the same, or kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast

from accounts import audit
from accounts.principals import Principal
from accounts.scope import Scope, add_tags, scope_key
from accounts.services import named_user_id
from conversations.checkpoint_rows import WRITE_BYTES, Checkpoint, CheckpointWrite, thread_key
from conversations.checkpoint_words import Finder, finders
from conversations.services import write_scope
from memsync.common.errors import Forbidden, TooLarge
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import alias, tenant_scope

KEEP_LATEST, DELETE = "keep_latest", "delete"
MOST_WORDS = 1000
"""Looked for at once, in one reading of all blobs."""
BLOBS_AT_ONCE = 4
"""Of up to 6 MiB each, while words are looked for in them."""
MAX_WRITES = 8 * 2**20
"""Bytes of the writes of one checkpoint, which whoever reads it is given whole."""
Owners = Collection[tuple[UUID | None, str]]
"""Of whom state is: (user, scope key)."""
_PLACE = ("project", "thread_key", "checkpoint_ns", "checkpoint_id")


class CheckpointFull(TooLarge):
    """The writes of one checkpoint would be more than one answer can carry."""

    code = "checkpoint_full"
    detail = "The writes of this checkpoint would be more than 8 MiB. Nothing was stored."


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a call stored or removed."""

    checkpoints: int = 0
    writes: int = 0


def read_key(principal: Principal, scope: Scope | None, thread_id: str) -> str:
    """The key of a thread that is read. Raises ScopeContradiction."""
    return thread_key(scope_key(add_tags(principal.floor, scope or {})), thread_id)


def refuse_unless_keeper(principal: Principal) -> None:
    """403 for people and supervisors: the state of threads is an app's, written by its key."""
    if principal.is_user or not principal.may_write:
        raise Forbidden


def writable_scope(principal: Principal, scope: Scope | None) -> Scope:
    """The scope that a thread to be written has. Raises Forbidden."""
    refuse_unless_keeper(principal)
    return write_scope(principal, scope)


def put_checkpoint(*, principal: Principal, scope: Scope | None, fields: Mapping[str, Any]) -> bool:
    """Store a checkpoint, or replace the one with its id; True when it is new. Raises Forbidden."""
    wanted = writable_scope(principal, scope)
    with tenant_scope(principal.tenant_id):
        row = Checkpoint(**_columns(principal, wanted, fields["thread_id"]), **fields)
        place = {name: getattr(row, f"{name}_id" if name == "project" else name) for name in _PLACE}
        is_new = not Checkpoint.objects.of(principal).filter(**place).exists()
        Checkpoint.unscoped.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=_PLACE,
            update_fields=["parent_checkpoint_id", "metadata", "type", "blob"],
        )
    return is_new


def put_writes(
    *,
    principal: Principal,
    scope: Scope | None,
    place: Mapping[str, Any],
    writes: Sequence[Mapping[str, Any]],
) -> None:
    """Store what a task wrote. A repeat keeps what is there; below idx 0 it is replaced.

    The same holds for repeats in one call. Raises Forbidden, CheckpointFull.
    """
    wanted = writable_scope(principal, scope)
    with tenant_scope(principal.tenant_id):
        columns = _columns(principal, wanted, place["thread_id"])
        _lock_writes(principal, columns["thread_key"])
        rows = [CheckpointWrite(**columns, **place, **write) for write in writes]
        manager = CheckpointWrite.unscoped
        manager.bulk_create([row for row in rows if row.idx >= 0], ignore_conflicts=True)
        manager.bulk_create(
            {row.idx: row for row in rows if row.idx < 0}.values(),
            update_conflicts=True,
            unique_fields=[*_PLACE, "task_id", "idx"],
            update_fields=["channel", "type", "blob", "task_path"],
        )
        _refuse_overfull(principal, columns["thread_key"], checkpoint_id=place["checkpoint_id"])


def _lock_writes(principal: Principal, key: str) -> None:
    """Let nobody else add writes to a thread before they are counted and committed."""
    lock(LockSpace.CHECKPOINT_WRITES, f"{principal.project}:{key}")


def _refuse_overfull(principal: Principal, key: str, **place: str) -> None:
    """Raise CheckpointFull when a checkpoint of a thread has more writes than it may."""
    rows = CheckpointWrite.objects.of(principal).filter(thread_key=key, **place)
    held = rows.order_by().values("checkpoint_ns", "checkpoint_id").annotate(held=Sum(WRITE_BYTES))
    if held.filter(held__gt=MAX_WRITES).exists():
        raise CheckpointFull


def _columns(principal: Principal, scope: Scope, thread_id: str) -> dict[str, Any]:
    """What every row of a thread has; `bulk_create` does not call `save`."""
    key = scope_key(scope)
    return {
        "tenant_id": principal.tenant_id,
        "project_id": principal.project,
        "user_id": named_user_id(principal=principal, scope=scope),
        "scope": scope,
        "scope_key": key,
        "thread_key": thread_key(key, thread_id),
    }


def delete_threads(
    *, principal: Principal, scope: Scope | None, thread_ids: Sequence[str]
) -> Counts:
    """Delete threads with all they hold. Raises Forbidden."""
    keys = _keys(principal, scope, thread_ids)
    with tenant_scope(principal.tenant_id):
        rows = Checkpoint.objects.of(principal).filter(thread_key__in=keys)
        writes = CheckpointWrite.objects.of(principal).filter(thread_key__in=keys)
        return _deleted(principal, writes, rows)


def keep_latest(*, principal: Principal, scope: Scope | None, thread_ids: Sequence[str]) -> Counts:
    """Delete all but the latest checkpoint of each namespace of the threads. Raises Forbidden."""
    keys = _keys(principal, scope, thread_ids)
    with tenant_scope(principal.tenant_id):
        rows = Checkpoint.objects.of(principal).filter(thread_key__in=keys)
        newer = rows.filter(
            thread_key=OuterRef("thread_key"),
            checkpoint_ns=OuterRef("checkpoint_ns"),
            checkpoint_id__gt=OuterRef("checkpoint_id"),
        )
        writes = CheckpointWrite.objects.of(principal).filter(Exists(newer), thread_key__in=keys)
        return _deleted(principal, writes, rows.filter(Exists(newer)))


def delete_runs(*, principal: Principal, scope: Scope | None, run_ids: Sequence[str]) -> Counts:
    """Delete the checkpoints whose metadata names one of these runs. Raises Forbidden."""
    key = scope_key(writable_scope(principal, scope))
    with tenant_scope(principal.tenant_id):
        rows = Checkpoint.objects.of(principal).filter(
            scope_key=key, metadata__run_id__in=list(run_ids)
        )
        writes = CheckpointWrite.objects.of(principal).filter(Exists(rows.at_outer()))
        return _deleted(principal, writes, rows)


def _keys(principal: Principal, scope: Scope | None, thread_ids: Iterable[str]) -> list[str]:
    key = scope_key(writable_scope(principal, scope))
    return [thread_key(key, thread_id) for thread_id in thread_ids]


def _deleted(principal: Principal, writes: Any, rows: Any) -> Counts:
    """Delete the writes, found by their checkpoints, before those."""
    gone_writes, _ = writes.delete()
    gone, _ = rows.delete()
    if gone or gone_writes:
        audit.record(
            principal,
            "checkpoints.deleted",
            tenant_id=principal.tenant_id,
            project_id=principal.project,
            checkpoints=gone,
            writes=gone_writes,
        )
    return Counts(gone, gone_writes)


_SAME = "tenant_id, project_id, user_id, scope, scope_key, checkpoint_ns, checkpoint_id, type, blob"
_OWN = {
    Checkpoint: "parent_checkpoint_id, metadata",
    CheckpointWrite: "task_id, task_path, idx, channel",
}


def copy_thread(*, principal: Principal, scope: Scope | None, source: str, target: str) -> Counts:
    """Copy a thread inside its scope, whole; what the target has already is kept.

    The blobs stay in the database. Raises Forbidden, CheckpointFull.
    """
    old, new = _keys(principal, scope, [source, target])
    with tenant_scope(principal.tenant_id), connections[alias()].cursor() as cursor:
        _lock_writes(principal, new)
        counts = []
        for model, own in _OWN.items():
            columns = f"{_SAME}, {own}"
            cursor.execute(
                f"INSERT INTO {model._meta.db_table}"  # noqa: S608 - names of our own
                f" (id, created_at, thread_id, thread_key, {columns})"
                f" SELECT gen_random_uuid(), clock_timestamp(), %s, %s, {columns}"
                f" FROM {model._meta.db_table} WHERE project_id = %s AND thread_key = %s"
                " ORDER BY pk ON CONFLICT DO NOTHING",
                [target, new, principal.project, old],
            )
            counts.append(cursor.rowcount)
        _refuse_overfull(principal, new)
    return Counts(*counts)


def are_kept(*, project_id: UUID, owners: Owners) -> bool:
    """Whether there is any state of these people and scopes."""
    return any(_theirs(model, project_id, owners).exists() for model in _TEXTS)


def forget_words(*, project_id: UUID, owners: Owners, words: Iterable[str]) -> Counts:
    """Delete the state of people and scopes that holds one of these words.

    It is deleted, not blanked: nobody but the app can take a word out of its serialization. Every
    blob is read once for each MOST_WORDS words.
    """
    gone = dict.fromkeys(_TEXTS, 0)
    for finder in finders(words, MOST_WORDS):
        for model in _TEXTS:
            holding = _holding(model, project_id, owners, finder)
            gone[model] += model.unscoped.filter(pk__in=holding).delete()[0] if holding else 0
    return Counts(*gone.values())


def holding_words(*, project_id: UUID, owners: Owners, words: Iterable[str]) -> int:
    """How many rows still hold one of these words: after `forget_words` none."""
    found = {
        (model, serial)
        for finder in finders(words, MOST_WORDS)
        for model in _TEXTS
        for serial in _holding(model, project_id, owners, finder)
    }
    return len(found)


_TEXTS: dict[type[Checkpoint | CheckpointWrite], tuple[str, ...]] = {
    Checkpoint: ("thread_id", "checkpoint_ns", "told"),
    CheckpointWrite: ("thread_id", "checkpoint_ns", "task_path", "channel"),
}
"""What may hold words besides the blob; `told` is the metadata, as the database writes it out."""


def _theirs(model: Any, project_id: UUID, owners: Owners) -> QuerySet:
    theirs = Q(scope_key__in=[key for _, key in owners])
    theirs |= Q(user_id__in=[user for user, _ in owners if user])
    rows: QuerySet = model.unscoped.filter(theirs, project_id=project_id)
    return rows


def _holding(model: Any, project_id: UUID, owners: Owners, finder: Finder) -> list[int]:
    """The keys of the rows that hold words; a few blobs at a time are in memory."""
    rows, texts = _theirs(model, project_id, owners), _TEXTS[model]
    if "told" in texts:
        rows = rows.annotate(told=Cast("metadata", TextField()))
    found = rows.values_list("serial", "blob", *texts).iterator(chunk_size=BLOBS_AT_ONCE)
    return [
        serial
        for serial, blob, *said in found
        if finder.is_in(bytes(blob)) or finder.is_in(" ".join(said).encode())
    ]
