"""A session of the OpenAI Agents SDK on a live server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from agents import Agent, ModelSettings, OpenAIResponsesModel, RunConfig, Runner, function_tool
from agents.memory import OpenAIConversationsSession, Session, SessionSettings
from openai import AsyncOpenAI

import memsync_client
from memsync_client import (
    AsyncMemsync,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidValue,
    Memsync,
    NotFound,
    ServerError,
)
from memsync_client.adapters.openai_agents import MemsyncSession
from tests.factories import Space
from tests.fakes.http import Asked, Given, serving
from tests.fakes.providers import Models, Say

Work = Callable[[AsyncMemsync], Awaitable[Any]]
Run = Callable[[Work], Any]

HELLO: dict[str, Any] = {"role": "user", "content": "Hello."}
ITEMS: list[dict[str, Any]] = [
    {"role": "user", "content": "How is the weather in Łódź? 🌧️"},
    {"role": "developer", "content": "Be brief."},
    {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "They ask."}],
        "encrypted_content": None,
    },
    {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "weather",
        "arguments": '{"city": "Łódź"}',
        "status": "completed",
    },
    {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "It rains.", "annotations": []}],
    },
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "And here?"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
        ],
    },
    {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"query": "x"}},
    {"type": "computer_call_output", "call_id": "c2", "output": {"type": "computer_screenshot"}},
    {
        "type": "function_call_output",
        "call_id": "c3",
        "output": [{"type": "input_text", "text": "x"}],
    },
    {"type": None, "role": "user", "content": "No type."},
    {"type": "message", "role": "system", "content": "A type."},
]


@pytest.fixture
def run(live_server: Any, house: Space) -> Run:
    """Runs something with an awaited client that has an agent's key."""
    key = house.make_key()

    def run(work: Work) -> Any:
        async def inside() -> Any:
            async with AsyncMemsync(live_server.url, key) as client:
                return await work(client)

        return asyncio.run(inside())

    return run


def session_of(client: AsyncMemsync, name: str = "chat", **options: Any) -> MemsyncSession:
    return MemsyncSession(name, client, **{"entity": "alice", "process": "bot"} | options)


def said(*texts: str) -> list[Any]:
    return [{"role": "user", "content": text} for text in texts]


def test_it_is_a_session_of_the_sdk(run):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)

        assert isinstance(session, Session)
        assert session.session_id == "chat"

    run(work)


def test_items_of_every_kind_come_back_equal_and_in_order(run):
    async def work(client: AsyncMemsync) -> None:
        await session_of(client).add_items(ITEMS)

        assert await session_of(client).get_items() == ITEMS

    run(work)


def test_a_new_session_is_empty(run):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)

        assert await session.get_items() == []
        assert await session.pop_item() is None
        await session.clear_session()
        await session.add_items([])
        assert await session.get_items(limit=5) == []

    run(work)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(-1, []), (0, []), (1, ["c"]), (2, ["b", "c"]), (3, ["a", "b", "c"]), (9, ["a", "b", "c"])],
)
def test_a_limit_gives_the_newest_in_order(run, limit, expected):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)
        await session.add_items(said("a", "b", "c"))

        assert await session.get_items(limit) == said(*expected)

    run(work)


def test_the_settings_limit_holds_unless_the_call_says_else(run):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client, session_settings=SessionSettings(limit=1))
        await session.add_items(said("a", "b", "c"))

        assert await session.get_items() == said("c")
        assert await session.get_items(2) == said("b", "c")

    run(work)


def test_more_items_than_a_page_and_an_append_hold(run):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client, extract=False)
        items = said(*(f"Item {number}" for number in range(450)))
        await session.add_items(items)

        assert await session.get_items() == items
        assert await session.get_items(230) == items[-230:]

    run(work)


def test_equal_items_are_all_kept(run):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)
        await session.add_items([HELLO, HELLO])
        await session.add_items([HELLO])

        assert await session.get_items() == [HELLO] * 3

    run(work)


def test_equal_items_added_at_once_are_all_kept(run):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)
        await asyncio.gather(*(session.add_items([HELLO]) for _ in range(4)))

        assert await session.get_items() == [HELLO] * 4

    run(work)


def test_an_item_with_an_id_is_there_once(run):
    async def work(client: AsyncMemsync) -> None:
        await session_of(client).add_items(ITEMS[5:6])
        await session_of(client).add_items(ITEMS[5:6])

        assert await session_of(client).get_items() == ITEMS[5:6]

    run(work)


