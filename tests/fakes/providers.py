"""Language models on loopback, in the wire forms of OpenAI and Anthropic, streamed and whole."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.http import Asked, Given


@dataclass(frozen=True)
class Say:
    """What the model says next."""

    text: str = ""
    tool: str = ""
    arguments: str = "{}"
    call_id: str = "call_1"
    breaks_after: int | None = None
    """Pieces after which a stream breaks."""
    thinks_for: float = 0.0
    """Seconds after the first piece of a stream."""


@dataclass(frozen=True)
class Fail:
    """The provider refuses."""

    status: int = 400
    message: str = "the model does not like it"


class Models:
    """Answers every call with what is next in `script`; the last one again and again."""

    def __init__(self) -> None:
        self.script: list[Say | Fail] = [Say("Hello!")]
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Given:
        """The answer to a call."""
        self.asked.append(asked)
        say = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(say, Fail):
            return _failure(asked, say)
        form = _FORMS[asked.path.partition("?")[0]]
        if not asked.body.get("stream"):
            return Given(form.whole(say))
        events = _broken(form.events(say), say.breaks_after)
        return Given(events=_slow(events, say.thinks_for))

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the calls so far."""
        return [asked.body for asked in self.asked]


def _broken(
    events: Iterator[tuple[str | None, str]], after: int | None
) -> Iterator[tuple[str | None, str]]:
    for at, event in enumerate(events):
        if at == after:
            error = {"type": "error", "error": {"type": "overloaded", "message": "broken"}}
            yield "error", json.dumps(error)
            return
        yield event


def _slow(
    events: Iterator[tuple[str | None, str]], seconds: float
) -> Iterator[tuple[str | None, str]]:
    yield next(events)
    time.sleep(seconds)
    yield from events


def _failure(asked: Asked, fail: Fail) -> Given:
    error = {"type": "invalid_request_error", "message": fail.message}
    body = {"type": "error", "error": error} if "messages" in asked.path else {"error": error}
    return Given(body, fail.status, {"x-should-retry": "false"})


def pieces(text: str) -> list[str]:
    """A text in pieces of a few characters."""
    return [text[at : at + 4] for at in range(0, len(text), 4)]


class Chat:
    """`POST /v1/chat/completions`."""

    base = {"id": "chatcmpl-1", "created": 1, "model": "fake"}

    def whole(self, say: Say) -> Any:
        """The whole answer."""
        message: dict[str, Any] = {"role": "assistant", "content": say.text or None}
        if say.tool:
            message["tool_calls"] = [self._call(say)]
        reason = "tool_calls" if say.tool else "stop"
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return {**self.base, "object": "chat.completion", "choices": [choice]}

    def events(self, say: Say) -> Iterator[tuple[str | None, str]]:
        """The answer as a stream."""
        yield None, self._chunk({"role": "assistant", "content": ""})
        for piece in pieces(say.text):
            yield None, self._chunk({"content": piece})
        if say.tool:
            call = self._call(say)
            call["function"]["arguments"] = ""
            yield None, self._chunk({"tool_calls": [{"index": 0, **call}]})
            for piece in pieces(say.arguments):
                part = {"index": 0, "function": {"arguments": piece}}
                yield None, self._chunk({"tool_calls": [part]})
        yield None, self._chunk({}, "tool_calls" if say.tool else "stop")
        yield None, "[DONE]"

    def _call(self, say: Say) -> dict[str, Any]:
        function = {"name": say.tool, "arguments": say.arguments}
        return {"id": say.call_id, "type": "function", "function": function}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return json.dumps({**self.base, "object": "chat.completion.chunk", "choices": [choice]})


class Responses:
    """`POST /v1/responses`."""

    def whole(self, say: Say) -> Any:
        """The whole answer."""
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "model": "fake",
            "status": "completed",
            "output": self._items(say),
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }

    def events(self, say: Say) -> Iterator[tuple[str | None, str]]:
        """The answer as a stream."""
        whole = self.whole(say)
        number = 0
        begun = {**whole, "status": "in_progress", "output": []}
        yield self._event("response.created", number, response=begun)
        for at, item in enumerate(whole["output"]):
            number += 1
            empty = {**item, "content": []} if item["type"] == "message" else item
            yield self._event("response.output_item.added", number, output_index=at, item=empty)
            if item["type"] == "message":
                place = {"output_index": at, "item_id": item["id"], "content_index": 0}
                part = {"type": "output_text", "text": "", "annotations": []}
                yield self._event("response.content_part.added", number, **place, part=part)
                for piece in pieces(say.text):
                    number += 1
                    delta = {**place, "delta": piece, "logprobs": []}
                    yield self._event("response.output_text.delta", number, **delta)
            yield self._event("response.output_item.done", number, output_index=at, item=item)
        yield self._event("response.completed", number + 1, response=whole)

    def _items(self, say: Say) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if say.text:
            part = {"type": "output_text", "text": say.text, "annotations": []}
            message = {"type": "message", "id": "msg_1", "role": "assistant"}
            items.append({**message, "status": "completed", "content": [part]})
        if say.tool:
            call = {"type": "function_call", "id": "fc_1", "call_id": say.call_id}
            items.append({**call, "name": say.tool, "arguments": say.arguments})
        return items

    def _event(self, kind: str, number: int, **fields: Any) -> tuple[str | None, str]:
        return kind, json.dumps({"type": kind, "sequence_number": number, **fields})


class Messages:
    """`POST /v1/messages`."""

    def whole(self, say: Say) -> Any:
        """The whole answer."""
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "fake",
            "content": self._blocks(say),
            "stop_reason": "tool_use" if say.tool else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }

    def events(self, say: Say) -> Iterator[tuple[str | None, str]]:
        """The answer as a stream."""
        begun = {**self.whole(say), "content": [], "stop_reason": None}
        yield self._event("message_start", message=begun)
        for at, block in enumerate(self._blocks(say)):
            is_text = block["type"] == "text"
            empty = {**block, "text": ""} if is_text else {**block, "input": {}}
            yield self._event("content_block_start", index=at, content_block=empty)
            for piece in pieces(say.text if is_text else say.arguments):
                kind, name = (
                    ("text_delta", "text") if is_text else ("input_json_delta", "partial_json")
                )
                delta = {"type": kind, name: piece}
                yield self._event("content_block_delta", index=at, delta=delta)
            yield self._event("content_block_stop", index=at)
        end = {"stop_reason": "tool_use" if say.tool else "end_turn", "stop_sequence": None}
        yield self._event("message_delta", delta=end, usage={"output_tokens": 1})
        yield self._event("message_stop")

    def _delta(self, piece: str, *, is_text: bool) -> dict[str, Any]:
        if is_text:
            return {"type": "text_delta", "text": piece}
        return {"type": "input_json_delta", "partial_json": piece}

    def _blocks(self, say: Say) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = [{"type": "text", "text": say.text}] if say.text else []
        if say.tool:
            given = json.loads(say.arguments)
            blocks.append({"type": "tool_use", "id": say.call_id, "name": say.tool, "input": given})
        return blocks

    def _event(self, kind: str, **fields: Any) -> tuple[str | None, str]:
        return kind, json.dumps({"type": kind, **fields})


_FORMS: dict[str, Any] = {
    "/v1/chat/completions": Chat(),
    "/v1/responses": Responses(),
    "/v1/messages": Messages(),
}
