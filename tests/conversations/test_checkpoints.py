"""Checkpoints: the state of an app's threads, kept as it was sent and never read."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from conversations import checkpoints
from conversations.models import Checkpoint, CheckpointWrite
from memories.models import ErasureReceipt
from tests.factories import PASSWORD, Api, Space, make_space, signed_in_client

ALICE = ["user=u_alice"]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def put(api: Api, checkpoint_id: str = "1", data: bytes = b"\x00state\xff", **fields: Any):
    body = {"thread_id": "t", "checkpoint_id": checkpoint_id, "scope": ALICE}
    return api.post("/checkpoints", body | {"type": "msgpack", "blob": b64(data)} | fields)


def write(api: Api, checkpoint_id: str = "1", idx: int = 0, data: bytes = b"w", **fields: Any):
    body = {"thread_id": "t", "checkpoint_id": checkpoint_id, "scope": ALICE, "task_id": "k"}
    one = {"idx": idx, "channel": "c", "type": "msgpack", "blob": b64(data)}
    return api.post("/checkpoints/writes", body | {"writes": [one]} | fields)


def state(api: Api, query: str = "thread_id=t", scope: str = "&scope=user=u_alice"):
    return api.get(f"/checkpoints/state?{query}{scope}")


def ids(answer: Any) -> list[str]:
    return [row["checkpoint_id"] for row in answer["data"]]


def counts() -> tuple[int, int]:
    return Checkpoint.unscoped.count(), CheckpointWrite.unscoped.count()


def test_what_was_put_comes_back_byte_for_byte_with_its_writes(api: Api):
    data = bytes(range(256))
    made = put(api, data=data, parent_checkpoint_id="0", metadata={"step": 1})
    write(api, idx=1, data=b"second")
    write(api, idx=0, data=b"first")
    found = state(api)

    assert (made.status, found.status) == (201, 200)
    assert base64.b64decode(found["blob"]) == data
    assert (found["type"], found["parent_checkpoint_id"]) == ("msgpack", "0")
    assert (found["metadata"], found["scope"]) == ({"step": 1}, ALICE)
    assert [base64.b64decode(w["blob"]) for w in found["writes"]] == [b"first", b"second"]


def test_the_latest_is_that_with_the_greatest_id_and_others_are_found_by_theirs(api: Api):
    for checkpoint_id in ("2", "3", "1"):
        put(api, checkpoint_id)

    assert state(api)["checkpoint_id"] == "3"
    assert state(api, "thread_id=t&checkpoint_id=1")["checkpoint_id"] == "1"
    assert state(api, "thread_id=t&checkpoint_ns=child").status == 404
    assert state(api, "thread_id=other").status == 404


def test_a_repeated_put_is_stored_once_and_the_last_one_counts(api: Api):
    first, again = put(api), put(api)
    put(api, data=b"newer")

    assert (first.status, again.status) == (201, 200)
    assert Checkpoint.unscoped.count() == 1
    assert base64.b64decode(state(api)["blob"]) == b"newer"


def test_a_repeated_write_is_kept_as_it_was_but_a_special_one_is_replaced(api: Api):
    for data in (b"old", b"new"):
        write(api, idx=0, data=data)
        write(api, idx=-3, data=data)
    put(api)
    found = {w["idx"]: base64.b64decode(w["blob"]) for w in state(api)["writes"]}

    assert found == {0: b"old", -3: b"new"}


def test_places_repeated_in_one_call_count_as_repeated_calls_do(api: Api):
    put(api)
    writes = [
        {"idx": idx, "channel": "c", "type": "msgpack", "blob": b64(data)}
        for idx, data in ((0, b"one"), (-3, b"one"), (0, b"two"), (-3, b"two"))
    ]
    stored = write(api, writes=writes)

    assert stored.status == 200
    found = {w["idx"]: base64.b64decode(w["blob"]) for w in state(api)["writes"]}
    assert found == {0: b"one", -3: b"two"}


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_store_each_row_once():
    api = make_space().api()

    def work(number: int) -> list[int]:
        try:
            return [put(api, str(n)).status for n in range(5)] + [write(api, "1").status]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        statuses = [status for each in pool.map(work, range(2)) for status in each]

    assert set(statuses) <= {200, 201}
    assert counts() == (5, 1)


def test_the_list_is_newest_first_filtered_and_paged(api: Api):
    for n in range(5):
        put(api, str(n), metadata={"step": n, "source": "loop" if n % 2 else "input"})
    put(api, "9", thread_id="another")
    path = "/checkpoints?thread_id=t&scope=user=u_alice"
    first = api.get(f"{path}&limit=2")
    second = api.get(f"{path}&limit=2&cursor={first['next_cursor']}")

    assert ids(api.get(path)) == ["4", "3", "2", "1", "0"]
    assert (ids(first), ids(second), second["has_more"]) == (["4", "3"], ["2", "1"], True)
    assert ids(api.get(f"{path}&before=2")) == ["1", "0"]
    assert ids(api.get(f"{path}&metadata.step=1")) == ["1"]
    assert ids(api.get(f"{path}&metadata.source=input&before=4")) == ["2", "0"]
    assert "9" in ids(api.get("/checkpoints"))
    assert "blob" not in api.get(path)["data"][0]
    assert "blob" in api.get(f"{path}&include=state&limit=20")["data"][0]


def test_a_page_of_states_has_as_many_as_fit(api: Api):
    sizes = (3_000_000, 3_000_000, 3_000_000, 10, 10)
    for n, size in enumerate(sizes):
        put(api, str(n), b"z" * size)
    seen, pages, cursor = [], 0, ""
    while True:
        page = api.get(
            f"/checkpoints?thread_id=t&scope=user=u_alice&include=state&limit=20{cursor}"
        )
        seen, pages = seen + ids(page), pages + 1
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == ["4", "3", "2", "1", "0"]
    assert pages == 2


def test_the_queries_of_the_list_do_not_grow_with_its_rows(api: Api):
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(path).status == 200
        return len(captured)

    paths = [
        "/checkpoints?thread_id=t&scope=user=u_alice",
        "/checkpoints?thread_id=t&scope=user=u_alice&include=state&limit=20",
    ]
    put(api)
    write(api)
    few = [queries(path) for path in paths]
    for n in range(2, 9):
        put(api, str(n))
        write(api, str(n))

    assert [queries(path) for path in paths] == few


def test_one_name_in_two_scopes_is_two_threads(space: Space, api: Api):
    alice, bob = (space.api(space.make_key("agent", f"user={who}")) for who in ("a", "b"))
    put(alice, data=b"alice", scope=["user=a"])
    put(bob, data=b"bob", scope=["user=b"])
    bob.delete("/checkpoints?thread_id=t")

    assert base64.b64decode(state(alice, scope="")["blob"]) == b"alice"
    assert state(bob, scope="").status == 404
    assert state(bob, scope="&scope=user=a").status == 403
    assert put(bob, scope=["user=a"]).status == 403


def test_who_may_keep_state(space: Space):
    supervisor = space.api(space.make_key("supervisor"))
    person = space.api_of(space.make_user("u_alice"))
    unscoped = space.api(space.make_key("agent"))
    put(space.api())

    for api in (supervisor, person):
        assert put(api).status == 403
        assert write(api).status == 403
        assert api.delete("/checkpoints?thread_id=t").status == 403
        assert api.post("/checkpoints/prune", {"thread_ids": ["t"]}).status == 403
        assert state(api).status == 200
    assert put(unscoped, scope=[]).status == 403
    assert counts() == (1, 0)


def test_a_thread_is_deleted_with_its_writes_and_again_nothing(api: Api):
    put(api)
    write(api)
    put(api, thread_id="kept")
    path = "/checkpoints?thread_id=t&scope=user=u_alice"

    assert api.delete(path).body == {"checkpoints": 1, "writes": 1}
    assert api.delete(path).body == {"checkpoints": 0, "writes": 0}
    assert counts() == (1, 0)


def test_a_copy_has_all_of_its_source_and_leaves_it(api: Api):
    put(api)
    put(api, "2", checkpoint_ns="child", parent_checkpoint_id="1")
    write(api)
    body = {"source_thread_id": "t", "target_thread_id": "u", "scope": ALICE}

    assert api.post("/checkpoints/copy", body).body == {"checkpoints": 2, "writes": 1}
    assert api.post("/checkpoints/copy", body).body == {"checkpoints": 0, "writes": 0}
    assert state(api, "thread_id=u")["blob"] == state(api)["blob"]
    assert len(state(api, "thread_id=u")["writes"]) == 1
    assert counts() == (4, 2)


def test_pruning_keeps_the_latest_of_each_namespace_with_its_writes(api: Api):
    for checkpoint_id in ("1", "2"):
        put(api, checkpoint_id)
        put(api, checkpoint_id, checkpoint_ns="child")
        write(api, checkpoint_id)
    pruned = api.post("/checkpoints/prune", {"thread_ids": ["t"], "scope": ALICE})

    assert pruned.body == {"checkpoints": 2, "writes": 1}
    assert set(Checkpoint.unscoped.values_list("checkpoint_id", flat=True)) == {"2"}
    assert CheckpointWrite.unscoped.get().checkpoint_id == "2"


def test_runs_are_deleted_by_the_id_in_their_metadata_within_the_scope_only(api: Api):
    put(api, "1", metadata={"run_id": "r1"})
    write(api, "1")
    put(api, "2", metadata={"run_id": "r2"})
    put(api, "3", metadata={"run_id": "r1"}, scope=["user=u_bob"])
    gone = api.post("/checkpoints/prune", {"run_ids": ["r1"], "scope": ALICE})

    assert gone.body == {"checkpoints": 1, "writes": 1}
    assert set(Checkpoint.unscoped.values_list("checkpoint_id", flat=True)) == {"2", "3"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"blob": "no base64!"}, "blob"),
        ({"blob": 7}, "blob"),
        ({"thread_id": ""}, "thread_id"),
        ({"thread_id": "x" * 201}, "thread_id"),
        ({"checkpoint_id": "ü"}, "checkpoint_id"),
        ({"checkpoint_ns": "x" * 501}, "checkpoint_ns"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"x": "y" * 17_000}}, "metadata"),
        ({"checkpoint": {}}, "checkpoint"),
        ({"type": None}, "type"),
    ],
)
def test_a_bad_checkpoint_is_a_400_that_names_the_field(api: Api, fields: dict, field: str):
    answer = put(api, **fields)

    assert answer.status == 400
    assert [error["field"] for error in answer["errors"]] == [field]
    assert counts() == (0, 0)


@pytest.mark.parametrize(
    "query",
    [
        *["limit=0", "limit=0020", "cursor=x", "thread=t", "include=all", "include=state&limit=21"],
        *["thread_id=", "include=state&limit=200", "scope=bad"],
    ],
)
def test_a_bad_list_is_a_400(api: Api, query: str):
    assert api.get(f"/checkpoints?{query}").status == 400


def test_a_state_larger_than_a_body_is_refused_whole(api: Api):
    answer = put(api, data=b"x" * (8 * 1024 * 1024))

    assert (answer.status, answer["code"]) == (413, "too_large")
    assert counts() == (0, 0)


def test_prune_wants_threads_or_runs(api: Api):
    for body in (
        {},
        {"thread_ids": ["t"], "run_ids": ["r"]},
        {"run_ids": ["r"], "strategy": "keep_latest"},
        {"thread_ids": ["t"], "strategy": "all"},
        {"thread_ids": ["t"] * 201},
    ):
        assert api.post("/checkpoints/prune", body).status == 400


def test_private_marks_in_a_blob_are_kept_as_sent_and_cut_from_metadata(api: Api):
    data = b"<private>secret</private>"
    put(api, data=data, metadata={"note": "a<private>b</private>c"})

    assert base64.b64decode(state(api)["blob"]) == data
    assert state(api)["metadata"] == {"note": "ac"}


def test_the_database_refuses_a_second_row_and_one_without_names(api: Api):
    put(api)
    write(api)
    for model, name in ((Checkpoint, "once_per_thread"), (CheckpointWrite, "once_per_task")):
        row = model.unscoped.get()
        row.pk, row._state.adding = None, True
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            row.save(force_insert=True)
    unnamed = {"thread_id": "", "thread_key": "other"}
    for model, name in ((Checkpoint, "is_named"), (CheckpointWrite, "write_is_named")):
        row = model.unscoped.get()
        row.pk, row._state.adding = None, True
        for field, value in unnamed.items():
            setattr(row, field, value)
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            row.save(force_insert=True)


@pytest.mark.parametrize("column", ["scope_key", "thread_id", "checkpoint_id", "user_id"])
def test_the_database_keeps_a_checkpoint_where_it_is(api: Api, column: str):
    put(api)
    value = "NULL" if column == "user_id" else "'x'"
    with (
        pytest.raises(IntegrityError, match="never changes"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE conversations_checkpoint SET {column} = {value}")


def test_the_database_refuses_a_checkpoint_of_another_tenants_project(api: Api, other_space: Space):
    put(api)
    row = Checkpoint.unscoped.get()
    row.pk, row._state.adding, row.project = None, True, other_space.project
    with pytest.raises(IntegrityError, match="same_scope"), transaction.atomic():
        row.save(force_insert=True)


SAYINGS = {
    "msgpack": lambda words: b"\x81\xa1m" + words.encode(),
    "json": lambda words: json.dumps({"m": words}).encode(),
    "json, not escaped": lambda words: json.dumps({"m": words}, ensure_ascii=False).encode(),
    "json, upper case": lambda words: json.dumps(words).replace("\\u00e9", "\\u00E9").encode(),
}


@pytest.mark.parametrize("form", SAYINGS)
def test_redacting_a_turn_deletes_the_state_that_holds_its_words(api: Api, form: str):
    words = 'I said "café" once.'
    session = api.session(*ALICE)["id"]
    said = api.say(session, words, extract=False)
    put(api, "1", SAYINGS[form]("Nothing of it."))
    put(api, "2", SAYINGS[form](words))
    write(api, "1", data=SAYINGS[form](words))
    put(api, "3", SAYINGS[form](words), scope=["user=u_bob"])
    done = api.delete(f"/sessions/{session}/turns/{said['turns'][0]['id']}")

    assert (done["checkpoints"], done["checkpoint_writes"]) == (1, 1)
    assert set(Checkpoint.unscoped.values_list("checkpoint_id", flat=True)) == {"1", "3"}
    assert ErasureReceipt.objects.get().counts["checkpoints"] == 1


def test_without_any_state_of_the_person_no_words_are_read_to_look_for(api: Api):
    put(api, scope=["user=u_bob"])
    session = api.session(*ALICE)["id"]
    api.say(session, "I said it.", extract=False)
    with CaptureQueriesContext(connection) as asked:
        assert api.delete(f"/sessions/{session}").status == 200

    read = [each["sql"] for each in asked.captured_queries if each["sql"].startswith("SELECT")]
    assert not [sql for sql in read if '"conversations_turn"."content"' in sql]
    assert not [each for each in asked.captured_queries if '"blob"' in each["sql"]]


def test_words_of_many_turns_are_all_looked_for(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checkpoints, "MOST_WORDS", 2)
    session = api.session(*ALICE)["id"]
    words = [f"sentence number {n}" for n in range(5)]
    api.say(session, *words, extract=False)
    for n, said in enumerate(words):
        put(api, str(n), said.encode())
    write(api, data=words[4].encode())
    done = api.delete(f"/sessions/{session}")

    assert (done["checkpoints"], done["checkpoint_writes"]) == (5, 1)


def test_erasing_a_memory_deletes_state_under_other_tags_of_the_person_and_is_checked(api: Api):
    session = api.session(*ALICE)["id"]
    api.say(session, "I live in Zanzibar.")
    put(api, "1", b"where: Zanzibar", scope=[*ALICE, "agent=graph"])
    put(api, "2", b"tea", metadata={"city": "Zanzibar"})
    put(api, "3", b"tea")
    memory = api.get("/memories")["data"][0]["id"]
    body = {"ids": [memory], "mode": "erase", "dry_run": False}
    done = api.post("/forget", body)

    assert (done["counts"]["checkpoints"], done["counts"]["left_over"]) == (2, 0)
    assert Checkpoint.unscoped.get().checkpoint_id == "3"


def test_an_export_has_no_states(api: Api):
    put(api, data=b"opaque state")

    assert b64(b"opaque state").encode() not in api.get("/export").body
    assert b"opaque state".hex().encode() not in api.get("/export").body


def test_staff_see_the_size_of_a_state_and_never_what_it_holds(api: Api, space: Space):
    put(api, data=b"zanzibar", metadata={"note": "zanzibar"})
    staff = signed_in_client(space.make_user("staff", is_staff=True))
    staff.post("/admin/login/", {"username": "staff", "password": PASSWORD})
    base = "/admin/conversations/checkpoint/"
    row = Checkpoint.unscoped.get()
    pages = [staff.get(base), staff.get(f"{base}{row.pk}/change/")]

    assert [page.status_code for page in pages] == [200, 200]
    for page in pages:
        assert "zanzibar" not in page.content.decode()
        assert b64(b"zanzibar") not in page.content.decode()
        assert "8" in page.content.decode()


def test_the_admin_of_states_does_not_query_more_for_more_rows(api: Api, space: Space):
    staff = signed_in_client(space.make_user("staff", is_staff=True))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff.get("/admin/conversations/checkpoint/").status_code == 200
        return len(captured)

    put(api)
    few = queries()
    for n in range(2, 8):
        put(api, str(n))

    assert queries() == few
