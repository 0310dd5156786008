"""What knowing who asks costs, and what bursts of parallel refreshes of one token end in.

    .venv/bin/python benchmarks/bench_auth.py [--requests 400] [--bursts 200] [--quick]

The first table asks routes that do next to nothing, in alternating rounds, in this process and as
the runtime role: the difference is authentication. The second fires bursts at `/auth/refresh` from
threads with a connection each, with the race window off and on; a burst is alarmed when a request
of it came after the winner's commit and so counted as reuse.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import Barrier

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memsync.settings")
django.setup()
logging.disable(logging.CRITICAL)  # 401 and 409 are what is measured

from django.conf import settings  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import (  # noqa: E402
    CaptureQueriesContext,
    override_settings,
    setup_databases,
    teardown_databases,
)

from accounts.models import User  # noqa: E402
from accounts.services import (  # noqa: E402
    create_api_key,
    create_project,
    create_tenant,
    create_user,
)
from memsync.embedded import EmbeddedPostgres, data_dir  # noqa: E402
from sessions_app.services import sign_in  # noqa: E402

PASSWORD = uuid.uuid4().hex
SIZES, WINDOWS_MS = (2, 4, 8), (0, 500)
COST = "{:<34} {:>6} {:>8} {:>11} {:>11}"
BURST = "{:>6} {:>10} {:>8} {:>12} {:>12} {:>14}"
Ask = Callable[[], int]


def main() -> None:
    """Run it all in a scratch database and print two tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--requests", type=int, default=400, help="of each kind")
    options.add_argument("--bursts", type=int, default=200, help="of each size and window")
    options.add_argument("--quick", action="store_true", help="a tenth of everything")
    chosen = options.parse_args()
    part = 10 if chosen.quick else 1
    with scratch_database():
        person, key = make_person()
        print_costs(person, key, chosen.requests // part)
        print_bursts(person, chosen.bursts // part)


@contextmanager
def scratch_database() -> Iterator[None]:
    """A database of its own on the server of the settings; the embedded one is held meanwhile."""
    with ExitStack() as held:
        if not os.environ.get("DATABASE_URL"):
            held.enter_context(EmbeddedPostgres(data_dir()).hold())
        connection.settings_dict["TEST"]["NAME"] = "bench_auth"
        old = setup_databases(verbosity=0, interactive=False)
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
        try:
            yield
        finally:
            connections.close_all()
            teardown_databases(old, verbosity=0)


def make_person() -> tuple[User, str]:
    """Somebody who can sign in, and a key of their project."""
    tenant = create_tenant(actor=None, slug=f"bench-{uuid.uuid4().hex[:8]}")
    project = create_project(actor=None, tenant=tenant, slug="bench")
    _, key = create_api_key(actor=None, project=project, name="bench", role="management")
    email = f"bench-{uuid.uuid4().hex[:8]}@example.org"
    return create_user(actor=None, tenant=tenant, email=email, password=PASSWORD), key


def print_costs(person: User, key: str, requests: int) -> None:
    """Statements and milliseconds of a request, by how it says who asks."""
    kinds = ways_to_ask(person, key)
    as_runtime("SET ROLE")
    taken = {name: [timed(ask) for _ in range(20)] and [] for name, ask in kinds.items()}
    for _ in range(requests):
        for name, ask in kinds.items():
            taken[name].append(timed(ask))
    print(f"\nOne request, {requests} of each kind in turn")
    print(COST.format("", "status", "queries", "median ms", "p95 ms"))
    for name, ask in kinds.items():
        with CaptureQueriesContext(connection) as queries:
            status = ask()
        p95 = statistics.quantiles(taken[name], n=20)[18]
        median = statistics.median(taken[name])
        print(COST.format(name, status, len(queries), f"{median:.3f}", f"{p95:.3f}"))
    as_runtime("RESET ROLE")


def ways_to_ask(person: User, key: str) -> dict[str, Ask]:
    """Requests that differ in who asks."""
    client, browser = Client(), Client()
    browser.post("/login/", {"username": person.email, "password": PASSWORD})
    access = sign_in(user=User.objects.get(pk=person.pk)).access

    def get(path: str, **headers: str) -> Ask:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda: client.get(path, headers=sent).status_code

    return {
        "/healthz, nobody": get("/healthz"),
        "/auth/me, nobody": get("/auth/me"),
        "/auth/me, access token": get("/auth/me", Authorization=f"Bearer {access}"),
        "/auth/me, API key": get("/auth/me", API_KEY=key),
        "/logout/ (a page), nobody": get("/logout/"),
        "/logout/ (a page), cookie": lambda: browser.get("/logout/").status_code,
    }


def timed(ask: Ask) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def as_runtime(statement: str) -> None:
    """`SET ROLE` or `RESET ROLE`: the web process starts its connections as the runtime role."""
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} {settings.RUNTIME_ROLE if statement == 'SET ROLE' else ''}")


def print_bursts(person: User, bursts: int) -> None:
    """Winners, conflicts and alarms of bursts of parallel refreshes of one token."""
    print(f"\nParallel refreshes of one token, {bursts} bursts of each kind")
    head = ("size", "window ms", "winners", "409 a burst", "401 a burst", "alarmed bursts")
    print(BURST.format(*head))
    for window in WINDOWS_MS:
        for size in SIZES:
            outcomes = []
            with override_settings(REFRESH_RACE_WINDOW_MS=window), crowd(size) as together:
                for _ in range(bursts):
                    token = sign_in(user=User.objects.get(pk=person.pk)).refresh
                    outcomes.append(Counter(together(partial(refresh_once, token))))
            print_outcomes(size, window, outcomes)


def print_outcomes(size: int, window: int, outcomes: list[Counter[int]]) -> None:
    """One row."""
    total = sum(outcomes, Counter())
    count = len(outcomes)
    alarmed = sum(1 for outcome in outcomes if outcome[401])
    print(
        BURST.format(
            size,
            window,
            f"{total[200] / count:.2f}",
            f"{total[409] / count:.2f}",
            f"{total[401] / count:.2f}",
            f"{alarmed / count:.1%}",
        )
    )


@contextmanager
def crowd(size: int) -> Iterator[Callable[[Ask], list[int]]]:
    """Threads with a connection each; what it yields lets all do the same at the same moment."""
    with ThreadPoolExecutor(size, initializer=as_runtime, initargs=("SET ROLE",)) as pool:

        def together(ask: Ask) -> list[int]:
            barrier = Barrier(size)

            def run(_: int) -> int:
                barrier.wait()
                return ask()

            return list(pool.map(run, range(size)))

        yield together
        together(lambda: connections.close_all() or 0)


def refresh_once(token: str) -> int:
    """The status of one refresh."""
    body = {"refresh": token}
    return Client().post("/auth/refresh", body, content_type="application/json").status_code


if __name__ == "__main__":
    main()
