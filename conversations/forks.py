"""Forks by reference: a fork holds its own turns only, and shows its parent's up to a point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Q

from accounts.principals import Principal
from conversations.lineage import line_of
from conversations.models import Conversation, Turn
from conversations.services import refuse_unless_writable
from memsync.common.errors import BadRequest, NotFound
from memsync.common.ids import uuid7
from memsync.common.tenancy import alias, tenant_scope


class ForkPointInvalid(BadRequest):
    """The point is outside the visible history, or two points were given."""

    code = "fork_point_invalid"
    detail = "Name one turn of the visible history, by seq or parent_message_id, or none."


@dataclass(frozen=True, slots=True)
class Node:
    """A conversation in its tree; the root has level 1."""

    id: UUID
    title: str
    level: int
    forked_from: UUID | None
    fork_seq: int | None
    status: str


def fork_conversation(
    *,
    principal: Principal,
    conversation: Conversation,
    seq: int | None = None,
    parent_message_id: UUID | None = None,
    title: str | None = None,
    reason: str = "",
    metadata: Mapping[str, Any] | None = None,
    uid: UUID | None = None,
) -> Conversation:
    """A fork after turn `seq` (inclusive) or `parent_message_id`; without them, at the head.

    It inherits scope, user, kind and members, and starts active. The parent's row is locked, so
    that the head is exact and the parent cannot be deleted meanwhile. Raises Forbidden,
    ForkPointInvalid, NotFound when the parent was deleted.
    """
    if seq is not None and parent_message_id is not None:
        raise ForkPointInvalid
    with tenant_scope(principal.tenant_id):
        refuse_unless_writable(principal, conversation)
        rows = Conversation.unscoped.living().select_for_update(no_key=True)
        parent = rows.filter(pk=conversation.pk).first()
        if parent is None:
            raise NotFound
        fork_seq = _point(parent, seq, parent_message_id)
        row = Conversation(
            uid=uid or uuid7(),
            tenant_id=parent.tenant_id,
            project_id=parent.project_id,
            user_id=parent.user_id,
            scope=parent.scope,
            kind=parent.kind,
            members=parent.members,
            speakers=parent.speakers,
            title=f"Fork of {parent}"[:300] if title is None else title,
            metadata=dict(metadata or {}),
            created_by=principal.label,
            forked_from=parent,
            fork_seq=fork_seq,
            fork_reason=reason,
            next_seq=fork_seq + 1,
        )
        row.save(force_insert=True)
    row.user = conversation.user
    return row


def _point(parent: Conversation, seq: int | None, turn_id: UUID | None) -> int:
    """The position of the last turn that the fork shows. Raises ForkPointInvalid."""
    if turn_id is not None:
        found: int | None = (
            Turn.unscoped.for_history(parent)
            .filter(uid=turn_id)
            .values_list("seq", flat=True)
            .first()
        )
        if found is None:
            raise ForkPointInvalid
        return found
    if seq is None:
        return parent.turn_count
    if not 1 <= seq <= parent.turn_count:
        raise ForkPointInvalid
    return seq


_TREE = """
WITH RECURSIVE up AS (
    SELECT pk, forked_from_id FROM conversations_conversation WHERE pk = %(pk)s
    UNION ALL
    SELECT p.pk, p.forked_from_id
      FROM up JOIN conversations_conversation p ON p.pk = up.forked_from_id
), down AS (
    SELECT pk, 1 AS level, ARRAY[pk] AS path FROM up WHERE forked_from_id IS NULL
    UNION ALL
    SELECT c.pk, down.level + 1, down.path || c.pk
      FROM down JOIN conversations_conversation c ON c.forked_from_id = down.pk
)
SELECT c.id, c.title, down.level, parent.id, c.fork_seq, c.status
  FROM down JOIN conversations_conversation c USING (pk)
  LEFT JOIN conversations_conversation parent ON parent.pk = c.forked_from_id
 WHERE c.deleted_at IS NULL
 ORDER BY down.path
"""


def tree_of(conversation: Conversation) -> list[Node]:
    """The whole tree a conversation belongs to, parents before children: one statement.

    All of its members have one scope and one user, so who may see one may see all.
    """
    with connections[alias()].cursor() as cursor:
        cursor.execute(_TREE, {"pk": conversation.pk})
        return [Node(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Branch:
    """Another way on from a turn of a history."""

    id: UUID
    name: str
    seq: int
    """The turn after which it parts."""
    is_fork: bool
    """A fork; else the conversation that this one was forked from, going on."""
    more: int
    """Turns it has after that."""


MAX_BRANCHES = 200
"""Shown on one page."""


def branches_of(conversation: Conversation, first: int, last: int) -> list[Branch]:
    """The other ways on from the turns [first, last] of a history, oldest first: one query.

    Those are living forks of it and of its ancestors, and its ancestors themselves beyond each cut.
    """
    cuts = {segment.conversation: segment.last for segment in line_of(conversation)[:-1]}
    ways = Q(forked_from=conversation.pk, fork_seq__gte=first, fork_seq__lte=last)
    for pk, cut in cuts.items():
        ways |= Q(forked_from=pk, fork_seq__gte=first, fork_seq__lte=min(last, cut))
    ways &= ~Q(pk__in=[*cuts, conversation.pk])
    for pk, cut in cuts.items():
        if first <= cut <= last:
            ways |= Q(pk=pk, next_seq__gt=cut + 1)
    rows = Conversation.unscoped.living().filter(ways).order_by("serial")[:MAX_BRANCHES]
    return [_way_on(row, cuts.get(row.pk)) for row in rows]


def _way_on(row: Conversation, cut: int | None) -> Branch:
    """A fork, or an ancestor that went on beyond its cut."""
    seq = cut if cut is not None else row.fork_seq or 0
    return Branch(row.uid, str(row), seq, cut is None, row.turn_count - seq)