def test_an_id_with_other_words_is_another_item(run):
    async def work(client: AsyncMemsync) -> None:
        changed = {**ITEMS[3], "arguments": "{}"}
        await session_of(client).add_items([ITEMS[3], changed])

        assert await session_of(client).get_items() == [ITEMS[3], changed]

    run(work)


def test_placeholder_ids_identify_nothing(run):
    async def work(client: AsyncMemsync) -> None:
        item = {**ITEMS[5], "id": "__fake_id__"}
        await session_of(client).add_items([item, item])

        assert await session_of(client).get_items() == [item, item]

    run(work)


def test_big_items_come_back_whole(run):
    async def work(client: AsyncMemsync) -> None:
        big = {"type": "function_call_output", "call_id": "c", "output": "ü" * 1_500_000}
        words = {"role": "user", "content": "w" * 1_200_000}
        image = {"role": "user", "content": [{"type": "input_image", "image_url": "x" * 3_000_000}]}
        session = session_of(client, extract=False)
        await session.add_items([big, words, image])

        assert await session.get_items() == [big, words, image]

    run(work)


@pytest.mark.parametrize("bad", [float("nan"), object(), "\ud800"])
def test_what_json_cannot_say_is_refused_before_any_request(run, bad):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)
        with pytest.raises(InvalidValue):
            await session.add_items([*said("fine"), {"role": "user", "content": bad}])

        assert await session.get_items() == []

    run(work)


def test_popping_gives_the_newest_and_leaves_the_record(run, manager):
    async def work(client: AsyncMemsync) -> str:
        session = session_of(client)
        await session.add_items([*ITEMS[:5], *said("I live in Leeds.")])

        popped = [await session.pop_item() for _ in range(3)]
        assert popped == [*said("I live in Leeds."), ITEMS[4], ITEMS[3]]
        assert await session.get_items() == ITEMS[:3]
        assert await session.get_items(1) == ITEMS[2:3]
        return await session.memsync_session_id()

    turns = manager.sessions.turns(run(work)).data

    assert [turn.seq for turn in turns if turn.hidden_at] == [4, 5, 6]
    assert turns[-1].content == "I live in Leeds."
    assert (
        manager.query("Where do they live?", scope={"user": "alice"}, include=["turns"]).results
        == []
    )


def test_popping_goes_on_until_nothing_is_left(run):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)
        await session.add_items(said("a", "b"))
        popped = [await session.pop_item() for _ in range(3)]

        assert popped == [*said("b", "a"), None]

    run(work)


def test_callers_at_once_pop_different_items(run):
    async def work(client: AsyncMemsync) -> None:
        await session_of(client).add_items(said("a", "b", "c", "d"))
        popped = await asyncio.gather(*(session_of(client).pop_item() for _ in range(6)))

        texts = sorted(item["content"] for item in popped if item is not None)
        assert texts == ["a", "b", "c", "d"]

    run(work)


def test_callers_at_once_add_whole_batches(run):
    async def work(client: AsyncMemsync) -> None:
        batches = [said(*(f"{caller}{n}" for n in range(3))) for caller in "abcd"]
        await asyncio.gather(*(session_of(client).add_items(batch) for batch in batches))

        stored = await session_of(client).get_items()
        assert sorted(map(str, (stored[at : at + 3] for at in range(0, 12, 3)))) == sorted(
            map(str, batches)
        )

    run(work)


def test_a_popped_item_with_an_id_can_be_added_again_in_order(run):
    async def work(client: AsyncMemsync) -> None:
        call, output = ITEMS[3], ITEMS[4]
        await session_of(client).add_items([*said("How?"), call])
        assert await session_of(client).pop_item() == call
        await session_of(client).add_items([call, output])
        assert await session_of(client).get_items() == [*said("How?"), call, output]

        await session_of(client).pop_item()
        await session_of(client).pop_item()
        await session_of(client).add_items([call, output])
        assert await session_of(client).get_items() == [*said("How?"), call, output]

    run(work)


def test_clearing_empties_the_session_and_keeps_record_and_memories(run, manager):
    async def work(client: AsyncMemsync) -> tuple[str, str]:
        session = session_of(client)
        await session.add_items(said("I work at Acme Corp."))
        before = await session.memsync_session_id()
        await session.clear_session()
        await session.clear_session()

        assert await session_of(client).get_items() == []
        assert await session_of(client).pop_item() is None
        await session_of(client).add_items(said("Next."))
        assert await session.get_items() == said("Next.")
        return before, await session.memsync_session_id()

    before, after = run(work)

    assert before != after
    assert manager.sessions.show(before).status == "archived"
    assert [turn.content for turn in manager.sessions.turns(before).data] == [
        "I work at Acme Corp."
    ]
    found = manager.query("Where do they work?", scope={"user": "alice"}).results
    assert found[0].text.endswith("Acme Corp")


