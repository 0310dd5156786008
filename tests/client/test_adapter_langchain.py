"""LangChain's chat history and retriever on a live server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_tests.integration_tests import RetrieversIntegrationTests
from openai import OpenAI

import memsync_client
from memsync_client import (
    AsyncMemsync,
    ConnectionFailed,
    Forbidden,
    InvalidValue,
    Memsync,
    ValidationError,
)
from memsync_client.adapters.langchain import MemsyncChatMessageHistory, MemsyncRetriever
from memsync_client.adapters.openai_agents import MemsyncSession
from tests.client.test_adapter_agents import Lossy
from tests.factories import Space
from tests.fakes.http import serving
from tests.fakes.providers import Models, Say

USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
CALL = {"name": "weather", "args": {"city": "Łódź", "days": [1, 2]}, "id": "call_1"}
MESSAGES: list[BaseMessage] = [
    SystemMessage("Be brief."),
    HumanMessage("How is the weather in Łódź? 🌧️", name="alice"),
    AIMessage("", tool_calls=[CALL]),
    ToolMessage("rain", tool_call_id="call_1"),
    AIMessage(
        "It rains.",
        id="run-1",
        additional_kwargs={"refusal": None, "thinking": ["a", {"b": 1.5}]},
        response_metadata={"model": "fake", "logprobs": "x" * 40_000},
        usage_metadata=USAGE,
    ),
    HumanMessage(
        [
            {"type": "text", "text": "And here?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            "There?",
        ],
        id="human-1",
    ),
    AIMessage(
        [{"type": "text", "text": "Let me see."}, {"type": "tool_use", "id": "t", "input": {}}],
        tool_calls=[CALL],
        invalid_tool_calls=[{"name": "w", "args": "{", "id": "bad", "error": "no JSON"}],
    ),
    ToolMessage(
        [{"type": "text", "text": "sun"}],
        tool_call_id="call_1",
        status="error",
        artifact={"raw": [1, None]},
    ),
    ChatMessage("I doubt it.", role="critic"),
    FunctionMessage("42", name="answer"),
    AIMessageChunk("Bye.", id="run-2"),
]


@pytest.fixture
def chat(memsync: Memsync) -> MemsyncChatMessageHistory:
    """A conversation of Alice's."""
    return history(memsync)


def history(client: Memsync | None, name: str = "chat", **options: Any) -> Any:
    options = {"entity": "alice", "process": "bot"} | options
    return MemsyncChatMessageHistory(name, client, **options)


def texts(messages: list[BaseMessage]) -> list[Any]:
    return [message.content for message in messages]


def test_messages_of_every_kind_come_back_equal_and_in_order(chat, memsync):
    chat.add_messages(MESSAGES)

    assert history(memsync).messages == MESSAGES


def test_a_new_conversation_is_empty(chat):
    assert chat.messages == []
    chat.add_messages([])
    chat.clear()

    assert chat.messages == []


def test_the_helpers_of_the_base_class_work(chat):
    chat.add_user_message("Hi.")
    chat.add_ai_message("Hello!")
    chat.add_message(SystemMessage("Be brief."))

    assert chat.messages == [HumanMessage("Hi."), AIMessage("Hello!"), SystemMessage("Be brief.")]
    assert str(chat) == "Human: Hi.\nAI: Hello!\nSystem: Be brief."


def test_a_limit_reads_the_newest_in_order(chat, memsync):
    chat.add_messages([HumanMessage(str(number)) for number in range(230)])

    assert texts(history(memsync, limit=2).messages) == ["228", "229"]
    assert history(memsync, limit=0).messages == []
    assert len(history(memsync, limit=500).messages) == 230


def test_equal_messages_are_all_kept_and_one_with_an_id_once(chat):
    known = AIMessage("Yes.", id="run-7")
    chat.add_messages([HumanMessage("Yes."), HumanMessage("Yes."), known])
    chat.add_messages([HumanMessage("Yes."), known])

    assert chat.messages == [HumanMessage("Yes.")] * 2 + [known, HumanMessage("Yes.")]


def test_big_messages_come_back_whole(memsync):
    said = [
        ToolMessage("ü" * 1_500_000, tool_call_id="call_1"),
        HumanMessage("words " * 200_000),
        AIMessage("x", tool_calls=[{"name": "w", "args": {"a": "y" * 500_000}, "id": "i" * 300}]),
        ToolMessage("z", tool_call_id="i" * 300),
        HumanMessage("named", name="n" * 300),
    ]
    chat = history(memsync, extract=False)
    chat.add_messages(said)

    assert chat.messages == said


