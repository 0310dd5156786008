"""What goes into a context: whole pieces within a hard budget, and a list of what did not. Pure.

Instructions, then what was said before in summary, then the newest turns, then the memories for the
question. All but the memories change seldom, and they come last, so that a provider's prompt cache
finds the same beginning again: the window of turns moves by WINDOW_STEP turns at a time, and the
shares of the budget are fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any
from uuid import UUID

from memories.context.messages import Said, groups_of
from memories.context.summary import Sentence, summarize

WINDOW_STEP = 8
INSTRUCTION_SHARE, MEMORY_SHARE, SUMMARY_SHARE = 0.3, 0.25, 0.1
LEAST_FOR_INSTRUCTIONS = 120
"""Tokens, of a small budget even all: what was ordered comes before what was said."""
FRAME = 80
"""Tokens kept for headings and for saying what was left out."""
MESSAGE_FRAME = 12
"""Tokens a message costs beside its words."""

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Fact:
    """A memory or an instruction, with the turns it rests on."""

    uid: UUID
    text: str
    refs: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """As it is shown, citing itself."""
        return f"- {self.text} [memory:{self.uid}]"


@dataclass(frozen=True, slots=True)
class Material:
    """What there is: the newest turns read, in order, of a history that ends at `head`."""

    instructions: Sequence[Fact]
    memories: Sequence[Fact]
    """Best first."""
    turns: Sequence[Said]
    head: int


@dataclass(frozen=True, slots=True)
class Context:
    """What fits."""

    instructions: list[Fact] = field(default_factory=list)
    summary: list[Sentence] = field(default_factory=list)
    turns: list[Said] = field(default_factory=list)
    memories: list[Fact] = field(default_factory=list)
    left_out: dict[str, Any] = field(default_factory=dict)


def assemble(material: Material, budget: int, count: Count) -> Context:
    """The context for a budget in tokens, as `count` counts them."""
    room = budget - min(FRAME, budget // 4)
    share = min(room, max(int(room * INSTRUCTION_SHARE), LEAST_FOR_INSTRUCTIONS))
    instructions = _fitting(material.instructions, share, count)
    spent = sum(count(fact.line + "\n") for fact in instructions)
    reserved = int(room * MEMORY_SHARE) + int(room * SUMMARY_SHARE)
    turns = _window(material.turns, room - spent - reserved, count)
    fallen = _before(material.turns, turns)
    summary = summarize(fallen, int(room * SUMMARY_SHARE), count) if fallen else []
    memories = _fitting(material.memories, int(room * MEMORY_SHARE), count)
    return _accounted(Context(instructions, summary, turns, memories), material)


def shrink(context: Context, material: Material) -> Context:
    """The same with one piece less, for a counter whose sums do not add up."""
    if context.memories:
        smaller = replace(context, memories=context.memories[:-1])
    elif context.summary:
        smaller = replace(context, summary=context.summary[:-1])
    elif context.turns:
        kept = groups_of(context.turns)[1:]
        smaller = replace(context, turns=[turn for group in kept for turn in group])
    else:
        smaller = replace(context, instructions=context.instructions[:-1])
    return _accounted(smaller, material)


def _accounted(context: Context, material: Material) -> Context:
    """With what was left out: of the turns the positions, of the rest the number."""
    ranges = _gaps([turn.seq for turn in context.turns], material.head)
    return replace(
        context,
        left_out={
            "turns": {"count": sum(last - first + 1 for first, last in ranges), "ranges": ranges},
            "memories": len(material.memories) - len(context.memories),
            "instructions": len(material.instructions) - len(context.instructions),
        },
    )


def _fitting(facts: Iterable[Fact], room: int, count: Count) -> list[Fact]:
    kept = []
    for fact in facts:
        cost = count(fact.line + "\n")
        if cost <= room:
            kept.append(fact)
            room -= cost
    return kept


def _window(turns: Sequence[Said], room: int, count: Count) -> list[Said]:
    """The newest runs of turns that fit, from a step of the window on where one of them begins."""
    kept: list[list[Said]] = []
    for group in reversed(groups_of(list(turns))):
        cost = sum(count(_written(turn)) + MESSAGE_FRAME for turn in group)
        if cost > room:
            break
        kept.insert(0, group)
        room -= cost
    complete = bool(turns) and bool(kept) and kept[0][0].seq == 1
    steady = kept if complete else _from_step(kept)
    return [turn for group in steady for turn in group]


def _from_step(kept: list[list[Said]]) -> list[list[Said]]:
    """From the first turn that begins a step; all of it when that would leave too little."""
    for place, group in enumerate(kept):
        if (group[0].seq - 1) % WINDOW_STEP == 0 and place < WINDOW_STEP <= len(kept) - place:
            return kept[place:]
    return kept


def _written(turn: Said) -> str:
    """All words that a message of this turn has, in any form."""
    calls = "".join(f"{call.id} {call.name} {call.arguments} tool_use" for call in turn.calls)
    results = "".join(f"{result.id} {result.text} tool_result" for result in turn.results)
    text = "" if turn.role == "tool" else turn.text
    return f"({turn.seq}) {turn.sender or turn.role}: {text}{calls}{results}\n"


def _before(turns: Sequence[Said], shown: Sequence[Said]) -> list[Said]:
    first = shown[0].seq if shown else None
    return [turn for turn in turns if first is None or turn.seq < first]


def _gaps(shown: Sequence[int], head: int) -> list[list[int]]:
    """The positions from 1 to `head` that are not shown, as [first, last] pairs."""
    bounds = [0, *sorted(shown), head + 1]
    return [[a + 1, b - 1] for a, b in pairwise(bounds) if b - a > 1]