def test_clearing_works_again_and_again(run):
    async def work(client: AsyncMemsync) -> None:
        for text in ("a", "b", "c"):
            session = session_of(client)
            await session.add_items(said(text))
            assert await session.get_items() == said(text)
            await session.clear_session()

        assert await session_of(client).get_items() == []

    run(work)


def test_clearing_while_others_add_loses_nothing_said_later(run, manager):
    async def work(client: AsyncMemsync) -> None:
        await session_of(client).add_items(said("first"))
        adds = [session_of(client).add_items(said(f"{n}")) for n in range(6)]
        clears = [session_of(client).clear_session() for _ in range(2)]
        await asyncio.gather(*adds, *clears)

        await session_of(client).add_items(said("last"))
        assert (await session_of(client).get_items())[-1:] == said("last")

    run(work)

    kept = {
        turn.content
        for session in manager.sessions.each(
            scope={"user": "alice", "agent": "bot"}, status=["active", "archived"]
        )
        for turn in manager.sessions.each_turn(session.id)
    }
    assert kept == {"first", "last", *"012345"}


def test_what_a_person_archived_is_read_and_takes_no_more(run, manager):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)
        await session.add_items(said("a"))
        manager.sessions.archive(await session.memsync_session_id())

        assert await session.get_items() == said("a")
        with pytest.raises(Conflict, match="session_not_active"):
            await session.add_items(said("b"))

    run(work)


def test_a_session_named_by_its_uuid_goes_on(run, manager):
    made = manager.sessions.create(scope=["user=alice", "agent=bot"])
    calls = [{"id": "c1", "type": "function", "function": {"name": "w", "arguments": "{}"}}]
    told = [
        {"role": "user", "content": "Hi."},
        {"role": "assistant", "content": "Let me see.", "tool_calls": calls},
        {"role": "tool", "content": "rain", "tool_call_id": "c1"},
    ]
    manager.sessions.append(made.id, told)

    async def work(client: AsyncMemsync) -> None:
        session = session_of(client, made.id)
        await session.add_items([HELLO])

        assert await session.memsync_session_id() == made.id
        assert await session.get_items() == [
            {"role": "user", "content": "Hi."},
            {"role": "assistant", "content": "Let me see."},
            {"type": "function_call", "call_id": "c1", "name": "w", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "rain"},
            HELLO,
        ]
        assert len(await session.get_items(3)) == 3

    run(work)


def test_of_a_turn_with_several_items_one_is_popped_at_a_time(run, manager):
    made = manager.sessions.create(scope=["user=alice", "agent=bot"])
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": "w", "arguments": "{}"}}
        for n in (1, 2)
    ]
    told = {"role": "assistant", "content": "Let me see.", "tool_calls": calls}
    manager.sessions.append(made.id, [told])

    async def work(client: AsyncMemsync) -> None:
        items = await session_of(client, made.id).get_items()
        assert len(items) == 3
        for left in (2, 1, 0):
            assert await session_of(client, made.id).pop_item() == items[left]
            assert await session_of(client, made.id).get_items() == items[:left]

    run(work)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_item_taken_back_by_openais_routes_stays_out(run, live_server, house, manager, place):
    key = house.make_key("agent", "user=alice")
    made = manager.sessions.create(scope=["user=alice", "agent=bot"])
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": "w", "arguments": "{}"}}
        for n in (1, 2)
    ]
    told = {"role": "assistant", "content": "Let me see.", "tool_calls": calls}
    manager.sessions.append(made.id, [told])

    async def work(client: AsyncMemsync) -> None:
        theirs = AsyncOpenAI(base_url=f"{live_server.url}/v1", api_key=key).conversations.items
        left = await session_of(client, made.id).get_items()
        shown = [item.id async for item in theirs.list(made.id, order="asc")]
        await theirs.delete(shown[place], conversation_id=made.id)
        del left[place]
        while left:
            assert await session_of(client, made.id).get_items() == left
            assert await session_of(client, made.id).pop_item() == left.pop()
        assert await session_of(client, made.id).get_items() == []
        assert await session_of(client, made.id).pop_item() is None

    run(work)


