"""Writes of checkpoints, and what erasing words does to them.

Every write may be repeated: what is stored already is replaced by the same, or kept.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Exists, OuterRef, Q

from accounts import audit
from accounts.principals import Principal
from accounts.scope import Scope, add_tags, scope_key
from accounts.services import named_user_id
from conversations.checkpoint_rows import Checkpoint, CheckpointWrite, thread_key
from conversations.services import write_scope
from memsync.common.errors import Forbidden
from memsync.common.tenancy import alias, tenant_scope

KEEP_LATEST, DELETE = "keep_latest", "delete"
MOST_WORDS = 1000
"""Looked for by one statement, which holds them all in memory."""
MIN_BYTES = 3
"""Shorter words stand in every blob by chance; they are not looked for."""
_PLACE = ("project", "thread_key", "checkpoint_ns", "checkpoint_id")


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

    The same holds for repeats in one call. Raises Forbidden.
    """
    wanted = writable_scope(principal, scope)
    with tenant_scope(principal.tenant_id):
        columns = _columns(principal, wanted, place["thread_id"])
        rows = [CheckpointWrite(**columns, **place, **write) for write in writes]
        manager = CheckpointWrite.unscoped
        manager.bulk_create([row for row in rows if row.idx >= 0], ignore_conflicts=True)
        manager.bulk_create(
            {row.idx: row for row in rows if row.idx < 0}.values(),
            update_conflicts=True,
            unique_fields=[*_PLACE, "task_id", "idx"],
            update_fields=["channel", "type", "blob", "task_path"],
        )


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

    The blobs stay in the database. Raises Forbidden.
    """
    old, new = _keys(principal, scope, [source, target])
    with tenant_scope(principal.tenant_id), connections[alias()].cursor() as cursor:
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
    return Counts(*counts)


def are_kept(*, project_id: UUID, owners: Collection[tuple[UUID | None, str]]) -> bool:
    """Whether there is any state of these people and scopes: (user, scope key)."""
    theirs = Q(scope_key__in=[key for _, key in owners])
    theirs |= Q(user_id__in=[user for user, _ in owners if user])
    return any(
        model.unscoped.filter(theirs, project_id=project_id).exists()
        for model in (Checkpoint, CheckpointWrite)
    )


def forget_words(
    *, project_id: UUID, owners: Collection[tuple[UUID | None, str]], words: Iterable[str]
) -> Counts:
    """Delete the state of people and scopes that holds one of these words.

    An owner is (user, scope key). It is deleted, not blanked: nobody but the app can take a word
    out of its serialization. The cost is that of a search of every blob for every word.
    """
    delete, left, gone = "DELETE FROM {table} t {where}", iter(words), (0, 0)
    while some := list(islice(left, MOST_WORDS)):
        first, second = _each_table(delete, project_id, owners, some)
        gone = gone[0] + first, gone[1] + second
    return Counts(*gone)


def holding_words(
    *, project_id: UUID, owners: Collection[tuple[UUID | None, str]], words: Iterable[str]
) -> int:
    """How many rows still hold one of these words: after `forget_words` none."""
    return sum(_each_table("SELECT 1 FROM {table} t {where}", project_id, owners, words))


_HOLDING = """
 WHERE t.project_id = %s AND (t.scope_key = ANY(%s) OR t.user_id = ANY(%s::uuid[])) AND EXISTS (
       SELECT FROM unnest(%s::bytea[]) AS word
        WHERE position(word IN t.blob) > 0
           OR position(word IN convert_to(concat_ws(' ', {text}), 'UTF8')) > 0)
"""
_TEXT = {
    Checkpoint: "t.thread_id, t.checkpoint_ns, t.metadata::text",
    CheckpointWrite: "t.thread_id, t.checkpoint_ns, t.task_path, t.channel",
}


def _each_table(
    statement: str,
    project_id: UUID,
    owners: Collection[tuple[UUID | None, str]],
    words: Iterable[str],
) -> list[int]:
    """How many rows of both tables a statement reaches."""
    forms = sorted({form for word in words for form in _forms(word.strip())})
    if not forms:
        return [0, 0]
    users = [user for user, _ in owners if user]
    places: list[Any] = [project_id, [key for _, key in owners], users, forms]
    counts = []
    with connections[alias()].cursor() as cursor:
        for model, text in _TEXT.items():
            where = _HOLDING.replace("{text}", text)
            sql = statement.replace("{table}", model._meta.db_table).replace("{where}", where)
            cursor.execute(sql, places)
            counts.append(cursor.rowcount)
    return counts


def _forms(word: str) -> set[bytes]:
    """How a text stands in a blob: as it is (msgpack, pickle), or as JSON may escape it."""
    if len(word.encode()) < MIN_BYTES:
        return set()
    escaped = json.dumps(word)[1:-1]
    shown = json.dumps(word, ensure_ascii=False)[1:-1]
    return {form.encode() for form in (word, escaped, shown, _upper_escapes(escaped))}


def _upper_escapes(escaped: str) -> str:
    r"""`\u00e9` as `\u00E9`, which other writers of JSON use."""
    head, *rest = escaped.split("\\u")
    return head + "".join(f"\\u{part[:4].upper()}{part[4:]}" for part in rest)
