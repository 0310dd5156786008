"""How the database carries out a question: from one owner's rows, whatever else is stored."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import pytest
from django.db import connection

from accounts.models import User
from accounts.principals import Principal, of_command, of_user
from accounts.scope import scope_key
from conversations.models import Turn
from memories.embeddings import as_halfvec
from memories.recall import asking, statement
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
    for filling in FILL.strip().split(";\n"):
        with connection.cursor() as cursor:
            cursor.execute(filling, values)
    return space


def person_of(store: Space) -> Principal:
    """The owner of the first 20 turns."""
    user = User.objects.get(external_id="o1", tenant=store.tenant)
    return replace(of_user(user), project_id=store.project.pk)


def plan_of(principal: Principal, *, is_large: bool = False, **scope: str) -> list[dict[str, Any]]:
    """All nodes of the plan of a question."""
    asked = Asked(principal, "red ship 7?", scope)
    with tenant_scope(principal.tenant_id):
        known = asking.look_up(asked)
        if is_large:
            known = replace(known, turns=statement.LARGE + 1)
        question = take_apart(asked.query, known.participants)
        vectors = {MODEL: np.array([1, 0, 0], dtype=np.float32)}
        sql, parameters = asking.ranking(asked, question, vectors, known)
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


INDEXES = {
    "conversations_turn": {"turn_by_scope"},
    "memories_vector": {"vector_of_owner", "vector_by_scope"},
}


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
    reads = read_from(plan, table)

    assert {"own", "near"} <= fenced(plan)
    assert reads
    for node in reads:
        assert node["Node Type"] in {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
        assert node["Actual Rows"] * node["Actual Loops"] <= 20
    assert INDEXES[table] & {node.get("Index Name") for node in plan}


@pytest.mark.parametrize("table", ["conversations_turn", "memories_vector"])
def test_a_person_reads_their_own_rows_by_index_and_no_others(store, table):
    plan = plan_of(person_of(store))
    reads = read_from(plan, table)

    assert reads
    assert all(node["Node Type"] != "Seq Scan" for node in reads)
    assert all(node["Actual Rows"] * node["Actual Loops"] <= 20 for node in reads)


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("is_person", [False, True])
def test_vectors_are_read_from_the_index_that_holds_them(store, is_person, is_large):
    """In the table they lie scattered. It is small here, so its other indexes are ruled out."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;")
        cursor.execute("SET LOCAL enable_seqscan = off")
    if is_person:
        plan = plan_of(person_of(store), is_large=is_large)
    else:
        plan = plan_of(of_command(store.project, "test"), is_large=is_large, user="o7")

    [read] = read_from(plan, "memories_vector")
    assert (read["Node Type"], read["Index Name"]) == ("Index Only Scan", "vector_of_owner")
    assert "scope_key" in read["Index Cond"]
    assert read["Actual Rows"] == 20


@pytest.mark.parametrize("is_told", [True, False])
def test_a_person_finds_the_same_whether_or_not_their_scopes_are_told_first(store, is_told):
    """Beyond so many scopes rows are looked up by the person."""
    asked = Asked(person_of(store), "red ship 7?", top_k=100)
    vectors = {MODEL: np.array([1, 0, 0], dtype=np.float32)}
    with tenant_scope(asked.principal.tenant_id):
        known = asking.look_up(asked)
        assert known.scope_keys == ["user=o1"]
        if not is_told:
            known = replace(known, scope_keys=None)
        question = take_apart(asked.query, known.participants)
        found = asking.rank(asked, question, vectors, known)

    mine = Turn.unscoped.filter(conversation__scope_key="user=o1").values_list("pk", flat=True)
    assert {row.pk for row in found} == set(mine)


@pytest.mark.parametrize("dimensions", [768, 1024, 3072])
def test_vectors_of_any_length_are_found_under_the_longest_scope(store, dimensions):
    """Those too long for a row of an index are read from the table."""
    scope = {f"k{n}": secrets.token_urlsafe(32) for n in range(8)}
    key = scope_key(scope)
    assert 360 <= len(key) <= 400
    turn = Turn.unscoped.filter(scope_key="user=o9").latest("pk")
    vector = np.full(dimensions, dimensions**-0.5, dtype=np.float32)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # scopes never change
        cursor.execute("UPDATE conversations_turn SET scope_key = %s WHERE pk = %s", [key, turn.pk])
        cursor.execute(
            "UPDATE memories_vector SET scope_key = %s, embedding = %s WHERE turn_id = %s",
            [key, as_halfvec(vector), turn.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    asked = Asked(of_command(store.project, "test"), "anything?", scope)
    with tenant_scope(asked.principal.tenant_id):
        known = asking.look_up(asked)
        question = take_apart(asked.query, known.participants)
        [found] = asking.rank(asked, question, {MODEL: vector}, known)

    assert found.pk == turn.pk
    assert found.meaning == pytest.approx(1.75, rel=0.01)


def test_the_candidate_form_finds_what_the_whole_form_finds(store):
    """For owners with very many rows: the nearest, and those with the rarest words."""
    asked = Asked(of_command(store.project, "test"), "red ship 7?", {"user": "o7"}, top_k=5)
    vectors = {MODEL: np.array([1, 0, 0], dtype=np.float32)}
    with tenant_scope(asked.principal.tenant_id):
        known = asking.look_up(asked)
        question = take_apart(asked.query, known.participants)
        whole = asking.rank(asked, question, vectors, known)
        many = replace(known, turns=statement.LARGE + 1)
        candidates = asking.rank(asked, question, vectors, many)

    assert (known.turns, known.is_large) == (20, False)
    assert [row.pk for row in candidates] == [row.pk for row in whole]
    assert whole[0].words == 1.0
