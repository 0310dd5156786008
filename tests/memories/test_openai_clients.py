"""OpenAI's own clients and agents, unmodified, with their conversations on a live MemSync."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import openai
import pytest
from agents import Agent, OpenAIResponsesModel, Runner, function_tool
from agents.memory import OpenAIConversationsSession
from agents.tracing import set_tracing_disabled
from openai import AsyncOpenAI, OpenAI
from openai.types.conversations import (
    Conversation,
    ConversationDeletedResource,
    ConversationItemList,
    Message,
)

from memories.models import Memory
from tests.factories import Api, Space, make_space
from tests.fakes.http import serving
from tests.fakes.providers import Models, Say

set_tracing_disabled(True)
SCOPE = {"MemSync-Scope": "user=u_alice"}


@pytest.fixture
def house(transactional_db: None) -> Space:
    """A tenant on the live server."""
    return make_space()


@pytest.fixture
def api(house: Space) -> Api:
    """What its management key sees."""
    return house.api()


@pytest.fixture
def connection(live_server: Any, house: Space) -> dict[str, Any]:
    """How a client is told where to go: an agent's key, and for whom it acts."""
    return {
        "base_url": f"{live_server.url}/v1",
        "api_key": house.make_key("agent"),
        "default_headers": SCOPE,
    }


@pytest.fixture
def client(connection: dict[str, Any]) -> Iterator[OpenAI]:
    """The real client."""
    with OpenAI(**connection) as made:
        yield made


@pytest.fixture
def run(connection: dict[str, Any]) -> Callable[[Callable[[AsyncOpenAI], Awaitable[Any]]], Any]:
    """Runs a function with the real asynchronous client."""

    async def inside(work: Callable[[AsyncOpenAI], Awaitable[Any]]) -> Any:
        async with AsyncOpenAI(**connection) as made:
            return await work(made)

    return lambda work: asyncio.run(inside(work))


def said(item: Any) -> str:
    return str(item.content[0].text)


def is_strictly(kind: Any, value: Any) -> None:
    """The client does not validate answers; this does."""
    kind.model_validate(value.model_dump(by_alias=True, exclude_unset=True))


def test_the_client_keeps_a_conversation(client: OpenAI, api: Api):
    conversation = client.conversations.create(
        items=[{"role": "user", "content": "I live in Lisbon."}], metadata={"topic": "travel"}
    )
    added = client.conversations.items.create(
        conversation.id,
        items=[
            {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "sunny"},
            {"role": "assistant", "content": "It is sunny."},
        ],
    )
    shown = client.conversations.retrieve(conversation.id)
    updated = client.conversations.update(conversation.id, metadata={"topic": "weather"})
    items = list(client.conversations.items.list(conversation.id, order="asc", limit=2))
    one = client.conversations.items.retrieve(items[0].id, conversation_id=conversation.id)

    for value in (conversation, shown, updated):
        is_strictly(Conversation, value)
    is_strictly(ConversationItemList, added)
    assert shown == conversation
    assert updated.metadata == {"topic": "weather"}
    kinds = ["message", "function_call", "function_call_output", "message"]
    assert [item.type for item in items] == kinds
    assert isinstance(one, Message)
    is_strictly(Message, one)
    assert one == items[0]
    assert Memory.unscoped.get(key="home").value == "Lisbon"
    assert api.get("/sessions")["data"][0]["scope"] == ["user=u_alice"]


def test_the_client_hides_an_item_and_deletes_a_conversation(client: OpenAI):
    conversation = client.conversations.create(items=[{"role": "user", "content": "heliotrope"}])
    [item] = client.conversations.items.list(conversation.id)
    after = client.conversations.items.delete(item.id, conversation_id=conversation.id)
    left = client.conversations.items.list(conversation.id)
    deleted = client.conversations.delete(conversation.id)

    is_strictly(Conversation, after)
    assert left.data == []
    assert left.has_more is False
    is_strictly(ConversationDeletedResource, deleted)
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(conversation.id)


def test_the_client_walks_all_pages(client: OpenAI):
    conversation = client.conversations.create()
    for start in range(0, 45, 15):
        items: Any = [{"role": "user", "content": str(n)} for n in range(start, start + 15)]
        client.conversations.items.create(conversation.id, items=items)
    newest_first = [said(item) for item in client.conversations.items.list(conversation.id)]
    oldest_first = [
        said(item)
        for item in client.conversations.items.list(conversation.id, order="asc", limit=10)
    ]

    assert newest_first == [str(n) for n in range(44, -1, -1)]
    assert oldest_first == newest_first[::-1]


def test_the_asynchronous_client_does_the_same(run: Any):
    async def talk(client: AsyncOpenAI) -> list[str]:
        conversation = await client.conversations.create(items=[])
        for text in ("one", "two", "three"):
            items: Any = [{"role": "user", "content": text}]
            await client.conversations.items.create(conversation.id, items=items)
        newest = await client.conversations.items.list(conversation.id, limit=1)
        await client.conversations.items.delete(newest.data[0].id, conversation_id=conversation.id)
        pages = client.conversations.items.list(conversation.id, order="asc", limit=1)
        return [said(item) async for item in pages]

    assert run(talk) == ["one", "two"]


