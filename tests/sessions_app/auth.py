"""What the tests of sign-in share: calls of `/auth`, and a database clock that can be turned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.test import Client

from accounts.models import User
from sessions_app.models import Session, SessionFamily
from tests.factories import PASSWORD, Answer


def post(path: str, body: Any = None, *, client: Client | None = None, **headers: str) -> Answer:
    """POST JSON to `/auth/…`."""
    client = client or Client(raise_request_exception=False)
    dashed = {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.post(
        f"/auth/{path}",
        {} if body is None else body,
        content_type="application/json",
        headers=dashed,
    )
    return _answer(response)


def get(path: str, access: str, **query: Any) -> Answer:
    """GET `/auth/…` as a signed-in person."""
    client = Client(raise_request_exception=False)
    return _answer(client.get(f"/auth/{path}", query, headers=bearer(access)))


def _answer(response: Any) -> Answer:
    body = response.json() if response.content else None
    return Answer(response.status_code, body, response.headers)


def bearer(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}


def login(user: User, **fields: Any) -> Any:
    """The body of a successful login."""
    answer = post("login", {"email": user.email, "password": PASSWORD, **fields})
    assert answer.status == 200, answer
    return answer.body


def refresh(token: str, **headers: str) -> Answer:
    return post("refresh", {"refresh": token}, **headers)


def is_alive(pair: Any) -> bool:
    """Whether the access token of a pair still opens anything."""
    return get("me", pair["access"]).status == 200


def family_of(pair: Any) -> SessionFamily:
    return SessionFamily.objects.get(pk=pair["session"]["family_id"])


@contextmanager
def without_triggers() -> Iterator[None]:
    """What the database refuses to everybody, a test may do: move time."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")


def pass_time(pair: Any, **span: float) -> None:
    """As if the sign-in, and all that was done with it, lay that much further back."""
    back = timedelta(**span)
    family = family_of(pair)
    with without_triggers():
        for row in [family, *Session.objects.filter(family=family)]:
            for field in ("created_at", "expires_at", "last_used_at", "rotated_at"):
                if getattr(row, field, None):
                    setattr(row, field, getattr(row, field) - back)
            row.save()


def become_runtime() -> None:
    """Go on as the role as which every connection of the web process starts."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.RUNTIME_ROLE}")


@contextmanager
def crowd(size: int) -> Iterator[Callable[[Callable[[int], Any]], list[Any]]]:
    """Threads as in the web process, with a connection each.

    `together(work)` lets all begin `work(number)` at the same moment, and returns what they return.
    """
    with ThreadPoolExecutor(size, initializer=become_runtime) as pool:

        def together(work: Callable[[int], Any]) -> list[Any]:
            barrier = Barrier(size)

            def run(number: int) -> Any:
                barrier.wait()
                return work(number)

            return list(pool.map(run, range(size)))

        try:
            yield together
        finally:
            together(lambda _: connections.close_all())
