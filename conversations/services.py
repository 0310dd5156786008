"""Writes of conversations and turns. The record is append-only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.principals import Principal
from accounts.scope import Scope, ScopeContradiction, add_tags, contradicts
from accounts.services import named_user_id
from conversations.messages import NewTurn
from conversations.models import Conversation, Turn
from memsync.common.errors import Conflict, Forbidden, InvalidField, NotFound
from memsync.common.ids import uuid7
from memsync.common.sql import fetch
from memsync.common.tenancy import alias, tenant_scope

MAX_MESSAGES, MAX_BATCH = 100, 1000


class SessionNotActive(Conflict):
    """An archived or closed conversation takes no turns."""

    code = "session_not_active"
    detail = "The session is not active."


class SessionExists(Conflict):
    """A visible conversation has this id."""

    code = "session_exists"
    detail = "A session with this id exists."


class ScopeConflict(Forbidden):
    """The scope of a write does not fit the conversation it goes into."""

    code = "scope_conflict"
    detail = "The scope contradicts that of the session."


class ClientIdConflict(Conflict):
    """A client_id of the conversation stands for another message."""

    code = "client_id_conflict"

    def __init__(self, client_id: str) -> None:
        super().__init__(f"client_id {client_id} has another message.")


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append made: the rows in order, new ones and repeats alike."""

    turns: list[Turn]
    new_uids: frozenset[UUID]

    @property
    def new(self) -> list[Turn]:
        """The turns that this append stored."""
        return [turn for turn in self.turns if turn.uid in self.new_uids]


def create_conversation(
    *,
    principal: Principal,
    scope: Scope | None,
    uid: UUID | None = None,
    title: str = "",
    kind: str = "chat",
    metadata: Mapping[str, Any] | None = None,
    members: Sequence[str] = (),
) -> Conversation:
    """A new conversation; without `scope` it gets the floor.

    Raises Forbidden when the floor does not cover the scope, Conflict `session_exists` for an id
    that is visible, NotFound for one that is taken out of reach.
    """
    scope = write_scope(principal, scope)
    with tenant_scope(principal.tenant_id):
        row = Conversation(
            tenant_id=principal.tenant_id,
            project_id=principal.project,
            user_id=named_user_id(principal=principal, scope=scope),
            uid=uid or uuid7(),
            scope=scope,
            title=title,
            kind=kind,
            metadata=dict(metadata or {}),
            members=list(members),
            created_by=principal.label,
        )
        try:
            with transaction.atomic(using=alias()):
                row.save(force_insert=True)
        except IntegrityError as error:
            raise _taken(principal, row.uid) from error
    return row


def update_conversation(
    *, principal: Principal, conversation: Conversation, changes: Mapping[str, Any]
) -> Conversation:
    """Rename, describe, archive, close or reopen: `title`, `metadata`, `status`.

    People change the status of their own; renaming is for keys. Raises Forbidden, NotFound when it
    was deleted meanwhile.
    """
    refuse_unless_changeable(principal, conversation, changes)
    with tenant_scope(principal.tenant_id):
        rows = Conversation.unscoped.living().filter(pk=conversation.pk)
        if changes and not rows.update(**changes):
            raise NotFound
        if changes.get("status", conversation.status) != conversation.status:
            audit.record(principal, f"session.{changes['status']}", target=conversation)
    for name, value in changes.items():
        setattr(conversation, name, value)
    return conversation


def refuse_unless_changeable(principal: Principal, row: Any, changes: Any) -> None:
    """403 as `refuse_unless_writable`, and for people who would change more than the status."""
    refuse_unless_writable(principal, row)
    named = set(changes) if isinstance(changes, Mapping) else set()
    if principal.is_user and named & {"title", "metadata"}:
        raise Forbidden


def archive_idle(*, days: int) -> int:
    """Archive active conversations of all tenants without activity for so long; returns how many.

    For the worker, which is the owner.  # Uses index: conversation_idle
    """
    before = timezone.now() - timedelta(days=days)
    idle = Conversation.unscoped.filter(
        status=Conversation.Status.ACTIVE, last_activity_at__lt=before
    )
    archived: int = idle.update(status=Conversation.Status.ARCHIVED)
    return archived


def write_scope(principal: Principal, scope: Scope | None) -> Scope:
    """What a write without a conversation is scoped to. Raises Forbidden."""
    try:
        wanted = principal.floor if scope is None else add_tags(principal.floor, scope)
    except ScopeContradiction as error:
        raise Forbidden(code="scope_forbidden") from error
    if not principal.may_write_scope(wanted):
        raise Forbidden("Only management keys write the scope {}." if not wanted else "")
    return wanted


