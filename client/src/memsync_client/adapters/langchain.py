"""LangChain: a chat history, and a retriever of memories and turns.

Needs the extra `langchain`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

from memsync_client.adapters.conversation import Conversation, Entry, owner_of
from memsync_client.adapters.messages import (
    OPENAI_ITEMS,
    chat_of,
    fits,
    hidden_places,
    json_of,
    kept,
    original_of,
)
from memsync_client.client import AsyncMemsync, Memsync
from memsync_client.errors import InvalidValue
from memsync_client.llm.forms import turns
from memsync_client.models import Recalled, Turn
from memsync_client.requests import Scope
from memsync_client.transport import Awaiting, Blocking

try:
    from langchain_core.callbacks import (
        AsyncCallbackManagerForRetrieverRun,
        CallbackManagerForRetrieverRun,
    )
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.documents import Document
    from langchain_core.messages import (
        AIMessage,
        BaseMessage,
        ChatMessage,
        FunctionMessage,
        SystemMessage,
        ToolMessage,
        convert_to_messages,
        messages_from_dict,
    )
    from langchain_core.retrievers import BaseRetriever
    from pydantic import Field
except ImportError as error:
    raise ImportError(
        "These adapters need LangChain: pip install 'memsync-client[langchain]'"
    ) from error

FORM = "langchain_message"
"""Under which name a message stands in the parts of its turn."""
_ROLES: dict[type[BaseMessage], str] = {
    AIMessage: "assistant",
    SystemMessage: "system",
    ToolMessage: "tool",
    FunctionMessage: "tool",
}


class MemsyncChatMessageHistory(BaseChatMessageHistory):
    """The messages of one conversation, as `RunnableWithMessageHistory` wants them.

    `session_id` is the UUID of a session of MemSync, or any text, which then is this owner's name
    for one. `entity` and `process` say for whom it is and with which agent, or `scope` does;
    without either it is for whom the client acts, else what the key's floor says. `limit` reads the
    newest messages only, `extract=False` keeps the server from learning from them.

    Awaited methods use `async_client`, or `client` in a thread. Server trouble raises MemsyncError.
    """

    def __init__(
        self,
        session_id: str,
        client: Memsync | None = None,
        *,
        async_client: AsyncMemsync | None = None,
        entity: str | None = None,
        process: str | None = None,
        scope: Scope | None = None,
        limit: int | None = None,
        extract: bool | None = None,
    ) -> None:
        scopes = _either(client, async_client)._scopes
        owner = owner_of(scopes, entity=entity, process=process, scope=scope)
        self.session_id = session_id
        self.limit = limit
        self._blocking: Conversation[Blocking] | None = None
        self._awaiting: Conversation[Awaiting] | None = None
        if client is not None:
            self._blocking = Conversation(client._driver, session_id, owner, extract=extract)
        if async_client is not None:
            self._awaiting = Conversation(async_client._driver, session_id, owner, extract=extract)

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]  # meant to be a property
        """The messages, in order."""
        return messages_of(_given(self._blocking).newest(self.limit))

    async def aget_messages(self) -> list[BaseMessage]:
        """The messages, in order."""
        if self._awaiting is None:
            return await asyncio.to_thread(lambda: self.messages)
        return messages_of(await self._awaiting.newest(self.limit))

    def add_message(self, message: BaseMessage) -> None:
        """Append one message."""
        self.add_messages([message])

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages. Trying again after an error stores none of them twice.

        A message with an id is there once: adding it again, with the same words, adds nothing.
        """
        _given(self._blocking).add([entry_of(message) for message in messages])

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages; see `add_messages`."""
        if self._awaiting is None:
            await asyncio.to_thread(self.add_messages, messages)
        else:
            await self._awaiting.add([entry_of(message) for message in messages])

    def clear(self) -> None:
        """Begin anew under the same id: what was said is archived, what was learnt is kept."""
        _given(self._blocking).clear()

    async def aclear(self) -> None:
        """Begin anew; see `clear`."""
        if self._awaiting is None:
            await asyncio.to_thread(self.clear)
        else:
            await self._awaiting.clear()


class MemsyncRetriever(BaseRetriever):
    """Finds what was learnt and what was said, as documents.

    A document's `id` is that of the memory or turn. Its metadata has `type`, `score`, `sources`,
    `trace_id` (the receipt of the recall, which `traces.feedback` refers to) and, where they apply,
    `category`, `confidence` and `role`. `scope` is what may be seen, or `entity` and `process` say
    it; without either it is that for whom the client acts, else what the key's floor says.

    Awaited methods use `async_client`, or `client` in a thread. Server trouble raises MemsyncError.
    """

    client: Memsync | None = Field(default=None, exclude=True, repr=False)
    async_client: AsyncMemsync | None = Field(default=None, exclude=True, repr=False)
    k: int = 10
    """How many documents, at most 100."""
    entity: str | None = None
    process: str | None = None
    scope: list[str] | dict[str, str] | None = None
    include: list[Literal["memories", "turns"]] | None = None
    categories: list[str] | None = None
    session_id: str | None = None
    """Questions under one id are read as a series; it never limits what is found."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
    ) -> list[Document]:
        """The documents for a question, best first."""
        return documents_of(_given(self.client).query(query, **self._options(k)))

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
    ) -> list[Document]:
        """The documents for a question, best first."""
        options = self._options(k)
        if self.async_client is None:
            found = await asyncio.to_thread(_given(self.client).query, query, **options)
        else:
            found = await self.async_client.query(query, **options)
        return documents_of(found)

    def _options(self, k: int | None) -> dict[str, Any]:
        scopes = _either(self.client, self.async_client)._scopes
        owner = owner_of(scopes, entity=self.entity, process=self.process, scope=self.scope)
        return {
            "top_k": self.k if k is None else k,
            "scope": owner.scope,
            "include": self.include,
            "categories": self.categories,
            "session_id": self.session_id,
        }


