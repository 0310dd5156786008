"""A recall in three steps, so that no model is asked inside a transaction.

`look_up` (transaction) reads who takes part and which models have vectors, `embed` (none) asks the
models, `rank` (transaction) runs the one ranking statement and reads the rows it names.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from accounts.principals import Principal
from accounts.scope import Scope, add_tags, subset_keys
from memories import embeddings
from memories.embeddings import EmbeddingError, Vector, as_halfvec
from memories.recall import statement
from memories.recall.filters import EVERYTHING, Filters
from memories.recall.question import Participants, Question
from memsync.common.sql import fetch

logger = logging.getLogger(__name__)

INCLUDE = ("memories", "turns")
_KINDS = {"turns": 0, "memories": 1}
"""The lowest bit of a row's number in the statement."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller wants to know."""

    principal: Principal
    query: str
    scope: Scope = field(default_factory=dict)
    """Beside the principal's floor."""
    top_k: int = 10
    include: Sequence[str] = INCLUDE
    filters: Filters = EVERYTHING

    @property
    def whole_scope(self) -> Scope:
        """Floor ∪ scope. Raises ScopeContradiction, BadScope."""
        return add_tags(self.principal.floor, self.scope)

    @property
    def reach(self) -> dict[str, Any]:
        """The parameters that say which rows are visible."""
        me = self.principal
        return {
            "tenant": me.tenant_id,
            "project": me.project,
            "user": me.user_id,
            "keys": None if me.is_user and not self.scope else subset_keys(self.whole_scope),
            "shared": subset_keys(me.tags),
        }


@dataclass(frozen=True, slots=True)
class Known:
    """What the store says before the question is embedded."""

    participants: Participants
    models: list[str]
    """Whose vectors are in use."""
    turns: int = 0
    """About how many the principal may see."""
    scope_keys: list[str] | None = None
    """Of all rows that a person may see who asks about no scope; None beyond 500."""

    @property
    def is_large(self) -> bool:
        """Whether only candidates are ranked."""
        return self.turns > statement.LARGE


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row of the ranking, with the parts of its score."""

    kind: str
    pk: int
    score: float
    words: float
    meaning: float
    speaker: float
    memories: float

    @property
    def parts(self) -> dict[str, float]:
        """What each part adds to the score."""
        names = ("words", "meaning", "speaker", "memories")
        return {name: round(float(getattr(self, name)), 6) for name in names}


_KNOWN = """
WITH mine AS MATERIALIZED (  -- else the planner may walk the primary key of the whole store
    SELECT c.pk, c.members, c.speakers, c.scope_key,
           c.next_seq - 1 - coalesce(c.fork_seq, 0) AS turns
      FROM conversations_conversation c
     WHERE {visible} AND c.deleted_at IS NULL
), told AS MATERIALIZED (
    SELECT members, speakers FROM mine ORDER BY pk DESC LIMIT %(conversations)s::int
), named AS (
    SELECT unnest(speakers) AS name FROM told
    UNION SELECT jsonb_array_elements_text(members) FROM told WHERE jsonb_typeof(members) = 'array'
)
SELECT (SELECT coalesce(array_agg(DISTINCT name), '{{}}') FROM named),
       (SELECT coalesce(array_agg(m.value), '{{}}') FROM memories_memory m
         WHERE {memory_visible} AND m.status = 'live' AND m.key = 'name' AND m.subject = 'user'),
       (SELECT coalesce(array_agg(name ORDER BY adopted_at), '{{}}') FROM memories_embeddingmodel),
       (SELECT coalesce(sum(turns), 0)::int FROM mine),
       {held_under}
"""
_ALL_KEYS = """(SELECT array_agg(scope_key) FROM (
    SELECT scope_key FROM mine
     UNION SELECT m.scope_key FROM memories_memory m WHERE {memory_visible}
     LIMIT %(most_keys)s::int + 1) AS held)"""
_CONVERSATIONS = 2000
"""The newest, in which participants are looked for."""
_MOST_KEYS = 500
"""Scopes of a person's rows by which their vectors are looked up; beyond, by the person."""


def look_up(asked: Asked) -> Known:
    """Who takes part in what the principal may see, and which models have vectors."""
    reach = asked.reach
    visible = statement.BY_PERSON if asked.principal.is_user else statement.BY_KEY
    held_under = _ALL_KEYS if reach["keys"] is None else "NULL"
    sql = _KNOWN.format(
        visible=visible.format(t="c"),
        memory_visible=visible.format(t="m"),
        held_under=held_under.format(memory_visible=visible.format(t="m")),
    )
    most = {"conversations": _CONVERSATIONS, "most_keys": _MOST_KEYS}
    [(spoke, own, models, turns, found)] = fetch(sql, reach | most)
    names = (*(spoke or _written_before_words(asked)), *own)
    participants = Participants(tuple(dict.fromkeys(names)), frozenset(own))
    few = found if found and len(found) <= _MOST_KEYS else None
    return Known(participants, models, turns, few)


