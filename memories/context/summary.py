"""A summary without a model: the sentences that say most, in the order they were said. Pure.

A sentence weighs as much as its words are rare among the turns (inverse frequency), counted once
and divided by the root of its length; what people say counts more than what assistants answer.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from memories.context.messages import Said

_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_WORD = re.compile(r"\w{3,}")
_SHORTEST, _LONGEST = 15, 300
"""Characters of a sentence that can be quoted."""
_WEIGHT = {"user": 1.0, "assistant": 0.6}
_OTHERS = 0.3


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a turn, word by word as it was said."""

    turn: Said
    text: str

    @property
    def line(self) -> str:
        """As it is shown, citing its turn."""
        return f"- ({self.turn.seq}) {self.turn.sender or self.turn.role}: {self.text}"


def summarize(turns: Sequence[Said], room: int, count: Callable[[str], int]) -> list[Sentence]:
    """The weightiest sentences that fit into `room` tokens, one a turn, in order."""
    sentences = [Sentence(turn, text) for turn in turns for text in _sentences(turn.text)]
    seen = Counter(word for one in sentences for word in _words(one.text))
    ranked = sorted(sentences, key=lambda one: -_weight(one, seen, len(sentences)))
    chosen: list[Sentence] = []
    quoted: set[int] = set()
    for sentence in ranked:
        cost = count(sentence.line + "\n")
        if sentence.turn.seq not in quoted and cost <= room:
            chosen.append(sentence)
            quoted.add(sentence.turn.seq)
            room -= cost
    return sorted(chosen, key=lambda one: one.turn.seq)


def _sentences(text: str) -> Iterable[str]:
    found = (match[0].strip() for match in _SENTENCE.finditer(text))
    return [one for one in found if _SHORTEST <= len(one) <= _LONGEST]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _weight(sentence: Sentence, seen: Counter[str], total: int) -> float:
    words = _words(sentence.text)
    rarity = sum(math.log(1 + total / seen[word]) for word in words)
    speaker = _WEIGHT.get(sentence.turn.role, _OTHERS)
    return speaker * rarity / math.sqrt(len(words) + 3)
