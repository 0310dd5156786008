"""The statement that ranks: words, meaning, speaker and memories in one fused score.

    score(memory) = words + 1.75 · meaning + speaker
    score(turn)   = words + 1.75 · meaning + speaker + 0.3 · score of the best memory that cites it

- words: BM25's three factors over the asked rows (rarity of the word among them, saturating
  frequency, length; Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
  Beyond", 2009), divided by the best row's, so 0 to 1; less where even the best row has only a
  small share of what the question's words tell, as then the words found are not what it is about.
  The frequency is PostgreSQL's `ts_rank` of the single word, about f / (f + 0.65), which costs a
  third of counting positions in SQL. A turn is indexed with the end of its two predecessors, as
  answers often lack the words of their question; a word there counts 0.65.
- meaning: the cosine between the question and the row's nearest chunk (vectors have length 1), 0
  before it is embedded; for a turn plus 0.4 of that of the nearer turn beside it, if that is among
  the best too.
- speaker: 0.4 for rows of the participant whom the question names; of the asker's own role ("my");
  or of the assistant's, when the question is about what that said ("did you recommend").

Scores are summed as they are rather than by rank: that recalls about five points more among the
first five than reciprocal rank fusion (docs/decisions/0006-recall.md).

The rows of the asked scope are fenced off first (`own`, `near`: MATERIALIZED), so the cost depends
on how much one owner has stored, not on the store.
"""

from __future__ import annotations

from collections.abc import Sequence

WEIGHT_MEANING = 1.75
WEIGHT_BESIDE = 0.4
WEIGHT_SPEAKER = 0.4
WEIGHT_MEMORIES = 0.3
COVERAGE = 0.3
"""Of the question's words, weighed by rarity: the share that the best row has to have for the words
to count in full."""
MEMORIES_READ = 100
"""Best memories whose sources get a share of their score."""
WEIGHT_CARRIED = 0.4
"""Of the words of earlier questions."""
LEADING = 300
"""Rows that are carried on once each has a score of its own; at least the largest top_k."""
SAMPLE = 200
"""Rows by which a word that more than half of all rows have is known: it tells nothing, but to
match it would cost more than all others (among two people, each name is in nearly every row)."""
PLACES = [0.65, 0.65, 0.65, 1.0]
"""What a word counts by its label D, C, B, A: A are a row's own words, D those before it."""
LARGE = 20_000
"""Turns of an owner from which on only candidates are ranked."""
NEAREST, RARE_WORDS, LARGE_SAMPLE = 500, 4, 2000
"""Candidates: the nearest rows, and all that have one of the rarest words."""
MAX_LEXEMES = 64
"""Distinct words of a question that are matched, the first ones."""
INDEXED_DIMENSIONS = 768
"""Longest vectors that the index `vector_of_owner` holds; longer ones are read from the table."""
UNRELATED = 0.1
"""A row without a common word and with a cosine below this does not answer."""

_HERE = "{t}.tenant_id = %(tenant)s::uuid AND {t}.project_id = %(project)s::uuid AND "
BY_KEY = _HERE + "{t}.scope_key = ANY(%(keys)s::text[])"
"""The condition that a row of the table `t` is visible to a key."""
BY_PERSON = _HERE + (
    "({t}.user_id = %(user)s::uuid"
    " OR ({t}.user_id IS NULL AND {t}.scope_key = ANY(%(shared)s::text[])))"
    " AND (%(keys)s::text[] IS NULL OR {t}.scope_key = ANY(%(keys)s::text[]))"
)
"""The same for a person; without `keys` whatever the scope."""
BY_PERSON_AND_KEY = BY_KEY + (
    " AND coalesce({t}.user_id = %(user)s::uuid, {t}.scope_key = ANY(%(shared)s::text[]))"
)
"""The same for a person, with `keys`: put so that only these can be looked up in an index, as else
two indexes are read and their rows matched."""

_WORDS = r"""
WITH sent AS MATERIALIZED (
    SELECT row_number() OVER () AS word, max(weight) AS weight,
           concat('''', replace(replace(lexeme, '\', '\\'), '''', ''''''), '''')::tsquery AS query
      FROM (
        SELECT word.lexeme, asked.weight
          FROM accounts_project project,
               (VALUES (%(words)s::text, 1.0::float8),
                       (%(carried)s::text, %(carried_weight)s::float8)) AS asked(said, weight),
               LATERAL unnest(to_tsvector(project.search_config::regconfig, asked.said)) AS word
         WHERE project.id = %(project)s::uuid
         ORDER BY asked.weight DESC, word.positions[1], word.lexeme LIMIT %(max_lexemes)s::int
      ) AS found GROUP BY lexeme
)"""

# A row is known by one number, which is cheap to join by: twice its key, plus 1 for a memory. Only
# a row with an asked word carries its index on, unpacked once if it is long: concatenation copies.
_INDEXED = """
           CASE WHEN {t}.search @@ asked.query THEN
               CASE WHEN pg_column_compression({t}.search) IS NULL THEN {t}.search
                    ELSE {t}.search || '' END
           END AS search, length({t}.search) AS length"""
