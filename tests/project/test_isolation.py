"""The isolation walker: every route, asked by everybody who must not see what it shows."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.services import create_project
from tests.factories import Answer, Api, Lines, Space, anonymous, make_space

CANARY = "canary"


@dataclass(frozen=True)
class Case:
    """How a route is asked. `kind` is what it reaches:

    row: something with an id · list: many rows · project: the project as a whole · self: only the
    caller's own · open: nobody's.
    """

    kind: str
    body: dict[str, Any] | Lines | None = None
    ids: tuple[str, ...] = field(default=())


MESSAGES = {"messages": [{"role": "user", "content": "hello"}]}
CHECKPOINT = {
    **{"thread_id": "t", "checkpoint_id": "1", "scope": ["user=u_alice"]},
    **{"type": "json", "blob": "e30="},
}
CHECKPOINT_WRITES = {
    **{"thread_id": "t", "checkpoint_id": "1", "scope": ["user=u_alice"], "task_id": "k"},
    "writes": [{"idx": 0, "channel": "c", "type": "json", "blob": "e30="}],
}

CASES: dict[tuple[str, str], Case] = {
    ("GET", "/api/v1/{ctx}/sessions"): Case("list"),
    ("POST", "/api/v1/{ctx}/sessions"): Case("project", {"scope": ["user=u_alice"]}),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}"): Case("row"),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}/turns"): Case("row"),
    ("POST", "/api/v1/{ctx}/sessions/{session_id}/turns"): Case("row", MESSAGES),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}/turns/{turn_id}"): Case("row"),
    ("PATCH", "/api/v1/{ctx}/sessions/{session_id}"): Case("row", {"status": "archived"}),
    ("DELETE", "/api/v1/{ctx}/sessions/{session_id}"): Case("row"),
    ("DELETE", "/api/v1/{ctx}/sessions/{session_id}/turns/{turn_id}"): Case("row"),
    ("POST", "/api/v1/{ctx}/sessions/{session_id}/fork"): Case("row", {"seq": 1}),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}/tree"): Case("row"),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}/relations"): Case("row"),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}/transcript"): Case("row"),
    ("GET", "/api/v1/{ctx}/export"): Case("list"),
    ("POST", "/api/v1/{ctx}/import"): Case("list", Lines(b'{"type":"memsync","version":1}\n')),
    ("POST", "/api/v1/{ctx}/facts/batch"): Case("project", MESSAGES | {"scope": ["user=u_alice"]}),
    ("POST", "/api/v1/{ctx}/query"): Case("list", {"query": CANARY}),
    ("GET", "/api/v1/{ctx}/memories"): Case("list"),
    ("GET", "/api/v1/{ctx}/memories/{memory_id}"): Case("row"),
    ("PATCH", "/api/v1/{ctx}/memories/{memory_id}"): Case("row", {"value": "x"}),
    ("DELETE", "/api/v1/{ctx}/memories/{memory_id}"): Case("row"),
    ("GET", "/api/v1/{ctx}/memories/{memory_id}/history"): Case("row"),
    ("POST", "/api/v1/{ctx}/memories/{memory_id}/resolve"): Case("row", {"reject": True}),
    ("POST", "/api/v1/{ctx}/memories"): Case(
        "project", {"category": "identity", "key": "home", "value": "x"}
    ),
    ("POST", "/api/v1/{ctx}/facts"): Case("project", {"text": "hello", "scope": ["user=u_alice"]}),
    ("POST", "/api/v1/{ctx}/state"): Case("list", {}),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}/diff"): Case("row"),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}/memories"): Case("row"),
    ("POST", "/api/v1/{ctx}/forget"): Case("list", {"query": CANARY}),
    ("POST", "/api/v1/{ctx}/erase"): Case("list", {"scope": ["user=u_alice"]}),
    ("GET", "/api/v1/{ctx}/entities"): Case("list"),
    ("GET", "/api/v1/{ctx}/entities/{entity_id}"): Case("row"),
    ("POST", "/api/v1/{ctx}/entities/{entity_id}/aliases"): Case("row", {"name": "x"}),
    ("POST", "/api/v1/{ctx}/entities/{entity_id}/merge"): Case(
        "row", {"into": str(uuid.UUID(int=0))}
    ),
    ("GET", "/api/v1/{ctx}/sessions/{session_id}/context"): Case("row"),
    ("POST", "/api/v1/{ctx}/sessions/{session_id}/context"): Case("row", {"query": CANARY}),
    ("GET", "/api/v1/{ctx}/traces"): Case("list"),
    ("POST", "/api/v1/{ctx}/recalls/{trace_id}/feedback"): Case(
        "row", {"id": "00000000-0000-7000-8000-000000000000", "verdict": "useful"}
    ),
    ("GET", "/api/v1/{ctx}/traces/{trace_id}"): Case("row"),
    ("POST", "/api/v1/{ctx}/agent-sessions"): Case(
        "project", {"content_session_id": "new", "scope": ["user=u_alice"]}
    ),
    ("GET", "/api/v1/{ctx}/agent-sessions"): Case("list"),
    ("GET", "/api/v1/{ctx}/agent-sessions/{content_session_id}"): Case("row"),
    ("DELETE", "/api/v1/{ctx}/agent-sessions/{content_session_id}"): Case("row"),
    ("POST", "/api/v1/{ctx}/agent-sessions/{content_session_id}/memory-session"): Case("row"),
    ("GET", "/api/v1/{ctx}/agent-sessions/{content_session_id}/resume"): Case("row"),
    ("POST", "/api/v1/{ctx}/agent-sessions/{content_session_id}/force-init"): Case("row"),
    ("POST", "/api/v1/{ctx}/agent-sessions/{content_session_id}/complete"): Case("row"),
    ("GET", "/api/v1/{ctx}/agent-sessions/{content_session_id}/observations"): Case("row"),
    ("POST", "/api/v1/{ctx}/observations"): Case(
        "project", {"memory_session_id": "m-alice", "type": "change", "title": "t"}
    ),
    ("GET", "/api/v1/{ctx}/observations"): Case("list"),
    ("POST", "/api/v1/{ctx}/observations/batch"): Case("list", {"ids": [str(uuid.uuid4())]}),
    ("GET", "/api/v1/{ctx}/observations/{observation_id}"): Case("row"),
    ("GET", "/api/v1/{ctx}/observations/{observation_id}/timeline"): Case("row"),
    ("POST", "/api/v1/{ctx}/observations/{observation_id}/promote"): Case("row"),
    ("GET", "/api/v1/{ctx}/checkpoints"): Case("list"),
    ("POST", "/api/v1/{ctx}/checkpoints"): Case("project", CHECKPOINT),
    ("DELETE", "/api/v1/{ctx}/checkpoints"): Case("project"),
    ("GET", "/api/v1/{ctx}/checkpoints/state"): Case("list"),
    ("POST", "/api/v1/{ctx}/checkpoints/writes"): Case("project", CHECKPOINT_WRITES),
    ("POST", "/api/v1/{ctx}/checkpoints/copy"): Case(
        "project", {"source_thread_id": "t", "target_thread_id": "u", "scope": ["user=u_alice"]}
    ),
    ("POST", "/api/v1/{ctx}/checkpoints/prune"): Case(
        "project", {"thread_ids": ["t"], "strategy": "delete", "scope": ["user=u_alice"]}
    ),
    ("POST", "/memory/query"): Case("list", {"query": CANARY}),
    ("POST", "/v1/conversations"): Case("project", {}),
    ("GET", "/v1/conversations/{conversation_id}"): Case("row"),
    ("POST", "/v1/conversations/{conversation_id}"): Case("row", {"metadata": {}}),
    ("DELETE", "/v1/conversations/{conversation_id}"): Case("row"),
    ("GET", "/v1/conversations/{conversation_id}/items"): Case("row"),
    ("POST", "/v1/conversations/{conversation_id}/items"): Case(
        "row", {"items": [{"role": "user", "content": "hello"}]}
    ),
    ("GET", "/v1/conversations/{conversation_id}/items/{item_id}"): Case("row"),
    ("DELETE", "/v1/conversations/{conversation_id}/items/{item_id}"): Case("row"),
    ("POST", "/mcp"): Case(
        "list",
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "recall", "arguments": {"query": CANARY}},
        },
    ),
    ("POST", "/auth/login"): Case("open", {"email": "a@example.org", "password": "x"}),
    ("POST", "/auth/logout"): Case("self"),
    ("GET", "/auth/me"): Case("self"),
    ("POST", "/auth/refresh"): Case("open", {"refresh": "x"}),
    ("POST", "/auth/logout-all"): Case("self"),
    ("POST", "/auth/password"): Case("self"),
    ("GET", "/auth/sessions"): Case("self"),
    ("POST", "/auth/sessions/{family_id}/revoke"): Case("self"),
    ("GET", "/auth/security-events"): Case("self"),
    ("GET", "/api/v1/{ctx}/keys"): Case("project"),
    ("POST", "/api/v1/{ctx}/keys"): Case("project", {"name": "n", "role": "agent"}),
    ("DELETE", "/api/v1/{ctx}/keys/{key_id}"): Case("project"),
    ("GET", "/metrics"): Case("open"),
}


def api_routes() -> set[tuple[str, str]]:
    """(method, path template) of every REST route in the URLconf."""
    found: set[tuple[str, str]] = set()

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern):
                for method in set(getattr(pattern.callback, "actions", None) or {}) - {"head"}:
                    found.add((method.upper(), "/" + path))

    walk(get_resolver().url_patterns, "")
    return found


@dataclass(frozen=True)
class World:
    """Alice's rows in one project, and everybody who must not see them."""

    space: Space
    ids: dict[str, str]
    strangers: dict[str, Api]


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.METRICS_TOKEN = "only the scraper has it"
    space, foreign = make_space(), make_space()
    api = space.api()
    session = api.session("user=u_alice", title=f"{CANARY} title", metadata={"note": CANARY})
    said = api.say(session["id"], f"I work at {CANARY.title()} Works.").body
    memory = said["diff"]["attributes"][0]
    ids = {
        "session_id": session["id"],
        "turn_id": said["turns"][0]["id"],
        "conversation_id": f"conv_{uuid.UUID(session['id']).hex}",
        "item_id": f"msg_{uuid.UUID(said['turns'][0]['id']).hex}",
        "trace_id": said["trace_id"],
        "memory_id": memory["memory_id"],
        "entity_id": said["diff"]["entities"][0]["id"],
    }
    ids |= observed(api)
    api.post("/checkpoints", CHECKPOINT | {"metadata": {"note": CANARY}})
    ids |= {"key_id": str(uuid.uuid4()), "family_id": str(uuid.uuid4())}
    create_project(actor=None, tenant=space.tenant, slug="elsewhere")
    neighbour = Space(space.tenant, space.project, "")
    sibling = _key_of_sibling_project(space)
    strangers = {
        "another tenant, same slug": foreign.api(ctx="app"),
        "another tenant, our project id": foreign.api(ctx=str(space.project.pk)),
        "another project of the tenant": Api({"API-KEY": sibling}, "elsewhere"),
        "another project, our slug": Api({"API-KEY": sibling}, "app"),
        "an agent of another person": space.api(space.make_key("agent", "user=u_bob")),
        "another person": neighbour.api_of(space.make_user("u_bob")),
    }
    return World(space, ids, strangers)


