"""Hooks into the clients of the `openai` and `anthropic` packages.

Both packages send every call of a resource through its `_post`, whatever the method (`create`,
`parse`, `stream`, raw responses) and the version; that one function is wrapped, on this client's
resources only.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from memsync_client.errors import InvalidValue
from memsync_client.llm.forms import Form, form_of
from memsync_client.llm.forms.turns import (
    Message,
    carries,
    continued,
    last_question,
    new_messages,
    whole_exchanges,
)
from memsync_client.llm.memory import LlmMemory, Options, awaited_within, result_within
from memsync_client.llm.recalling import Remembered
from memsync_client.llm.recording import Recording, watch_stream
from memsync_client.scope import Acting

logger = logging.getLogger("memsync_client")

RESOURCES = ("chat.completions", "beta.chat.completions", "responses", "messages", "beta.messages")
_MARK = "_memsync"


@dataclass
class Calls:
    """The calls of one registered client."""

    memory: LlmMemory
    options: Options
    watched: Callable[[Recording], None]

    def begin(self, path: object, body: Any) -> Call | None:
        """A call that is to be remembered; None when it is none of a model, or nobody's."""
        form = form_of(path)
        acting = self.memory.acting() if form else None
        if form is None or acting is None or not isinstance(body, dict):
            return None
        return Call(self, form, acting, body, form.sent(body))


@dataclass
class Call:
    """One call of a model for somebody."""

    calls: Calls
    form: Form
    acting: Acting
    body: dict[str, Any]
    sent: Sequence[Message]

    def recalling(self) -> Any:
        """What is remembered, soon."""
        question = last_question(self.sent)
        return self.calls.memory.recall(self.acting, question, self.calls.options)

    def body_with(self, remembered: Remembered | None) -> dict[str, Any]:
        """The request as it goes to the provider."""
        if remembered is None:
            return self.body
        history = self._history(remembered)
        if not remembered.facts and not history:
            return self.body
        return self.form.inject(self.body, remembered.facts, history)

    def _history(self, remembered: Remembered) -> Sequence[Message]:
        """What was said before, unless the provider knows it or the caller sends it along."""
        if self.form.keeps_history(self.body) or carries(self.sent, remembered.history):
            return ()
        return whole_exchanges(remembered.history, self.sent)

    def watch(self, result: Any) -> Any:
        """The same result, whose turns are stored when it is whole, or its reader has left."""
        memory, acting = self.calls.memory, self.acting
        begun = self.form.begun(self.sent)
        recording = Recording(
            self.form,
            new_messages(self.sent[:-1] if begun else self.sent),
            lambda turns: memory.keep(acting, continued(begun, turns)),
        )
        return self._watched(result, recording)

    def _watched(self, result: Any, recording: Recording) -> Any:
        if hasattr(result, "parse") and hasattr(result, "http_request"):
            return _watch_raw(result, lambda parsed: self._watched(parsed, recording))
        if hasattr(result, "_iterator"):
            self.calls.watched(recording)
            return watch_stream(result, recording)
        recording.answer(result)
        return result


def hook(client: Any, calls: Calls) -> None:
    """Wrap a client of `openai` or `anthropic`, sync or async. Raises InvalidValue for others."""
    found = [resource for path in RESOURCES if (resource := _resource(client, path)) is not None]
    if not found:
        raise InvalidValue(
            f"{type(client).__name__} is no client of the openai or anthropic package."
        )
    for resource in found:
        resource._post = _wrapped(resource._post, calls)
    for name in ("copy", "with_options"):
        setattr(client, name, _hooking(getattr(client, name), calls))


def _resource(client: Any, path: str) -> Any:
    """A resource of a client, such as `chat.completions`; None when it has none."""
    found = client
    for name in path.split("."):
        found = getattr(found, name, None)
    return found if callable(getattr(found, "_post", None)) else None


def _hooking(copy: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    @functools.wraps(copy)
    def copied(*args: Any, **kwargs: Any) -> Any:
        made = copy(*args, **kwargs)
        hook(made, calls)
        return made

    return copied


def _wrapped(post: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    """The `_post` of a resource, remembering; a client registered again is not wrapped twice."""
    original = getattr(post, _MARK, post)
    is_async = inspect.iscoroutinefunction(original)
    wrapped = _awaited_post(original, calls) if is_async else _blocking_post(original, calls)
    setattr(wrapped, _MARK, original)
    return wrapped


def _blocking_post(post: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    @functools.wraps(post)
    def remembering(path: str, *args: Any, **kwargs: Any) -> Any:
        call = _begin(calls, path, kwargs)
        if call is None:
            return post(path, *args, **kwargs)
        remembered = result_within(call.recalling(), calls.options.timeout)
        _inject(call, remembered, kwargs)
        return _watch(call, post(path, *args, **kwargs))

    return remembering


def _awaited_post(post: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    @functools.wraps(post)
    def remembering(path: str, *args: Any, **kwargs: Any) -> Any:
        call = _begin(calls, path, kwargs)  # here, not when awaited: for whom this context acts
        if call is None:
            return post(path, *args, **kwargs)
        return _awaited(call, post, path, args, kwargs)

    return remembering


async def _awaited(
    call: Call, post: Callable[..., Any], path: str, args: Any, kwargs: dict[str, Any]
) -> Any:
    remembered = await awaited_within(call.recalling(), call.calls.options.timeout)
    _inject(call, remembered, kwargs)
    return _watch(call, await post(path, *args, **kwargs))


def _begin(calls: Calls, path: object, kwargs: dict[str, Any]) -> Call | None:
    try:
        return calls.begin(path, kwargs.get("body"))
    except Exception:  # never into the caller's code
        logger.exception("a call was not understood, and goes on without memory")
        return None


def _inject(call: Call, remembered: Remembered | None, kwargs: dict[str, Any]) -> None:
    try:
        kwargs["body"] = call.body_with(remembered)
    except Exception:  # never into the caller's code
        logger.exception("nothing was injected")


def _watch(call: Call, result: Any) -> Any:
    try:
        return call.watch(result)
    except Exception:  # never into the caller's code
        logger.exception("the turns of a call are not stored")
        return result


def _watch_raw(raw: Any, watched: Callable[[Any], Any]) -> Any:
    """A raw response, whose content is watched once it is parsed."""
    parse = raw.parse
    seen: dict[int, Any] = {}

    def once(result: Any) -> Any:
        if id(result) not in seen:
            seen[id(result)] = watched(result)
        return result

    async def awaited(result: Any) -> Any:
        return once(await result)

    @functools.wraps(parse)
    def parsed(*args: Any, **kwargs: Any) -> Any:
        result = parse(*args, **kwargs)
        return awaited(result) if inspect.isawaitable(result) else once(result)

    raw.parse = parsed
    return raw