def test_an_artifact_that_is_no_json_is_left_out(chat):
    chat.add_messages([ToolMessage("rain", tool_call_id="call_1", artifact=object())])

    assert chat.messages == [ToolMessage("rain", tool_call_id="call_1")]


def test_other_values_that_are_no_json_are_refused(chat):
    with pytest.raises(InvalidValue):
        chat.add_messages([AIMessage("a", response_metadata={"at": object()})])
    with pytest.raises(InvalidValue):
        chat.add_messages([HumanMessage("\ud800")])

    assert chat.messages == []


def test_clearing_keeps_the_record_and_what_was_learnt(chat, memsync, manager):
    chat.add_user_message("I work at Acme Corp.")
    chat.clear()
    assert history(memsync).messages == []
    chat.add_user_message("Next.")

    sessions = list(manager.sessions.each(scope=["user=alice", "agent=bot"], status="archived"))
    assert texts(chat.messages) == ["Next."]
    assert [turn.content for turn in manager.sessions.turns(sessions[0].id).data] == [
        "I work at Acme Corp."
    ]
    found = manager.query("Where do they work?", scope={"user": "alice"}).results
    assert found[0].text.endswith("Acme Corp")


def test_redacted_messages_are_gone(chat, manager):
    chat.add_messages([HumanMessage("Keep."), HumanMessage("Secret."), AIMessage("Fine.")])
    session = next(iter(manager.sessions.each(scope=["user=alice", "agent=bot"])))
    turns = manager.sessions.turns(session.id).data
    manager.sessions.redact(session.id, turns[1].id)

    assert texts(chat.messages) == ["Keep.", "Fine."]


def test_a_conversation_stored_elsewhere_is_read(memsync, manager):
    made = manager.sessions.create(scope=["user=alice", "agent=bot"])
    good = {"id": "c1", "type": "function", "function": {"name": "w", "arguments": '{"a": 1}'}}
    bad = {"id": "c2", "type": "function", "function": {"name": "w", "arguments": "{a"}}
    manager.sessions.append(
        made.id,
        [
            {"role": "user", "content": "Hi."},
            {"role": "assistant", "content": None, "tool_calls": [good]},
            {"role": "tool", "content": "rain", "tool_call_id": "c1"},
            {"role": "assistant", "content": "Hm.", "tool_calls": [bad]},
            {"role": "tool", "content": "no call"},
        ],
    )

    read = history(memsync, made.id).messages

    assert [message.type for message in read] == ["human", "ai", "tool", "ai", "tool"]
    assert read[1].tool_calls[0]["args"] == {"a": 1}
    assert read[2].tool_call_id == "c1"
    assert read[3].invalid_tool_calls[0]["args"] == "{a"


def test_a_conversation_of_an_agents_session_is_read(live_server, house, memsync):
    items: list[Any] = [
        {"role": "user", "content": "Weather?"},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "function_call", "call_id": "c1", "name": "w", "arguments": "{}", "id": "fc_1"},
        {"type": "function_call_output", "call_id": "c1", "output": "rain"},
    ]
    key = house.make_key()

    async def work() -> None:
        async with AsyncMemsync(live_server.url, key) as client:
            session = MemsyncSession("chat", client, entity="alice", process="bot")
            await session.add_items(items)

    asyncio.run(work())

    assert history(memsync).messages == [
        HumanMessage("Weather?"),
        AIMessage("", tool_calls=[{"name": "w", "args": {}, "id": "c1"}]),
        ToolMessage("rain", tool_call_id="c1"),
    ]


def test_what_openais_routes_took_back_of_a_message_is_gone(live_server, house, chat, memsync):
    call = {"name": "w", "args": {}, "id": "c1", "type": "tool_call"}
    chat.add_messages([AIMessage("Let me see.", tool_calls=[call], id="a1")])
    key = house.make_key("agent", "user=alice")
    client = OpenAI(base_url=f"{live_server.url}/v1", api_key=key)
    items = client.conversations.items
    session = chat._blocking.session_id()
    words, called = items.list(session, order="asc").data
    items.delete(words.id, conversation_id=session)
    [message] = chat.messages

    assert (message.content, [c["id"] for c in message.tool_calls]) == ("", ["c1"])
    items.delete(called.id, conversation_id=session)
    assert chat.messages == []


