"""The transcript page of a conversation that branches, its files, and the filters of the list."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation
from tests.factories import Api, Space, signed_in_client


@pytest.fixture
def alice(space: Space) -> Client:
    return signed_in_client(space.make_user("u_alice"))


@pytest.fixture
def trip(api: Api) -> dict[str, str]:
    """Trip (4 turns) with a fork after turn 2, and a fork of that after its own turn."""
    parent = api.session("user=u_alice", title="Trip")["id"]
    api.say(parent, "a", "b", "c", "d", extract=False)
    fork = api.post(f"/sessions/{parent}/fork", {"seq": 2, "title": "By train"})["id"]
    api.say(fork, "x", "y", extract=False)
    inner = api.post(f"/sessions/{fork}/fork", {"seq": 3, "title": "First class"})["id"]
    return {"parent": parent, "fork": fork, "inner": inner}


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.getvalue().decode()


def ways(client: Client, session: str) -> list[tuple[int, str]]:
    """(turn, other conversation) for every way on that the page shows."""
    text, found = page(client, f"/conversations/{session}/"), []
    for part in text.split('aria-label="Ways on after turn ')[1:]:
        seq, nav = part.split('"', 1)
        links = nav.split("</nav>")[0].split('<a href="')[1:]
        found += [(int(seq), link.split(">")[1].split("<")[0]) for link in links]
    return found


def test_the_switcher_stands_at_the_turn_where_branches_part(alice, trip):
    assert ways(alice, trip["parent"]) == [(2, "By train")]
    assert ways(alice, trip["fork"]) == [(2, "Trip"), (3, "First class")]
    assert ways(alice, trip["inner"]) == [(2, "Trip"), (3, "By train")]


def test_a_deleted_fork_is_no_way_on(alice, api, trip):
    api.delete(f"/sessions/{trip['inner']}")

    assert ways(alice, trip["fork"]) == [(2, "Trip")]


def test_branches_cost_no_more_queries_than_none(alice, api, trip):
    def queries(session: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(alice, f"/conversations/{session}/")
        return len(captured)

    before = queries(trip["fork"])
    for number in range(8):
        api.post(f"/sessions/{trip['fork']}/fork", {"seq": 1 + number % 4})

    assert queries(trip["fork"]) == before


@pytest.mark.parametrize(
    ("name", "kind"), [("text", "text/plain"), ("markdown", "text/markdown"), ("openai", "json")]
)
def test_the_transcript_can_be_saved(alice, trip, name, kind):
    answer = alice.get(f"/conversations/{trip['fork']}/transcript/{name}")

    assert kind in answer.headers["Content-Type"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "x" in answer.getvalue().decode()


def test_files_are_their_owners_only(space: Space, alice, trip):
    bob = signed_in_client(space.make_user("u_bob"))
    path = f"/conversations/{trip['fork']}/transcript/text"

    assert bob.get(path).status_code == 404
    assert Client().get(path).status_code == 302
    assert alice.get(path + "s").status_code == 404


def test_the_list_is_filtered_by_kind_and_by_when_it_was_last_active(alice, api, trip):
    api.session("user=u_alice", title="Ticket 7", kind="ticket")
    old = timezone.now() - timedelta(days=40)
    Conversation.unscoped.filter(title="By train").update(last_activity_at=old)

    def titles(query: str) -> set[str]:
        text = page(alice, f"/conversations/?{query}")
        return {
            name for name in ("Trip", "By train", "Ticket 7") if re.search(rf">{name}\s*<", text)
        }

    assert titles("kind=ticket") == {"Ticket 7"}
    assert titles("days=30") == {"Trip", "Ticket 7"}
    assert titles("days=365&kind=chat") == {"Trip", "By train"}
    assert titles("days=3") == set()
