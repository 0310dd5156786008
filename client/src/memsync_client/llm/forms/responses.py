"""OpenAI's responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from memsync_client.llm.forms import turns
from memsync_client.llm.forms.turns import Message

PATHS = ("/responses",)
_OF_THE_MODEL = {"reasoning", "item_reference"}


def sent(body: dict[str, Any]) -> list[Message]:
    """The messages of a request, in chat form."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return _as_chat(turns.messages_in(given))


def begun(sent: Sequence[Message]) -> str:
    """Nothing: the model answers anew whatever it is sent last."""
    return ""


def keeps_history(body: dict[str, Any]) -> bool:
    """Whether the provider itself knows what was said before."""
    return any(
        isinstance(body.get(name), str | dict) for name in ("previous_response_id", "conversation")
    )


def inject(body: dict[str, Any], facts: str, history: Sequence[Message]) -> dict[str, Any]:
    """The request with what is remembered: facts in the instructions, history before the input."""
    changed = dict(body)
    if facts:
        instructions = body.get("instructions")
        before = instructions if isinstance(instructions, str) else ""
        changed["instructions"] = turns.with_text(before, facts)
    if history:
        given = body.get("input")
        items = (
            [{"role": "user", "content": given}] if isinstance(given, str) else list(given or [])
        )
        changed["input"] = [*_as_items(history), *items]
    return changed


def reply(result: Any) -> list[Message]:
    """What the model said."""
    return _spoken(turns.messages_in(getattr(result, "output", None)))


class Collector:
    """Puts a streamed response together."""

    def __init__(self) -> None:
        self.has_begun = False
        self._items: dict[int, dict[str, Any]] = {}
        self._texts: dict[int, list[str]] = {}

    def add(self, event: Any) -> None:
        """Take an event in."""
        self.has_begun = True
        kind, at = getattr(event, "type", ""), getattr(event, "output_index", 0)
        if kind == "response.output_text.delta":
            self._texts.setdefault(at, []).append(event.delta)
        elif kind == "response.output_item.done":
            self._items[at] = turns.plain(event.item)
        elif kind in {"response.completed", "response.incomplete"}:
            self._items = dict(enumerate(turns.messages_in(event.response.output)))

    def reply(self, *, is_whole: bool) -> list[Message]:
        """What the model said so far: finished items, and the text of unfinished ones."""
        unfinished = {
            at: {"type": "message", "content": [{"text": "".join(texts)}]}
            for at, texts in self._texts.items()
        }
        items = unfinished | self._items
        return _spoken([items[at] for at in sorted(items)])


def _spoken(items: Iterable[dict[str, Any]]) -> list[Message]:
    """Output items as one message of the model."""
    texts, calls, refusals = [], [], []
    for item in items:
        if item.get("type") == "message":
            texts.append(turns.text_of(item.get("content")))
            refusals += [
                part["refusal"] for part in item.get("content") or [] if part.get("refusal")
            ]
        elif item.get("type") == "function_call":
            calls.append(_call(item))
    return turns.said("\n".join(text for text in texts if text), calls, "\n".join(refusals) or None)


def _call(item: dict[str, Any]) -> dict[str, Any]:
    return turns.tool_call(str(item.get("call_id")), str(item.get("name")), item.get("arguments"))


def _as_chat(items: Iterable[dict[str, Any]]) -> list[Message]:
    messages: list[Message] = []
    for item in items:
        kind = item.get("type", "message")
        if kind == "function_call":
            messages += turns.said("", [_call(item)])
        elif kind == "function_call_output":
            output = item.get("output")
            content = output if isinstance(output, str) else turns.text_of(output)
            messages.append(
                {"role": "tool", "content": content, "tool_call_id": str(item.get("call_id"))}
            )
        elif kind in _OF_THE_MODEL:
            messages.append({"role": "assistant", "content": ""})
        elif kind == "message" and "role" in item:
            messages.append({"role": item["role"], "content": _chat_content(item.get("content"))})
    return messages


def _chat_content(content: Any) -> Any:
    """Text alone as a string; with other parts, as it was sent."""
    parts = content if isinstance(content, list) else []
    is_text = all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts)
    return turns.text_of(content) if parts and is_text else content


def _as_items(history: Iterable[Message]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for message in history:
        if message["role"] == "tool":
            output = {"call_id": message.get("tool_call_id"), "output": message["content"]}
            items.append({"type": "function_call_output", **output})
            continue
        if message["content"]:
            items.append({"role": message["role"], "content": turns.text_of(message["content"])})
        for call in message.get("tool_calls") or []:
            called = {"call_id": call["id"], **call["function"]}
            items.append({"type": "function_call", **called})
    return items
