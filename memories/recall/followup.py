"""Follow-up questions: "and where does she live?" is read with what was asked before. Pure.

Only a question that leans on earlier ones is enriched; any other is ranked as it stands. What is
added changes how rows are ranked, never which rows may be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memories.recall.question import Participants, Question, take_apart

_PRONOUN = re.compile(
    r"\b(?:he|him|his|she|her|hers|they|them|their|theirs|it|its)\b", re.IGNORECASE
)
_PERSON = re.compile(r"\b(?:he|him|his|she|her|hers)\b", re.IGNORECASE)
_GOES_ON = re.compile(r"^\W*(?:and|but|or|so|also|then|what about|how about)\b", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"\b(?:that|this|those|these|there|then|ones?|same|others?|another|else|both)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SAYS_LITTLE = frozenset(
    re.findall(
        r"\w+",
        """
        and but or so also then what where when who whom whose which why how is are was were be been
        do does did has have had will would can could should may might a an the of in on at to for
        from by with it its he him his she her hers they them their there that this these those i me
        my you your we us our not no many much long often old about since again one ones other
        others else same first
        """,
    )
)
"""Words with which alone nobody knows what is asked for: "and since when?", "how many?"."""
_SHORT = 5
"""Words of a question that can hardly stand alone unless it names something: "since when?"."""
_PROPER = re.compile(r"(?<=[^.!?\s] )[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")
"""Capitalized words inside a sentence."""
ANSWER_READ = 300
"""Characters of an earlier answer in which names are looked for."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier question of the same session, and what answered it best."""

    query: str
    hits: tuple[tuple[str, int], ...] = ()
    """(kind, key), best first; the words are read again when needed, as far as still visible."""
    receipt: str = ""
    """The id of its receipt, by which an erasure finds it."""


def leans(text: str, participants: Participants) -> bool:
    """Whether a question can hardly be understood without the ones before it."""
    if _PRONOUN.search(text) or _GOES_ON.search(text):
        return True
    if participants.named_in(text) or _PROPER.search(text):
        return False
    return bool(_POINTS_BACK.search(text)) or len(_WORD.findall(text)) <= _SHORT


def enriched(
    text: str, participants: Participants, earlier: Sequence[Earlier], answers: Iterable[str]
) -> Question:
    """The question with what it leans on: the earlier words, their subject, names in answers."""
    question = take_apart(text, participants)
    if not earlier or not leans(text, participants):
        return question
    before = _told_before(earlier, participants)
    old = take_apart(before, participants)
    names_somebody, asks_anew = bool(participants.named_in(text)), _asks_anew(text)
    carried = old.meaning if names_somebody else before
    if asks_anew and _PERSON.search(text) and (whom := _names_in(before, participants)):
        carried = " ".join(whom)
    return replace(
        question,
        carried=" ".join([question.carried, carried, *_names_in_answers(answers, participants)]),
        meaning=question.meaning if asks_anew else f"{old.meaning} {question.meaning}".strip(),
        named=question.named or (() if names_somebody else old.named),
        is_own=question.is_own or (not names_somebody and not question.named and old.is_own),
        is_yours=question.is_yours or (not names_somebody and old.is_yours),
    )


def _asks_anew(text: str) -> bool:
    """Whether it says itself what it asks for, and leans on the earlier ones for whom alone.

    What those asked for would draw their answers up again.
    """
    return any(word.lower() not in _SAYS_LITTLE for word in _WORD.findall(text))


def _names_in(text: str, participants: Participants) -> list[str]:
    """Whom a question names: participants and others."""
    return list(dict.fromkeys([*participants.named_in(text), *_PROPER.findall(text)]))


def _told_before(earlier: Sequence[Earlier], participants: Participants) -> str:
    """The last question, and those before it as long as it leaned on them too."""
    chain: list[str] = []
    for one in reversed(earlier):
        chain.insert(0, one.query)
        if not leans(one.query, participants):
            break
    return " ".join(chain)


def _names_in_answers(answers: Iterable[str], participants: Participants) -> list[str]:
    found = {name for text in answers for name in _PROPER.findall(text[:ANSWER_READ])}
    known = {name.casefold() for name in participants.names}
    return sorted(name for name in found if name.casefold() not in known)
