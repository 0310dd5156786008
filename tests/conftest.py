"""What all tests share: the embedded database, a space to work in, and clients of the API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, settings

from memsync.embedded import EmbeddedPostgres, data_dir
from tests.factories import Api, Space, make_space

_held = ExitStack()

# How long an example takes is the machine's affair. In CI hypothesis draws the same ones each time.
settings.register_profile(
    "any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """Hold the embedded database for the run; each worker of pytest-xdist attaches to it."""
    if not os.environ.get("DATABASE_URL"):
        _held.enter_context(EmbeddedPostgres(data_dir()).hold())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go; the last one stops the server."""
    _held.close()


@pytest.fixture
def space(db: None) -> Space:
    """A fresh tenant with a project and a management key."""
    return make_space()


@pytest.fixture
def other_space(db: None) -> Space:
    """Another tenant."""
    return make_space()


@pytest.fixture
def api(space: Space) -> Api:
    """The space's project as its management key sees it."""
    return space.api()


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture
def page_client() -> Callable[..., Client]:
    """Signs a person in to the pages: `page_client(user)`."""
    from tests.factories import signed_in_client

    return signed_in_client
