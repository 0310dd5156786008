"""OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memsync_client.llm.forms import turns
from memsync_client.llm.forms.turns import Message

PATHS = ("/chat/completions",)
_INSTRUCTIONS = {"system", "developer"}
_PARTS = {"text", "image_url", "input_audio", "file", "refusal"}


def sent(body: dict[str, Any]) -> list[Message]:
    """The messages of a request."""
    found = turns.messages_in(body.get("messages"))
    return [each | {"role": "tool"} if each.get("role") == "function" else each for each in found]


def begun(sent: Sequence[Message]) -> str:
    """Nothing: the model answers anew whatever it is sent last."""
    return ""


def keeps_history(body: dict[str, Any]) -> bool:
    """Whether the provider itself knows what was said before."""
    return False


def inject(body: dict[str, Any], facts: str, history: Sequence[Message]) -> dict[str, Any]:
    """The request with what is remembered: facts in the system message, then the history."""
    messages = list(body["messages"])
    first = next((at for at, each in enumerate(messages) if _role(each) not in _INSTRUCTIONS), None)
    split = len(messages) if first is None else first
    head, rest = messages[:split], messages[split:]
    if facts and head:
        last = turns.plain(head[-1])
        head[-1] = last | {"content": turns.with_text(last.get("content"), facts)}
    elif facts:
        head = [{"role": "system", "content": facts}]
    return body | {"messages": [*head, *map(_sendable, history), *rest]}


def reply(result: Any) -> list[Message]:
    """What the model said."""
    choices = getattr(result, "choices", None) or []
    message = turns.plain(choices[0].message) if choices else {}
    calls = [_as_function(call) for call in message.get("tool_calls") or []]
    return turns.said(turns.text_of(message.get("content")), calls, message.get("refusal"))


class Collector:
    """Puts a streamed message together."""

    def __init__(self) -> None:
        self.has_begun = False
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}

    def add(self, chunk: Any) -> None:
        """Take a chunk in."""
        self.has_begun = True
        for choice in getattr(chunk, "choices", None) or []:
            delta = turns.plain(choice.delta) if choice.index == 0 and choice.delta else {}
            self._texts.append(delta.get("content") or "")
            self._refusals.append(delta.get("refusal") or "")
            for call in delta.get("tool_calls") or []:
                self._add_call(call)

    def reply(self, *, is_whole: bool) -> list[Message]:
        """What the model said so far; calls that may be unfinished only when it is whole."""
        calls = [self._calls[at] for at in sorted(self._calls)] if is_whole else []
        return turns.said("".join(self._texts), calls, "".join(self._refusals) or None)

    def _add_call(self, delta: dict[str, Any]) -> None:
        at = int(delta.get("index") or 0)
        call = self._calls.setdefault(at, turns.tool_call("", "", ""))
        function = delta.get("function") or {}
        call["id"] = delta.get("id") or call["id"]
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""


def _as_function(call: dict[str, Any]) -> dict[str, Any]:
    """A call without what parsing helpers add to it; custom tools keep their own form."""
    function = call.get("function")
    if not isinstance(function, dict):
        return call
    return turns.tool_call(
        str(call.get("id")), str(function.get("name")), function.get("arguments")
    )


def _sendable(message: Message) -> Message:
    """A stored message; parts of other providers' forms, or not stored in full, become text."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return message | {"content": [_part(each) for each in content]}


def _part(part: Any) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in _PARTS and turns.is_whole(part):
        return part
    return {"type": "text", "text": turns.text_of([part]) or f"[{kind}, not stored]"}


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, dict) else getattr(message, "role", None)