_TURNS = """
    SELECT t.pk * 2 AS row,{indexed}, t.conversation_id AS held_by, t.seq,
           CASE WHEN t.sender = ANY(%(named)s::text[])
                  OR t.role = %(role)s::text
                  OR (t.sender = '' AND cardinality(%(named)s::text[]) > 0 AND
                      split_part(left(t.content, 60), ':', 1) = ANY(%(named)s::text[]))
                THEN %(speaker)s::float8 ELSE 0 END AS speaker
      FROM asked, conversations_turn t WHERE {visible} AND t.redacted_at IS NULL
       AND t.hidden_at IS NULL AND NOT coalesce(0 = ANY (t.hidden_items), false){narrowed}"""
_MEMORIES = """
    SELECT m.pk * 2 + 1 AS row,{indexed}, NULL::bigint AS held_by, 0 AS seq,
           CASE WHEN m.subject = ANY(%(named)s::text[])
                  OR (%(role)s::text = 'user' AND m.subject = 'user')
                THEN %(speaker)s::float8 ELSE 0 END AS speaker
      FROM asked, memories_memory m
     WHERE {visible} AND m.kind <> 'injection'{narrowed}"""

_NEAR = """
    SELECT row, max(meaning) AS meaning FROM (
        SELECT coalesce(v.turn_id * 2, v.memory_id * 2 + 1) AS row,
               -(v.embedding <#> %({vector})s::halfvec) AS meaning
          FROM memories_vector v
         WHERE {visible} AND v.model = %({model})s::text AND v.observation_id IS NULL{narrowed}
        OFFSET 0  -- else the vectors themselves are sorted
    ) AS chunk GROUP BY row"""
# What lets the index `vector_of_owner` answer alone, without reading the table.
_IN_INDEX = f" AND vector_dims(v.embedding) <= {INDEXED_DIMENSIONS}"
_NOTHING_NEAR = "SELECT NULL::bigint AS row, NULL::float8 AS meaning WHERE false"

_ASKED = """
, sampled AS MATERIALIZED (
    SELECT s.search FROM {table} s WHERE {visible} LIMIT %(sample)s::int
), counted AS MATERIALIZED (
    SELECT sent.*, (SELECT count(*) FROM sampled WHERE search @@ sent.query) AS seen,
           (SELECT count(*) FROM sampled) AS read
      FROM sent
), words AS MATERIALIZED (
    SELECT word, weight, query, ln(1 + (read - seen + 0.5) / (seen + 0.5)) AS idf, seen
      FROM counted
     WHERE seen <= 5 + 0.5 * read OR NOT EXISTS (SELECT FROM counted WHERE seen <= 5 + 0.5 * read)
), asked AS MATERIALIZED (
    SELECT coalesce(string_agg(query::text, ' | '), '')::tsquery AS query FROM words
)"""

# The candidate form, for owners with very many rows: the nearest ones, and those with the rarest
# words. All are looked at, but few are carried on; how rare a word is, the sample says.
_CANDIDATES = """
, nearest AS MATERIALIZED (
    SELECT row FROM near WHERE row & 1 = 0 ORDER BY meaning DESC LIMIT %(nearest)s::int
), rare AS MATERIALIZED (
    SELECT coalesce(string_agg(query::text, ' | '), '')::tsquery AS query
      FROM (SELECT query FROM words ORDER BY seen, weight DESC LIMIT %(rare_words)s::int) AS rarest
)"""
_WITH_RARE_WORDS = " AND t.search @@ (SELECT query FROM rare)"
_NEAREST_OTHERS = (
    " AND t.pk = ANY (ARRAY(SELECT row / 2 FROM nearest))"
    " AND NOT t.search @@ (SELECT query FROM rare)"
)