def test_items_are_the_same_by_openais_own_routes(run, live_server, house):
    key = house.make_key("agent", "user=alice")

    async def work(client: AsyncMemsync) -> None:
        session = session_of(client, process=None)
        await session.add_items(ITEMS[2:6])
        theirs = OpenAIConversationsSession(
            conversation_id=await session.memsync_session_id(),
            openai_client=AsyncOpenAI(base_url=f"{live_server.url}/v1", api_key=key),
        )

        def known(items: list[Any]) -> list[Any]:
            return [{n: v for n, v in i.items() if n != "id" and v is not None} for i in items]

        listed = known(await theirs.get_items())
        assert listed[:2] == known(ITEMS[2:4])
        assert listed[3] == known(ITEMS[5:6])[0]
        await theirs.pop_item()
        assert await session.get_items() == ITEMS[2:5]
        await session.pop_item()
        await session.pop_item()
        assert known(await theirs.get_items()) == known(ITEMS[2:3])
        await theirs.add_items(said("Through the other door."))
        assert await session.get_items(1) == said("Through the other door.")

    run(work)


def test_equal_names_of_two_people_are_two_sessions(run):
    async def work(client: AsyncMemsync) -> None:
        await session_of(client).add_items(said("Alice's."))

        assert await session_of(client, entity="bob").get_items() == []

    run(work)


def test_somebody_elses_session_is_refused(run, manager):
    made = manager.sessions.create(scope=["user=bob"])

    async def work(client: AsyncMemsync) -> None:
        for options in ({}, {"entity": None, "process": None, "scope": ["user=alice"]}):
            session = session_of(client, made.id, **options)
            for call in (session.get_items, session.pop_item, session.clear_session):
                with pytest.raises(Forbidden):
                    await call()
            with pytest.raises(Forbidden):
                await session.add_items([HELLO])

    run(work)


def test_the_owner_is_whom_the_client_acts_for_or_the_keys_floor(run, live_server, house, manager):
    daves_key = house.make_key("agent", "user=dave")

    async def work(client: AsyncMemsync) -> list[str]:
        client.attribution("carol", "bot")
        acting = MemsyncSession("chat", client)
        await acting.add_items([HELLO])
        async with AsyncMemsync(live_server.url, daves_key) as other:
            floored = MemsyncSession("chat", other)
            await floored.add_items([HELLO])
            return [await each.memsync_session_id() for each in (acting, floored)]

    scopes = [manager.sessions.show(each).scope for each in run(work)]

    assert scopes == [["agent=bot", "user=carol"], ["user=dave"]]


def test_without_an_owner_the_server_refuses(run):
    async def work(client: AsyncMemsync) -> None:
        with pytest.raises(Forbidden):
            await MemsyncSession("chat", client).add_items([HELLO])

    run(work)


@pytest.mark.parametrize(
    "options", [{"entity": "a", "scope": ["user=a"]}, {"entity": None}, {"entity": ""}]
)
def test_an_owner_that_makes_no_sense_is_refused(options):
    with pytest.raises(InvalidValue):
        session_of(AsyncMemsync("http://127.0.0.1:9", "ms_none"), **options)


@pytest.mark.parametrize("name", ["", "  "])
def test_a_session_needs_a_name(name):
    with pytest.raises(InvalidValue):
        session_of(AsyncMemsync("http://127.0.0.1:9", "ms_none"), name)


def test_a_server_that_is_away_raises_the_sdks_error():
    async def work() -> None:
        client = AsyncMemsync("http://127.0.0.1:9", "ms_none", retries=0)
        session = session_of(client)
        for call in (session.get_items, session.pop_item, session.clear_session):
            with pytest.raises(ConnectionFailed):
                await call()
        with pytest.raises(ConnectionFailed):
            await session.add_items([HELLO])

    asyncio.run(work())


class Lossy:
    """Passes requests on to a server, and loses the answers of so many appends."""

    def __init__(self, client: Any, losses: int) -> None:
        self.client = client
        self.losses = losses
        self.stored = threading.Event()
        self.release = threading.Event()
        self.release.set()

    def __call__(self, asked: Asked) -> Given:
        """The answer, or a 502 in its place."""
        headers = {name: asked.headers[name] for name in KEPT if name in asked.headers}
        answer = self.client.request(asked.method, asked.path, json=asked.body, headers=headers)
        if asked.method == "POST" and asked.path.endswith("/turns"):
            self.stored.set()
            self.release.wait(20)
            if self.losses:
                self.losses -= 1
                return Given({"code": "gone", "detail": "The answer is lost."}, 502)
        return Given(answer.json(), answer.status_code)


KEPT = ("authorization", "idempotency-key")


def test_adding_again_after_a_lost_answer_stores_nothing_twice(live_server, house):
    items, key = [HELLO, HELLO, ITEMS[3]], house.make_key()

    async def work(url: str) -> list[Any]:
        async with AsyncMemsync(url, key, retries=0) as client:
            session = session_of(client)
            for _ in range(2):
                with pytest.raises(ServerError, match="lost"):
                    await session.add_items(items)
            await session.add_items(items)
            await session.add_items(said("Next."))
            return await session.get_items()

    with httpx.Client(base_url=live_server.url) as http, serving(Lossy(http, 2)) as proxy:
        stored = asyncio.run(work(proxy.url))

    assert stored == [*items, *said("Next.")]