def entry_of(message: BaseMessage) -> Entry:
    """What a message is stored as: a chat message, with the original where that says more."""
    chat = _chat_of(message)
    if not fits(chat) or _read(chat) != message:
        chat = kept(chat, FORM, _plain(message))
    return Entry(chat, message.id)


def messages_of(found: Sequence[Turn]) -> list[BaseMessage]:
    """Turns as messages; what else OpenAI's items hold, such as reasoning, is none."""
    return [message_of(turn) for turn in found if not _is_beside(turn)]


def message_of(turn: Turn) -> BaseMessage:
    """A turn as a message: the one it was made of, else as the chat message that it is."""
    original = original_of(turn, FORM)
    if original is not None and not hidden_places(turn):
        with suppress(ValueError, KeyError, TypeError):  # of a class that is not known here
            return messages_from_dict([original])[0]
    return _read(chat_of(turn))


def _is_beside(turn: Turn) -> bool:
    """Whether a turn holds an item of OpenAI's that is no message."""
    says_something = turn.content or turn.role != "assistant" or "tool_calls" in chat_of(turn)
    return not says_something and original_of(turn, OPENAI_ITEMS) is not None


def documents_of(found: Recalled) -> list[Document]:
    """What a recall found, as documents."""
    return [
        Document(
            page_content=hit.text,
            id=hit.id,
            metadata={
                **{name: value for name, value in hit.items() if name not in {"id", "text"}},
                "trace_id": found.trace_id,
            },
        )
        for hit in found.results
    ]


def _chat_of(message: BaseMessage) -> dict[str, Any]:
    """A message in chat form, its content as text."""
    chat: dict[str, Any] = {
        "role": _role_of(message),
        "content": turns.text_of(message.content),
        "name": message.name,
    }
    if isinstance(message, AIMessage) and message.tool_calls:
        chat["tool_calls"] = [
            turns.tool_call(call["id"] or "", call["name"], call["args"])
            for call in message.tool_calls
        ]
    if isinstance(message, ToolMessage):
        chat["tool_call_id"] = message.tool_call_id
    return {name: value for name, value in chat.items() if value is not None}


def _role_of(message: BaseMessage) -> str:
    if isinstance(message, ChatMessage):
        return message.role if message.role in {"assistant", "system"} else "user"
    return next((role for kind, role in _ROLES.items() if isinstance(message, kind)), "user")


def _read(chat: dict[str, Any]) -> BaseMessage:
    """A chat message as a message; a result that names no call is one of no call."""
    if chat["role"] == "tool":
        chat = {"tool_call_id": "", **chat}
    try:
        return convert_to_messages([chat])[0]
    except (ValueError, KeyError, TypeError):  # arguments that are no JSON, as models write them
        calls = {"tool_calls": chat.get("tool_calls") or []}
        return AIMessage(content=chat["content"] or "", additional_kwargs=calls)


def _plain(message: BaseMessage) -> dict[str, Any]:
    """A message as JSON values. What a tool keeps for itself and JSON cannot say is left out."""
    data = message.model_dump()
    try:
        json_of(data.get("artifact"))
    except InvalidValue:
        data["artifact"] = None
    json_of(data)
    return {"type": message.type, "data": data}


def _either(client: Memsync | None, async_client: AsyncMemsync | None) -> Memsync | AsyncMemsync:
    either: Memsync | AsyncMemsync = _given(client or async_client)
    return either


def _given(one: Any) -> Any:
    """What the call needs. Raises InvalidValue."""
    if one is None:
        raise InvalidValue("Calls that block need client=Memsync(…), awaited ones either client.")
    return one