def test_a_message_of_an_unknown_class_is_read_as_what_it_says(chat, memsync):
    class Shout(HumanMessage):
        type: Any = "shout"

    chat.add_messages([Shout("HI.", id="1")])

    assert history(memsync).messages == [HumanMessage("HI.")]


def test_equal_names_of_two_people_are_two_conversations(chat, memsync, manager):
    chat.add_user_message("Alice's.")
    bobs = manager.sessions.create(scope=["user=bob"])

    assert history(memsync, entity="bob").messages == []
    with pytest.raises(Forbidden):
        _ = history(memsync, bobs.id).messages


def test_threads_at_once_lose_nothing(chat, memsync):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: history(memsync).add_user_message(f"{n}"), range(16)))

    assert sorted(texts(chat.messages), key=int) == [str(n) for n in range(16)]


def test_adding_again_after_a_lost_answer_stores_nothing_twice(live_server, house):
    said = [HumanMessage("Hi."), HumanMessage("Hi."), AIMessage("Hello!", id="run-1")]
    with (
        httpx.Client(base_url=live_server.url) as http,
        serving(Lossy(http, 1)) as proxy,
        Memsync(proxy.url, house.make_key(), retries=0) as client,
    ):
        chat = history(client)
        with pytest.raises(memsync_client.ServerError):
            chat.add_messages(said)
        chat.add_messages(said)

        assert chat.messages == said


@pytest.mark.parametrize("is_native", [True, False])
def test_awaited_calls_do_the_same(live_server, house: Space, is_native):
    key = house.make_key()

    async def work() -> None:
        async with AsyncMemsync(live_server.url, key) as client:
            chat = history(
                Memsync(live_server.url, key), async_client=client if is_native else None
            )
            await chat.aadd_messages(MESSAGES)
            assert await chat.aget_messages() == MESSAGES
            await chat.aclear()
            assert await chat.aget_messages() == []
            await chat.aadd_messages([HumanMessage("Next.")])
            assert texts(await chat.aget_messages()) == ["Next."]

    asyncio.run(work())


def test_calls_that_block_need_a_client_that_blocks():
    chat = history(None, async_client=AsyncMemsync("http://127.0.0.1:9", "ms_none"))

    with pytest.raises(InvalidValue, match="client="):
        _ = chat.messages
    with pytest.raises(InvalidValue, match="client="):
        history(None)


def test_a_server_that_is_away_raises_the_sdks_error():
    client = Memsync("http://127.0.0.1:9", "ms_none", retries=0)
    chat = history(client)

    for call in (lambda: chat.messages, lambda: chat.add_user_message("Hi."), chat.clear):
        with pytest.raises(ConnectionFailed):
            call()
    with pytest.raises(ConnectionFailed):
        asyncio.run(chat.aget_messages())
    with pytest.raises(ConnectionFailed):
        MemsyncRetriever(client=client).invoke("Who?")


def answering(openai: OpenAI) -> RunnableWithMessageHistory:
    """A chain that asks the fake provider."""

    def ask(value: Any) -> AIMessage:
        roles = {"human": "user", "ai": "assistant", "system": "system"}
        messages: Any = [{"role": roles[m.type], "content": m.content} for m in value.messages]
        answer = openai.chat.completions.create(model="fake", messages=messages)
        return AIMessage(answer.choices[0].message.content or "", id=f"run-{len(messages)}")

    prompt = ChatPromptTemplate.from_messages(
        [("system", "Be brief."), MessagesPlaceholder("history"), ("human", "{question}")]
    )
    return prompt | RunnableLambda(ask)


def test_a_runnable_remembers_over_calls(memsync, openai, models: Models):
    models.script = [Say("Hello Alice!"), Say("Alice."), Say("Who are you?")]
    chain = RunnableWithMessageHistory(
        answering(openai),
        lambda session_id: history(memsync, session_id),
        input_messages_key="question",
        history_messages_key="history",
    )
    config: Any = {"configurable": {"session_id": "one"}}

    chain.invoke({"question": "I am Alice."}, config)
    chain.invoke({"question": "Who am I?"}, config)
    chain.invoke({"question": "Who am I?"}, {"configurable": {"session_id": "two"}})

    assert [message["content"] for message in models.bodies[1]["messages"]] == [
        "Be brief.",
        "I am Alice.",
        "Hello Alice!",
        "Who am I?",
    ]
    assert len(models.bodies[2]["messages"]) == 2
    assert texts(history(memsync, "one").messages) == [
        "I am Alice.",
        "Hello Alice!",
        "Who am I?",
        "Alice.",
    ]