def observed(api: Api) -> dict[str, str]:
    """The ids of a coding agent's run of Alice and of what it observed."""
    name = f"cs-{uuid.uuid4().hex}"
    api.post(
        "/agent-sessions", {"content_session_id": name, "title": CANARY, "scope": ["user=u_alice"]}
    )
    api.post(f"/agent-sessions/{name}/memory-session", {"memory_session_id": "m-alice"})
    body = {"memory_session_id": "m-alice", "type": "change", "title": CANARY}
    made = api.post("/observations", body)
    return {"content_session_id": name, "observation_id": made["id"]}


def _key_of_sibling_project(space: Space) -> str:
    from accounts.models import Project

    project = Project.objects.get(tenant=space.tenant, slug="elsewhere")
    return Space(space.tenant, project, "").make_key("management")


def ask(api: Api, method: str, path: str, ids: dict[str, str], case: Case) -> Answer:
    return api.call(method, path.format(ctx=api.ctx, **ids), case.body)


def test_every_route_is_in_the_table():
    assert api_routes() == set(CASES)


@pytest.mark.parametrize(("method", "path"), sorted(CASES))
def test_nobody_is_refused(world: World, method: str, path: str):
    case = CASES[method, path]
    answer = ask(anonymous(str(world.space.project.pk)), method, path, world.ids, case)

    assert answer.status == 401