def scope_within(principal: Principal, conversation: Conversation, scope: Scope | None) -> Scope:
    """What a write into a conversation is scoped to: its own scope, or one that fits it.

    A scope that was sent is added to the floor; it must keep the `user` tag and contradict no tag.
    Raises ScopeConflict, Forbidden.
    """
    if scope is None:
        return dict(conversation.scope)
    scope = write_scope(principal, scope)
    same_user = scope.get("user") == conversation.scope.get("user")
    if not same_user or contradicts(scope, conversation.scope):
        raise ScopeConflict
    return scope


def refuse_unless_writable(principal: Principal, row: Any) -> None:
    """403 unless the principal writes at all and their floor is a subset of the row's scope."""
    own = principal.is_user and row.user_id == principal.user_id
    if not own and not principal.may_write_scope(row.scope):
        raise Forbidden


def refuse_unless_key_may_write(principal: Principal, row: Any) -> None:
    """As `refuse_unless_writable`, and 403 for people: of what is a key's to change alone.

    People forget and correct what was learnt, not what was said nor what names mean.
    """
    refuse_unless_writable(principal, row)
    if principal.is_user:
        raise Forbidden


def _taken(principal: Principal, uid: UUID) -> Conflict | NotFound:
    if Conversation.objects.reachable(principal).filter(uid=uid).exists():
        return SessionExists()
    return NotFound()


_APPEND = """
WITH head AS (
    UPDATE conversations_conversation
       SET next_seq = next_seq + %(count)s::integer, last_activity_at = clock_timestamp(),
           speakers = CASE
               WHEN %(speakers)s::text[] <@ speakers OR cardinality(speakers) > 99 THEN speakers
               ELSE ARRAY(SELECT DISTINCT unnest(speakers || %(speakers)s::text[])) END
     WHERE pk = %(conversation)s::bigint AND status = 'active'
 RETURNING pk, tenant_id, project_id, user_id, scope_key, next_seq - %(count)s::integer AS first
), said AS (
    SELECT * FROM jsonb_to_recordset(%(messages)s::jsonb) AS m(
        i integer, uid uuid, role text, content text, parts jsonb, sender text, parent bigint,
        client_id text, metadata jsonb, occurred_at timestamptz, body_hash text)
), heard AS (
    SELECT before.seq - head.first AS i, before.words
      FROM head, LATERAL memsync_said_before(head.pk, head.first, 2) AS before
    UNION ALL SELECT i, memsync_end_of_turn(sender, content) FROM said
), spoken AS (
    SELECT i, concat_ws(' ', lag(words, 2) OVER w, lag(words) OVER w) AS before
      FROM heard WINDOW w AS (ORDER BY i)
)
INSERT INTO conversations_turn (
    id, tenant_id, project_id, user_id, scope_key, conversation_id, seq, role, content, parts,
    sender, parent_id, client_id, body_hash, metadata, occurred_at, created_at, appended_at_trace,
    search)
SELECT said.uid, head.tenant_id, head.project_id, head.user_id, head.scope_key, head.pk,
       head.first + said.i, said.role, said.content, said.parts, said.sender, said.parent,
       said.client_id, decode(said.body_hash, 'hex'), said.metadata, said.occurred_at,
       clock_timestamp(), coalesce(counter.traces, 0),
       memsync_words_of_turn(project.search_config::regconfig, said.sender, said.content,
                             coalesce(said.occurred_at, clock_timestamp()), spoken.before)
  FROM head
 CROSS JOIN said
  JOIN spoken USING (i)
  JOIN accounts_project project ON project.id = head.project_id
  LEFT JOIN accounts_projectcounter counter ON counter.project_id = head.project_id
 ORDER BY said.i
RETURNING pk, id, seq, created_at
"""


def append_turns(
    *, principal: Principal, conversation: Conversation, messages: Sequence[NewTurn]
) -> Appended:
    """Append messages, all or none, in one statement: one counter update and one insert.

    The counter's row lock is held to the commit, so `seq` is gap-free and equals commit order.
    A `client_id` that is stored, or was given before, stands for the turn it made. Raises
    Forbidden, SessionNotActive, NotFound when it was deleted meanwhile, ClientIdConflict,
    InvalidField for a parent turn outside the visible history.
    """
    with tenant_scope(principal.tenant_id):
        refuse_unless_writable(principal, conversation)
        stored = _stored_repeats(conversation, messages)
        fresh = [turn for turn in _each_once(messages) if turn["client_id"] not in stored]
        made = _insert(conversation, fresh) if fresh else []
        by_client_id = stored | {turn.client_id: turn for turn in made if turn.client_id}
        unnamed = iter([turn for turn in made if not turn.client_id])
        turns = [by_client_id.get(turn["client_id"]) or next(unnamed) for turn in messages]
    return Appended(turns, frozenset(turn.uid for turn in made))


