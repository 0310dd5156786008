"""The three layers of reading observations: index rows, a timeline, full ones by their ids."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.agents import CS, FULL, observe, run
from tests.factories import Answer, Api, Space


def titles(api: Api, query: str = "") -> list[str]:
    found = api.get(f"/observations{query}")
    assert found.status == 200, found
    return [row["title"] for row in found["data"]]


@pytest.fixture
def three(api: Api) -> Api:
    run(api)
    observe(api, **FULL)
    observe(api, title="Chose PostgreSQL", type="decision", narrative="One database only.")
    observe(api, title="A clock for tests", type="feature", facts=["time is frozen"])
    return api


def test_a_search_answers_with_small_rows(three: Api):
    [row] = three.get("/observations?q=PostgreSQL")["data"]

    assert row["title"] == "Chose PostgreSQL"
    assert (row["content_session_id"], row["memory_session_id"]) == (CS, "m-1")
    assert not {"narrative", "facts", "files_read"} & set(row)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("token", "Login fails after midnight"),
        ("databases", "Chose PostgreSQL"),
        ("clock.py", "Login fails after midnight"),
        ("frozen+time", "A clock for tests"),
        ("who+chose+the+database", "Chose PostgreSQL"),
    ],
)
def test_a_search_finds_by_title_narrative_facts_and_files(three: Api, query: str, best: str):
    assert titles(three, f"?q={query}")[0] == best


@pytest.mark.parametrize("query", ["", "the", "%27+%7C+%21%28", "nowhere"])
def test_a_search_for_nothing_finds_nothing(three: Api, query: str):
    assert titles(three, f"?q={query}") == []


def test_without_words_the_newest_come_first(three: Api):
    assert titles(three) == ["A clock for tests", "Chose PostgreSQL", "Login fails after midnight"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=decision", 1),
        ("concept=gotcha", 1),
        ("file=auth/clock.py", 1),
        ("file=auth", 0),
        (f"content_session_id={CS}", 3),
        (f"content_session_id={CS}&platform=codex", 0),
        ("scope=user%3Du_eve", 0),
        ("scope=user%3Du_bob&q=clock", 2),
    ],
)
def test_a_search_filters(three: Api, query: str, count: int):
    assert len(titles(three, f"?{query}")) == count


def test_a_search_pages_best_first_without_gaps(api: Api):
    run(api)
    for number in range(7):
        observe(api, title=f"{'parser ' * (number + 1)}number {number}")
    whole = titles(api, "?q=parser")
    paged, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/observations?q=parser&limit=2{cursor and '&cursor=' + cursor}")
        paged += [row["title"] for row in page["data"]]
        cursor = page["next_cursor"]

    assert paged == whole
    assert len(whole) == 7
    assert whole[0].endswith("number 6")


@pytest.mark.parametrize("query", ["surprise=1", "limit=201", "cursor=x", "q=a&cursor=x"])
def test_a_search_refuses_what_it_does_not_know(three: Api, query: str):
    assert three.get(f"/observations?{query}").status == 400


def timeline(api: Api, anchor: str, query: str = "") -> Answer:
    return api.get(f"/observations/{anchor}/timeline{query}")


def test_a_timeline_shows_what_was_around_an_observation(api: Api):
    run(api)
    ids = [observe(api, title=f"number {n}")["id"] for n in range(6)]
    shown = timeline(api, ids[2], "?before=1&after=2")

    assert [row["id"] for row in shown["data"]] == ids[1:5]
    assert (shown["anchor"], shown["has_before"], shown["has_after"]) == (ids[2], True, True)
    whole = timeline(api, ids[2])
    assert [row["id"] for row in whole["data"]] == ids
    assert (whole["has_before"], whole["has_after"]) == (False, False)
    assert [row["id"] for row in timeline(api, ids[2], "?before=0&after=0")["data"]] == [ids[2]]


def test_a_timeline_crosses_runs_but_not_people(api: Api):
    run(api, "a", "m-a")
    run(api, "b", "m-b")
    run(api, "eve", "m-eve", "user=u_eve")
    ids = [observe(api, m, title=m)["id"] for m in ("m-a", "m-eve", "m-b")]

    assert [row["id"] for row in timeline(api, ids[2])["data"]] == [ids[0], ids[2]]
    assert [row["id"] for row in timeline(api, ids[1])["data"]] == [ids[1]]


@pytest.mark.parametrize("query", ["before=51", "after=-1", "before=x", "after=", "limit=5"])
def test_a_timeline_refuses_odd_depths(api: Api, query: str):
    run(api)

    assert timeline(api, observe(api)["id"], f"?{query}").status == 400


def test_full_observations_come_by_their_ids_in_the_order_asked(api: Api):
    run(api)
    first, second = observe(api, title="1"), observe(api, title="2")
    unknown = str(uuid.uuid4())
    wanted = [second["id"], unknown, first["id"], second["id"]]
    found = api.post("/observations/batch", {"ids": wanted})

    assert found.status == 200
    assert found["data"] == [second.body, first.body]
    assert found["missing"] == [unknown]


@pytest.mark.parametrize("ids", [[], ["x"], "x", [str(uuid.uuid4())] * 101, None])
def test_a_batch_refuses_what_are_no_ids(api: Api, ids):
    assert api.post("/observations/batch", {"ids": ids}).status == 400


def test_everybody_finds_only_their_own(space: Space, api: Api):
    run(api)
    made = observe(api, title="Bob's find")
    eve = space.api(space.make_key("agent", "user=u_eve"))
    bob, other = (space.api_of(space.make_user(name)) for name in ("u_bob", "u_mallory"))

    for stranger in (eve, other):
        assert titles(stranger) == titles(stranger, "?q=find") == []
        assert stranger.get(f"/observations/{made['id']}").status == 404
        assert timeline(stranger, made["id"]).status == 404
        assert stranger.post("/observations/batch", {"ids": [made["id"]]})["data"] == []
    assert observe(eve).status == 404
    assert titles(bob, "?q=find") == ["Bob's find"]
    assert observe(bob).status == 403


def test_lists_of_observations_take_a_fixed_number_of_queries(api: Api):
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(path).status == 200
        return len(captured)

    run(api)
    anchor = observe(api, title="parser")["id"]
    paths = [
        "/observations",
        "/observations?q=parser",
        f"/agent-sessions/{CS}/observations",
        f"/observations/{anchor}/timeline",
    ]
    few = [queries(path) for path in paths]
    for number in range(5):
        observe(api, title=f"parser {number}")

    assert [queries(path) for path in paths] == few
