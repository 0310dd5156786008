"""`manage.py serve` and what it is made of, with real processes."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from memsync import supervisor
from memsync.supervisor import Backoff, Child
from tests.processes import Server, children_of, free_port, is_alive, start_server, wait_until

pytestmark = pytest.mark.slow


# Backoff


def test_the_first_restart_comes_at_once_and_later_ones_are_seconds_apart(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    backoff, delays = Backoff(), []
    for _ in range(7):
        backoff.note_start()
        backoff.note_death()
        delays.append(backoff.due_at - now)
    assert delays == [0.0, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_steady_life_is_forgiven(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    backoff = Backoff(deaths=5)
    backoff.note_start()
    now += supervisor.STEADY_AFTER + 1
    backoff.note_death()
    assert backoff.is_due()


# One child


@pytest.fixture
def start_child() -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def start(*command: str) -> Child:
        child = Child("test", command, os.environ)
        children.append(child)
        child.watch()
        return child

    yield start
    for child in children:
        child.stop()


def sleepers() -> list[int]:
    return [pid for pid, command in children_of(os.getpid()).items() if "sleep 61" in command]


def test_a_child_that_died_is_started_again(start_child):
    child = start_child("sleep", "61")
    (killed,) = sleepers()
    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        child.watch()
        return bool(sleepers()) and sleepers() != [killed]

    wait_until(is_back)


def test_what_a_dead_child_left_behind_is_killed(start_child, tmp_path):
    note = tmp_path / "pid"
    child = start_child("sh", "-c", f"sleep 62 & echo $! > '{note}.new'; mv '{note}.new' '{note}'")
    wait_until(note.exists)
    orphan = int(note.read_text())
    assert is_alive(orphan)

    def is_gone() -> bool:
        child.watch()
        return not is_alive(orphan)

    wait_until(is_gone)


def test_a_child_that_does_not_want_to_stop_is_killed(start_child, tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_PATIENCE", 0.2)
    ready = tmp_path / "ready"
    child = start_child("sh", "-c", f"trap '' TERM; touch '{ready}'; while :; do sleep 61; done")
    wait_until(ready.exists)
    child.stop()
    assert sleepers() == []


# The whole


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests below; they leave it running, but for the last one."""
    server = start_server(tmp_path_factory.mktemp("serve"), free_port())
    try:
        wait_until(lambda: server.process.poll() is not None or server.is_ready(), 120)
        assert server.process.poll() is None, server.log.read_text()
        yield server
    finally:
        server.process.terminate()
        server.process.wait(60)


def test_it_says_where_the_pages_are(server):
    wait_until(lambda: "MemSync is running" in server.log.read_text())
    for path in ("/", "/admin/", "/api/docs/"):
        assert f"http://127.0.0.1:{server.port}{path}\n" in server.log.read_text()


@pytest.mark.parametrize("part", ["granian", "manage.py worker"])
def test_a_killed_program_is_back_within_seconds(server, part):
    killed = server.pid_of(part)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: server.pid_of(part) not in (None, killed), 10)
    wait_until(server.is_ready, 20)


def test_a_killed_request_process_is_back_within_seconds(server):
    main = server.pid_of("granian")
    (killed,) = children_of(main)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: killed not in children_of(main) and children_of(main), 10)
    wait_until(server.is_ready, 20)


def test_a_killed_database_is_back_within_seconds(server):
    killed = server.database.pid()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: server.database.pid() not in (None, killed), 10)
    wait_until(server.is_ready, 20)


def test_other_commands_use_the_running_database_and_leave_it_running(server):
    pid = server.database.pid()
    with server.database.hold(), psycopg.connect(server.database.dsn) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (
            True,
        )
    assert server.database.pid() == pid


def test_a_taken_port_is_told_in_one_line_before_anything_starts(server, tmp_path):
    second = start_server(tmp_path, server.port)
    assert second.process.wait(30) == 1
    (line,) = second.log.read_text().splitlines()
    assert f"127.0.0.1:{server.port}" in line
    assert not second.database.cluster.exists()


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused(tmp_path, port):
    refused = start_server(tmp_path, port)
    assert refused.process.wait(30) == 1
    assert "PORT must be a number" in refused.log.read_text()
    assert not refused.database.cluster.exists()


def test_killed_itself_it_leaves_no_web_server_and_no_worker_and_the_next_one_recovers(server):
    web, worker = server.pid_of("granian"), server.pid_of("manage.py worker")
    parts = [web, worker, *children_of(web)]
    server.process.kill()
    server.process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in parts), 20)

    restarted = start_server(server.log.parent, server.port)
    server.process = restarted.process
    wait_until(server.is_ready)


def test_asked_to_stop_it_stops_everything_and_succeeds(server):
    wait_until(lambda: server.pid_of("granian") and server.pid_of("manage.py worker"))
    web = server.pid_of("granian")
    parts = [web, server.pid_of("manage.py worker"), server.database.pid(), *children_of(web)]
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert not any(is_alive(pid) for pid in parts)
    assert "database system is shut down" in server.database.log.read_text()[-200:]
