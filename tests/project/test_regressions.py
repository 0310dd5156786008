"""Attacks that once worked, and must not again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from accounts.services import create_project
from memories.models import Memory
from memsync.common.privacy import strip_private
from tests.factories import Api, Space, make_space


@pytest.mark.parametrize("scope", [[], ["team=x"], ["zone=9"]])
def test_an_agent_cannot_learn_outside_its_floor(space: Space, api: Api, scope: list[str]):
    agent = space.api(space.make_key("agent", "org=acme"))
    session = agent.post("/sessions", {"scope": ["team=x"]})["id"]
    told = {"messages": [{"role": "user", "content": "I work at Initech."}], "scope": scope}
    agent.post(f"/sessions/{session}/turns", told)
    agent.post("/facts/batch", told | {"session_id": session})
    agent.post("/facts", {"text": "I work at Initech.", "session_id": session, "scope": scope})

    assert all(memory.scope.get("org") == "acme" for memory in Memory.unscoped.all())


def test_tags_inside_tags_take_linear_time_and_hide_everything():
    """A budget of passes: the text shrinks to what stood before the first tag."""
    text = "<pri" * 20_000 + "<private></private>" + "vate>x</private>" * 20_000

    assert "<private>" not in strip_private("kept" + text)
    assert strip_private(strip_private(text)) == strip_private(text)


def test_a_time_means_the_projects_own_order_of_changes(space: Space, api: Api):
    other = create_project(actor=None, tenant=space.tenant, slug="busy")
    busy = Space(space.tenant, other, "")
    busy_api = busy.api(busy.make_key("management"))
    for _ in range(5):
        busy_api.post("/facts", {"text": "My name is Bob.", "scope": ["user=u"]})
    api.post("/facts", {"text": "I work at Acme.", "scope": ["user=u"]})
    then = datetime.now(UTC).isoformat()
    api.post("/facts", {"text": "Actually, I work at Hooli now.", "scope": ["user=u"]})
    state = api.post("/state", {"scope": ["user=u"], "at": {"time": then}})

    assert [item["value"] for item in state["identity"]] == ["Acme"]


def test_nobody_but_supervisors_reads_the_questions_of_others(space: Space, api: Api):
    asked = api.call("POST", "/memory/query", {"query": "a confidential question"})
    alice = space.api_of(space.make_user("u_alice"))
    agent = space.api(space.make_key("agent"))
    supervisor = space.api(space.make_key("supervisor"))
    path = f"/traces/{asked['trace_id']}"

    assert supervisor.get(path)["query"] == "a confidential question"
    for stranger in (alice, agent):
        assert stranger.get(path).status == 404
        assert "confidential" not in str(stranger.get("/traces").body)
        body = {"id": asked["trace_id"], "verdict": "useful"}
        assert stranger.post(f"/recalls/{asked['trace_id']}/feedback", body).status == 404


@pytest.mark.parametrize(
    ("first", "then", "home"),
    [
        ("I live in New York.", "Actually, I live in York now.", "York"),
        ("I live in York.", "Actually, I live in New York now.", "New York"),
    ],
)
def test_a_correction_to_a_part_of_the_value_is_a_correction(api: Api, first, then, home):
    for text in (first, then):
        api.post("/facts", {"text": text, "scope": ["user=u"]})

    assert [m["value"] for m in api.get("/memories?key=home")["data"]] == [home]


def test_an_old_repetition_does_not_shorten_a_lifetime(api: Api):
    session = api.session("user=u")["id"]
    text = "I'm working on a quarterly report."
    api.say(session, text)
    old = {"role": "user", "content": text, "occurred_at": "2020-01-01T00:00:00Z"}
    api.post(f"/sessions/{session}/turns", {"messages": [old]})

    assert [item["key"] for item in api.post("/state", {"scope": ["user=u"]})["context"]] == [
        "working_on"
    ]


def test_a_far_future_is_no_error(api: Api):
    session = api.session("user=u")["id"]
    message = {
        "role": "user",
        "content": "I'm working on a quarterly report.",
        "occurred_at": "9999-12-31T23:59:59Z",
    }
    told = api.post(f"/sessions/{session}/turns", {"messages": [message]})

    assert "error" not in told["diff"]


def test_a_diff_compares_with_what_stood_then(api: Api):
    session = api.session("user=u")["id"]
    for text in ("Hello.", "I work at Acme.", "Actually, I work at Hooli now."):
        api.say(session, text)
    api.say(session, "Actually, I work at Initech now.")
    from_nothing = api.get(f"/sessions/{session}/diff?since_seq=1")
    from_acme = api.get(f"/sessions/{session}/diff?since_seq=2")

    assert [item["value"] for item in from_nothing["added"]] == ["Initech"]
    assert from_nothing["updated"] == []
    assert [(i["value"], i["previous_value"]) for i in from_acme["updated"]] == [
        ("Initech", "Acme")
    ]


@pytest.mark.parametrize("limit", ["0000011000", "000001" + "9" * 5000, "0" * 9])
def test_leading_zeros_do_not_lift_the_limit(api: Api, limit: str):
    assert api.get(f"/sessions?limit={limit}").status == 400


@pytest.mark.parametrize("depth", [150, 500, 900])
def test_a_deep_body_is_a_400(api: Api, depth: int):
    body = b'{"scope": ["user=x"], "metadata": {"a": ' + b"[" * depth + b"]" * depth + b"}}"

    assert api.call("POST", "/api/v1/app/sessions", body).status == 400


def test_a_body_of_null_is_a_400(api: Api):
    assert api.call("POST", "/api/v1/app/sessions", b"null").status == 400


@pytest.mark.parametrize("key", ["isnull", "range", "regex", "contains", "in", "a__b", "has_key"])
def test_a_floor_named_like_a_lookup_is_a_tag_like_any_other(space: Space, key: str):
    agent = space.api(space.make_key("agent", f"{key}=x"))
    session = agent.post("/sessions", {})

    assert agent.get(f"/sessions/{session['id']}").status == 200


def test_negating_a_contested_value_ends_it_and_its_doubt(api: Api):
    scope = ["user=u"]
    api.post("/facts", {"text": "I work at Globex.", "scope": scope, "authority": "authoritative"})
    api.post("/facts", {"text": "I work at Initech.", "scope": scope})
    api.post("/facts", {"text": "I no longer work at Initech.", "scope": scope})

    assert api.get("/memories?status=contested")["data"] == []
    assert [m["value"] for m in api.get("/memories")["data"]] == ["Globex"]


@pytest.mark.django_db(transaction=True)
def test_batches_that_make_one_session_at_once_all_land_in_it():
    api = make_space().api()
    uid = "01890000-0000-7000-8000-00000000abcd"
    statuses: list[int] = []

    def tell(number: int) -> None:
        try:
            message = {"role": "user", "content": f"hello {number}"}
            body = {"session_id": uid, "messages": [message], "scope": ["user=u"]}
            statuses.append(api.post("/facts/batch", body).status)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 8
    assert api.get(f"/sessions/{uid}")["turn_count"] == 8


def test_readiness_of_an_empty_database_is_pending_not_an_error(db, client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME TO hidden_for_a_test")
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "pending_migrations"
