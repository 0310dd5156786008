"""How the database carries out a question: from one owner's rows, whatever else is stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import pytest
from django.db import connection

from accounts.models import User
from accounts.principals import Principal, of_command, of_user
from memories.recall import asking
from memories.recall.asking import Asked
from memories.recall.question import take_apart
from memsync.common.tenancy import tenant_scope
from tests.factories import Space

MODEL = "test"
FILL = """
INSERT INTO conversations_conversation (id, tenant_id, project_id, scope, scope_key, user_id, title,
    kind, status, metadata, members, speakers, created_by, fork_reason, next_seq, created_at,
    last_activity_at)
SELECT gen_random_uuid(), %(tenant)s, %(project)s, '{}', 'user=o' || o,
       CASE o WHEN 1 THEN %(user)s::uuid END, 'n ' || o, 'chat', 'active', '{}', '[]', '{}', '', '',
       21, now(), now()
  FROM generate_series(1, 200) AS o;
INSERT INTO conversations_turn (id, tenant_id, project_id, scope_key, user_id, conversation_id, seq,
    role, content, sender, metadata, created_at, appended_at_trace, search, embedded_with)
SELECT gen_random_uuid(), c.tenant_id, c.project_id, c.scope_key, c.user_id, c.pk, s, 'user',
       'words', '', '{}', now(), 0, setweight(to_tsvector('english', 'red ship ' || s), 'A'), 'test'
  FROM conversations_conversation c, generate_series(1, 20) AS s WHERE c.title LIKE 'n %%';
INSERT INTO memories_vector (id, tenant_id, project_id, scope_key, user_id, turn_id, model, chunk,
    span_start, span_end, embedding)
SELECT gen_random_uuid(), tenant_id, project_id, scope_key, user_id, pk, 'test', 0, 0, 1,
       '[1,0,0]'::halfvec
  FROM conversations_turn;
ANALYZE conversations_conversation, conversations_turn, memories_vector, memories_memory;
"""


@pytest.fixture
def store(space: Space) -> Space:
    """4,000 turns of 200 owners; the first is a person who signs in."""
    user = space.make_user("o1")
    values = {"tenant": space.tenant.pk, "project": space.project.pk, "user": user.pk}
    for statement in FILL.strip().split(";\n"):
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
    return space


def plan_of(principal: Principal, *, is_large: bool = False, **scope: str) -> list[dict[str, Any]]:
    """All nodes of the plan of a question."""
    asked = Asked(principal, "red ship 7?", scope)
    with tenant_scope(principal.tenant_id):
        question = take_apart(asked.query, asking.look_up(asked).participants)
        vectors = {MODEL: np.array([1, 0, 0], dtype=np.float32)}
        sql, parameters = asking.ranking(asked, question, vectors, is_large=is_large)
        with psycopg.Cursor(connection.connection) as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters)
            [[document]] = cursor.fetchall()
    return list(nodes(document[0]["Plan"]))


def nodes(plan: dict[str, Any]):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def read_from(plan: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    return [node for node in plan if node.get("Relation Name") == table]


def fenced(plan: list[dict[str, Any]]) -> set[str]:
    """Names of the parts that are computed once, before the rest."""
    return {
        node["Subplan Name"].removeprefix("CTE ")
        for node in plan
        if str(node.get("Subplan Name", "")).startswith("CTE ")
    }


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("table", ["conversations_turn", "memories_vector"])
def test_a_key_reads_the_rows_of_the_asked_scope_by_index_and_no_others(store, table, is_large):
    plan = plan_of(of_command(store.project, "test"), is_large=is_large, user="o7")
    index = {"conversations_turn": "turn_by_scope", "memories_vector": "vector_by_scope"}[table]
    reads = read_from(plan, table)

    assert {"own", "near"} <= fenced(plan)
    assert reads
    for node in reads:
        assert node["Node Type"] in {"Index Scan", "Bitmap Heap Scan"}
        assert node["Actual Rows"] * node["Actual Loops"] <= 20
    assert index in {node.get("Index Name") for node in plan}


@pytest.mark.parametrize("table", ["conversations_turn", "memories_vector"])
def test_a_person_reads_their_own_rows_by_index_and_no_others(store, table):
    principal = of_user(User.objects.get(external_id="o1", tenant=store.tenant))
    plan = plan_of(replace(principal, project_id=store.project.pk))
    reads = read_from(plan, table)

    assert reads
    assert all(node["Node Type"] != "Seq Scan" for node in reads)
    assert all(node["Actual Rows"] * node["Actual Loops"] <= 20 for node in reads)


def test_the_candidate_form_finds_what_the_whole_form_finds(store):
    """For owners with very many rows: the nearest, and those with the rarest words."""
    asked = Asked(of_command(store.project, "test"), "red ship 7?", {"user": "o7"}, top_k=5)
    vectors = {MODEL: np.array([1, 0, 0], dtype=np.float32)}
    with tenant_scope(asked.principal.tenant_id):
        known = asking.look_up(asked)
        question = take_apart(asked.query, known.participants)
        whole = asking.rank(asked, question, vectors)
        candidates = asking.rank(asked, question, vectors, is_large=True)

    assert (known.turns, known.is_large) == (20, False)
    assert [row.pk for row in candidates] == [row.pk for row in whole]
    assert whole[0].words == 1.0
