"""`manage.py serve` and what it is made of, with real processes."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import pytest

from memsync import pulse, supervisor
from memsync import shared_folder as shared
from memsync.pulse import FilePulse, HttpPulse
from memsync.supervisor import Backoff, Child, Silence
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

    def start(*command: str, silence: Silence | None = None) -> Child:
        child = Child("test", command, os.environ, silence)
        children.append(child)
        child.watch()
        return child

    yield start
    for child in children:
        child.stop()


def watch_until(child: Child, is_true: Callable[[], object]) -> None:
    """As the supervisor's loop does, until something has happened."""

    def look() -> object:
        child.watch()
        return is_true()

    wait_until(look)


def sleepers() -> list[int]:
    return [pid for pid, command in children_of(os.getpid()).items() if "sleep 61" in command]


def test_a_child_that_died_is_started_again(start_child):
    child = start_child("sleep", "61")
    (killed,) = sleepers()
    os.kill(killed, signal.SIGKILL)

    watch_until(child, lambda: sleepers() not in ([], [killed]))


def test_what_a_dead_child_left_behind_is_killed(start_child, tmp_path):
    note = tmp_path / "pid"
    child = start_child("sh", "-c", f"sleep 62 & echo $! > '{note}.new'; mv '{note}.new' '{note}'")
    wait_until(note.exists)
    orphan = int(note.read_text())
    assert is_alive(orphan)

    watch_until(child, lambda: not is_alive(orphan))


