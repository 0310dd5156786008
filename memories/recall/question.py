"""A question taken apart: the words to match, what the model reads, and who is asked about. Pure.

The encoder puts a question that names somebody near everything that names them, so participants'
names are cut from what it reads: on the development half of LoCoMo that is worth 16 points of
recall@5 of the vectors alone. As words they count less, and turns of the named one get a bonus.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

READ = 10_000
"""Characters of a question that are read."""
_FIRST_PERSON = re.compile(r"\b(?:i|me|my|mine|myself|i'm|i've|i'd|i'll)\b", re.IGNORECASE)
_SECOND_PERSON = re.compile(
    r"""\b (?:
        (?:did|had|have)\ you
      | you (?:['’]d|['’]ve|\ had|\ have)? (?:\ \w+ly|\ just|\ also|\ first)?
        \ (?: (?!need|feed)\w+ed | said|told|gave|wrote|showed|made|chose|picked|put|meant
            | brought\ up|came\ up\ with|went\ with )
      | your\ (?:\w+\ )?
        (?:suggest|recommend|advice|answer|repl|respon|propos|expla|plan|list|tip|opinion|estimat)\w*
      | according\ to\ you
      | our\ (?:previous|last|earlier|past)\ (?:conversation|chat|discussion|session)s?
    ) \b""",
    re.IGNORECASE | re.VERBOSE,
)
"""What the one who is asked said before: "did you suggest", "you told me", "your advice"."""
_I_SAID = re.compile(r"\bI(?:['’]ve| had| have)? (?:told|tell|said|say|mention|ask)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SHORTEST_NICKNAME = 3
_UNNAMED = frozenset({"user", "assistant", "system", "tool", "bot", "agent", "ai", "human"})
"""Senders that are no names: a question with such a word is not about that sender."""


@dataclass(frozen=True, slots=True)
class Participants:
    """Who takes part in what is asked about."""

    names: tuple[str, ...] = ()
    """Of speakers and members, and the user's own."""
    own: frozenset[str] = frozenset()
    """Names of the user, whose turns may bear no sender."""

    def named_in(self, text: str) -> list[str]:
        """Those whom a text names."""
        low = text.casefold()  # a quick look first: there may be thousands of names
        near = [name for name in self.names if name and name.casefold()[:_SHORTEST_NICKNAME] in low]
        return [name for name in near if _mentions(text, name)]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, ready to be ranked by."""

    words: str
    """Matched word by word."""
    carried: str
    """Matched too, but counting less: participants' names, and what earlier questions add."""
    meaning: str
    """What the model reads; empty when nothing is left."""
    named: tuple[str, ...]
    """The one participant whom it names, as senders write the name."""
    is_own: bool
    """Whether it is about the user."""
    is_yours: bool = False
    """Whether it is about what the assistant said."""

    @property
    def role(self) -> str | None:
        """Whose turns it is about, as far as it names nobody else."""
        if self.is_yours and not self.named:
            return "assistant"
        return "user" if self.is_own else None


def take_apart(text: str, participants: Participants) -> Question:
    """The parts of a question among these participants."""
    text = text[:READ]
    named = participants.named_in(text)
    rest = _without(text, named)
    return Question(
        words=rest,
        carried=" ".join(named),
        meaning=rest if _WORD.search(rest) else "",
        named=tuple(named) if len({name.casefold() for name in named}) == 1 else (),
        is_own=participants.own.issuperset(named) and bool(named or _FIRST_PERSON.search(text)),
        is_yours=bool(_SECOND_PERSON.search(text)) and not _I_SAID.search(text),
    )


def _without(text: str, names: Sequence[str]) -> str:
    """The text less every mention of these names, and less the gaps they leave."""
    spans = sorted({span for name in names for span in _mentions(text, name)})
    kept, position = [], 0
    for start, end in spans:
        kept.append(text[position : max(start, position)])
        position = max(position, end)
    return re.sub(
        r"\s+([?.,!])", r"\1", re.sub(r"\s+", " ", "".join(kept) + text[position:])
    ).strip()


def _mentions(text: str, name: str) -> list[tuple[int, int]]:
    """Where a text names somebody: in full, by the first name, or by a short form of it.

    The full name counts in any case; parts of it only with a capital, as many are also words.
    """
    if name.casefold() in _UNNAMED:
        return []
    full = re.compile(rf"(?<!\w){re.escape(name)}(?:['’]s)?(?!\w)", re.IGNORECASE)
    found = [match.span() for match in full.finditer(text)]
    first = _WORD.match(name)
    if first is None or len(first[0]) < _SHORTEST_NICKNAME:
        return found
    for word in _WORD.finditer(text):
        bare = re.sub(r"['’]s$", "", word[0])
        if bare[:1].isupper() and _is_short_for(bare.casefold(), first[0].casefold()):
            found.append(word.span())
    return found


def _is_short_for(word: str, name: str) -> bool:
    return len(word) >= _SHORTEST_NICKNAME and name.startswith(word)
