"""In which order a request is refused (401, 404, 403, 400), and what no route passes over."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework import serializers

from memsync.common.serializers import StrictSerializer
from tests.factories import Api, Lines, Space

BAD: dict[str, Any] = {"no_such_field": 1}
MANAGEMENT_ONLY = ("agent", "supervisor", "person")
WRITING_KEYS_ONLY = ("supervisor", "person")


@pytest.fixture
def callers(space: Space) -> dict[str, Api]:
    """One of each kind, by name."""
    return {
        "agent": space.api(space.make_key("agent", "user=u_alice")),
        "supervisor": space.api(space.make_key("supervisor")),
        "management": space.api(),
        "person": space.api_of(space.make_user("u_alice")),
    }


CLOSED: list[tuple[str, str, Any, tuple[str, ...]]] = [
    ("GET", "/keys?no_such_parameter=1", None, MANAGEMENT_ONLY),
    ("POST", "/keys", BAD, MANAGEMENT_ONLY),
    ("DELETE", "/keys/x?no_such_parameter=1", None, MANAGEMENT_ONLY),
    ("POST", "/erase", BAD, MANAGEMENT_ONLY),
    ("POST", "/import", Lines(b'{"type": "no such type"}\n'), MANAGEMENT_ONLY),
    ("POST", "/sessions", BAD, WRITING_KEYS_ONLY),
    ("POST", "/memories", BAD, WRITING_KEYS_ONLY),
    ("POST", "/agent-sessions", BAD, WRITING_KEYS_ONLY),
    ("POST", "/observations", BAD, WRITING_KEYS_ONLY),
    ("POST", "/checkpoints", BAD, WRITING_KEYS_ONLY),
    ("POST", "/checkpoints/writes", BAD, WRITING_KEYS_ONLY),
    ("POST", "/checkpoints/copy", BAD, WRITING_KEYS_ONLY),
    ("POST", "/checkpoints/prune", BAD, WRITING_KEYS_ONLY),
    ("DELETE", "/checkpoints?no_such_parameter=1", None, WRITING_KEYS_ONLY),
    ("POST", "/forget", BAD, ("supervisor",)),
    ("POST", "/forget", {"query": 5}, ("agent", "supervisor")),
    ("POST", "/facts", BAD, ("supervisor", "person")),
    ("POST", "/facts/batch", BAD, ("supervisor", "person")),
    ("GET", "/export?no_such_parameter=1", None, ("agent", "supervisor")),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "closed_to"),
    CLOSED,
    ids=[" ".join(map(str, row[:3])) for row in CLOSED],
)
def test_who_may_not_use_a_route_hears_that_before_what_is_wrong_with_the_request(
    callers: dict[str, Api], method: str, path: str, body: Any, closed_to: tuple[str, ...]
):
    statuses = {
        who: api.call(method, f"/api/v1/{api.ctx}{path}", body).status
        for who, api in callers.items()
    }

    assert {who for who, status in statuses.items() if status == 403} == set(closed_to)
    assert set(statuses.values()) <= {400, 403, 404}


def test_a_person_may_write_facts_into_a_session_they_have(callers: dict[str, Api]):
    mine = callers["management"].session("user=u_alice")
    said = {"text": "I live in Rome.", "session_id": mine["id"]}

    assert callers["person"].post("/facts", said).status == 200
    assert callers["person"].post("/facts", said | BAD).status == 400
    assert callers["person"].post("/facts", said | {"session_id": str(uuid.uuid4())}).status == 404


def test_authority_is_refused_to_an_agent_before_a_text_that_is_none(callers: dict[str, Api]):
    body = {"text": 5, "authority": "authoritative"}

    assert callers["agent"].post("/facts", body).status == 403
    assert callers["management"].post("/facts", body).status == 400


@pytest.mark.parametrize("path", ["/sessions", "/facts", "/facts/batch", "/query", "/state"])
def test_a_scope_that_contradicts_the_floor_is_refused_before_an_unknown_field(
    callers: dict[str, Api], path: str
):
    answer = callers["agent"].post(path, {"scope": ["user=u_bob"], **BAD})

    assert (answer.status, answer["code"]) == (403, "scope_forbidden")
    assert callers["agent"].post(path, {"scope": ["user=u_alice"], **BAD}).status == 400
    assert callers["agent"].post(path, {"scope": [5, "user=u_bob"], **BAD}).status == 400


SINGLE = [
    ("GET", "/sessions/{session}"),
    ("PATCH", "/sessions/{session}"),
    ("DELETE", "/sessions/{session}"),
    ("GET", "/sessions/{session}/tree"),
    ("POST", "/sessions/{session}/fork"),
    ("POST", "/sessions/{session}/turns"),
    ("GET", "/sessions/{session}/turns/{turn}"),
    ("DELETE", "/sessions/{session}/turns/{turn}"),
    ("POST", "/sessions"),
    ("POST", "/query"),
    ("POST", "/facts"),
    ("POST", "/facts/batch"),
    ("POST", "/state"),
    ("POST", "/forget"),
    ("POST", "/erase"),
    ("POST", "/import"),
    ("GET", "/memories/{memory}"),
    ("PATCH", "/memories/{memory}"),
    ("DELETE", "/memories/{memory}"),
    ("POST", "/memories/{memory}/resolve"),
    ("GET", "/entities/{entity}"),
    ("POST", "/entities/{entity}/aliases"),
    ("GET", "/traces/{trace}"),
    ("POST", "/keys"),
    ("DELETE", "/keys/{key}"),
    ("POST", "/agent-sessions"),
    ("GET", "/agent-sessions/run"),
    ("DELETE", "/agent-sessions/run"),
    ("POST", "/agent-sessions/run/memory-session"),
    ("POST", "/agent-sessions/run/complete"),
    ("POST", "/observations"),
    ("GET", "/observations/{observation}"),
    ("POST", "/observations/{observation}/promote"),
    ("POST", "/observations/batch"),
]
GOOD: dict[str, Any] = {
    "/sessions/{session}": {"status": "archived"},
    "/sessions/{session}/fork": {},
    "/sessions/{session}/turns": {"messages": [{"role": "user", "content": "hello"}]},
    "/sessions": {"scope": ["user=u_alice"]},
    "/query": {"query": "Rome"},
    "/facts": {"text": "hello", "scope": ["user=u_alice"]},
    "/facts/batch": {
        "messages": [{"role": "user", "content": "hello"}],
        "scope": ["user=u_alice"],
    },
    "/state": {},
    "/forget": {"query": "Rome", "dry_run": False},
    "/erase": {"scope": ["user=u_alice"], "dry_run": False},
    "/import": Lines(b'{"type":"memsync","version":1}\n'),
    "/memories/{memory}": {"value": "Milan"},
    "/memories/{memory}/resolve": {"reject": True},
    "/entities/{entity}/aliases": {"name": "x"},
    "/keys": {"name": "n", "role": "agent"},
    "/agent-sessions": {"content_session_id": "run", "scope": ["user=u_alice"], "prompt": "x"},
    "/observations": {"memory_session_id": "m", "type": "change", "title": "new"},
    "/observations/batch": {"ids": [str(uuid.UUID(int=7))]},
}


@pytest.fixture
def ids(api: Api, space: Space) -> dict[str, str]:
    """Rows that the routes of one row can be asked for."""
    session = api.session("user=u_alice")
    said = api.say(session["id"], "I work at Initech in Rome.").body
    run = {"content_session_id": "run", "scope": ["user=u_alice"]}
    assert api.post("/agent-sessions", run).status == 201
    api.post("/agent-sessions/run/memory-session", {"memory_session_id": "m"})
    seen = {"memory_session_id": "m", "type": "change", "title": "t"}
    return {
        "session": session["id"],
        "turn": said["turns"][0]["id"],
        "memory": said["diff"]["attributes"][0]["memory_id"],
        "entity": said["diff"]["entities"][0]["id"],
        "trace": said["trace_id"],
        "observation": api.post("/observations", seen)["id"],
        "key": api.post("/keys", {"name": "n", "role": "agent"})["id"],
    }


@pytest.mark.parametrize(("method", "path"), SINGLE, ids=[" ".join(row) for row in SINGLE])
def test_a_parameter_that_nobody_reads_is_a_400_and_nothing_changes(
    api: Api, ids: dict[str, str], method: str, path: str
):
    before = everything(api)
    body = GOOD.get(path) if method in {"POST", "PATCH"} else None
    answer = api.call(method, f"/api/v1/app{path.format(**ids)}?mode=erase", body)

    assert (answer.status, answer.body.get("code")) == (400, "invalid")
    assert answer["errors"][0]["code"] == "unknown_field"
    assert everything(api) == before


def everything(api: Api) -> list[Any]:
    """All that the lists show."""
    lists = ["/sessions", "/memories", "/keys", "/agent-sessions", "/observations", "/entities"]
    rows = [api.get(path)["data"] for path in lists]
    for row in rows[2]:
        row.pop("last_used_at")
    return [*rows, [api.get(f"/sessions/{row['id']}/turns")["data"] for row in rows[0]]]


# Types


def body_fields() -> dict[str, serializers.Field]:
    """Every field of every request body, by its name."""
    get_resolver().url_patterns  # noqa: B018  # imports the views, and with them their bodies
    found: dict[str, serializers.Field] = {}
    pending: list[type[StrictSerializer]] = [StrictSerializer]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        for name, field in kind().fields.items():
            found[f"{kind.__name__}.{name}"] = field
            if isinstance(field, serializers.ListField):
                found[f"{kind.__name__}.{name}.child"] = field.child
    return found


def takes(field: serializers.Field, value: Any) -> bool:
    try:
        field.run_validation(value)
    except serializers.ValidationError:
        return False
    return True


def test_no_field_of_a_body_reads_one_type_as_another():
    fields = body_fields()
    texts = [n for n, f in fields.items() if isinstance(f, serializers.CharField)]
    numbers = [n for n, f in fields.items() if isinstance(f, serializers.IntegerField)]
    switches = [n for n, f in fields.items() if isinstance(f, serializers.BooleanField)]
    times = [n for n, f in fields.items() if isinstance(f, serializers.DateTimeField)]

    assert len(texts) > 50
    assert numbers
    assert switches
    assert times
    assert [n for n in texts if any(takes(fields[n], v) for v in (5, 5.5, True, [], {}))] == []
    assert [n for n in numbers if any(takes(fields[n], v) for v in ("5", 5.0, True))] == []
    assert [n for n in switches if any(takes(fields[n], v) for v in ("true", 1, 0))] == []
    assert [n for n in times if any(takes(fields[n], v) for v in (5, 5.5, True, "5"))] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/agent-sessions", {"content_session_id": "c", "platform": 5, "scope": ["user=u"]}),
        ("/agent-sessions", {"content_session_id": "c", "platform": "a\n", "scope": ["user=u"]}),
        ("/agent-sessions", {"content_session_id": "c", "platform": " a", "scope": ["user=u"]}),
        ("/sessions", {"kind": "chat\n", "scope": ["user=u"]}),
        ("/memories", {"category": "identity", "key": "home\n", "value": "x"}),
    ],
)
def test_a_name_is_a_string_taken_as_it_is(api: Api, path: str, body: dict[str, Any]):
    assert api.post(path, body).status == 400


# The project of a question


@pytest.mark.parametrize("named", ["nope", str(uuid.UUID(int=7)), "other"])
def test_a_question_is_refused_when_path_and_body_name_two_projects(api: Api, named: str):
    assert api.post("/query", {"query": "Rome", "context_id": named}).status == 404


def test_a_question_may_name_its_project_twice(api: Api, space: Space):
    for named in ("app", str(space.project.pk), "-"):
        assert api.post("/query", {"query": "Rome", "context_id": named}).status == 200


@pytest.mark.parametrize("path", ["/api/v1/app/query", "/memory/query"])
@pytest.mark.parametrize("named", [5, [], {}, True])
def test_a_context_that_is_no_string_is_a_400(api: Api, path: str, named: Any):
    assert api.call("POST", path, {"query": "Rome", "context_id": named}).status == 400
