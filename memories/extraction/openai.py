"""The extractor that asks a language model behind any OpenAI-compatible endpoint.

It never runs inside a transaction. What may be asked is in `prompt`, what is believed in `reply`;
here are only the requests, one after the other, within one budget of time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memsync.common.outbound import OutboundError, post_json

from .prompt import Piece, request_body, requests
from .reply import BadReply, Reading, read_reply
from .types import Message

NAME, VERSION = "openai", "1"
MAX_ANSWER_BYTES = 2 * 2**20
ATTEMPTS = 3
LONGEST_PAUSE = 20.0


class ExtractionFailed(Exception):
    """No reading could be had; the message is a short code without words."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, and how long to wait for one answer. From the settings alone."""

    base_url: str
    model: str
    api_key: str = ""
    seconds: float = 60.0
    pause: float = 0.5
    """Before the first repetition, in seconds; doubled before the next."""


def extract(
    endpoint: Endpoint, messages: Sequence[Message], *, new_from: int = 0, seconds: float
) -> Reading:
    """The claims of `messages[new_from:]`, within `seconds` in all. Raises ExtractionFailed."""
    deadline = time.monotonic() + seconds
    found = Reading()
    for pieces in requests(messages, new_from):
        try:
            reading = read_reply(_ask(endpoint, pieces, deadline), pieces)
        except (OutboundError, BadReply) as error:
            raise ExtractionFailed(str(error)) from error
        found.claims.extend(reading.claims)
        found.dropped.update(reading.dropped)
    found.claims.sort(key=lambda claim: (claim.message, claim.start))
    return found


def _ask(endpoint: Endpoint, pieces: Sequence[Piece], deadline: float) -> Any:
    """One answer; after 429, 5xx and silence it is asked again, while there is time."""
    attempt = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise OutboundError("timeout", may_pass=True)
        try:
            return post_json(
                f"{endpoint.base_url.rstrip('/')}/chat/completions",
                request_body(endpoint.model, pieces),
                headers=_authorization(endpoint),
                seconds=min(left, endpoint.seconds),
                max_bytes=MAX_ANSWER_BYTES,
            )
        except OutboundError as error:
            attempt += 1
            pause = _pause(endpoint, error, attempt)
            is_last = attempt >= ATTEMPTS or time.monotonic() + pause >= deadline
            if not error.may_pass or is_last:
                raise
        time.sleep(pause)


def _authorization(endpoint: Endpoint) -> dict[str, str]:
    return {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}


def _pause(endpoint: Endpoint, error: OutboundError, attempt: int) -> float:
    """What the provider asks for, or twice as long as before; never the same for two callers."""
    wanted = error.retry_after or endpoint.pause * 2 ** (attempt - 1)
    return min(wanted, LONGEST_PAUSE) * random.uniform(1.0, 1.25)  # noqa: S311 - no secret
