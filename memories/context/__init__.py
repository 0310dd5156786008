"""Context assembly: what a model should read before it answers in a conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.principals import Principal
from accounts.scope import Scope
from conversations.history import read_history
from conversations.items import is_whole, kept_in
from conversations.models import Conversation
from memories.context.assemble import Context, Count, Fact, Material, assemble, shrink
from memories.context.messages import Said, said
from memories.context.render import as_anthropic, as_openai, as_text, left_out, tokens_of
from memories.models import Memory
from memories.state import resting_on

MAX_READ = 1000
"""Newest turns that are looked at, for the window and the summary of what fell out of it."""
READ_CHARACTERS = 12
"""A turn is at least this long on average, so a budget bounds how many are read."""
MAX_INSTRUCTIONS = 200
QUESTION = 2000
"""Characters of the newest user turn that stand in for a query."""

_WRITTEN: dict[str, Callable[[Context], Any]] = {
    "text": as_text,
    "openai": as_openai,
    "anthropic": as_anthropic,
}


def counter() -> Count:
    """The token counter of the settings."""
    count: Count = import_string(settings.TOKEN_COUNTER)
    return count


def read_turns(conversation: Conversation, budget: int) -> list[Said]:
    """The newest turns of the visible history that could matter for this budget."""
    head = conversation.turn_count
    first = max(1, head - min(MAX_READ, budget * 4 // READ_CHARACTERS + 50) + 1)
    return [said(row) for row in read_history(conversation, first, head) if _is_shown(row)]


def _is_shown(row: dict[str, Any]) -> bool:
    """Whether a model is to read a turn: its words stand, and it is a message."""
    is_gone = row["redacted_at"] or row["hidden_at"]
    return not is_gone and not is_whole(kept_in(row["parts"]))


def question_of(turns: list[Said]) -> str:
    """What the user said last, for want of a query; a space when nothing was said."""
    spoken = [turn.text for turn in turns if turn.role == "user" and turn.text.strip()]
    return spoken[-1][:QUESTION] if spoken else " "


def instructions_for(
    principal: Principal, conversation: Conversation, scope: Scope, *, branch: bool = False
) -> list[Fact]:
    """The live instructions that apply in a scope, oldest first; of the conversation's `branch`."""
    rows = Memory.objects.asked(principal, scope).current()
    rows = rows.filter(category="instruction").order_by("serial")
    if branch:
        rows = resting_on(rows, conversation)
    return [Fact(row.uid, row.text) for row in rows[:MAX_INSTRUCTIONS]]


def facts_of(hits: list[dict[str, Any]]) -> list[Fact]:
    """The memories among the hits of a recall, best first; instructions have their own place."""
    return [
        Fact(hit["id"], hit["text"], tuple(source["ref"] for source in hit["sources"]))
        for hit in hits
        if hit["type"] == "memory" and hit["category"] != "instruction"
    ]


def write_context(material: Material, *, budget: int, form: str) -> tuple[Any, dict[str, Any]]:
    """The context in a format, and the account of it: tokens, sources, what was left out."""
    count = counter()
    context = assemble(material, budget, count)
    shown = _WRITTEN[form](context)
    while tokens_of(shown, count) > budget and _has_pieces(context):
        context = shrink(context, material)
        shown = _WRITTEN[form](context)
    if tokens_of(shown, count) > budget:
        shown = "" if form == "text" else {"messages": []}
    return shown, _account(context, budget, tokens_of(shown, count))


def _has_pieces(context: Context) -> bool:
    return bool(context.instructions or context.summary or context.turns or context.memories)


def _account(context: Context, budget: int, tokens: int) -> dict[str, Any]:
    facts = [("instruction", one) for one in context.instructions]
    facts += [("memory", one) for one in context.memories]
    sources: list[dict[str, Any]] = [
        {"part": part, "ref": f"memory:{one.uid}", "sources": list(one.refs)} for part, one in facts
    ]
    quoted = [("summary", one.turn) for one in context.summary]
    quoted += [("turn", turn) for turn in context.turns]
    sources += [{"part": part, "ref": f"turn:{turn.uid}", "seq": turn.seq} for part, turn in quoted]
    return {
        "max_tokens": budget,
        "tokens": tokens,
        "sources": sources,
        "left_out": context.left_out,
        "says": left_out(context),
    }
