"""Appends per second beside the same work in raw psycopg, and how flat the newest page is.

    .venv/bin/python benchmarks/bench_append.py [--seconds 2] [--rounds 3] [--quick]

Both sides append one turn of 500 bytes per transaction to the same tables of a scratch database, in
alternating rounds of one run: `service` is `append_turns` inside `tenant_scope` as the API calls it
(role, tenant, counter, insert, search index, commit), `raw` is the same append statement, prepared,
as the owner with nothing around it. Writers are threads with a connection each. Only the ratio of a
row is worth comparing between machines; on one interpreter the writers share its lock.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memsync.settings")
django.setup()

import psycopg  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402

from accounts.principals import Principal, of_command  # noqa: E402
from accounts.services import create_project, create_tenant  # noqa: E402
from conversations import services  # noqa: E402
from conversations.forks import fork_conversation  # noqa: E402
from conversations.history import read_history  # noqa: E402
from conversations.messages import new_turn  # noqa: E402
from conversations.models import Conversation  # noqa: E402
from memsync.common.ids import uuid7  # noqa: E402
from memsync.common.tenancy import tenant_scope  # noqa: E402
from memsync.embedded import EmbeddedPostgres, data_dir  # noqa: E402

TEXT = ("the quick brown fox jumps over the lazy dog " * 12)[:500]
LINE = "{:>8} {:>14} {:>12} {:>12} {:>8} {:>16}"


def main() -> None:
    """Run it all in a scratch database and print two tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=2.0, help="of each round")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--quick", action="store_true", help="one short round, small sessions")
    chosen = options.parse_args()
    seconds, rounds = (0.3, 1) if chosen.quick else (chosen.seconds, chosen.rounds)
    with scratch_database():
        principal = make_principal()
        print_appends(principal, seconds, rounds)
        print_newest(principal, [1_000, 10_000] if chosen.quick else [1_000, 100_000])


@contextmanager
def scratch_database() -> Iterator[None]:
    """A database of its own on the server of the settings; the embedded one is held meanwhile."""
    with ExitStack() as held:
        if not os.environ.get("DATABASE_URL"):
            held.enter_context(EmbeddedPostgres(data_dir()).hold())
        connection.settings_dict["TEST"]["NAME"] = "bench_append"
        old = setup_databases(verbosity=0, interactive=False)
        try:
            yield
        finally:
            connections.close_all()
            teardown_databases(old, verbosity=0)


def make_principal() -> Principal:
    """A management principal of a fresh project."""
    tenant = create_tenant(actor=None, slug=f"bench-{uuid.uuid4().hex[:8]}")
    return of_command(create_project(actor=None, tenant=tenant, slug="bench"), "bench")


def make_sessions(principal: Principal, count: int) -> list[Conversation]:
    """Empty conversations of one person."""
    return [
        services.create_conversation(principal=principal, scope={"user": "u_bench"})
        for _ in range(count)
    ]


def print_appends(principal: Principal, seconds: float, rounds: int) -> None:
    """Appends per second for each number of writers on one conversation and on 64."""
    print(f"Appends of one turn of {len(TEXT)} bytes, median of {rounds} rounds of {seconds} s\n")
    print(LINE.format("writers", "conversations", "service/s", "raw/s", "ratio", "p50/p99 ms"))
    for conversations in (1, 64):
        for writers in (1, 8, 32):
            sessions = make_sessions(principal, conversations)
            service, raw, times = [], [], []
            for _ in range(rounds):
                raw.append(rate(raw_writer(sessions), writers, seconds, []))
                service.append(rate(service_writer(principal, sessions), writers, seconds, times))
            check_gap_free(sessions)
            print(row(writers, conversations, service, raw, times), flush=True)


def row(
    writers: int, conversations: int, service: list[float], raw: list[float], times: list[float]
) -> str:
    """One line of the table."""
    ours, theirs = statistics.median(service), statistics.median(raw)
    cuts = statistics.quantiles(times, n=100)
    latency = f"{cuts[49] * 1000:.1f} / {cuts[98] * 1000:.1f}"
    return LINE.format(
        writers, conversations, f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}", latency
    )


Writer = Callable[[int], Callable[[int], None]]
"""Of a writer's number: opens what it needs and returns the work of its nth append."""


