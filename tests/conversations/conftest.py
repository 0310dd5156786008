"""What tests of conversations share."""

from __future__ import annotations

import pytest

from accounts.sql_logins import allow_sql_login
from tests.factories import Space
from tests.sql import LOGIN, rows, use


@pytest.fixture
def allowed(space: Space) -> Space:
    """A login that is let into the space's project, and works there for Bob."""
    rows(f"CREATE ROLE {LOGIN} LOGIN")
    allow_sql_login(project=space.project, role_name=LOGIN)
    use(space)
    return space