_PREFIXED = r"""
SELECT name FROM (
    SELECT (regexp_match(left(t.content, 60), '^(\w[\w .''-]{{0,38}}): '))[1] AS name
      FROM ({newest}) AS t
) AS said WHERE name IS NOT NULL GROUP BY name HAVING count(*) >= %(often)s::int
"""
_NEWEST_BY_KEY = """
    SELECT newest.content FROM unnest(%(keys)s::text[]) AS asked(key), LATERAL (
        SELECT t.content, t.pk FROM conversations_turn t
         WHERE t.project_id = %(project)s::uuid AND t.scope_key = asked.key AND t.sender = ''
           AND t.role <> 'assistant'
         ORDER BY t.pk DESC LIMIT %(turns)s::int) AS newest
     ORDER BY newest.pk DESC LIMIT %(turns)s::int"""
_NEWEST_BY_PERSON = """
    SELECT t.content FROM conversations_turn t
     WHERE t.user_id = %(user)s::uuid AND t.project_id = %(project)s::uuid AND t.sender = ''
       AND t.role <> 'assistant'
     ORDER BY t.pk DESC LIMIT %(turns)s::int"""


def _written_before_words(asked: Asked) -> list[str]:
    """Names that newest turns begin with ("Alice: …"), where senders are not told apart.

    Bots in group chats write so. A name counts from three turns on: "Note: …" is none; nor is
    what an assistant's answers begin with.
    # Uses index: turn_by_scope or turn_by_user
    """
    newest = _NEWEST_BY_PERSON if asked.principal.is_user else _NEWEST_BY_KEY
    sql = _PREFIXED.format(newest=newest)
    return [name for (name,) in fetch(sql, asked.reach | {"turns": 100, "often": 3})]


def embed(question: Question, models: Sequence[str]) -> dict[str, Vector]:
    """The question's vector by each model that can be asked now; without any, words decide."""
    vectors = {}
    for name in models if question.meaning else ():
        model = embeddings.named(name)
        try:
            if model is not None:
                [vectors[name]] = model.embed([question.meaning], seconds=settings.QUESTION_SECONDS)
        except EmbeddingError as error:
            logger.warning("the question is answered without %s: %s", name, error)
    return vectors


def rank(
    asked: Asked, question: Question, vectors: dict[str, Vector], known: Known
) -> list[Ranked]:
    """The best rows, best first.  # Uses index: turn_by_scope (or …_by_user), vector_of_owner"""
    rows = fetch(*ranking(asked, question, vectors, known))
    return [Ranked("m" if row & 1 else "t", row // 2, *rest) for row, *rest in rows]


def ranking(
    asked: Asked, question: Question, vectors: dict[str, Vector], known: Known
) -> tuple[str, dict[str, Any]]:
    """The ranking statement and its parameters."""
    keys = asked.reach["keys"] or known.scope_keys
    by_person = statement.BY_PERSON_AND_KEY if keys else statement.BY_PERSON
    sql = statement.ranking(
        visible=by_person if asked.principal.is_user else statement.BY_KEY,
        with_turns="turns" in asked.include,
        of_turns=asked.filters.of_turns,
        of_memories=asked.filters.of_memories,
        dimensions=[len(vector) for vector in vectors.values()],
        is_large=known.is_large,
    )
    parameters = asked.reach | asked.filters.parameters | _weights() | _by_model(vectors)
    return sql, parameters | {
        "keys": keys,
        "words": question.words,
        "carried": question.carried,
        "named": list(question.named),
        "role": question.role,
        "include": [_KINDS[name] for name in asked.include],
        "top_k": asked.top_k,
        "sample": statement.LARGE_SAMPLE if known.is_large else statement.SAMPLE,
    }


def _by_model(vectors: dict[str, Vector]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for number, (name, vector) in enumerate(vectors.items()):
        parameters |= {f"model{number}": name, f"vector{number}": as_halfvec(vector)}
    return parameters


def _weights() -> dict[str, Any]:
    return {
        "meaning_weight": statement.WEIGHT_MEANING,
        "beside_weight": statement.WEIGHT_BESIDE,
        "memories_weight": statement.WEIGHT_MEMORIES,
        "memories_read": statement.MEMORIES_READ,
        "carried_weight": statement.WEIGHT_CARRIED,
        "coverage": statement.COVERAGE,
        "speaker": statement.WEIGHT_SPEAKER,
        "unrelated": statement.UNRELATED,
        "max_lexemes": statement.MAX_LEXEMES,
        "leading": statement.LEADING,
        "nearest": statement.NEAREST,
        "rare_words": statement.RARE_WORDS,
        "places": statement.PLACES,
    }