def rate(writer: Writer, writers: int, seconds: float, times: list[float]) -> float:
    """Appends per second of so many writers at once; `times` gets how long each took."""
    together = Barrier(writers)

    def run(number: int) -> tuple[int, float]:
        append = writer(number)
        append(0)  # connects and prepares
        together.wait()
        began = last = time.perf_counter()
        done = 0
        while last - began < seconds:
            done += 1
            append(done)
            now = time.perf_counter()
            times.append(now - last)
            last = now
        connections.close_all()
        return done, last - began

    with ThreadPoolExecutor(writers) as pool:
        return sum(done / took for done, took in pool.map(run, range(writers)))


def service_writer(principal: Principal, sessions: list[Conversation]) -> Writer:
    """Appends as a request does, but for HTTP and authentication."""

    def open_writer(number: int) -> Callable[[int], None]:
        def append(turn: int) -> None:
            message = new_turn({"role": "user", "content": TEXT})
            with tenant_scope(principal.tenant_id):
                services.append_turns(
                    principal=principal,
                    conversation=sessions[(number * 7 + turn) % len(sessions)],
                    messages=[message],
                )

        return append

    return open_writer


def raw_writer(sessions: list[Conversation]) -> Writer:
    """The same statement, prepared, by psycopg alone."""

    def open_writer(number: int) -> Callable[[int], None]:
        connection.ensure_connection()
        raw = psycopg.connect(
            **connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
        )
        raw.autocommit = True

        def append(turn: int) -> None:
            message = new_turn({"role": "user", "content": TEXT})
            said = {**message, "i": 0, "uid": str(uuid7()), "parent": None}
            raw.execute(
                services._APPEND,
                {
                    "count": 1,
                    "conversation": sessions[(number * 7 + turn) % len(sessions)].pk,
                    "messages": json.dumps([said]),
                    "speakers": [],
                },
                prepare=True,
            )

        return append

    return open_writer


def check_gap_free(sessions: list[Conversation]) -> None:
    """Every position from 1 to the head is there once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM conversations_conversation c
             WHERE pk = ANY(%s) AND next_seq - 1 <> (
                   SELECT count(*) FROM conversations_turn t
                    WHERE t.conversation_id = c.pk AND t.seq BETWEEN 1 AND c.next_seq - 1)
            """,
            [[session.pk for session in sessions]],
        )
        assert cursor.fetchone()[0] == 0, "positions have gaps"  # noqa: S101


def print_newest(principal: Principal, lengths: list[int]) -> None:
    """The time of the newest 50 turns, of a session and of a fork in its middle."""
    print("\nNewest 50 turns, p50 of 300 reads in ms\n")
    form = "{:>10} {:>10} {:>16} {:>8}"
    print(form.format("turns", "session", "fork of the half", "head"))
    for length in lengths:
        [session] = make_sessions(principal, 1)
        fill(session, length)
        fork = make_fork(principal, session, length // 2)
        cells = [newest(principal, s, s.turn_count) for s in (session, fork)]
        head = newest(principal, session, 50)
        print(form.format(f"{length:,}", *(f"{cell:.2f}" for cell in cells), f"{head:.2f}"))


def make_fork(principal: Principal, session: Conversation, seq: int) -> Conversation:
    """A fork after a turn."""
    return fork_conversation(principal=principal, conversation=session, seq=seq)


def fill(session: Conversation, length: int) -> None:
    """So many turns, past the service."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO conversations_turn (id, tenant_id, project_id, user_id, scope_key,
                conversation_id, seq, role, content, sender, metadata, created_at,
                appended_at_trace)
            SELECT gen_random_uuid(), tenant_id, project_id, user_id, scope_key, pk, n, 'user', %s,
                   '', '{}', now(), 0
              FROM conversations_conversation, generate_series(1, %s) n WHERE pk = %s
            """,
            [TEXT, length, session.pk],
        )
        cursor.execute(
            "UPDATE conversations_conversation SET next_seq = %s WHERE pk = %s",
            [length + 1, session.pk],
        )
        cursor.execute("ANALYZE conversations_turn")
    session.next_seq = length + 1


def newest(principal: Principal, session: Conversation, last: int) -> float:
    """Milliseconds of the page that ends at `last`."""
    times = []
    for _ in range(300):
        began = time.perf_counter()
        with tenant_scope(principal.tenant_id):
            found = read_history(session, last - 49, last)
        times.append(time.perf_counter() - began)
        assert len(found) == 50  # noqa: S101
    return statistics.median(times) * 1000


if __name__ == "__main__":
    main()
