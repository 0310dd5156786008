"""Redaction and deletion: the words go from every table, what others support stays."""

from __future__ import annotations

import base64
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.apps import apps
from django.db import connection, connections

from conversations.models import Conversation, Turn
from memories.models import ErasureReceipt, Memory, MemoryChange, Source
from tests.factories import Answer, Api, Space, make_space

SCOPE = ["user=u_alice"]


def told(api: Api, *texts: str, session: str | None = None, **headers: str) -> Answer:
    session = session or api.session(*SCOPE)["id"]
    said = [{"role": "user", "content": text} for text in texts]
    answer = api.post(f"/sessions/{session}/turns", {"messages": said}, **headers)
    assert answer.status == 201, answer
    return answer


def redact(api: Api, answer: Answer, place: int = 0) -> Answer:
    turn = answer["turns"][place]
    return api.delete(f"/sessions/{turn['session_id']}/turns/{turn['id']}")


def tables_saying(word: str) -> list[str]:
    """The tables in which some column of some row holds the word, in any case."""
    found = []
    in_bytes = "|".join(form.encode().hex() for form in (word, word.title()))
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(
                f"SELECT 1 FROM {table} t WHERE t::text ~* %s LIMIT 1", [f"{word}|{in_bytes}"]
            )
            if cursor.fetchone():
                found.append(table)
    return found


STATES = ("conversations_checkpoint", "conversations_checkpointwrite")


def kept_by_an_app(api: Api, words: str) -> None:
    """The state of a thread, and a write of it, that hold the words."""
    blob = base64.b64encode(words.encode()).decode()
    place = {"thread_id": "t", "checkpoint_id": "1", "scope": SCOPE}
    write = {"idx": 0, "channel": "c", "type": "msgpack", "blob": blob}
    api.post("/checkpoints", place | {"type": "msgpack", "blob": blob})
    api.post("/checkpoints/writes", place | {"task_id": "k", "writes": [write]})


@pytest.fixture
def zanzibar(api: Api) -> Answer:
    """A place that is named nowhere else, recalled, and stored under an Idempotency-Key."""
    answer = told(api, "I live in Zanzibar.", "Nice weather today.", Idempotency_Key="k1")
    api.call("POST", "/memory/query", {"query": "who lives in Zanzibar?", "scope": SCOPE})
    assert answer["diff"]["attributes"] or answer["diff"]["relations"]
    kept_by_an_app(api, "I live in Zanzibar.")
    assert {"memories_trace", *STATES} <= set(tables_saying("zanzibar"))
    return answer


def test_a_redacted_turn_keeps_its_place_and_loses_its_words(api, zanzibar):
    counts = redact(api, zanzibar)
    first, second = api.get(f"/sessions/{zanzibar['session_id']}/turns")["data"]

    assert counts.status == 200
    assert (counts["turns"], counts["memories"], counts["memories_kept"]) == (1, 1, 0)
    assert (first["seq"], first["content"], first["role"]) == (1, "", "user")
    assert first["redacted_at"]
    assert (second["content"], second["redacted_at"]) == ("Nice weather today.", None)


def test_its_words_are_gone_from_every_table(api, zanzibar):
    redact(api, zanzibar)

    assert tables_saying("zanzibar") == []


def test_nobody_finds_or_lists_what_rested_on_it(api, zanzibar):
    redact(api, zanzibar)
    found = api.call("POST", "/memory/query", {"query": "Zanzibar", "scope": SCOPE})

    assert found["results"] == []
    assert "Zanzibar" not in str(api.get("/memories").body)
    assert Memory.unscoped.get(pk__gte=0).status == "erased"


def test_ids_ops_and_times_stay_and_the_erasure_is_a_change_itself(api, zanzibar):
    redact(api, zanzibar)
    ops = list(MemoryChange.objects.order_by("trace__number").values_list("op", flat=True))
    last = MemoryChange.objects.latest("serial")
    receipt = ErasureReceipt.objects.get()

    assert ops == ["added", "erased"]
    assert str(last.turn.uid) == zanzibar["turns"][0]["id"]
    assert (last.before["value"], last.after["value"]) == ("", "")
    assert last.after["status"] == "erased"
    assert Source.objects.get().erased_at is not None
    assert receipt.subject_ids == [last.turn.uid]


