"""One spelling of times on the wire: UTC, ending in Z."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from memories.models import MemoryChange
from memsync.common.rendering import dumps
from tests.factories import Answer, Api, Lines, make_space
from tests.mcp import Mcp

SCOPE = ["user=u_alice"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?([^\"\\\s]*)")
TIMES = ("valid_from", "valid_until", "expires_at")


@pytest.fixture
def session(api: Api) -> str:
    """A session that knows since when, and until when, somebody lived where."""
    session = api.session(*SCOPE)["id"]
    api.say(session, "I've lived in Leeds since 2019.", "I'm in Paris until Friday.")
    api.say(session, "Actually, I live in Porto now.", "I live in Porto.")
    return session


@pytest.fixture
def long_kept(session: str) -> None:
    """Changes as they were stored before: with the offset of UTC in digits, or another."""
    for change in MemoryChange.objects.all():
        for told in (change.before, change.after):
            for name in TIMES:
                if (told or {}).get(name):
                    told[name] = told[name].replace("Z", "+00:00")
        if change.after["valid_from"]:
            change.after["valid_from"] = "2019-01-01T01:00:00+01:00"
        change.save()


def zones(shown: Any) -> set[str]:
    """How the times in an answer end."""
    body = shown.body if isinstance(shown, Answer) else shown
    text = body if isinstance(body, bytes) else dumps(body)
    return set(TIME.findall(text.decode()))


def answers(api: Api, session: str) -> Iterator[tuple[str, Any]]:
    """What tells times, by route."""
    memories = api.get("/memories?status=superseded")["data"]
    yield "state", api.post("/state", {"scope": SCOPE})
    yield "state then", api.post("/state", {"session_id": session, "at": {"seq": 2}})
    time = {"time": "2030-01-01T02:00:00+02:00"}
    yield "state at a time", api.post("/state", {"scope": SCOPE, "at": time})
    yield "diff", api.get(f"/sessions/{session}/diff?since_seq=1")
    yield "history", api.get(f"/memories/{memories[0]['id']}/history")
    for path in ("/memories", "/traces", f"/sessions/{session}/turns", "/sessions", "/entities"):
        yield path, api.get(path)
    for trace in api.get("/traces?kind=ingest")["data"]:
        yield "trace", api.get(f"/traces/{trace['id']}")
    yield "recall", api.post("/query", {"query": "Where does Alice live?", "scope": SCOPE})
    yield "context", api.get(f"/sessions/{session}/context?format=openai")
    mcp = Mcp(api)
    yield "remember", mcp.call("remember", text="I live in Ghent.", scope=SCOPE).shown
    yield "mcp", mcp.call("recall", query="Where does Alice live?", scope=SCOPE).shown
    yield "read", mcp.call("read_session", session_id=session).shown


def test_every_time_ends_in_z(api: Api, session: str):
    odd = {name: ends for name, shown in answers(api, session) if (ends := zones(shown) - {"Z"})}

    assert odd == {}


def test_every_time_of_changes_kept_long_ends_in_z(api: Api, session: str, long_kept: None):
    odd = {name: ends for name, shown in answers(api, session) if (ends := zones(shown) - {"Z"})}

    assert odd == {}


def test_a_change_kept_with_another_offset_means_the_same_moment(
    api: Api, session: str, long_kept: None
):
    [porto] = [m for m in api.get("/memories?key=home")["data"] if m["value"] == "Porto"]
    newest = api.get(f"/memories/{porto['id']}/history?order=desc")["data"][0]
    [item] = [i for i in api.post("/state", {"scope": SCOPE})["identity"] if i["key"] == "home"]

    assert newest["after"]["valid_from"] == item["valid_from"] == "2019-01-01T00:00:00Z"
    assert newest["before"]["valid_until"] is None


def test_an_export_ends_its_times_in_z_and_can_be_imported(api: Api, session: str):
    exported = api.get("/export")

    assert zones(exported) == {"Z"}
    assert make_space().api().post("/import", Lines(exported.body)).status == 201


def test_an_export_of_changes_kept_long_can_be_imported(api: Api, session: str):
    for change in MemoryChange.objects.all():
        for told in filter(None, (change.before, change.after)):
            told |= {name: told[name].replace("Z", "+00:00") for name in TIMES if told.get(name)}
        change.save()

    exported = api.get("/export")
    assert zones(exported) == {"Z"}
    assert make_space().api().post("/import", Lines(exported.body)).status == 201
