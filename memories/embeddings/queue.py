"""Rows that wait for a vector: the append enqueues nothing, partial indexes find them.

A batch is read, embedded outside any transaction, and stored in one. What was redacted, erased or
rewritten in between is not stored: the row is checked again as its `embedded_with` is set. A row
keeps the vectors of an earlier model until the new ones replace them, so recall has no gap.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

from memories.embeddings.chunks import Chunk, chunks_of
from memories.embeddings.types import Embedder, EmbeddingError, Vector, as_halfvec
from memsync.common.sql import fetch
from memsync.common.tenancy import alias

logger = logging.getLogger(__name__)

BATCH_ROWS = 64
BATCH_CHUNKS = 128
MARK_ROWS = 10_000
NOTHING = ""
"""In `embedded_with`: the row has no words to embed."""


@dataclass(frozen=True, slots=True)
class Table:
    """Where rows wait: their text, and what the model reads before it (who speaks)."""

    name: str
    column: str
    """Of memories_vector."""
    text: str
    speaker: str = "''"


TABLES = (
    Table("conversations_turn", "turn_id", "row.content", "row.sender"),
    Table("memories_memory", "memory_id", "row.text"),
    Table(
        "memories_observation",
        "observation_id",
        "concat_ws(E'\\n', row.title, row.subtitle, row.narrative)",
    ),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row without a vector of the current model."""

    pk: int
    speaker: str
    text: str


_OLDEST_LAST = """
SELECT row.pk, {speaker}, {text} FROM {name} row
 WHERE row.embedded_with IS NULL ORDER BY row.pk DESC LIMIT %(rows)s::int
"""
_TAKE = """
UPDATE {name} row SET embedded_with = %(model)s::text
  FROM unnest(%(pks)s::bigint[], %(texts)s::text[]) AS read(pk, text)
 WHERE row.pk = read.pk AND row.embedded_with IS NULL AND {text} = read.text
RETURNING row.pk
"""
_FORGET_OLD = "DELETE FROM memories_vector WHERE {column} = ANY(%(pks)s::bigint[]) RETURNING 1"
_STORE = """
INSERT INTO memories_vector (id, tenant_id, project_id, user_id, scope_key, {column}, model, chunk,
                             span_start, span_end, embedding)
SELECT gen_random_uuid(), row.tenant_id, row.project_id, row.user_id, row.scope_key, row.pk,
       %(model)s::text, made.chunk, made.first, made.last, made.embedding::halfvec
  FROM unnest(%(pks)s::bigint[], %(chunks)s::int[], %(starts)s::int[], %(ends)s::int[],
              %(vectors)s::text[]) AS made(pk, chunk, first, last, embedding)
  JOIN {name} row ON row.pk = made.pk
RETURNING 1
"""


def embed_some(model: Embedder) -> int:
    """Embed one batch of each table, newest rows first; returns how many rows were taken.

    Raises EmbeddingError when the model cannot be asked now.
    """
    return sum(_embed_batch(table, _waiting(table), model) for table in TABLES)


def _waiting(table: Table) -> list[Waiting]:
    """# Uses index: turn_to_embed, memory_to_embed, observation_to_embed"""
    sql = _OLDEST_LAST.format(name=table.name, speaker=table.speaker, text=table.text)
    return [Waiting(*row) for row in fetch(sql, {"rows": BATCH_ROWS})]


def _embed_batch(table: Table, rows: Sequence[Waiting], model: Embedder) -> int:
    """Embed these rows; a row that the model refuses is left to the words alone."""
    if not rows:
        return 0
    taken, pieces = _within_bounds(rows)
    try:
        vectors = model.embed([_read_as(row, piece) for row, piece in pieces], seconds=60)
    except EmbeddingError as error:
        if not error.is_permanent:
            raise
        return _embed_apart(table, taken, model, error)
    _store(table, taken, pieces, vectors, model.name)
    return len(taken)


def _embed_apart(
    table: Table, rows: Sequence[Waiting], model: Embedder, error: EmbeddingError
) -> int:
    """One of the rows is refused: find it by halves, and give it up."""
    if len(rows) == 1:
        logger.warning("%s %s cannot be embedded: %s", table.name, rows[0].pk, error)
        _store(table, rows, [], [], NOTHING)
        return 1
    middle = len(rows) // 2
    halves = (rows[:middle], rows[middle:])
    return sum(_embed_batch(table, half, model) for half in halves)


