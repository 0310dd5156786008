"""A live server, clients of it, and language models to put between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI

from memsync_client import Memsync
from tests.factories import Space, make_space
from tests.fakes.http import Loopback, serving
from tests.fakes.providers import Models


@pytest.fixture
def house(transactional_db: None) -> Space:
    """A tenant on the live server."""
    return make_space()


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own configuration."""
    for name in ("URL", "API_KEY", "CONTEXT", "PROFILE", "SCOPE", "CONFIG_DIR"):
        monkeypatch.delenv(f"MEMSYNC_{name}", raising=False)


@pytest.fixture
def connect(live_server: Any, house: Space) -> Iterator[Callable[..., Memsync]]:
    """Makes clients: `connect()` with an agent's key, `connect(key=…)` with another."""
    made: list[Memsync] = []

    def connect(key: str = "", **options: Any) -> Memsync:
        client = Memsync(live_server.url, key or house.make_key(), **options)
        made.append(client)
        return client

    yield connect
    for client in made:
        client.close()


@pytest.fixture
def memsync(connect: Callable[..., Memsync]) -> Memsync:
    """A client with an agent's key."""
    return connect()


@pytest.fixture
def manager(connect: Callable[..., Memsync], house: Space) -> Memsync:
    """A client with the management key."""
    return connect(house.key)


@pytest.fixture
def models() -> Models:
    """What the language models are to say, and what they were asked."""
    return Models()


@pytest.fixture
def provider(models: Models) -> Iterator[Loopback]:
    """The provider's server."""
    with serving(models) as server:
        yield server


@pytest.fixture
def openai(provider: Loopback) -> OpenAI:
    """The real client, pointed at the fake provider."""
    return OpenAI(base_url=f"{provider.url}/v1", api_key="none", max_retries=0)


@pytest.fixture
def async_openai(provider: Loopback) -> AsyncOpenAI:
    """The real client, pointed at the fake provider."""
    return AsyncOpenAI(base_url=f"{provider.url}/v1", api_key="none", max_retries=0)


@pytest.fixture
def anthropic(provider: Loopback) -> Anthropic:
    """The real client, pointed at the fake provider."""
    return Anthropic(base_url=provider.url, api_key="none", max_retries=0)


@pytest.fixture
def async_anthropic(provider: Loopback) -> AsyncAnthropic:
    """The real client, pointed at the fake provider."""
    return AsyncAnthropic(base_url=provider.url, api_key="none", max_retries=0)
