"""Agent sessions under concurrency, on real PostgreSQL with threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from conversations.models import AgentSession, Conversation, MemorySessionId, Turn
from memories.models import Observation
from tests.factories import Answer, Api, make_space

pytestmark = pytest.mark.django_db(transaction=True)

CS = "user-session-123"


@pytest.fixture
def api() -> Api:
    return make_space().api()


def at_once(calls: list[Callable[[], Answer]]) -> list[Answer]:
    """The answers of calls that start together."""
    answers: list[Answer | None] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int) -> None:
        try:
            start.wait()
            answers[place] = calls[place]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for answer in answers if answer is not None]


def create(api: Api, name: str = CS, **fields) -> Answer:
    body = {"content_session_id": name, "scope": ["user=u_bob"], **fields}
    return api.post("/agent-sessions", body)


def register(api: Api, memory_id: str | None, name: str = CS) -> Answer:
    return api.post(f"/agent-sessions/{name}/memory-session", {"memory_session_id": memory_id})


def observe(api: Api, **fields) -> Answer:
    body = {"memory_session_id": "m-1", "type": "discovery", "title": "t"}
    return api.post("/observations", body | fields)


def test_creates_at_once_make_one_run_and_count_its_prompt_once(api: Api):
    answers = at_once([lambda: create(api, prompt="Fix it")] * 8)

    assert sorted(a.status for a in answers) == [200] * 7 + [201]
    assert len({a["id"] for a in answers}) == 1
    assert AgentSession.unscoped.get().last_prompt_number == 1
    assert Conversation.unscoped.count() == Turn.unscoped.count() == 1


def test_different_prompts_at_once_are_each_counted(api: Api):
    create(api)
    at_once([lambda text=text: create(api, prompt=text) for text in "abcdefgh"])
    turns = Turn.unscoped.order_by("seq")

    assert AgentSession.unscoped.get().last_prompt_number == 8
    assert [turn.metadata["prompt_number"] for turn in turns] == list(range(1, 9))


def test_registrations_at_once_of_one_run_leave_one_current_id(api: Api):
    create(api)
    names = [f"m-{number}" for number in range(6)]
    answers = at_once([lambda name=name: register(api, name) for name in names])
    current = MemorySessionId.objects.get(superseded_at__isnull=True)

    assert [a.status for a in answers] == [200] * 6
    assert MemorySessionId.objects.count() == 6
    assert AgentSession.unscoped.get().memory_session_id == current.memory_session_id


def test_made_up_ids_at_once_are_one_id(api: Api):
    create(api)
    answers = at_once([lambda: register(api, None)] * 6)

    assert len({a["memory_session_id"] for a in answers}) == 1
    assert MemorySessionId.objects.count() == 1


def test_one_id_registered_at_once_by_several_runs_goes_to_one(api: Api):
    runs = [f"run-{number}" for number in range(5)]
    for name in runs:
        create(api, name)
    answers = at_once([lambda name=name: register(api, "m-1", name) for name in runs])

    assert sorted(a.status for a in answers) == [200, 409, 409, 409, 409]
    assert AgentSession.unscoped.filter(memory_session_id="m-1").count() == 1


def test_one_observation_sent_at_once_is_stored_once(api: Api):
    create(api)
    register(api, "m-1")
    answers = at_once([lambda: observe(api)] * 6)

    assert sorted(a.status for a in answers) == [200] * 5 + [201]
    assert len({a["id"] for a in answers}) == Observation.unscoped.count() == 1


def test_nothing_is_recorded_after_the_completion_that_raced_with_it(api: Api):
    create(api)
    register(api, "m-1")
    observers = [lambda n=n: observe(api, title=f"t{n}") for n in range(6)]
    answers = at_once([*observers, lambda: api.post(f"/agent-sessions/{CS}/complete")])
    completed_at = AgentSession.unscoped.get().completed_at

    stored = sum(answer.status == 201 for answer in answers)
    assert {answer.status for answer in answers} <= {200, 201, 409}
    assert Observation.unscoped.count() == stored
    assert observe(api, title="late").status == 409
    assert completed_at is not None


def test_a_run_deleted_at_once_is_deleted_once(api: Api):
    create(api)
    register(api, "m-1")
    observe(api)
    path = f"/api/v1/{api.ctx}/agent-sessions/{CS}"
    answers = at_once([lambda: api.call("DELETE", path)] * 4)

    assert sorted(a.status for a in answers) == [200, 404, 404, 404]
    assert not AgentSession.unscoped.exists()


def test_a_run_deleted_while_an_observation_of_it_is_promoted_is_deleted(api: Api):
    for place in range(5):
        name, memory_id = f"cs-{place}", f"m-{place}"
        held = create(api, name)["session_id"]
        register(api, memory_id, name)
        learnt, open_one = [
            observe(api, memory_session_id=memory_id, title=f"Fact {number}")["id"]
            for number in range(2)
        ]
        api.post(f"/observations/{learnt}/promote")
        promoted, deleted = at_once(
            [
                lambda uid=open_one: api.post(f"/observations/{uid}/promote"),
                lambda uid=held: api.delete(f"/sessions/{uid}"),
            ]
        )

        assert (promoted.status, deleted.status) in {(200, 200), (404, 200)}
