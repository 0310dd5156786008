"""The OpenAI Agents SDK: a `Session` whose items are kept on a MemSync server.

Needs the extra `openai-agents`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from memsync_client.adapters.conversation import Conversation, Entry, owner_of
from memsync_client.adapters.messages import (
    OPENAI_ITEMS,
    fits,
    hidden_places,
    kept,
    original_of,
    stored_chat,
)
from memsync_client.client import AsyncMemsync
from memsync_client.llm.forms import responses, turns
from memsync_client.models import Turn
from memsync_client.requests import Scope
from memsync_client.transport import Awaiting

try:
    from agents import TResponseInputItem
    from agents.memory import SessionSettings
    from agents.models.fake_id import FAKE_RESPONSES_ID
except ImportError as error:
    raise ImportError(
        "MemsyncSession needs the OpenAI Agents SDK: pip install 'memsync-client[openai-agents]'"
    ) from error

IDS = "ids"
"""Under which name the items' own ids stand there; /v1/conversations gives other ones."""
_FROM_CHAT = {"message", "function_call", "function_call_output"}
"""Types that chat messages have too; items of all others are kept whole."""
_ROLES = {"user", "assistant", "system"}
_PART_TYPES = ("input_", "output_", "refusal")


class MemsyncSession:
    """A session of `agents.Runner`, read and written over the REST API.

    `session_id` is the UUID of a session of MemSync, or any text, which then is this owner's name
    for one. `entity` and `process` say for whom it is and with which agent, or `scope` does;
    without either it is for whom the client acts, else what the key's floor says. `extract=False`
    keeps the server from learning from it. Server trouble raises MemsyncError.
    """

    def __init__(
        self,
        session_id: str,
        client: AsyncMemsync,
        *,
        entity: str | None = None,
        process: str | None = None,
        scope: Scope | None = None,
        extract: bool | None = None,
        session_settings: SessionSettings | None = None,
    ) -> None:
        owner = owner_of(client._scopes, entity=entity, process=process, scope=scope)
        self.session_id = session_id
        self.session_settings = session_settings
        self._conversation: Conversation[Awaiting] = Conversation(
            client._driver, session_id, owner, extract=extract
        )

    async def memsync_session_id(self) -> str:
        """The id of the session of MemSync that the items are in; clearing begins another one."""
        return await self._conversation.session_id()

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The items in order; with a limit, the newest so many. Items come back as JSON values."""
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        found = await self._conversation.newest(limit)
        items = [item for turn in found for item in items_of(turn)]
        return items if limit is None else items[max(0, len(items) - max(0, limit)) :]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Append items, in order. Trying again after an error stores none of them twice."""
        await self._conversation.add([entry_of(turns.plain(item)) for item in items])

    async def pop_item(self) -> TResponseInputItem | None:
        """Take back the newest item and return it; None when there is none.

        The item is hidden: contexts and recall pass it over, the record has it still. Two callers
        at once get two items. Of a turn from elsewhere that held several, the others follow anew.
        """
        items: list[TResponseInputItem] = []
        while not items:  # a turn from elsewhere may hold nothing that is an item here
            turn = await self._conversation.pop()
            if turn is None:
                return None
            items = items_of(turn)
        *others, item = items
        await self.add_items(others)
        return item

    async def clear_session(self) -> None:
        """Begin anew under the same id: what was said is archived, what was learnt is kept."""
        await self._conversation.clear()


def entry_of(item: Mapping[str, Any]) -> Entry:
    """The message that an item is stored as."""
    own_id = item.get("id")
    is_own = isinstance(own_id, str) and own_id != FAKE_RESPONSES_ID
    return Entry(_message_of(item), str(own_id) if is_own else None)


def items_of(turn: Turn) -> list[TResponseInputItem]:
    """The items that a turn shows: its words, then its calls, with what they were sent with."""
    kept = original_of(turn, OPENAI_ITEMS)
    more = kept if isinstance(kept, dict) else {}
    ids, hidden = more.get(IDS) or {}, hidden_places(turn)
    items = [
        {**body, **more.get(place, {}), **({"id": ids[place]} if place in ids else {})}
        for place, body in _bodies(turn, more.get("0", {}))
        if int(place) not in hidden
    ]
    return cast("list[TResponseInputItem]", items)


def _bodies(turn: Turn, first: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each place of a turn with what chat form says of its item."""
    if _type_of(first) not in _FROM_CHAT:
        yield "0", {}
        return
    message = stored_chat(turn)
    if message["role"] == "tool":
        answer = {"call_id": message.get("tool_call_id", ""), "output": turn.content}
        yield "0", {"type": "function_call_output", **answer}
        return
    calls = message.get("tool_calls") or []
    if turn.content or not calls:
        yield "0", {"role": message["role"], "content": _content_of(message["content"])}
    for place, call in enumerate(calls, start=1):
        called = {"call_id": call.get("id"), **(call.get("function") or {})}
        yield str(place), {"type": "function_call", **called}


def _content_of(content: Any) -> Any:
    """A content as an item's: parts of chat messages as their text."""
    parts = content if isinstance(content, list) else []
    is_ours = all(
        isinstance(part, dict) and str(part.get("type")).startswith(_PART_TYPES) for part in parts
    )
    return content if parts and is_ours else turns.text_of(content)


def _message_of(item: Mapping[str, Any]) -> dict[str, Any]:
    if _is_chat(item):
        return dict(item)
    chat = responses.sent({"input": [item]})
    message = chat[0] if chat else {"role": _role_of(item), "content": _words_of(item)}
    role = message["role"] if message["role"] in {*_ROLES, "tool"} else "system"
    content = turns.text_of(message["content"])
    return kept({**message, "role": role, "content": content}, OPENAI_ITEMS, _kept_of(item))


def _kept_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """All of an item, by its place in the turn."""
    place = "1" if _type_of(item) == "function_call" else "0"
    if _type_of(item) not in _FROM_CHAT or "id" not in item:
        return {place: dict(item)}
    rest = {name: value for name, value in item.items() if name != "id"}
    return {place: rest, IDS: {place: item["id"]}}


def _type_of(item: Mapping[str, Any]) -> str:
    """The type of an item; without one it is a message."""
    return str(item.get("type") or "message")


def _is_chat(item: Mapping[str, Any]) -> bool:
    """Whether chat form holds all of an item."""
    if item.keys() != {"role", "content"} or item["role"] not in _ROLES:
        return False
    return isinstance(item["content"], str) and fits(item)


def _role_of(item: Mapping[str, Any]) -> str:
    """Who an item of a type that chat does not know comes from."""
    is_answer = _type_of(item).endswith(("_output", "_response"))
    return str(item.get("role") or ("tool" if is_answer else "assistant"))


def _words_of(item: Mapping[str, Any]) -> str:
    return turns.text_of(item.get("content") or item.get("output"))