def test_a_memory_with_another_source_lives_on(api):
    first = told(api, "I live in Zanzibar.")
    told(api, "I live in Zanzibar.", session=first["session_id"])
    counts = redact(api, first)
    memory = api.get("/memories")["data"][0]

    assert (counts["memories"], counts["memories_kept"]) == (0, 1)
    assert memory["value"] == "Zanzibar"
    assert [source["seq"] for source in memory["sources"]] == [2]


def test_a_memory_whose_other_sources_say_only_a_part_of_it_goes(api):
    first = told(api, "I live in Springfield Qwertyville.")
    told(api, "I live in Springfield.", session=first["session_id"])
    assert Source.objects.values("memory").distinct().count() == 1
    counts = redact(api, first)

    assert (counts["memories"], counts["memories_kept"]) == (1, 0)
    assert tables_saying("qwertyville") == []


def test_a_memory_lives_on_by_a_source_that_says_more_than_it(api):
    first = told(api, "I live in Springfield.")
    told(api, "I live in Springfield Qwertyville.", session=first["session_id"])
    counts = redact(api, first)

    assert (counts["memories"], counts["memories_kept"]) == (0, 1)
    assert [m["value"] for m in api.get("/memories")["data"]] == ["Springfield"]


def test_redacting_a_correction_does_not_revive_what_it_replaced(api):
    first = told(api, "I live in Leeds.")
    second = told(api, "Actually, I live in Porto now.", session=first["session_id"])
    redact(api, second)

    assert {(m.value, m.status) for m in Memory.unscoped.all()} == {
        ("Leeds", "superseded"),
        ("", "erased"),
    }


def test_redacting_what_was_corrected_blanks_it_in_the_answer_of_the_correction(api):
    first = told(api, "I live in Leeds.")
    told(
        api,
        "Actually, I live in Porto now.",
        session=first["session_id"],
        Idempotency_Key="k2",
    )
    counts = redact(api, first)

    assert counts["idempotency_keys"] == 1
    assert tables_saying("leeds") == []
    assert [m.value for m in Memory.unscoped.filter(status="live")] == ["Porto"]


def test_an_uncertainty_that_names_an_erased_value_goes_too(api):
    first = told(api, "I live in Leeds.")
    doubt = told(api, "Maybe I live in Porto.", session=first["session_id"])
    redact(api, first)

    assert doubt.status == 201
    assert tables_saying("leeds") == []


def test_a_second_redaction_changes_nothing(api, zanzibar):
    redact(api, zanzibar)
    again = redact(api, zanzibar)

    assert again.status == 200
    assert set(again.body.values()) == {0}


def test_what_a_fork_inherits_is_redacted_where_it_belongs(api, zanzibar):
    fork = api.post(f"/sessions/{zanzibar['session_id']}/fork")["id"]
    api.say(fork, "Said after it.", extract=False)
    turn = zanzibar["turns"][0]["id"]
    refused = api.delete(f"/sessions/{fork}/turns/{turn}")
    redact(api, zanzibar)

    assert (refused.status, refused["code"]) == (409, "turn_inherited")
    assert api.get(f"/sessions/{fork}/turns")["data"][0]["content"] == ""
    assert tables_saying("zanzibar") == []


def test_the_first_turns_of_a_fork_forget_a_predecessor_beyond_the_cut(api):
    session = api.session(*SCOPE)["id"]
    said = api.say(session, "The word is Zanzibar", extract=False)
    child = api.post(f"/sessions/{session}/fork")["id"]
    grandchild = api.post(f"/sessions/{child}/fork")["id"]
    api.say(grandchild, "Own words", extract=False)
    assert len(re.findall("zanzibar", str(list(Turn.unscoped.values_list("search"))))) == 2
    redact(api, said)
    fork_turn = Turn.unscoped.get(conversation__uid=grandchild)

    assert tables_saying("zanzibar") == []
    assert "own" in fork_turn.search or "word" in fork_turn.search


def test_deleting_a_session_takes_all_of_it(api, zanzibar):
    other = told(api, "I like tea.")
    path = f"/sessions/{zanzibar['session_id']}"
    api.patch(path, {"title": "Zanzibar trip", "metadata": {"to": "Zanzibar"}})
    counts = api.delete(path)

    assert counts.status == 200
    assert (counts["sessions"], counts["turns"], counts["memories"]) == (1, 2, 1)
    assert tables_saying("zanzibar") == []
    assert tables_saying("weather") == []
    for gone in (path, f"{path}/turns", f"{path}/tree", f"{path}/transcript"):
        assert api.get(gone).status == 404
    assert [row["id"] for row in api.get("/sessions")["data"]] == [other["session_id"]]
    assert api.delete(path).status == 404


