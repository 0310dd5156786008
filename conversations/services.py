"""Writes of conversations and turns. The record is append-only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connections, transaction

from accounts.principals import Principal
from accounts.scope import Scope, ScopeContradiction, add_tags, contradicts
from accounts.services import named_user_id
from conversations.messages import NewTurn
from conversations.models import Conversation, Turn
from memsync.common.errors import Conflict, Forbidden, NotFound
from memsync.common.ids import uuid7
from memsync.common.tenancy import alias, tenant_scope

MAX_MESSAGES, MAX_BATCH = 100, 1000


class SessionNotActive(Conflict):
    """An archived or closed conversation takes no turns."""

    code = "session_not_active"
    detail = "The session is not active."


class ScopeConflict(Forbidden):
    """The scope of a write does not fit the conversation it goes into."""

    code = "scope_conflict"
    detail = "The scope contradicts that of the session."


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


def write_scope(principal: Principal, scope: Scope | None) -> Scope:
    """What a write without a conversation is scoped to. Raises Forbidden."""
    try:
        wanted = principal.floor if scope is None else add_tags(principal.floor, scope)
    except ScopeContradiction as error:
        raise Forbidden(code="scope_forbidden") from error
    if not principal.may_write_scope(wanted):
        raise Forbidden("Only management keys write the scope {}." if not wanted else "")
    return wanted


def scope_within(conversation: Conversation, scope: Scope | None) -> Scope:
    """What a write into a conversation is scoped to: its own scope, or one that fits it.

    It must keep the `user` tag and contradict no tag. Raises ScopeConflict.
    """
    if scope is None:
        return dict(conversation.scope)
    same_user = scope.get("user") == conversation.scope.get("user")
    if not same_user or contradicts(scope, conversation.scope):
        raise ScopeConflict
    return scope


def refuse_unless_writable(principal: Principal, row: Any) -> None:
    """403 unless the principal writes at all and their floor is a subset of the row's scope."""
    own = principal.is_user and row.user_id == principal.user_id
    if not own and not principal.may_write_scope(row.scope):
        raise Forbidden


def _taken(principal: Principal, uid: UUID) -> Conflict | NotFound:
    if Conversation.objects.reachable(principal).filter(uid=uid).exists():
        return Conflict("A session with this id exists.", code="session_exists")
    return NotFound()


_APPEND = """
WITH head AS (
    UPDATE conversations_conversation
       SET next_seq = next_seq + %(count)s, last_activity_at = clock_timestamp()
     WHERE pk = %(conversation)s AND status = 'active'
 RETURNING pk, tenant_id, project_id, user_id, scope_key, next_seq - %(count)s AS first
), said AS (
    SELECT * FROM jsonb_to_recordset(%(messages)s::jsonb) AS m(
        i integer, uid uuid, role text, content text, parts jsonb, sender text, parent bigint,
        client_id text, metadata jsonb, occurred_at timestamptz, body_hash text)
), heard AS (
    SELECT (seq - (SELECT first FROM head))::integer AS i, sender, left(content, 20000) AS words
      FROM conversations_turn
     WHERE conversation_id = %(conversation)s
       AND seq >= %(expected)s - 2
    UNION ALL SELECT i, sender, left(content, 100000) FROM said
), spoken AS (
    SELECT i, concat_ws(' ', sender, words) AS own,
           concat_ws(' ', left(lag(words, 2) OVER w, 20000), left(lag(words) OVER w, 20000)) AS before
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
       setweight(to_tsvector(project.search_config::regconfig, spoken.own), 'A')
       || to_tsvector(project.search_config::regconfig, spoken.before)
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
    Raises Forbidden, SessionNotActive, Conflict `client_id_conflict`, NotFound for a parent turn
    outside the conversation.
    """
    with tenant_scope(principal.tenant_id):
        refuse_unless_writable(principal, conversation)
        stored = _stored_repeats(conversation, messages)
        fresh = [turn for turn in messages if turn["client_id"] not in stored]
        made = iter(_insert(conversation, fresh)) if fresh else iter(())
        turns = [stored.get(turn["client_id"]) or next(made) for turn in messages]
    old = {turn.uid for turn in stored.values()}
    return Appended(turns, frozenset(turn.uid for turn in turns if turn.uid not in old))


def _stored_repeats(
    conversation: Conversation, messages: Sequence[NewTurn]
) -> dict[str | None, Turn]:
    """The turns stored under the messages' client ids. Raises Conflict for another body.

    The conversation's row is locked first, so that two repeats at once do not both look new.
    """
    wanted = {turn["client_id"]: turn["body_hash"] for turn in messages if turn["client_id"]}
    if not wanted:
        return {}
    if len(wanted) != sum(1 for turn in messages if turn["client_id"]):
        raise Conflict("A client_id is given twice.", code="client_id_conflict")
    Conversation.unscoped.select_for_update(no_key=True).get(pk=conversation.pk)
    rows = Turn.unscoped.filter(conversation=conversation, client_id__in=list(wanted))
    stored = {turn.client_id: turn for turn in rows}
    for client_id, turn in stored.items():
        if bytes(turn.body_hash or b"").hex() != wanted[client_id]:
            raise Conflict(f"client_id {client_id} has another message.", code="client_id_conflict")
    return stored


def _insert(conversation: Conversation, messages: Sequence[NewTurn]) -> list[Turn]:
    parents = _parents(conversation, messages)
    uids = [uuid7() for _ in messages]
    rows = [
        {**turn, "i": i, "uid": uid, "parent": parents.get(turn["parent_id"])}
        for i, (uid, turn) in enumerate(zip(uids, messages, strict=True))
    ]
    with connections[alias()].cursor() as cursor:
        cursor.execute(
            _APPEND,
            {
                "count": len(rows),
                "conversation": conversation.pk,
                "expected": conversation.next_seq,
                "messages": json.dumps(rows, default=_json),
            },
        )
        made = cursor.fetchall()
    if not made:
        raise SessionNotActive
    return [
        _as_turn(conversation, turn, row)
        for turn, row in zip(messages, sorted(made, key=lambda row: row[2]), strict=True)
    ]


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
    """The keys of the parent turns that messages name. Raises NotFound."""
    named = {turn["parent_id"] for turn in messages if turn["parent_id"]}
    if not named:
        return {}
    found: dict[UUID | None, int] = dict(
        Turn.unscoped.for_history(conversation).filter(uid__in=named).values_list("uid", "serial")
    )
    if len(found) != len(named):
        raise NotFound("A parent_id is not in this session.")
    return found


def _json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
