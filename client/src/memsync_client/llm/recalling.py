"""What a model is reminded of before it answers: facts about the person, and the session so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from memsync_client.errors import Conflict, Forbidden
from memsync_client.llm.forms.turns import Message, text_of
from memsync_client.models import Session
from memsync_client.records import Record
from memsync_client.requests import Plan, ask, get, post, record
from memsync_client.resources.sessions import at
from memsync_client.scope import Acting, Attribution

BEGIN, END = "<memory>", "</memory>"
MAX_QUESTION = 1000
"""Characters of a question that are sent along: what somebody says may be a whole document."""


@dataclass(frozen=True)
class Remembered:
    """What is put before a request."""

    facts: str = ""
    history: Sequence[Message] = field(default_factory=tuple)


def open_session(acting: Acting) -> Plan[Session]:
    """Make the session, or check that it is this person's with this agent.

    Raises Forbidden for a session of somebody else, NotFound for an id taken out of reach.
    """
    attribution = acting.attribution
    assert attribution is not None, "only an attributed session is opened"  # noqa: S101
    body = {"id": acting.session_id, "scope": attribution.session_scope}
    try:
        made: Session = yield post("/sessions", record(Session), body)
    except Conflict as error:
        if error.code != "session_exists":
            raise
        found: Session = yield get(at(acting.session_id), record(Session))
        refuse_foreign(found, attribution)
        return found
    return made


def refuse_foreign(session: Session, attribution: Attribution) -> None:
    """Raises Forbidden unless the session is of this person and, if of an agent, of this one."""
    if not is_theirs(session, attribution):
        raise Forbidden(
            status=403,
            code="scope_conflict",
            detail=f"Session {session.id} belongs to another user or agent.",
        )


def is_theirs(session: Session, attribution: Attribution) -> bool:
    """Whether a session is of this person and, if of an agent, of this one."""
    scope = dict(tag.split("=", 1) for tag in session.scope)
    is_agents = scope.get("agent", attribution.process) == attribution.process
    return scope.get("user") == attribution.entity and is_agents


def remember(
    acting: Acting, *, question: str, max_tokens: int, session_only: bool
) -> Plan[Remembered]:
    """What the server puts together for a question, within a budget of tokens.

    This is the one place that knows how a context is made.
    """
    body = {
        "query": question[:MAX_QUESTION],
        "max_tokens": max_tokens,
        "format": "openai",
        "branch": session_only,
    }
    context: Record = yield ask(at(acting.session_id, "context"), record(Record), body)
    messages: list[Message] = context.messages
    known = [text_of(each["content"]) for each in messages if each["role"] == "system"]
    said = [each for each in messages if each["role"] != "system"]
    return Remembered(as_block(known), said)


def as_block(texts: Iterable[str]) -> str:
    """A text for a prompt's instructions; what is known cannot end it. Empty for nothing."""
    inside = "\n\n".join(text.replace(END, "") for text in texts if text.strip())
    return f"{BEGIN}\n{inside}\n{END}" if inside else ""
