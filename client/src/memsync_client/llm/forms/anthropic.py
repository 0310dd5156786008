"""Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from memsync_client.llm.forms import turns
from memsync_client.llm.forms.turns import Message

PATHS = ("/v1/messages",)


def sent(body: dict[str, Any]) -> list[Message]:
    """The messages of a request, in chat form: tool results become messages of their own."""
    messages: list[Message] = []
    for message in turns.messages_in(body.get("messages")):
        blocks = message.get("content")
        if isinstance(blocks, list) and message.get("role") == "assistant":
            messages += _spoken(blocks)
        elif isinstance(blocks, list):
            messages += _as_chat(blocks)
        else:
            messages.append(message)
    return messages


def begun(sent: Sequence[Message]) -> str:
    """The text of a last message of the model's own, which Anthropic's models go on from."""
    last = sent[-1] if sent else {}
    is_own = last.get("role") == "assistant" and not last.get("tool_calls")
    return turns.text_of(last.get("content")) if is_own else ""


def keeps_history(body: dict[str, Any]) -> bool:
    """Whether the provider itself knows what was said before."""
    return False


def inject(body: dict[str, Any], facts: str, history: Sequence[Message]) -> dict[str, Any]:
    """The request with what is remembered: facts in `system`, history before the messages."""
    changed = dict(body)
    if facts:
        system = body.get("system")
        given = turns.plain(list(system)) if isinstance(system, list | tuple) else system
        changed["system"] = turns.with_text(given if isinstance(given, str | list) else "", facts)
    if history:
        changed["messages"] = [*_as_blocks(history), *body["messages"]]
    return changed


def reply(result: Any) -> list[Message]:
    """What the model said."""
    return _spoken(turns.messages_in(getattr(result, "content", None)))


class Collector:
    """Puts a streamed message together."""

    def __init__(self) -> None:
        self.has_begun = False
        self._blocks: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, str] = {}
        self._done: set[int] = set()

    def add(self, event: Any) -> None:
        """Take an event in."""
        self.has_begun = True
        kind, at = getattr(event, "type", ""), getattr(event, "index", 0)
        if kind == "content_block_start":
            self._blocks[at] = turns.plain(event.content_block)
        elif kind == "content_block_delta" and at in self._blocks:
            self._extend(at, turns.plain(event.delta))
        elif kind == "content_block_stop":
            self._done.add(at)

    def reply(self, *, is_whole: bool) -> list[Message]:
        """What the model said so far; a call only when it is finished."""
        for at, text in self._inputs.items():
            self._blocks[at]["input"] = text or "{}"
        blocks = sorted(self._blocks.items())
        return _spoken(
            block for at, block in blocks if block.get("type") == "text" or at in self._done
        )

    def _extend(self, at: int, delta: dict[str, Any]) -> None:
        if delta.get("type") == "text_delta":
            self._blocks[at]["text"] = self._blocks[at].get("text", "") + delta["text"]
        elif delta.get("type") == "input_json_delta":
            self._inputs[at] = self._inputs.get(at, "") + delta["partial_json"]


def _spoken(blocks: Iterable[dict[str, Any]]) -> list[Message]:
    """Content blocks as one message of the model; its thinking is not kept."""
    texts, calls = [], []
    for block in blocks:
        if block.get("type") == "text":
            texts.append(block.get("text") or "")
        elif block.get("type") == "tool_use":
            name, given = str(block.get("name")), block.get("input") or {}
            calls.append(turns.tool_call(str(block.get("id")), name, given))
    return turns.said("".join(texts), calls)


def _as_chat(blocks: Sequence[dict[str, Any]]) -> list[Message]:
    """A user's blocks: tool results first, as Anthropic wants them, then what the user said."""
    results = [each for each in blocks if each.get("type") == "tool_result"]
    messages: list[Message] = [
        {
            "role": "tool",
            "content": turns.text_of(each.get("content")),
            "tool_call_id": str(each.get("tool_use_id")),
        }
        for each in results
    ]
    others = [each for each in blocks if each.get("type") != "tool_result"]
    is_text = all(each.get("type") == "text" for each in others)
    if others:
        messages.append({"role": "user", "content": turns.text_of(others) if is_text else others})
    return messages


def _as_blocks(history: Iterable[Message]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for message in history:
        if message["role"] == "tool":
            role, blocks = "user", [_result(message)]
        else:
            role = message["role"]
            text = turns.text_of(message["content"])
            blocks = [{"type": "text", "text": text}] if text.strip() else []
            blocks += [_use(call) for call in message.get("tool_calls") or []]
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        elif blocks:
            messages.append({"role": role, "content": blocks})
    return messages


def _result(message: Message) -> dict[str, Any]:
    content = turns.text_of(message["content"])
    return {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": content}


def _use(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    try:
        given = json.loads(function["arguments"] or "{}")
    except ValueError:
        given = {"arguments": function["arguments"]}
    return {"type": "tool_use", "id": call["id"], "name": function["name"], "input": given}