def test_errors_are_the_clients_own(client: OpenAI, connection: dict[str, Any], house: Space):
    conversation = client.conversations.create()
    with pytest.raises(openai.BadRequestError) as bad:
        client.conversations.items.create(conversation.id, items=[{"role": "robot"}])  # type: ignore[typeddict-item,list-item,misc]
    with pytest.raises(openai.AuthenticationError):
        OpenAI(**connection | {"api_key": "ms_x_y"}).conversations.create()
    with pytest.raises(openai.PermissionDeniedError):
        OpenAI(**connection | {"api_key": house.make_key("supervisor")}).conversations.create()
    stranger = OpenAI(**connection | {"api_key": make_space().key})
    with pytest.raises(openai.NotFoundError) as unknown:
        stranger.conversations.retrieve(conversation.id)
    uid = uuid.UUID(conversation.id.removeprefix("conv_"))
    house.api().patch(f"/sessions/{uid}", {"status": "closed"})
    with pytest.raises(openai.ConflictError) as closed:
        client.conversations.items.create(
            conversation.id, items=[{"role": "user", "content": "late"}]
        )

    assert bad.value.param == "items[0].role"
    assert bad.value.type == "invalid_request_error"
    assert unknown.value.code == "not_found"
    assert unknown.value.request_id
    assert closed.value.code == "session_not_active"


def test_a_retry_under_the_same_key_adds_once(client: OpenAI):
    conversation = client.conversations.create()
    items: Any = [{"role": "user", "content": "once"}]
    key = {"Idempotency-Key": "retry-1"}
    first = client.conversations.items.create(conversation.id, items=items, extra_headers=key)
    again = client.conversations.items.create(conversation.id, items=items, extra_headers=key)

    assert again == first
    assert len(client.conversations.items.list(conversation.id).data) == 1


def test_a_session_of_the_agents_sdk_gives_back_pops_and_clears(run: Any):
    items: Any = [
        {"role": "user", "content": "hello"},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "1"},
        {"type": "function_call_output", "call_id": "b", "output": "2"},
        *[{"role": "user", "content": f"more {n}"} for n in range(30)],
    ]

    async def talk(client: AsyncOpenAI) -> None:
        session = OpenAIConversationsSession(openai_client=client)
        await session.add_items(items)
        whole = await session.get_items()
        assert [item.get("call_id") for item in whole[:5]] == [None, "a", "b", "a", "b"]
        assert len(whole) == 35
        assert await session.get_items(limit=3) == whole[-3:]
        for n in range(30, 0, -1):
            popped: Any = await session.pop_item()
            assert popped["content"][0]["text"] == f"more {n - 1}"
        for call_id in ("b", "a", "b"):
            popped = await session.pop_item()
            assert popped["call_id"] == call_id
        assert await session.get_items() == whole[:2]
        again = OpenAIConversationsSession(conversation_id=session.session_id, openai_client=client)
        assert await again.get_items() == whole[:2]
        await session.clear_session()
        with pytest.raises(openai.NotFoundError):
            await again.get_items()
        assert await session.get_items() == []

    run(talk)


@function_tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def test_an_agent_runs_with_its_history_here(run: Any, api: Api):
    models = Models()
    models.script = [
        Say(tool="weather", arguments='{"city": "Lisbon"}'),
        Say("It is sunny in Lisbon."),
        Say("You live in Lisbon."),
    ]

    async def talk(client: AsyncOpenAI) -> tuple[str, str]:
        with serving(models) as provider:
            fake = AsyncOpenAI(base_url=f"{provider.url}/v1", api_key="none", max_retries=0)
            model = OpenAIResponsesModel(model="fake", openai_client=fake)
            agent = Agent(name="helper", model=model, tools=[weather])
            session = OpenAIConversationsSession(openai_client=client)
            first = await Runner.run(agent, "I live in Lisbon. How is it?", session=session)
            second = await Runner.run(agent, "Where do I live?", session=session)
            await fake.close()
            return str(first.final_output), str(second.final_output)

    assert run(talk) == ("It is sunny in Lisbon.", "You live in Lisbon.")
    sent = models.bodies[-1]["input"]
    kinds = [item.get("type", "message") for item in sent]
    assert kinds == ["message", "function_call", "function_call_output", "message", "message"]
    assert sent[2]["output"] == "sunny in Lisbon"
    [session] = api.get("/sessions")["data"]
    chat = api.get(f"/sessions/{session['id']}/transcript?format=openai").body
    roles = ["user", "assistant", "tool", "assistant", "user", "assistant"]
    assert [message["role"] for message in chat] == roles
    assert Memory.unscoped.get(key="home").value == "Lisbon"


def test_sessions_of_many_people_do_not_mix(live_server: Any, house: Space):
    async def of(person: str) -> list[str]:
        headers = {"MemSync-Scope": f"user={person}"}
        options: Any = {"base_url": f"{live_server.url}/v1", "default_headers": headers}
        async with AsyncOpenAI(api_key=house.key, **options) as client:
            session = OpenAIConversationsSession(openai_client=client)
            for n in range(3):
                await session.add_items([{"role": "user", "content": f"{person} {n}"}])
            rows: Any = await session.get_items()
            return [row["content"][0]["text"] for row in rows]

    async def all_at_once() -> list[list[str]]:
        return await asyncio.gather(*(of(f"u_{n}") for n in range(4)))

    assert asyncio.run(all_at_once()) == [[f"u_{n} {m}" for m in range(3)] for n in range(4)]