def _within_bounds(
    rows: Sequence[Waiting],
) -> tuple[list[Waiting], list[tuple[Waiting, Chunk]]]:
    """As many of the rows as make BATCH_CHUNKS pieces, at least one, and the pieces."""
    taken: list[Waiting] = []
    pieces: list[tuple[Waiting, Chunk]] = []
    for row in rows:
        more = [(row, chunk) for chunk in chunks_of(row.text)]
        if taken and len(pieces) + len(more) > BATCH_CHUNKS:
            break
        taken.append(row)
        pieces += more
    return taken, pieces


def _read_as(row: Waiting, piece: Chunk) -> str:
    words = row.text[piece.start : piece.end]
    return f"{row.speaker}: {words}" if row.speaker else words


def _store(
    table: Table,
    rows: Sequence[Waiting],
    pieces: Sequence[tuple[Waiting, Chunk]],
    vectors: Sequence[Vector],
    model: str,
) -> None:
    """Store the vectors of the rows that still say what was embedded."""
    with transaction.atomic(using=alias()):
        held = _take(table, rows, {row.pk for row, _ in pieces}, model)
        _run(_FORGET_OLD, table, {"pks": sorted(held)})
        made = [
            (row.pk, chunk, vector)
            for (row, chunk), vector in zip(pieces, vectors, strict=True)
            if row.pk in held
        ]
        _run(_STORE, table, {"model": model} | _columns(made))


def _take(table: Table, rows: Sequence[Waiting], embedded: set[int], model: str) -> set[int]:
    """Mark rows as done; those without words with NOTHING. Returns the ones that were ours."""
    held: set[int] = set()
    for name in {model, NOTHING}:
        of_name = [row for row in rows if (model if row.pk in embedded else NOTHING) == name]
        parameters = {
            "model": name,
            "pks": [row.pk for row in of_name],
            "texts": [row.text for row in of_name],
        }
        held |= {pk for (pk,) in _run(_TAKE, table, parameters)}
    return held


def _columns(made: Sequence[tuple[int, Chunk, Vector]]) -> dict[str, list[Any]]:
    places: dict[int, int] = {}
    chunks = []
    for pk, _, _ in made:
        chunks.append(places.get(pk, 0))
        places[pk] = chunks[-1] + 1
    return {
        "pks": [pk for pk, _, _ in made],
        "chunks": chunks,
        "starts": [chunk.start for _, chunk, _ in made],
        "ends": [chunk.end for _, chunk, _ in made],
        "vectors": [as_halfvec(vector) for _, _, vector in made],
    }


def _run(sql: str, table: Table, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    made = sql.format(name=table.name, column=table.column, text=table.text)
    return fetch(made, parameters)


def adopt(model: str) -> None:
    """Make `model` the current one: what another one embedded waits again, and stays found.

    It can be cut off at any point and goes on at the next start.
    """
    fetch(
        "INSERT INTO memories_embeddingmodel (name, adopted_at) VALUES (%(model)s::text, now())"
        " ON CONFLICT DO NOTHING RETURNING 1",
        {"model": model},
    )
    if len(models()) > 1:
        for table in TABLES:
            _mark_stale(table, model)


def _mark_stale(table: Table, model: str) -> None:
    [(last,)] = fetch(f"SELECT coalesce(max(pk), 0) FROM {table.name}", {})  # noqa: S608 - ours
    with connections[alias()].cursor() as cursor:
        for first in range(0, last + 1, MARK_ROWS):
            cursor.execute(
                f"UPDATE {table.name} SET embedded_with = NULL"  # noqa: S608 - our own tables
                " WHERE pk >= %s AND pk < %s AND embedded_with NOT IN (%s, %s)",
                [first, first + MARK_ROWS, model, NOTHING],
            )


def retire_others(model: str) -> None:
    """Once nothing waits any more: drop what is left of other models."""
    if len(models()) > 1 and not any(_waiting(table) for table in TABLES):
        fetch("DELETE FROM memories_vector WHERE model <> %(model)s::text RETURNING 1", _of(model))
        fetch(
            "DELETE FROM memories_embeddingmodel WHERE name <> %(model)s::text RETURNING 1",
            _of(model),
        )


def _of(model: str) -> dict[str, str]:
    return {"model": model}


def models() -> list[str]:
    """The models whose vectors are in use."""
    return [name for (name,) in fetch("SELECT name FROM memories_embeddingmodel", {})]
