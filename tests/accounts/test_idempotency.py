"""Idempotency-Key: a repeated POST is answered again, not done again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.idempotency import prune
from accounts.models import IdempotencyKey
from accounts.services import revoke_api_key
from conversations.models import Turn
from tests.factories import Answer, Api, Space, anonymous, make_space


def body(*texts: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text} for text in texts], "extract": False}


def append(api: Api, session: str, *texts: str, key: str, **headers: str) -> Answer:
    return api.post(f"/sessions/{session}/turns", body(*texts), Idempotency_Key=key, **headers)


def count(session: str) -> int:
    return Turn.unscoped.filter(conversation__uid=session).count()


@pytest.fixture
def session(api: Api) -> str:
    return api.session()["id"]


def test_a_repeat_has_the_same_answer_and_a_mark_and_is_not_done_again(api, session):
    first = append(api, session, "a", key="k1")
    again = append(api, session, "a", key="k1")

    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert count(session) == 1


def test_without_a_key_the_same_body_is_two_turns(api, session):
    for _ in range(2):
        api.post(f"/sessions/{session}/turns", body("a"))

    assert count(session) == 2


@pytest.mark.parametrize("other", ["body", "route"])
def test_a_key_used_for_something_else_is_refused(api, session, other):
    append(api, session, "a", key="k1")
    target = session if other == "body" else api.session()["id"]
    refused = append(api, target, "b" if other == "body" else "a", key="k1")

    assert (refused.status, refused["code"]) == (422, "idempotency_key_reused")
    assert count(session) == 1


def test_key_order_and_spaces_make_no_other_body(api, session):
    path = f"/api/v1/app/sessions/{session}/turns"
    texts = [
        b'{"extract": false, "messages": [{"role": "user", "content": "a"}]}',
        b'{"messages":[{"content":"a","role":"user"}],"extract":false}',
    ]
    answers = [api.call("POST", path, text, Idempotency_Key="k1") for text in texts]

    assert [answer.status for answer in answers] == [201, 201]
    assert count(session) == 1


def test_another_principal_has_keys_of_its_own(space: Space, api, session):
    other = space.api(space.make_key("management"))
    alice = space.api_of(space.make_user("u_alice"))
    for caller in (api, other, alice):
        assert "Idempotency-Replayed" not in append(caller, session, "a", key="k1").headers

    assert count(session) == 3


@pytest.mark.parametrize("bad", ["", " ", "k" * 256, "ä", "a b"])
def test_a_malformed_key_is_refused(api, session, bad):
    assert append(api, session, "a", key=bad).status == 400
    assert count(session) == 0


def test_a_failure_frees_the_key(api, session):
    missing = append(api, str(uuid.uuid4()), "a", key="k1")
    invalid = api.post(f"/sessions/{session}/turns", {"messages": []}, Idempotency_Key="k1")
    api.patch(f"/sessions/{session}", {"status": "closed"})
    refused = append(api, session, "a", key="k1")
    api.patch(f"/sessions/{session}", {"status": "active"})

    assert (missing.status, invalid.status, refused.status) == (404, 400, 409)
    assert append(api, session, "a", key="k1").status == 201
    assert count(session) == 1


def test_every_post_that_writes_takes_a_key(api, session):
    append(api, session, "a", key="k0")
    writes = {
        "/sessions": {"scope": ["user=u_alice"]},
        f"/sessions/{session}/fork": {"seq": 1},
        "/facts/batch": body("b")["messages"]
        and {
            "messages": body("b")["messages"],
            "scope": ["user=u_alice"],
        },
    }
    for path, sent in writes.items():
        first = api.post(path, sent, Idempotency_Key=f"k{path}")
        again = api.post(path, sent, Idempotency_Key=f"k{path}")

        assert again.headers.get("Idempotency-Replayed") == "true", path
        assert again.body == first.body


def test_after_its_lifetime_a_key_is_free_and_pruned(api, session):
    append(api, session, "a", key="k1")
    append(api, session, "b", key="k2")
    old = timezone.now() - timedelta(hours=25)
    IdempotencyKey.objects.filter(key="k1").update(created_at=old)
    again = append(api, session, "a", key="k1")
    IdempotencyKey.objects.filter(key="k1").update(created_at=old)

    assert "Idempotency-Replayed" not in again.headers
    assert prune() == 1
    assert [row.key for row in IdempotencyKey.objects.all()] == ["k2"]


def test_a_revoked_key_or_a_signed_out_person_gets_no_replay(space: Space, api, session):
    text = space.make_key("agent", "user=u_alice")
    agent = space.api(text)
    alice = space.api_of(space.make_user("u_alice"))
    for caller in (agent, alice):
        assert append(caller, session, "a", key="k1").status == 201
    alice.call("POST", "/auth/logout", {})
    from accounts.models import ApiKey

    row = ApiKey.objects.get(project=space.project, name="agent")
    revoke_api_key(actor=None, key=row)

    assert append(agent, session, "a", key="k1").status == 401
    assert append(alice, session, "a", key="k1").status == 401


def test_redaction_takes_the_words_out_of_stored_answers(api, session):
    first = append(api, session, "My secret", key="k1")
    turn = first["turns"][0]["id"]
    api.delete(f"/sessions/{session}/turns/{turn}")
    again = append(api, session, "My secret", key="k1")

    assert (again.status, again["turns"][0]["id"], again["turns"][0]["seq"]) == (201, turn, 1)
    assert "secret" not in str(again.body)


def at_once(work: Callable[[int], Answer], threads: int) -> list[Answer]:
    together = Barrier(threads)

    def run(number: int) -> Answer:
        try:
            together.wait(timeout=30)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


@pytest.mark.django_db(transaction=True)
def test_of_16_duplicates_at_once_one_is_done_and_the_others_wait_or_are_replayed():
    api = make_space().api()
    session = api.session()["id"]
    answers = at_once(lambda _: append(api, session, "a", key="k1"), 16)
    statuses = sorted({answer.status for answer in answers})

    assert count(session) == 1
    assert set(statuses) <= {201, 409}
    assert sum("Idempotency-Replayed" not in a.headers for a in answers if a.status == 201) == 1
    in_flight = [answer for answer in answers if answer.status == 409]
    assert {answer["code"] for answer in in_flight} <= {"idempotency_in_flight"}
    assert append(api, session, "a", key="k1").headers["Idempotency-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
def test_a_backend_killed_in_the_middle_leaves_the_key_free():
    api = make_space().api()
    session = api.session()["id"]
    with connections["default"].copy().cursor() as holder:
        holder.execute("BEGIN")
        holder.execute(
            "SELECT 1 FROM conversations_conversation WHERE id = %s FOR UPDATE", [session]
        )
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(at_once, lambda _: append(api, session, "a", key="k1"), 1)
            during = _until_blocked(lambda: append(api, session, "a", key="k1"))
            _kill_the_blocked()
            [killed] = waiting.result(timeout=30)
        holder.execute("ROLLBACK")
        holder.connection.close()

    assert (during.status, during["code"]) == (409, "idempotency_in_flight")
    assert killed.status == 503
    assert append(api, session, "a", key="k1").status == 201
    assert count(session) == 1


_BLOCKED = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def _until_blocked(work: Callable[[], Answer]) -> Answer:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(_BLOCKED)
            if cursor.fetchall():
                return work()
        time.sleep(0.02)
    raise AssertionError("nobody waits for the lock")


def _kill_the_blocked() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) FROM ({_BLOCKED}) AS blocked")


def test_a_malformed_key_is_refused_and_nothing_is_stored(api, session):
    answer = append(api, session, "a", key="with a space")

    assert (answer.status, answer["code"]) == (400, "bad_idempotency_key")
    assert count(session) == 0


@pytest.mark.parametrize(
    ("who", "status"), [("nobody", 401), ("stranger", 404), ("supervisor", 403), ("nowhere", 404)]
)
def test_who_may_not_is_told_so_before_a_malformed_key(
    space: Space, session: str, who: str, status: int
):
    asking = {
        "nobody": anonymous(),
        "stranger": space.api(space.make_key("agent", "user=u_bob")),
        "supervisor": space.api(space.make_key("supervisor")),
        "nowhere": space.api(ctx="nowhere"),
    }[who]

    assert append(asking, session, "a", key="with a space").status == status
    assert count(session) == 0