_HITS = """
, hit AS MATERIALIZED (
    SELECT own.row, own.length, words.word, words.weight,
           ts_rank(%(places)s::float4[], own.search, words.query) AS frequency
      FROM own, words WHERE own.search @@ words.query
), store AS MATERIALIZED (
    SELECT row & 1 AS kind, count(*)::float8 AS rows, greatest(avg(length), 1)::float8 AS length
      FROM own GROUP BY row & 1
)"""
_RARITY = """
, rarity AS MATERIALIZED (
    SELECT store.kind, word, store.length,
           ln(1 + (store.rows - counts.rows + 0.5) / (counts.rows + 0.5)) AS idf
      FROM (SELECT row & 1 AS kind, word, count(*) AS rows FROM hit GROUP BY 1, 2) AS counts
      JOIN store USING (kind)
)"""
_SAMPLED_RARITY = """
, rarity AS MATERIALIZED (
    SELECT store.kind, words.word, store.length, words.idf FROM store, words
)"""
# Sums instead of joins where the planner cannot know how many rows there are.
_SCORES = """
, worded AS MATERIALIZED (
    SELECT hit.row, sum(rarity.idf * hit.weight * hit.frequency
                        / (0.5 + 0.5 * hit.length / rarity.length)) AS words
      FROM hit JOIN rarity ON rarity.kind = hit.row & 1 AND rarity.word = hit.word
     GROUP BY hit.row
), best AS MATERIALIZED (
    SELECT greatest((SELECT max(words) FROM worded),
                    (SELECT sum(weight * idf) FROM words) * %(coverage)s::float8, 1e-9) AS words
), scored AS MATERIALIZED (
    SELECT own.row, own.held_by, own.seq, own.speaker, worded.words / best.words AS words,
           near.meaning,
           coalesce(worded.words / best.words, 0) + own.speaker
           + %(meaning_weight)s::float8 * coalesce(near.meaning, 0) AS score
      FROM own CROSS JOIN best
      LEFT JOIN near ON near.row = own.row
      LEFT JOIN worded ON worded.row = own.row
     WHERE worded.words > 0 OR near.meaning > %(unrelated)s::float8
), learnt AS MATERIALIZED (
    SELECT cited.turn_id * 2 AS row, %(memories_weight)s::float8 * max(known.score) AS memories
      FROM (SELECT row, score FROM scored WHERE row & 1 = 1
             ORDER BY score DESC LIMIT %(memories_read)s::int) AS known
     CROSS JOIN LATERAL (
        SELECT s.turn_id FROM memories_source s
         WHERE s.memory_id = known.row / 2 AND s.turn_id IS NOT NULL AND s.erased_at IS NULL
        OFFSET 0  -- one look into the index a memory, whatever the planner expects
     ) AS cited
     GROUP BY cited.turn_id
), front AS MATERIALIZED (
    SELECT * FROM (SELECT * FROM scored WHERE row & 1 = ANY(%(include)s::int[])
                    ORDER BY score DESC LIMIT %(leading)s::int) AS best
    UNION
    SELECT * FROM scored WHERE row IN (SELECT row FROM learnt) AND 0 = ANY(%(include)s::int[])
), beside AS MATERIALIZED (
    SELECT row, score, words, speaker,
           %(meaning_weight)s::float8 * coalesce(meaning, 0) AS meaning,
           %(meaning_weight)s::float8 * %(beside_weight)s::float8 * greatest(0,
               CASE WHEN lag(seq) OVER place = seq - 1 THEN lag(meaning) OVER place END,
               CASE WHEN lead(seq) OVER place = seq + 1 THEN lead(meaning) OVER place END
           ) AS nearer
      FROM front WINDOW place AS (PARTITION BY held_by ORDER BY seq)
)
SELECT row, sum(score) AS score, max(words), max(meaning), max(speaker), max(memories)
  FROM (SELECT row, score + nearer AS score, coalesce(words, 0) AS words,
               meaning + nearer AS meaning, speaker, 0 AS memories FROM beside
        UNION ALL SELECT row, memories, NULL, NULL, NULL, memories FROM learnt) AS parts
 GROUP BY row HAVING count(words) > 0
 ORDER BY score DESC, row DESC
 LIMIT %(top_k)s::int
"""


def ranking(
    *,
    visible: str,
    with_turns: bool,
    of_turns: str,
    of_memories: str,
    dimensions: Sequence[int],
    is_large: bool = False,
) -> str:
    """The statement for the rows that are `visible` (BY_KEY, …) and fulfill these conditions.

    `dimensions` are those of the question's vectors, one a model. `is_large` chooses the candidate
    form; without turns there is nothing to choose from.
    """
    near = _near(dimensions, visible)
    sampled = "conversations_turn" if with_turns else "memories_memory"
    asked = _ASKED.format(table=sampled, visible=visible.format(t="s"))
    memories = _rows(_MEMORIES, "m", of_memories, visible)
    if is_large and with_turns:
        rare = _rows(_TURNS, "t", of_turns + _WITH_RARE_WORDS, visible)
        others = _rows(_TURNS, "t", of_turns + _NEAREST_OTHERS, visible)
        own = _CANDIDATES + _union(rare, others, memories)
        return _WORDS + asked + near + own + _HITS + _SAMPLED_RARITY + _SCORES
    turns = [_rows(_TURNS, "t", of_turns, visible)] if with_turns else []
    return _WORDS + asked + near + _union(*turns, memories) + _HITS + _RARITY + _SCORES


def _union(*parts: str) -> str:
    return f", own AS MATERIALIZED ({'    UNION ALL'.join(f'{part}{chr(10)}' for part in parts)})"


def _near(dimensions: Sequence[int], visible: str) -> str:
    parts = [
        _NEAR.format(
            visible=visible.format(t="v"),
            narrowed=_IN_INDEX if length <= INDEXED_DIMENSIONS else "",
            vector=f"vector{n}",
            model=f"model{n}",
        )
        for n, length in enumerate(dimensions)
    ]
    return f", near AS MATERIALIZED ({'    UNION ALL'.join(parts) or _NOTHING_NEAR}\n)"


def _rows(sql: str, table: str, narrowed: str, visible: str) -> str:
    return sql.format(
        visible=visible.format(t=table),
        indexed=_INDEXED.format(t=table),
        narrowed=narrowed,
    )
