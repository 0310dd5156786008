"""No answer about checkpoints is beyond some megabytes, however many writes there are."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from conversations import checkpoints
from conversations.models import CheckpointWrite
from tests.conversations.test_checkpoints import ALICE, b64, counts, put, write
from tests.factories import Api, make_space


def sizes_of_pages(api: Api, limit: int = 20) -> list[int]:
    """The bytes of each page of the states of a thread."""
    sizes, cursor = [], ""
    while True:
        path = f"/checkpoints?thread_id=t&scope=user=u_alice&include=state&limit={limit}{cursor}"
        page = api.get(path)
        sizes.append(len(json.dumps(page.body)))
        if not page["has_more"]:
            return sizes
        cursor = f"&cursor={page['next_cursor']}"


def test_a_page_of_states_counts_what_their_writes_weigh(api: Api):
    for n in range(4):
        put(api, str(n))
        for idx in range(2):
            assert write(api, str(n), idx, b"w" * 2_500_000).status == 200

    assert len(sizes_of_pages(api)) == 4
    assert max(sizes_of_pages(api)) < 12 * 2**20


def many(count: int, size: int = 0, **fields: Any) -> dict[str, Any]:
    one = {"channel": "c", "type": "msgpack", "blob": b64(b"w" * size)}
    return {"writes": [one | {"idx": idx} for idx in range(count)]} | fields


def test_the_writes_of_a_checkpoint_hold_8_mib_and_what_goes_beyond_is_refused_whole(api: Api):
    assert write(api, **many(5, 1_000_000)).status == 200
    beyond = write(api, **many(4, 1_000_000, task_id="other"))

    assert (beyond.status, beyond["code"]) == (413, "checkpoint_full")
    assert CheckpointWrite.unscoped.count() == 5
    assert write(api, **many(3, 1_000_000, task_id="other")).status == 200
    assert write(api, "2", **many(5, 1_000_000)).status == 200
    assert write(api, **many(5, 1_000_000, checkpoint_ns="child")).status == 200


def test_repeats_of_writes_are_not_counted_again(api: Api):
    for _ in range(3):
        assert write(api, **many(4, 1_000_000)).status == 200
        assert write(api, idx=-3, data=b"e" * 3_000_000).status == 200

    assert CheckpointWrite.unscoped.count() == 5


def test_small_writes_count_with_their_names(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checkpoints, "MAX_WRITES", 50_000)
    names = {"task_path": "p" * 400}

    assert write(api, **many(50, **names)).status == 200
    assert write(api, **many(50, task_id="other", **names)).status == 413
    assert CheckpointWrite.unscoped.count() == 50


def test_copies_do_not_fill_a_checkpoint_beyond_what_it_holds(api: Api):
    for source in ("a", "b"):
        assert write(api, **many(5, 1_000_000, thread_id=source, task_id=source)).status == 200
    into = [{"source_thread_id": s, "target_thread_id": "t", "scope": ALICE} for s in ("a", "b")]
    first, second = (api.post("/checkpoints/copy", body) for body in into)

    assert (first.status, first["writes"]) == (200, 5)
    assert (second.status, second["code"]) == (413, "checkpoint_full")
    assert CheckpointWrite.unscoped.filter(thread_id="t").count() == 5


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_do_not_fill_a_checkpoint_together():
    api = make_space().api()
    bodies = [many(5, 1_000_000, task_id=task) for task in ("one", "two")]

    def work(body: dict[str, Any]) -> int:
        try:
            return int(write(api, **body).status)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(work, bodies))

    assert statuses == [200, 413]
    assert counts() == (0, 5)


def test_only_the_writes_of_the_states_shown_are_read(api: Api):
    put(api, "1")
    put(api, "2", checkpoint_ns="child")
    for checkpoint_id, ns in (("1", ""), ("2", "child"), ("1", "child"), ("2", "")):
        write(api, checkpoint_id, data=f"{checkpoint_id}{ns}".encode(), checkpoint_ns=ns)
    page = api.get("/checkpoints?thread_id=t&scope=user=u_alice&include=state&limit=20")
    shown = [[base64.b64decode(w["blob"]) for w in row["writes"]] for row in page["data"]]

    assert shown == [[b"2child"], [b"1"]]