def test_adding_again_after_the_task_was_cancelled_stores_nothing_twice(live_server, house):
    key = house.make_key()

    async def work(url: str, proxy: Lossy) -> list[Any]:
        async with AsyncMemsync(url, key) as client:
            session = session_of(client)
            adding = asyncio.create_task(session.add_items([HELLO]))
            await asyncio.to_thread(proxy.stored.wait, 20)
            adding.cancel()
            with pytest.raises(asyncio.CancelledError):
                await adding
            proxy.release.set()
            await session.add_items([HELLO])
            return await session.get_items()

    with httpx.Client(base_url=live_server.url) as http:
        proxy = Lossy(http, 0)
        proxy.release.clear()
        with serving(proxy) as server:
            assert asyncio.run(work(server.url, proxy)) == [HELLO]


def test_a_deleted_session_is_empty_and_its_id_stays_taken(run, manager):
    async def work(client: AsyncMemsync) -> None:
        session = session_of(client)
        await session.add_items([HELLO])
        manager.sessions.delete(await session.memsync_session_id())

        assert await session.get_items() == []
        with pytest.raises(NotFound):
            await session.add_items([HELLO])

    run(work)


def test_a_fork_gives_its_own_items_back_only(run, manager):
    made = manager.sessions.create(scope=["user=alice", "agent=bot"])
    manager.sessions.append(made.id, said("Shared."))
    fork = manager.sessions.fork(made.id)

    async def work(client: AsyncMemsync) -> None:
        session = session_of(client, fork.id)
        await session.add_items(said("Own."))

        assert await session.get_items() == said("Shared.", "Own.")
        assert await session.pop_item() == said("Own.")[0]
        with pytest.raises(Conflict, match="turn_inherited"):
            await session.pop_item()
        assert await session_of(client, made.id).get_items() == said("Shared.")

    run(work)


def test_a_runner_remembers_over_two_runs(run, models: Models, async_openai: AsyncOpenAI):
    models.script = [
        Say(tool="weather", arguments='{"city": "Leeds"}'),
        Say("It rains."),
        Say("In Leeds."),
    ]

    @function_tool
    def weather(city: str) -> str:
        """The weather of a city."""
        return f"rain in {city}"

    agent = Agent(
        name="bot",
        tools=[weather],
        model=OpenAIResponsesModel(model="fake", openai_client=async_openai),
        model_settings=ModelSettings(store=False),
    )
    quiet = RunConfig(tracing_disabled=True)

    async def work(client: AsyncMemsync) -> list[Any]:
        first = await Runner.run(agent, "Weather?", session=session_of(client), run_config=quiet)
        second = await Runner.run(agent, "Where?", session=session_of(client), run_config=quiet)
        assert (first.final_output, second.final_output) == ("It rains.", "In Leeds.")
        return await session_of(client).get_items()

    items = run(work)

    kinds = [item.get("type", "message") for item in items]
    assert kinds == [
        "message",
        "function_call",
        "function_call_output",
        "message",
        "message",
        "message",
    ]
    third = models.bodies[2]["input"]
    assert [item.get("type", "message") for item in third] == kinds[:-1]
    assert third[2]["output"] == "rain in Leeds"
    assert third[-1] == {"role": "user", "content": "Where?"}


def test_what_is_said_through_it_is_learnt(run, manager: Memsync):
    async def work(client: AsyncMemsync) -> None:
        await session_of(client).add_items(said("My name is Alice and I live in Leeds."))
        await session_of(client, "other", extract=False).add_items(said("I live in York."))

    run(work)

    known = str(manager.state(scope={"user": "alice"}))
    assert "Leeds" in known
    assert "York" not in known


def test_without_the_extra_the_import_names_it():
    code = "import sys; sys.modules['agents'] = None; import memsync_client.adapters.openai_agents"
    path = {"PYTHONPATH": str(Path(memsync_client.__file__).parents[1])}

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=path)

    assert done.returncode == 1
    assert "pip install 'memsync-client[openai-agents]'" in done.stderr


def test_the_id_of_a_name_is_a_uuid_and_stays_the_same(run):
    async def work(client: AsyncMemsync) -> list[str]:
        return [await session_of(client).memsync_session_id() for _ in range(2)]

    first, again = run(work)

    assert first == again
    assert uuid.UUID(first)
