"""Rename, describe, archive, close, reopen, list by filters; and the job that archives."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from conversations import tasks
from conversations.models import Conversation
from tests.factories import Api, Space


@pytest.fixture
def session(api: Api) -> str:
    return api.session("org=acme", "user=u_alice", title="Trip to Porto", metadata={"n": 1})["id"]


def listed(api: Api, query: str = "") -> set[str]:
    answer = api.get(f"/sessions?{query}")
    assert answer.status == 200, answer
    return {row["title"] for row in answer["data"]}


def test_title_metadata_and_status_can_be_changed_and_nothing_else(api, session):
    changed = api.patch(f"/sessions/{session}", {"title": "T", "metadata": {"a": [1]}})
    nothing = api.patch(f"/sessions/{session}", {})

    assert (changed["title"], changed["metadata"]) == ("T", {"a": [1]})
    assert nothing.body == changed.body == api.get(f"/sessions/{session}").body
    for body in ({"scope": []}, {"kind": "x"}, {"status": "deleted"}, {"title": "a\nb"}):
        assert api.patch(f"/sessions/{session}", body).status == 400


@pytest.mark.parametrize("status", ["active", "archived", "closed"])
def test_every_status_can_be_left_again(api, session, status):
    api.patch(f"/sessions/{session}", {"status": status})
    for following in ("closed", "archived", "active"):
        assert api.patch(f"/sessions/{session}", {"status": following})["status"] == following


def test_who_may_change_a_session(space: Space, session):
    alice, bob = (space.api_of(space.make_user(name)) for name in ("u_alice", "u_bob"))
    inside = space.api(space.make_key("agent", "org=acme"))
    supervisor = space.api(space.make_key("supervisor"))
    path = f"/sessions/{session}"

    assert alice.patch(path, {"status": "archived"}).status == 200
    assert alice.patch(path, {"title": "Mine"}).status == 403
    assert bob.patch(path, {"status": "archived"}).status == 404
    assert inside.patch(path, {"title": "Ours"}).status == 200
    assert supervisor.patch(path, {"status": "nonsense"}).status == 403


def test_archived_sessions_are_listed_on_request_only(api, session):
    api.session("user=u_bob", title="Bob's")
    api.patch(f"/sessions/{session}", {"status": "archived"})

    assert listed(api) == {"Bob's"}
    assert listed(api, "status=archived") == {"Trip to Porto"}
    assert listed(api, "status=archived&status=active") == {"Bob's", "Trip to Porto"}
    assert api.get(f"/sessions/{session}").status == 200


def test_filters_narrow_the_list(api, session):
    api.session("user=u_bob", title="Ticket 7", kind="ticket", metadata={"n": "1", "open": True})

    assert listed(api, "kind=ticket") == {"Ticket 7"}
    assert listed(api, "q=porto") == {"Trip to Porto"}
    assert listed(api, "q=%25") == set()
    assert listed(api, "metadata.n=1") == {"Ticket 7", "Trip to Porto"}
    assert listed(api, "metadata.open=true") == {"Ticket 7"}
    assert listed(api, "metadata.open=true&metadata.n=2") == set()
    assert listed(api, "metadata.n=NaN") == set()
    assert listed(api, "scope=user%3Du_bob") == {"Ticket 7"}
    assert listed(api, "kind=ticket&q=porto") == set()


def test_time_ranges_narrow_the_list(api, session):
    api.session("user=u_bob", title="Old")
    old = timezone.now() - timedelta(days=30)
    Conversation.unscoped.filter(title="Old").update(last_activity_at=old)
    week_ago = quote((timezone.now() - timedelta(days=7)).isoformat())

    assert listed(api, f"active_before={week_ago}") == {"Old"}
    assert listed(api, f"active_after={week_ago}") == {"Trip to Porto"}
    assert listed(api, f"created_after={week_ago}") == {"Old", "Trip to Porto"}
    assert listed(api, f"created_before={week_ago}") == set()


@pytest.mark.parametrize(
    "query", ["state=active", "status=gone", "created_after=yesterday", "kind=" + "k" * 33]
)
def test_what_is_no_filter_is_refused_by_name(api, query):
    refused = api.get(f"/sessions?{query}")

    assert refused.status == 400
    assert refused["errors"][0]["field"] == query.split("=")[0]


def test_idle_sessions_are_archived_only_where_that_is_set(api, session, settings):
    api.session("user=u_bob", title="Old")
    old = timezone.now() - timedelta(days=30)
    Conversation.unscoped.filter(title="Old").update(last_activity_at=old)

    assert tasks.archive_idle_conversations(timestamp=0) == 0
    settings.ARCHIVE_IDLE_DAYS = 7
    assert tasks.archive_idle_conversations(timestamp=0) == 1
    assert listed(api, "status=archived") == {"Old"}
