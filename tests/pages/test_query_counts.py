"""No list, changelist or transcript takes more statements for more rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import services
from conversations.models import AgentSession, Conversation, MemorySessionId
from memories.models import Entity, Memory, Observation, Source, Trace
from tests.factories import Api, Space
from tests.pages.conftest import STORY, Told, recalled, tell
from tests.pages.support import assert_queries_do_not_grow

Make = Callable[[Told, int], object]


def made_conversation(told: Told, number: int) -> object:
    return tell(told.api, "" if number % 2 else f"Number {number}")


def made_memory(told: Told, number: int) -> object:
    text = f"I like sport {number}."
    return tell(told.api, messages=[{"role": "user", "content": text}])


def made_recall(told: Told, number: int) -> object:
    return recalled(told, f"Where does Alice work? {number}")


def made_user(told: Told, number: int) -> object:
    return told.space.make_user(f"u_{number}")


def made_project(told: Told, number: int) -> object:
    return services.create_project(actor=None, tenant=told.space.tenant, slug=f"p-{number}")


def made_keyed(told: Told, number: int) -> object:
    body = {"title": "x", "scope": ["user=u_alice"]}
    return told.api.post("/sessions", body, Idempotency_Key=f"k-{number}")


def made_entity(told: Told, number: int) -> object:
    rows = {**of(told), "normalized_name": f"x{number}"}
    return Entity.unscoped.create(name=f"X{number}", merged_into=Entity.unscoped.last(), **rows)


def made_observation(told: Told, number: int) -> object:
    conversation = Conversation.unscoped.get(uid=told.conversation, tenant=told.space.tenant)
    run = AgentSession.unscoped.create(
        content_session_id=f"c{number}", conversation=conversation, **of(told)
    )
    named = {"memory_session_id": f"m{number}"}
    MemorySessionId.objects.create(
        agent_session=run, tenant=told.space.tenant, project=told.space.project, **named
    )
    rows = {**of(told), **named, "content_hash": str(number)}
    return Observation.unscoped.create(agent_session=run, type="note", title="T", **rows)


def of(told: Told) -> dict[str, Any]:
    """The columns of a row of Alice's."""
    tenant, project = told.space.tenant, told.space.project
    return {
        "tenant": tenant,
        "project": project,
        "user": told.alice,
        "scope": {"user": "u_alice"},
    }


@pytest.mark.parametrize(
    ("path", "make"), [("/conversations/", made_conversation), ("/memories/", made_memory)]
)
def test_the_pages_of_a_person(told: Told, path: str, make: Make):
    assert_queries_do_not_grow(told.browser, lambda: path, lambda n: make(told, n))


@pytest.mark.parametrize(
    ("path", "make"),
    [
        ("accounts/auditevent", made_project),
        ("accounts/idempotencykey", made_keyed),
        ("accounts/project", made_project),
        ("accounts/user", made_user),
        ("conversations/agentsession", made_observation),
        ("conversations/conversation", made_conversation),
        ("memories/entity", made_entity),
        ("memories/memory", made_memory),
        ("memories/observation", made_observation),
        ("memories/trace", made_recall),
    ],
)
def test_the_lists_of_the_admin(told: Told, staff: Client, root: Client, path: str, make: Make):
    url = f"/admin/{path}/"
    assert_queries_do_not_grow(staff, lambda: url, lambda n: make(told, n))
    assert_queries_do_not_grow(root, lambda: url, lambda n: make(told, n + 20))


def test_the_list_of_tenants(root: Client):
    assert_queries_do_not_grow(
        root,
        lambda: "/admin/accounts/tenant/",
        lambda n: services.create_tenant(actor=None, slug=f"many-{n}"),
    )


def test_a_transcript_on_the_page_and_in_the_admin(told: Told, staff: Client):
    def say(number: int) -> object:
        body = {"session_id": told.conversation, "messages": STORY}
        return told.api.post("/facts/batch", body)

    conversation = Conversation.unscoped.get(uid=told.conversation, tenant=told.space.tenant)
    admin_url = f"/admin/conversations/conversation/{conversation.pk}/change/"
    assert_queries_do_not_grow(told.browser, lambda: told.url, say)
    assert_queries_do_not_grow(staff, lambda: admin_url, say)


def test_a_memory_in_the_admin_with_its_sources_and_history(told: Told, staff: Client):
    memory = Memory.unscoped.get(key="employer", tenant=told.space.tenant)
    assert_queries_do_not_grow(
        staff,
        lambda: f"/admin/memories/memory/{memory.pk}/change/",
        lambda n: tell(told.api, messages=STORY[:1]),
    )
    assert Source.objects.filter(memory=memory).count() > 20


@pytest.mark.parametrize("kind", ["ingest", "recall"])
def test_a_trace_in_the_admin(told: Told, staff: Client, kind: str):
    def learn_and_ask(number: int) -> None:
        likes = [{"role": "user", "content": f"I like sport {n}."} for n in range(number + 1)]
        tell(told.api, messages=likes)
        recalled(told)

    def newest() -> str:
        trace = Trace.unscoped.filter(kind=kind, tenant=told.space.tenant).latest("serial")
        return f"/admin/memories/trace/{trace.pk}/change/"

    assert_queries_do_not_grow(staff, newest, learn_and_ask)


def test_a_second_space_changes_no_count(told: Told, other_space: Space):
    other: Api = other_space.api()
    assert_queries_do_not_grow(told.browser, lambda: "/conversations/", lambda n: tell(other))
