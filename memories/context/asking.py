"""A context in two steps around the model that embeds its question, as every recall.

wanted = want(…)                           # transaction: what is read whatever the question finds
found = find(wanted.pending, ask_models(wanted.pending))
shown, account = write(wanted, found)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.principals import Principal
from accounts.scope import Scope
from conversations.lineage import line_of
from conversations.models import Conversation
from memories.context import facts_of, instructions_for, question_of, read_turns, write_context
from memories.context.assemble import Fact, Material
from memories.context.messages import Said
from memories.recall import Asked, Filters, Pending, Recalled, prepare

DEFAULT_TOKENS, MAX_TOKENS = 4000, 1_000_000
MEMORIES = 30
"""Best memories that are considered."""
MAX_QUERY = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A context that was asked for and waits for the memories that bear on it."""

    conversation: Conversation
    budget: int
    turns: list[Said]
    instructions: list[Fact]
    pending: Pending


def want(
    principal: Principal,
    conversation: Conversation,
    *,
    query: str = "",
    budget: int = DEFAULT_TOKENS,
    branch: bool = False,
    scope: Scope | None = None,
) -> Wanted:
    """Read the turns and instructions; without a query ask what the user said last.

    Memories are those of `scope`, without one of the conversation's.
    """
    turns = read_turns(conversation, budget)
    scope = dict(conversation.scope) if scope is None else scope
    asked = Asked(
        principal=principal,
        query=query or question_of(turns),
        scope=scope,
        top_k=MEMORIES,
        include=("memories",),
        filters=Filters(segments=line_of(conversation) if branch else None),
    )
    return Wanted(
        conversation,
        budget,
        turns,
        instructions_for(principal, conversation, scope, branch=branch),
        prepare(asked, served=conversation),
    )


def write(wanted: Wanted, found: Recalled, *, form: str = "text") -> tuple[Any, dict[str, Any]]:
    """The context, whole pieces within the budget, and the account of it."""
    material = Material(
        wanted.instructions,
        facts_of(found.results),
        wanted.turns,
        wanted.conversation.turn_count,
    )
    return write_context(material, budget=wanted.budget, form=form)
