"""The pipeline through the public edge: what a later statement does to an earlier one."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Turn
from memories.models import Memory, MemoryChange, Source, Trace
from tests.factories import Api, make_space


def tell(api: Api, *texts: str, **fields) -> list[dict]:
    """Say texts one by one in a session of one person; returns the diffs."""
    session = fields.pop("session", None) or api.session("user=u_alice")["id"]
    return [api.say(session, text, **fields)["diff"] for text in texts]


def live(api: Api, key: str) -> list[str]:
    rows = api.get("/memories?scope=user%3Du_alice")["data"]
    return sorted(row["value"] for row in rows if row["key"] == key)


def test_a_correction_replaces_and_says_so(api: Api):
    _, diff = tell(api, "I live in Leeds.", "Actually, I live in Porto now.")
    [correction] = diff["corrections"]

    assert (correction["old_value"], correction["new_value"]) == ("Leeds", "Porto")
    assert correction["key"] == "home"
    assert [item["op"] for item in diff["attributes"]] == ["corrected"]
    assert live(api, "home") == ["Porto"]


def test_a_repetition_reinforces_with_another_source(api: Api):
    first, second = tell(api, "I work at Acme Corp.", "As I said, I work at Acme Corp.")
    [memory] = [m for m in api.get("/memories")["data"] if m["key"] == "employer"]

    assert second["attributes"][0]["op"] == "reinforced"
    assert second["attributes"][0]["confidence"] > first["attributes"][0]["confidence"]
    assert {source["seq"] for source in memory["sources"]} == {1, 2}


def test_a_memory_can_cite_several_conversations(api: Api):
    tell(api, "I work at Acme Corp.")
    tell(api, "I work at Acme Corp.")
    [memory] = [m for m in api.get("/memories")["data"] if m["key"] == "employer"]

    assert len({source["session_id"] for source in memory["sources"]}) == 2


def test_the_same_key_in_different_scopes_coexists(api: Api):
    tell(api, "I live in Leeds.", session=api.session("user=u_alice")["id"])
    tell(api, "I live in Porto.", session=api.session("agent=a", "user=u_alice")["id"])

    assert Memory.unscoped.filter(key="home", status="live").count() == 2


def test_nothing_is_learnt_when_told_not_to(api: Api):
    session = api.session("user=u_alice")
    answer = api.say(session["id"], "I live in Leeds.", extract=False)

    assert answer["trace_id"] is None
    assert Memory.unscoped.count() == 0


def test_the_assistants_words_are_no_evidence(api: Api):
    session = api.session("user=u_alice")
    messages = [{"role": "assistant", "content": "You live in Leeds."}]
    answer = api.post(f"/sessions/{session['id']}/turns", {"messages": messages})

    assert answer["diff"]["attributes"] == []


def test_private_words_reach_nothing(api: Api):
    session = api.session("user=u_alice", title="a <private>secret</private> title")
    api.say(session["id"], "I live in <private>secret</private>Leeds. <private>secret for ever")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema='public'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', ["%secret%"])
            assert cursor.fetchone()[0] == 0 or table.startswith("django_migrations"), table


def test_a_wholly_private_message_is_stored_empty(api: Api):
    session = api.session("user=u_alice")
    answer = api.say(session["id"], "<private>I live in Leeds.</private>")

    assert answer["turns"][0]["content"] == ""
    assert answer["diff"]["attributes"] == []


def test_spans_count_code_points(api: Api):
    text = "👩‍🔬 e\u0301toile 🙂 I work at Acme Corp."
    [diff] = tell(api, text)
    source = diff["attributes"][0]["source"]
    start, end = source["span"]

    assert text[start:end] == source["quote"]


def test_if_extraction_fails_the_turns_stay_and_the_diff_says_so(api: Api, monkeypatch):
    from memories.extraction import RuleExtractor

    def fail(*args, **kwargs):
        raise RuntimeError("broken")

    monkeypatch.setattr(RuleExtractor, "extract", fail)
    session = api.session("user=u_alice")
    answer = api.say(session["id"], "I live in Leeds.")

    assert answer.status == 201
    assert answer["diff"]["error"] == "extraction_failed"
    assert Turn.unscoped.count() == 1
    assert api.get(f"/traces/{answer['trace_id']}")["status"] == "failed"


def test_changes_come_in_the_order_of_commits_and_tell_the_history(api: Api):
    tell(api, "I live in Leeds.", "Actually, I live in Porto now.")
    ops = list(
        MemoryChange.objects.order_by("trace__number", "position").values_list("op", "after__value")
    )

    assert ops == [("added", "Leeds"), ("superseded", "Leeds"), ("corrected", "Porto")]


def test_every_source_quotes_its_turn(api: Api):
    tell(api, "I'm Alice, I live in Leeds and I speak Spanish and Dutch.")
    sources = Source.objects.select_related("turn")

    assert sources.count() >= 4
    assert all(s.turn.content[s.span_start : s.span_end] == s.quote for s in sources)


@pytest.mark.django_db(transaction=True)
def test_parallel_ingests_that_disagree_leave_one_live_value():
    api = make_space().api()
    towns = ["Leeds", "Porto", "Ghent", "Lyon", "Oslo", "Turin", "Bern", "Cork"] * 2
    sessions = [api.session("user=u_alice")["id"] for _ in towns]

    def say(session: str, town: str) -> None:
        try:
            assert api.say(session, f"I live in {town}.").status == 201
        finally:
            connection.close()

    threads = [
        threading.Thread(target=say, args=pair) for pair in zip(sessions, towns, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = Memory.unscoped.filter(key="home")

    assert rows.filter(status="live").count() == 1
    assert Turn.unscoped.count() == len(towns)


def test_the_person_a_write_names_is_looked_up_once(api: Api):
    body = {"messages": [{"role": "user", "content": "I work at Acme."}], "scope": ["user=u_zoe"]}
    with CaptureQueriesContext(connection) as queries:
        assert api.post("/facts/batch", body).status == 200

    assert sum("INSERT INTO accounts_user " in query["sql"] for query in queries) == 1
    assert Trace.unscoped.get().user.external_id == "u_zoe"
