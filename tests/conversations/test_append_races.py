"""Appending at once: 32 writers, a poller, repeats, and a backend that dies."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, connections, transaction

from conversations import redaction
from conversations.models import Conversation, Turn
from tests.factories import Answer, Api, make_space
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    """`work(n)` in as many threads, started together, each with its own connection."""
    together = Barrier(count)

    def run(number: int) -> Any:
        try:
            together.wait(timeout=30)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def append(api: Api, session: str, *texts: str, **fields: Any) -> Answer:
    said = [{"role": "user", "content": text, **fields} for text in texts]
    return api.post(f"/sessions/{session}/turns", {"messages": said, "extract": False})


def test_under_32_writers_positions_have_no_gap_and_a_poller_sees_each_turn_once_in_order():
    api = make_space().api()
    session = api.session()["id"]
    done, polled = Event(), []

    def poll() -> None:
        since = 0
        while True:
            is_over = done.is_set()
            page = api.get(f"/sessions/{session}/turns?limit=200&since_seq={since}")["data"]
            polled.extend(turn["seq"] for turn in page)
            since = polled[-1] if polled else 0
            if is_over and not page:
                connections.close_all()
                return

    def write(number: int) -> list[list[int]]:
        taken = []
        for turn in range(6):
            answer = append(api, session, *[f"{number}.{turn}.{i}" for i in range(3)])
            assert answer.status == 201, answer
            taken.append([turn["seq"] for turn in answer["turns"]])
        return taken

    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll)
        taken = [seqs for writer in at_once(write, 32) for seqs in writer]
        done.set()
        polling.result(timeout=60)

    assert polled == list(range(1, 32 * 6 * 3 + 1))
    assert sorted(seq for seqs in taken for seq in seqs) == polled
    assert all(seqs == list(range(seqs[0], seqs[0] + 3)) for seqs in taken)
    stored = Turn.unscoped.filter(conversation__uid=session).order_by("seq")
    assert [t.seq for t in stored] == polled
    assert sorted(t.created_at for t in stored) == [t.created_at for t in stored]


def test_of_16_repeats_of_one_client_id_one_is_stored():
    api = make_space().api()
    session = api.session()["id"]
    answers = at_once(lambda _: append(api, session, "once", client_id="c1"), 16)

    assert sorted(answer.status for answer in answers) == [200] * 15 + [201]
    assert len({answer["turns"][0]["id"] for answer in answers}) == 1
    assert Conversation.unscoped.get(uid=session).next_seq == 2


def test_a_turn_is_indexed_with_the_two_before_it_though_writers_wait_for_each_other():
    api = make_space().api()
    session = api.session()["id"]
    at_once(lambda number: append(api, session, f"word{number}"), 12)
    turns = list(Turn.unscoped.filter(conversation__uid=session).order_by("seq"))

    for place, turn in enumerate(turns):
        heard = {t.content for t in turns[max(0, place - 2) : place + 1]}
        with connection.cursor() as cursor:
            cursor.execute("SELECT tsvector_to_array(%s::tsvector)", [turn.search])
            [words] = cursor.fetchone()
        assert {word for word in words if word.startswith("word")} == heard


def test_a_writer_that_dies_before_its_commit_leaves_no_gap():
    api = make_space().api()
    session = api.session()["id"]
    append(api, session, "a")
    row = Conversation.unscoped.get(uid=session)
    with connections["default"].copy().cursor() as dying:
        dying.execute("BEGIN")
        dying.execute("SELECT pg_backend_pid()")
        pid = dying.fetchone()[0]
        dying.execute(
            "UPDATE conversations_conversation SET next_seq = next_seq + 1 WHERE pk = %s", [row.pk]
        )
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(_append_and_close, api, session, "b")
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            answer = waiting.result(timeout=30)
        dying.connection.close()

    assert [turn["seq"] for turn in answer["turns"]] == [2]


def close(serials: list[int]) -> int:
    return Conversation.unscoped.filter(pk__in=serials).update(status="closed")


@pytest.mark.parametrize(
    ("ends_by", "fields", "status"),
    [
        (redaction.bury, {}, 404),
        (redaction.bury, {"client_id": "c1"}, 404),
        (close, {}, 409),
    ],
    ids=["deleted", "deleted, repeat", "closed"],
)
def test_an_append_that_waited_for_a_deletion_finds_no_session(
    ends_by: Callable[[list[int]], int], fields: dict[str, Any], status: int
):
    api = make_space().api()
    session = api.session()["id"]
    append(api, session, "a", **fields)
    row = Conversation.unscoped.get(uid=session)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        ends_by([row.pk])
        waiting = pool.submit(_append_and_close, api, session, "a", **fields)
        wait_until(somebody_waits_for_this_transaction, 30)
    answer = waiting.result()

    assert answer.status == status
    assert Turn.unscoped.filter(conversation=row).count() == 1


def somebody_waits_for_this_transaction() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


def _append_and_close(api: Api, session: str, text: str, **fields: Any) -> Answer:
    try:
        return append(api, session, text, **fields)
    finally:
        connections.close_all()
