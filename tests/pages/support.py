"""Helpers of the page tests."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def queries_of(client: Client, url: str) -> list[str]:
    """The statements that a page takes."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(url)
    assert response.status_code == 200, (url, response.status_code)
    return [query["sql"] for query in captured.captured_queries]


def assert_queries_do_not_grow(
    client: Client, url: Callable[[], str], make: Callable[[int], object]
) -> int:
    """Compare a page with 2 rows and with 20; `make(n)` makes the n-th. Returns the number."""
    for number in range(2):
        make(number)
    client.get(url())  # what is cached per process is cached now
    few = queries_of(client, url())
    for number in range(2, 20):
        make(number)
    many = queries_of(client, url())
    assert len(many) == len(few), "\n".join(["with 2 rows:", *few, "with 20:", *many])
    return len(many)
