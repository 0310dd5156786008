"""The extractor of the settings: rules that run here, or a language model behind an endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connections

from memories.extraction import RuleExtractor, openai, prompt
from memories.extraction.types import Claim, Message
from memsync.common.tenancy import alias


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was found; `error` is a short code when nothing could be read."""

    claims: list[Claim] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    """Claims that did not stand, by reason."""
    error: str = ""


def needs_network() -> bool:
    """Whether extraction must happen outside of transactions."""
    return bool(settings.EXTRACTOR == "openai")


def label() -> str:
    """The extractor's name and version, as traces and memories keep it."""
    if needs_network():
        return f"{openai.NAME} {openai.VERSION} {settings.OPENAI_MODEL}"[:64]
    return f"{RuleExtractor.name} {RuleExtractor.version}"


def prompt_version() -> str:
    """Which prompt is used; empty for rules."""
    return prompt.PROMPT_VERSION if needs_network() else ""


def by_rules(messages: Sequence[Message], new_from: int = 0) -> Extraction:
    """Claims found by rules alone."""
    return Extraction(RuleExtractor().extract(messages, new_from=new_from))


def over_network(messages: Sequence[Message], new_from: int, *, seconds: float) -> Extraction:
    """Claims that the endpoint found within `seconds`; a failure is an Extraction with its code.

    Raises RuntimeError inside a transaction: locks and a connection would wait for a stranger.
    """
    if connections[alias()].in_atomic_block:
        raise RuntimeError("no network call inside a transaction")
    endpoint = openai.Endpoint(
        settings.OPENAI_BASE_URL,
        settings.OPENAI_MODEL,
        settings.OPENAI_API_KEY,
        settings.OPENAI_SECONDS,
        settings.OPENAI_PAUSE_SECONDS,
    )
    try:
        found = openai.extract(endpoint, messages, new_from=new_from, seconds=seconds)
    except openai.ExtractionFailed as error:
        return Extraction(error=str(error))
    return Extraction(found.claims, dict(found.dropped))