def _each_once(messages: Sequence[NewTurn]) -> list[NewTurn]:
    """The messages less repeats of a client id. Raises Conflict when it has two bodies."""
    kept: list[NewTurn] = []
    bodies: dict[str, str] = {}
    for turn in messages:
        name = turn["client_id"]
        if not name or name not in bodies:
            kept.append(turn)
        if name and bodies.setdefault(name, turn["body_hash"]) != turn["body_hash"]:
            raise ClientIdConflict(name)
    return kept


def _stored_repeats(
    conversation: Conversation, messages: Sequence[NewTurn]
) -> dict[str | None, Turn]:
    """The turns stored under the messages' client ids. Raises ClientIdConflict for another body.

    The conversation's row is locked first, so that two repeats at once do not both look new.
    """
    wanted = {turn["client_id"]: turn["body_hash"] for turn in messages if turn["client_id"]}
    if not wanted:
        return {}
    lock_head(conversation)
    rows = Turn.unscoped.filter(conversation=conversation, client_id__in=list(wanted))
    stored: dict[str | None, Turn] = {}
    for turn in rows.annotate(parent_wire_id=F("parent__uid")):
        if bytes(turn.body_hash or b"").hex() != wanted[turn.client_id]:
            raise ClientIdConflict(turn.client_id)
        turn.parent_uid = turn.parent_wire_id
        stored[turn.client_id] = turn
    return stored


def lock_head(conversation: Conversation) -> None:
    """Let no other append in before the end of the transaction. Raises NotFound when deleted."""
    rows = Conversation.unscoped.living().select_for_update(no_key=True)
    if rows.filter(pk=conversation.pk).first() is None:
        raise NotFound


def _insert(conversation: Conversation, messages: Sequence[NewTurn]) -> list[Turn]:
    parents = _parents(conversation, messages)
    uids = [uuid7() for _ in messages]
    rows = [
        {**turn, "i": i, "uid": uid, "parent": parents.get(turn["parent_id"])}
        for i, (uid, turn) in enumerate(zip(uids, messages, strict=True))
    ]
    made = fetch(
        _APPEND,
        {
            "count": len(rows),
            "conversation": conversation.pk,
            "messages": json.dumps(rows, default=_json),
            "speakers": sorted({turn["sender"] for turn in messages if turn["sender"]}),
        },
    )
    if not made:
        raise _closed(conversation)
    return [
        _as_turn(conversation, turn, row)
        for turn, row in zip(messages, sorted(made, key=lambda row: row[2]), strict=True)
    ]


def _closed(conversation: Conversation) -> Conflict | NotFound:
    """Why an append found no active row; it has waited for whoever closed or deleted it."""
    is_living = Conversation.unscoped.living().filter(pk=conversation.pk).exists()
    return SessionNotActive() if is_living else NotFound()


def _as_turn(conversation: Conversation, message: NewTurn, row: tuple[Any, ...]) -> Turn:
    """The row just stored, without reading it back."""
    serial, uid, seq, created_at = row
    turn = Turn(
        serial=serial,
        uid=uid,
        seq=seq,
        created_at=created_at,
        tenant_id=conversation.tenant_id,
        project_id=conversation.project_id,
        user_id=conversation.user_id,
        scope_key=conversation.scope_key,
        conversation=conversation,
        **{name: message[name] for name in _SAME_NAME},  # type: ignore[literal-required]
    )
    turn.parent_uid = message["parent_id"]
    turn._state.adding = False
    return turn


_SAME_NAME = ("role", "content", "parts", "sender", "client_id", "metadata", "occurred_at")


def _parents(conversation: Conversation, messages: Sequence[NewTurn]) -> dict[UUID | None, int]:
    """The keys of the parent turns that messages name. Raises InvalidField."""
    named = {turn["parent_id"] for turn in messages if turn["parent_id"]}
    if not named:
        return {}
    rows = Turn.unscoped.for_history(conversation).filter(uid__in=named)
    found: dict[UUID | None, int] = dict(rows.values_list("uid", "serial"))
    if len(found) != len(named):
        raise InvalidField("parent_id", "not a turn of this session", code="parent_not_found")
    return found


def _json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
