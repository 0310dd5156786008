"""Whatever staff open that holds people's words, the audit record says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from accounts.models import AuditEvent
from conversations.models import AgentSession
from memories.admin.base import WordsAdmin
from memories.models import Memory
from tests.factories import Api
from tests.pages.conftest import Told, recalled
from tests.pages.test_admin import change_url
from tests.pages.test_corrections import contested, memory_of
from tests.pages.test_desk import DESK, MEMORIES, send

OPENED = {
    "agentsession": "agent_session.viewed",
    "checkpoint": "checkpoint.viewed",
    "conversation": "transcript.viewed",
    "entity": "entity.viewed",
    "memory": "memory.viewed",
    "observation": "observation.viewed",
    "trace": "trace.viewed",
    "uncertainty": "memory.viewed",
}
WORDS = {
    model._meta.model_name: model
    for model, model_admin in admin.site._registry.items()
    if isinstance(model_admin, WordsAdmin)
}


@pytest.fixture
def everything(told: Told, api: Api) -> None:
    """A row of each kind that holds words."""
    run: dict[str, Any] = {"content_session_id": "run", "prompt": "p", "scope": ["user=u_alice"]}
    api.post("/agent-sessions", run)
    api.post("/agent-sessions/run/memory-session", {"memory_session_id": "m"})
    api.post("/observations", {"memory_session_id": "m", "type": "bugfix", "title": "t"})
    place = {"thread_id": "t", "checkpoint_id": "1", "scope": ["user=u_alice"]}
    api.post("/checkpoints", place | {"type": "msgpack", "blob": "AAAA"})
    contested(told, "home", "I live in York.", "I live in Porto.")
    recalled(told)


def opened() -> list[tuple[str, str, str]]:
    """What the record says was opened, and by whom."""
    events = AuditEvent.objects.filter(action__endswith=".viewed").order_by("pk")
    return [(event.action, event.object_id, event.actor_label[:6]) for event in events]


def test_every_admin_of_words_is_known_here():
    assert set(WORDS) == set(OPENED)


@pytest.mark.parametrize("name", OPENED)
def test_opening_a_row_is_on_record_once(everything: None, staff: Client, name: str):
    rows = WORDS[name]._base_manager.order_by("pk")
    row = (rows.filter(kind="conflict") if name == "uncertainty" else rows).first()
    assert staff.get(change_url(row)).status_code == 200

    assert opened() == [(OPENED[name], str(row.uid), "s_nora")]


def test_the_log_of_django_shows_no_row(everything: None, staff: Client):
    row = AgentSession.unscoped.get()

    assert staff.get(f"/admin/conversations/agentsession/{row.pk}/history/").status_code == 404


def test_a_memory_shown_to_be_corrected_is_read(told: Told, staff: Client):
    memory = memory_of(told, "employer")
    url = f"{MEMORIES}{memory.pk}/correct/"
    assert "Acme Corp" in staff.get(url).content.decode()
    assert "Write what is right." in staff.post(url, {"value": ""}).content.decode()

    assert opened() == [("memory.viewed", str(memory.uid), "s_nora")] * 2


def test_memories_that_a_question_shows_are_read(told: Told, staff: Client):
    rows = [memory_of(told, "employer"), memory_of(told, "name")]
    assert "Acme Corp" in send(staff, MEMORIES, "retract", *rows).content.decode()

    assert {uid for _, uid, _ in opened()} == {str(row.uid) for row in rows}


@pytest.mark.parametrize("action", ["resolve", "reject"])
def test_uncertainties_that_a_question_shows_are_read(told: Told, staff: Client, action: str):
    home = contested(told, "home", "I live in York.", "I live in Porto.")
    assert "York" in send(staff, DESK, action, home).content.decode()

    assert opened() == [("memory.viewed", str(home.uid), "s_nora")]


def test_what_is_not_shown_is_not_read(told: Told, staff: Client, other_space: Any):
    stranger = other_space.api()
    stranger.say(stranger.session()["id"], "I work at Initech Inc.")
    foreign = Memory.unscoped.get(tenant=other_space.tenant)
    for name in ("change", "correct", "history"):
        assert staff.get(f"{MEMORIES}{foreign.pk}/{name}/").status_code in {302, 404}
    send(staff, MEMORIES, "retract", foreign)

    assert opened() == []