def test_an_awaited_runnable_remembers_too(memsync, openai, models: Models):
    models.script = [Say("Hello Alice!"), Say("Alice.")]
    chain = RunnableWithMessageHistory(
        answering(openai),
        lambda session_id: history(memsync, session_id),
        input_messages_key="question",
        history_messages_key="history",
    )

    async def work() -> None:
        for question in ("I am Alice.", "Who am I?"):
            config: Any = {"configurable": {"session_id": "one"}}
            await chain.ainvoke({"question": question}, config)

    asyncio.run(work())

    assert texts(history(memsync, "one").messages)[1:] == ["Hello Alice!", "Who am I?", "Alice."]


FACTS = ("I work at Acme Corp.", "I live in Leeds.", "My wife is Dana.", "I play the cello.")


@pytest.fixture
def learnt(manager: Memsync) -> Memsync:
    """What Alice and Bob have said."""
    for user, said in (("alice", FACTS), ("bob", ("I work at Initech.",))):
        messages = [{"role": "user", "content": text} for text in said]
        manager.facts.batch(messages, scope={"user": user})
    return manager


@pytest.mark.anyio
class TestStandardRetriever(RetrieversIntegrationTests):
    """What LangChain asks of every retriever."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The loop of the standard library."""
        return "asyncio"

    @pytest.fixture(autouse=True)
    def _learnt(self, learnt: Memsync) -> None:
        self.client = learnt

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        """What is tested."""
        return MemsyncRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        """For Alice."""
        return {"client": self.client, "entity": "alice"}

    @property
    def retriever_query_example(self) -> str:
        """A question with several answers."""
        return "Where does she work and live?"


def test_documents_say_where_they_come_from(learnt):
    documents = MemsyncRetriever(client=learnt, entity="alice", k=1).invoke("Where does she work?")

    found = documents[0]
    assert found.page_content.endswith("Acme Corp")
    assert found.metadata["type"] == "memory"
    assert found.metadata["category"] == "identity"
    assert found.metadata["score"] > 0
    assert found.metadata["sources"][0]["quote"] in FACTS[0]
    assert learnt.memories.show(found.id).text == found.page_content
    assert learnt.traces.show(found.metadata["trace_id"]).kind == "recall"


def test_only_what_was_asked_for_is_included(learnt):
    def kinds(**options: Any) -> set[str]:
        retriever = MemsyncRetriever(client=learnt, entity="alice", **options)
        return {document.metadata["type"] for document in retriever.invoke("Acme Corp")}

    assert kinds() == {"memory", "turn"}
    assert kinds(include=["turns"]) == {"turn"}
    assert kinds(include=["memories"]) == {"memory"}


@pytest.mark.parametrize("options", [{"entity": "bob"}, {"scope": {"user": "bob"}}])
def test_nothing_of_other_people_is_found(learnt, options):
    found = MemsyncRetriever(client=learnt, **options).invoke("Where do they work?")

    assert found
    assert all("Acme" not in document.page_content for document in found)


def test_it_asks_for_whom_the_client_acts_at_the_time(learnt):
    retriever = MemsyncRetriever(client=learnt)

    for user, company in (("alice", "Acme"), ("bob", "Initech")):
        with learnt.acting(user):
            assert company in retriever.invoke("Where do they work?")[0].page_content


def test_an_awaited_client_is_asked(live_server, house, learnt):
    key = house.make_key()

    async def work() -> Any:
        async with AsyncMemsync(live_server.url, key) as client:
            retriever = MemsyncRetriever(async_client=client, entity="alice")
            return await retriever.ainvoke("Where does she work?", k=2)

    documents = asyncio.run(work())

    assert len(documents) == 2
    assert "Acme" in documents[0].page_content


@pytest.mark.parametrize("k", [0, 101])
def test_too_few_or_too_many_documents_are_refused(memsync, k):
    with pytest.raises(ValidationError):
        MemsyncRetriever(client=memsync, entity="alice", k=k).invoke("Who?")


def test_a_retriever_shows_no_credentials(memsync):
    retriever = MemsyncRetriever(client=memsync, entity="alice")

    assert "client" not in repr(retriever)
    assert "client" not in retriever.model_dump()


def test_without_the_extra_the_import_names_it():
    code = (
        "import sys; sys.modules['langchain_core'] = None; import memsync_client.adapters.langchain"
    )
    path = {"PYTHONPATH": str(Path(memsync_client.__file__).parents[1])}

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=path)

    assert done.returncode == 1
    assert "pip install 'memsync-client[langchain]'" in done.stderr