@pytest.mark.parametrize(("method", "path"), sorted(CASES))
def test_strangers_learn_nothing(world: World, method: str, path: str):
    case = CASES[method, path]
    random_ids = {name: str(uuid.uuid4()) for name in world.ids}
    for who, api in world.strangers.items():
        answer = ask(api, method, path, world.ids, case)

        assert CANARY not in str(answer.body).lower(), who
        if case.kind == "row":
            assert answer.status == 404, who
            assert same_body(answer, ask(api, method, path, random_ids, case)), who
    owner = world.space.api()
    assert owner.get(f"/sessions/{world.ids['session_id']}")["turn_count"] == 1


def same_body(one: Answer, other: Answer) -> bool:
    """Equal but for the request id, a UUID; OpenAI's errors have it in the headers alone."""
    bodies = [dict(answer.body) for answer in (one, other)]
    ids = [uuid.UUID(answer.headers["X-Request-ID"]) for answer in (one, other)]
    assert [body.pop("request_id", str(own)) for body, own in zip(bodies, ids, strict=True)] == [
        *map(str, ids)
    ]
    return bodies[0] == bodies[1] and ids[0] != ids[1]


@pytest.mark.parametrize("ctx", ["app", "", "nowhere", "019e0000-0000-7000-8000-000000000000"])
def test_a_foreign_context_is_as_unknown_as_a_made_up_one(world: World, ctx: str):
    foreign = world.strangers["another project of the tenant"]
    real = Api(foreign.credential, ctx or str(world.space.project.pk)).get("/sessions")
    made_up = Api(foreign.credential, str(uuid.uuid4())).get("/sessions")

    assert real.status == 404
    assert same_body(real, made_up)