def test_a_deleted_id_is_not_free_again_and_nothing_is_said_of_it(api, zanzibar):
    uid = zanzibar["session_id"]
    api.delete(f"/sessions/{uid}")

    assert api.post("/sessions", {"id": uid, "scope": SCOPE}).status == 404
    assert told(api, "Hello").status == 201


def test_a_session_with_living_forks_is_deleted_with_them_or_not_at_all(api, zanzibar):
    uid = zanzibar["session_id"]
    child = api.post(f"/sessions/{uid}/fork")["id"]
    grandchild = api.post(f"/sessions/{child}/fork")["id"]
    refused = api.delete(f"/sessions/{uid}")
    bad = api.delete(f"/sessions/{uid}?cascade=yes")

    assert (refused.status, refused["code"], bad.status) == (409, "has_forks", 400)
    assert api.delete(f"/sessions/{grandchild}")["sessions"] == 1
    assert api.delete(f"/sessions/{child}")["sessions"] == 1
    again = api.post(f"/sessions/{uid}/fork")["id"]
    assert api.delete(f"/sessions/{uid}?cascade=true")["sessions"] == 2
    assert api.get(f"/sessions/{again}").status == 404


def test_the_tree_goes_on_without_a_deleted_leaf(api, zanzibar):
    uid = zanzibar["session_id"]
    leaf, kept = (api.post(f"/sessions/{uid}/fork")["id"] for _ in range(2))
    api.delete(f"/sessions/{leaf}")

    assert {node["id"] for node in api.get(f"/sessions/{uid}/tree")["nodes"]} == {uid, kept}


def test_who_may_redact_and_delete(space: Space, api, zanzibar):
    alice, bob = (space.api_of(space.make_user(name)) for name in ("u_alice", "u_bob"))
    callers = {
        "owner": (alice, 403),
        "somebody else": (bob, 404),
        "supervisor": (space.api(space.make_key("supervisor")), 403),
        "agent of another": (space.api(space.make_key("agent", "user=u_bob")), 404),
        "agent inside its floor": (space.api(space.make_key("agent", "user=u_alice")), 200),
    }
    for who, (caller, status) in callers.items():
        assert redact(caller, zanzibar).status == status, who
        assert caller.delete(f"/sessions/{zanzibar['session_id']}").status == status, who
    assert api.delete(f"/sessions/{uuid.uuid4()}").status == 404


@pytest.mark.django_db(transaction=True)
def test_a_session_is_not_deleted_under_a_fork_nor_forked_under_a_deletion():
    api = make_space().api()
    for _ in range(6):
        uid = api.session(*SCOPE)["id"]
        api.say(uid, "a", extract=False)
        together = Barrier(2)

        def work(name: str, uid: str = uid, together: Barrier = together) -> int:
            try:
                together.wait(timeout=30)
                if name == "delete":
                    return api.delete(f"/sessions/{uid}").status
                return api.post(f"/sessions/{uid}/fork").status
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            deleted, forked = pool.map(work, ["delete", "fork"])

        assert (deleted, forked) in {(200, 404), (409, 201)}
    forks = Conversation.unscoped.filter(forked_from__isnull=False, deleted_at__isnull=True)
    assert not forks.filter(forked_from__deleted_at__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_appends_while_a_turn_is_redacted_never_index_its_words_again():
    api = make_space().api()
    uid = api.session(*SCOPE)["id"]
    together = Barrier(5)
    said = told(api, "The word is Zanzibar", session=uid)

    def work(number: int) -> None:
        try:
            together.wait(timeout=30)
            if number == 0:
                assert redact(api, said).status == 200
            else:
                assert api.say(uid, f"w{number}", extract=False).status == 201
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(work, range(5)))

    assert tables_saying("zanzibar") == []


@pytest.mark.django_db(transaction=True)
def test_appends_to_forks_while_a_turn_is_redacted_never_index_its_words_again():
    api = make_space().api()
    uid = api.session(*SCOPE)["id"]
    said = told(api, "The word is Zanzibar", session=uid)
    forks = [api.post(f"/sessions/{uid}/fork")["id"] for _ in range(4)]
    together = Barrier(5)

    def work(number: int) -> None:
        try:
            together.wait(timeout=30)
            if number == 0:
                assert redact(api, said).status == 200
            else:
                assert api.say(forks[number - 1], "w", extract=False).status == 201
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(work, range(5)))

    assert tables_saying("zanzibar") == []
