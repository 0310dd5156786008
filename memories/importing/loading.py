"""Recording the conversations of a file through the services, branches as forks.

A second run continues where the first stopped: ids are derived from the file, and messages are
known by their `client_id`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from accounts.principals import Principal
from accounts.scope import Scope
from conversations import forks
from conversations.messages import new_turn
from conversations.models import Conversation, Turn
from memories import services
from memories.importing.types import Branch, Imported
from memsync.common.ids import parse_uuid
from memsync.common.tenancy import tenant_scope

CHUNK = 200
"""Messages per transaction."""
STATEMENTS = ("attributes", "relations", "instructions", "uncertainties")
MAKING = frozenset({"added", "corrected", "contested"})
"""The ops of statements that made a memory."""


@dataclass(slots=True)
class Loaded:
    """What an import stored."""

    turns: int = 0
    memories: int = 0
    forks: int = 0

    def note(self, done: services.Recorded) -> None:
        """Count what one write stored."""
        self.turns += done.new_count
        items = [item for name in STATEMENTS for item in done.diff.get(name, [])]
        self.memories += sum(item["op"] in MAKING for item in items)


def load(*, principal: Principal, one: Imported, scope: Scope) -> Loaded:
    """Record one conversation whose messages have been checked, and its branches."""
    loaded = Loaded()
    uid = parse_uuid(one.id) or uuid.uuid5(principal.project, one.key)
    _record(principal, one, uid, scope, loaded)
    ids = {"": uid}
    for branch in one.branches:
        ids[branch.key] = uuid.uuid5(uid, branch.key)
        if branch.after is None:
            _record(principal, _apart(one, branch), ids[branch.key], scope, loaded)
        else:
            _continue(principal, branch, ids, loaded)
    return loaded


def _apart(one: Imported, branch: Branch) -> Imported:
    """A branch that shares no message is a conversation of its own."""
    metadata = {**one.metadata, "branch_of": one.id or one.key}
    return Imported(
        key=branch.key,
        messages=branch.messages,
        title=branch.title,
        kind=one.kind,
        metadata=metadata,
        members=one.members,
    )


def _record(
    principal: Principal, one: Imported, uid: uuid.UUID, scope: Scope, loaded: Loaded
) -> None:
    for start in range(0, len(one.messages), CHUNK):
        done = services.record_batch(
            principal=principal,
            session_id=uid,
            messages=one.messages[start : start + CHUNK],
            scope=scope,
            title=one.title,
            kind=one.kind,
            metadata=one.metadata,
            members=one.members,
        )
        loaded.note(done)


def _continue(
    principal: Principal, branch: Branch, ids: dict[str, uuid.UUID], loaded: Loaded
) -> None:
    """Fork the branch's parent after the last shared message, and append what the branch adds."""
    with tenant_scope(principal.tenant_id):
        rows = Conversation.objects.of(principal)
        row = rows.filter(uid=ids[branch.key]).first()
        if row is None:
            parent = rows.get(uid=ids[branch.parent])
            shared = Turn.unscoped.for_history(parent).get(client_id=branch.after)
            row = forks.fork_conversation(
                principal=principal,
                conversation=parent,
                uid=ids[branch.key],
                seq=shared.seq,
                title=branch.title,
                reason="a branch of the imported conversation",
            )
            loaded.forks += 1
    messages = [new_turn(message) for message in branch.messages]
    for start in range(0, len(messages), CHUNK):
        chunk = messages[start : start + CHUNK]
        loaded.note(services.record_turns(principal=principal, conversation=row, messages=chunk))
