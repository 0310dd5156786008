"""Fixtures of the tests of sign-in."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.factories import Space


@pytest.fixture
def alice(space: Space) -> User:
    """A person who can sign in with PASSWORD."""
    return space.make_user("u_alice")
