"""Writes of entities: other names, two that turn out to be one, and names that are forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts import audit
from accounts.principals import Principal
from conversations.services import refuse_unless_key_may_write
from memories.models import Entity, EntityAlias, Memory
from memories.reconcile import normalize
from memsync.common.errors import Conflict, InvalidField, NotFound, Unprocessable
from memsync.common.locks import LockSpace, lock
from memsync.common.tenancy import tenant_scope


def find_named(*, project: UUID, scope_key: str, kind: str, name: str) -> Entity | None:
    """The entity of a scope that a value names, by its own name or by another one of it."""
    named = normalize(name)[:300]
    rows = Entity.unscoped.filter(project_id=project, scope_key=scope_key, type=kind)
    bears = Q(normalized_name=named) | Q(aliases__normalized_name=named)
    found = rows.filter(bears).select_related("merged_into").distinct().order_by("pk")
    own_name_first = sorted(found, key=lambda row: row.normalized_name != named)
    return (own_name_first[0].merged_into or own_name_first[0]) if own_name_first else None


def add_alias(*, principal: Principal, entity: Entity, name: str) -> EntityAlias:
    """Another name under which an entity is found; the same one twice is one.

    Raises Forbidden, InvalidField for a name without letters or digits, Conflict `name_taken` when
    another entity of the scope and type has the name.
    """
    refuse_unless_key_may_write(principal, entity)
    if not normalize(name):
        raise InvalidField("name", "something with a letter or digit")
    with _changing_names(principal, entity):
        other = find_named(
            project=entity.project_id, scope_key=entity.scope_key, kind=entity.type, name=name
        )
        if other and other.pk != (entity.merged_into_id or entity.pk):
            raise Conflict(f"Entity {other.uid} has that name: merge them.", code="name_taken")
        return _alias(entity, name)


@contextmanager
def _changing_names(principal: Principal, entity: Entity) -> Iterator[None]:
    """A transaction in which no ingest of the scope looks a name up."""
    with tenant_scope(principal.tenant_id):
        lock(LockSpace.RECONCILE, f"{entity.project_id}:{entity.scope_key}")
        yield


def _alias(entity: Entity, name: str) -> EntityAlias:
    alias, _ = EntityAlias.objects.get_or_create(
        entity=entity,
        normalized_name=normalize(name)[:300],
        defaults={
            "tenant_id": entity.tenant_id,
            "project_id": entity.project_id,
            "name": name[:300],
        },
    )
    return alias


def merge_entities(*, principal: Principal, entity: Entity, into: Entity) -> Entity:
    """Make `entity` another name of `into`: its memories and aliases move, its row points there.

    Raises Unprocessable for two scopes or one and the same, Conflict when one was merged already,
    NotFound when one was erased meanwhile.
    """
    refuse_unless_key_may_write(principal, entity)
    if entity.pk == into.pk or entity.scope_key != into.scope_key:
        raise Unprocessable("Only two entities of one scope can be merged.", code="not_mergeable")
    with _changing_names(principal, entity):
        keys = sorted((entity.pk, into.pk))
        locked = list(Entity.unscoped.filter(pk__in=keys).order_by("pk").select_for_update())
        if len(locked) < len(keys):
            raise NotFound
        if any(row.merged_into_id for row in locked):
            raise Conflict("One of them was merged already.", code="already_merged")
        Memory.unscoped.filter(object=entity).update(object=into)
        Entity.unscoped.filter(merged_into=entity).update(merged_into=into)
        for alias in entity.aliases.all():
            _alias(into, alias.name)
        _alias(into, entity.name)
        Entity.unscoped.filter(pk=entity.pk).update(merged_into=into)
        audit.record(principal, "entity.merged", target=entity, into=str(into.uid))
    merged: Entity = Entity.unscoped.get(pk=into.pk)
    return merged


@dataclass(slots=True)
class ForgottenNames:
    """What forgetting names reached."""

    entities: int = 0
    """Rows that are gone."""
    shown: set[UUID] = field(default_factory=set)
    """Entities, gone or kept, whose answers showed the names."""


def locked_groups(entities: Collection[int]) -> list[Entity]:
    """The entities that these are by now, each locked against a merge."""
    rows = Entity.unscoped.filter(pk__in=entities).order_by("pk").select_for_update(of=("self",))
    heads = {row.merged_into_id or row.pk for row in rows}
    found = Entity.unscoped.filter(pk__in=heads).order_by("pk")
    return list(found.select_for_update(of=("self",)))


def forget_names(heads: Sequence[Entity], names: Collection[str]) -> ForgottenNames:
    """Take normalized names off entities where no memory states them any more.

    An entity without any memory goes with all of its names. One that loses its own name goes on
    under that of an entity which was merged into it.
    """
    done = ForgottenNames()
    for head in heads:
        rows = Entity.unscoped.filter(Q(pk=head.pk) | Q(merged_into=head))
        named = Memory.unscoped.filter(object=head).values_list("normalized_value", flat=True)
        stated = {name[:300] for name in named.distinct()}
        if not stated:
            _drop(rows, done)
        elif gone := {name[:300] for name in names} - stated:
            _take_off(head, rows, gone, done)
    return done


def _take_off(head: Entity, rows: Any, gone: Collection[str], done: ForgottenNames) -> None:
    """Take names off an entity that lives on."""
    unnamed, _ = EntityAlias.objects.filter(entity__in=rows, normalized_name__in=gone).delete()
    before = done.entities
    _drop(rows.exclude(pk=head.pk).filter(normalized_name__in=gone), done)
    if head.normalized_name in gone:
        _rename(head, rows, done)
    if unnamed or done.entities > before:
        done.shown.add(head.uid)


def _rename(head: Entity, rows: Any, done: ForgottenNames) -> None:
    """Give an entity the name of one that was merged into it; without any it goes."""
    other: Entity | None = rows.exclude(pk=head.pk).order_by("pk").first()
    if other is None:
        _drop(rows, done)
        return
    name = {"name": other.name, "normalized_name": other.normalized_name, "type": other.type}
    _drop(rows.filter(pk=other.pk), done)
    EntityAlias.objects.filter(entity=head, normalized_name=other.normalized_name).delete()
    Entity.unscoped.filter(pk=head.pk).update(**name)


def _drop(rows: Any, done: ForgottenNames) -> None:
    """Remove entities with their aliases."""
    gone = dict(rows.values_list("pk", "uid"))
    Entity.unscoped.filter(pk__in=gone).delete()
    done.entities += len(gone)
    done.shown.update(gone.values())


def left_over(erased: Collection[Memory]) -> int:
    """Rows with a name of entities that no memory states but these, given as they were."""
    named = [memory for memory in erased if memory.object_id]
    rows = _stated_only_by(named, Entity.unscoped.all())
    aliases = _stated_only_by(named, EntityAlias.objects.all(), "entity__")
    return int(rows.count() + aliases.count())


def _stated_only_by(memories: Sequence[Memory], rows: Any, entity: str = "") -> Any:
    """Those rows with a normalized name; `entity` is the path to their entity."""
    places = {
        f"{entity}project_id__in": {memory.project_id for memory in memories},
        f"{entity}scope_key__in": {memory.scope_key for memory in memories},
    }
    others = Memory.unscoped.filter(
        project_id=OuterRef(f"{entity}project_id"),
        scope_key=OuterRef(f"{entity}scope_key"),
        normalized_value__startswith=OuterRef("normalized_name"),
    ).exclude(pk__in=[memory.pk for memory in memories])
    names = {memory.normalized_value[:300] for memory in memories}
    return rows.filter(~Exists(others), normalized_name__in=names, **places)