def test_a_child_that_does_not_want_to_stop_is_killed(start_child, tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_PATIENCE", 0.2)
    ready = tmp_path / "ready"
    child = start_child("sh", "-c", f"trap '' TERM; touch '{ready}'; while :; do sleep 61; done")
    wait_until(ready.exists)
    child.stop()
    assert sleepers() == []


def pids_of(word: str) -> list[int]:
    return [pid for pid, command in children_of(os.getpid()).items() if word in command]


def watch_for(child: Child, seconds: float) -> None:
    """The same for some time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        child.watch()
        time.sleep(0.05)


PATIENCE = 5.0
"""Seconds in which a web server starts and answers on a busy machine too."""


@pytest.fixture
def web_child(start_child, monkeypatch) -> tuple[Child, str]:
    """A web server of its own that is asked often and answers, and what its command line holds."""
    monkeypatch.setattr(pulse, "ASK_EVERY", 0.1)
    port = free_port()
    silence = Silence(HttpPulse("127.0.0.1", port), patience=PATIENCE)
    command = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1")
    child = start_child(*command, silence=silence)
    watch_until(child, HttpPulse("127.0.0.1", port).has_beaten)
    return child, str(port)


def test_a_web_server_that_hangs_is_killed_and_started_again(web_child):
    child, word = web_child
    (hung,) = pids_of(word)
    os.kill(hung, signal.SIGSTOP)
    watch_until(child, lambda: pids_of(word) not in ([], [hung]))
    (new,) = pids_of(word)
    watch_for(child, PATIENCE + 2)
    assert pids_of(word) == [new]


def test_a_web_server_that_answers_again_in_time_is_left_alone(web_child):
    child, word = web_child
    (slow,) = pids_of(word)
    for _ in range(3):
        os.kill(slow, signal.SIGSTOP)
        watch_for(child, PATIENCE / 4)
        os.kill(slow, signal.SIGCONT)
        watch_for(child, PATIENCE / 4)
    assert pids_of(word) == [slow]


def test_a_supervisor_that_was_frozen_itself_blames_nobody(web_child):
    child, word = web_child
    (frozen,) = pids_of(word)
    os.kill(frozen, signal.SIGSTOP)
    child.watch()
    time.sleep(PATIENCE + 2)  # as if both had been: nobody watches
    child.watch()
    os.kill(frozen, signal.SIGCONT)
    watch_for(child, 2)
    assert pids_of(word) == [frozen]


def test_a_worker_whose_heart_stops_is_killed_and_started_again(start_child, tmp_path):
    beat = tmp_path / "beat"
    silence = Silence(FilePulse(beat), patience=PATIENCE)
    child = start_child(
        "sh", "-c", f"while :; do date > '{beat}'; sleep 0.2; done", silence=silence
    )
    watch_for(child, 2)
    (hung,) = pids_of("date >")
    os.kill(hung, signal.SIGSTOP)
    watch_until(child, lambda: pids_of("date >") not in ([], [hung]))


# The folder they share


def test_what_a_killed_predecessor_left_is_removed_and_what_others_use_is_not(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(shared, "MEMORY", tmp_path)
    left = tmp_path / f"{shared.PREFIX}left"
    left.mkdir()
    (left / "counter_1.db").touch()
    with shared.shared_folder() as first:
        for folder in (left, first):
            os.utime(folder, (0, 0))
        with shared.shared_folder() as second:
            assert not left.exists()
            assert first.exists()
            assert second.stat().st_mode & 0o777 == 0o700
    assert not list(tmp_path.iterdir())


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
    wait_until(lambda: server.pid_of(part) not in (None, killed), 30)
    wait_until(server.is_ready)


def test_a_killed_request_process_is_back_within_seconds(server):
    main = server.pid_of("granian")
    (killed,) = children_of(main)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: killed not in children_of(main) and children_of(main), 30)
    wait_until(server.is_ready)


def test_a_killed_database_is_back_within_seconds(server):
    killed = server.database.pid()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: server.database.pid() not in (None, killed), 30)
    wait_until(server.is_ready)


def test_web_and_worker_count_together_and_go_on_where_a_dead_process_stopped(server):
    def learnt() -> float:
        found = re.search(r'memsync_ingest_seconds_count{status="done"} (.+)', metrics_of(server))
        return float(found[1]) if found else 0

    before = learnt()
    assert say(server, "I work at Acme Corp.", Prefer="respond-async") == 202
    wait_until(lambda: learnt() == before + 1)
    os.kill(server.pid_of("manage.py worker"), signal.SIGKILL)
    wait_until(lambda: server.pid_of("manage.py worker"))
    assert learnt() == before + 1


def metrics_of(server: Server) -> str:
    with urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
        return answer.read().decode()


def say(server: Server, text: str, **headers: str) -> int:
    """Say it in a new session; returns the status."""
    key = json.loads((server.database.data_dir / "demo.json").read_text())["api_key"]
    body = {"messages": [{"role": "user", "content": text}], "scope": ["user=u_counted"]}
    headers |= {"API-KEY": key, "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{server.port}/api/v1/-/facts/batch"
    with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=30) as answer:
        return answer.status


def test_the_worker_shows_that_it_lives(server):
    wait_until(lambda: server.pid_of("manage.py worker"))
    environ = Path(f"/proc/{server.pid_of('manage.py worker')}/environ").read_bytes().split(b"\0")
    (name,) = (entry.partition(b"=")[2] for entry in environ if entry.startswith(b"MEMSYNC_HEART"))
    beat = Path(name.decode())
    wait_until(beat.exists)
    before = beat.stat().st_mtime_ns
    wait_until(lambda: beat.stat().st_mtime_ns > before)


def test_other_commands_use_the_running_database_and_leave_it_running(server):
    pid = server.database.pid()
    with server.database.hold(), psycopg.connect(server.database.dsn) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (
            True,
        )
    assert server.database.pid() == pid


def test_a_taken_port_is_told_in_one_line_before_anything_starts(server, tmp_path):
    second = start_server(tmp_path, server.port)
    assert second.process.wait(60) == 1
    (line,) = second.log.read_text().splitlines()
    assert f"127.0.0.1:{server.port}" in line
    assert not second.database.cluster.exists()


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused(tmp_path, port):
    refused = start_server(tmp_path, port)
    assert refused.process.wait(60) == 1
    assert "PORT must be a number" in refused.log.read_text()
    assert not refused.database.cluster.exists()


def test_killed_itself_it_leaves_no_web_server_and_no_worker_and_the_next_one_recovers(server):
    web, worker = server.pid_of("granian"), server.pid_of("manage.py worker")
    parts = [web, worker, *children_of(web)]
    server.process.kill()
    server.process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in parts))

    restarted = start_server(server.log.parent, server.port)
    server.process = restarted.process
    wait_until(server.is_ready, 120)


def test_asked_to_stop_it_stops_everything_and_succeeds(server):
    wait_until(lambda: server.pid_of("granian") and server.pid_of("manage.py worker"))
    web = server.pid_of("granian")
    parts = [web, server.pid_of("manage.py worker"), server.database.pid(), *children_of(web)]
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert not any(is_alive(pid) for pid in parts)
    assert "database system is shut down" in server.database.log.read_text()[-200:]
