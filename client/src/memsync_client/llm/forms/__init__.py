"""The forms of requests and answers that are understood, by the path they are posted to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from memsync_client.llm.forms import anthropic, chat, responses
from memsync_client.llm.forms.turns import Message


class Collector(Protocol):
    """Puts a streamed answer together."""

    has_begun: bool

    def add(self, event: Any, /) -> None:
        """Take a piece in."""

    def reply(self, *, is_whole: bool) -> list[Message]:
        """What the model said so far."""


class Form(Protocol):
    """What a module of this package offers."""

    def sent(self, body: dict[str, Any]) -> list[Message]:
        """The messages of a request, in chat form."""

    def begun(self, sent: Sequence[Message]) -> str:
        """The beginning of the answer, where the caller gave one and the model goes on."""

    def keeps_history(self, body: dict[str, Any]) -> bool:
        """Whether the provider itself knows what was said before."""

    def inject(
        self, body: dict[str, Any], facts: str, history: Sequence[Message]
    ) -> dict[str, Any]:
        """The request with what is remembered."""

    def reply(self, result: Any) -> list[Message]:
        """What the model said."""

    def Collector(self) -> Collector:
        """A fresh collector for a stream."""


FORMS: dict[str, Form] = {
    path: form for form in (chat, responses, anthropic) for path in form.PATHS
}


def form_of(path: object) -> Form | None:
    """The form of what is posted to a path; None for other routes of the provider."""
    return FORMS.get(str(path).partition("?")[0])
