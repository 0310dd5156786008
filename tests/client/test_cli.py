"""The `memsync` command: tables for people, JSON for programs, exit codes, never a traceback."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memsync_client import Memsync, Unauthenticated
from memsync_client.cli import profiles
from memsync_client.cli.access import refresh
from memsync_client.cli.profiles import Profile
from tests.client.commands import Command
from tests.factories import PASSWORD, Space
from tests.fakes.http import Given, serving

HEADER = {"type": "memsync", "version": 1}
NDJSON = {"Content-Type": "application/x-ndjson"}
SCOPE = ("--scope", "user=u_alice")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def anonymous(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """The command on a machine where nobody has signed in."""
    monkeypatch.setenv("MEMSYNC_CONFIG_DIR", str(tmp_path / "config"))
    return Command(monkeypatch, capsys)


@pytest.fixture
def memsync(anonymous: Command, monkeypatch: Any, live_server: Any, house: Space) -> Command:
    """The command with an agent's key in the environment."""
    monkeypatch.setenv("MEMSYNC_URL", live_server.url)
    monkeypatch.setenv("MEMSYNC_API_KEY", house.make_key())
    return anonymous


@pytest.fixture
def session(memsync: Command) -> str:
    """A session in which Alice has said who she is."""
    made = memsync("sessions", "create", *SCOPE, "--title", "Hello", "-m", "channel=web")
    uid = made.out.strip()
    done = memsync("remember", "My name is Alice and I work at Acme Corp.", "--session", uid)
    assert done.code == 0, done
    return uid


def test_sessions_are_created_with_scopes_listed_and_shown(memsync):
    made = memsync("sessions", "create", "--scope", "org=acme", "--scope", "user=u_alice")
    uid = made.out.strip()
    listed = memsync("sessions", "list", "--scope", "org=acme", "--scope", "user=u_alice")
    shown = memsync("sessions", "show", uid, "--json")

    assert (made.code, listed.code, shown.code) == (0, 0, 0)
    assert uid in listed.out
    assert shown.json["scope"] == ["org=acme", "user=u_alice"]
    assert shown.json["turns"] == []


def test_lists_are_json_for_programs(memsync, session):
    assert [each["id"] for each in memsync("sessions", "list", *SCOPE, "--json").json["data"]] == [
        session
    ]


def test_remember_says_what_was_learnt_and_from_which_words(memsync, session):
    done = memsync("remember", "-", "--session", session, input="I live in Leeds.")

    assert "Leeds" in done.out
    assert "“I live in Leeds”" in done.out


def test_recall(memsync, session):
    assert "Acme Corp" in memsync("recall", "Where does Alice work?", *SCOPE).out
    assert memsync("recall", "Where?", *SCOPE, "--json").json["trace_id"]


def test_context_state_diff_and_memories(memsync, session):
    assert "Acme" in memsync("context", session, "--query", "work?").out
    assert "Alice" in memsync("state", *SCOPE).out
    assert memsync("state", "--session", session, "--at", "0", "--json").json["identity"] == []
    assert "added" in memsync("diff", session).out
    assert "Alice" in memsync("memories", *SCOPE).out
    assert "Alice" in memsync("memories", "--session", session).out


def test_a_memory_is_shown_corrected_and_has_a_history(memsync, session):
    [name] = memsync("memories", *SCOPE, "--key", "name", "--json").json["data"]
    better = memsync("memories", "correct", name["id"], "Alicia", "--json").json["memory"]

    assert memsync("memories", "show", better["id"], "--json").json["value"] == "Alicia"
    assert "Alice" in memsync("memories", "history", name["id"]).out


def test_the_history_of_a_memory_is_told_from_its_beginning(memsync, session):
    [name] = memsync("memories", *SCOPE, "--key", "name", "--json").json["data"]
    memsync("memories", "correct", name["id"], "Alicia")
    told = memsync("memories", "history", name["id"])
    steps = memsync("memories", "history", name["id"], "--json").json["data"]

    assert [step["op"] for step in steps] == ["added", "superseded"]
    assert told.out.index("added") < told.out.index("superseded")


def test_a_diff_shows_the_words_that_made_each_change(memsync, session):
    memsync("remember", "Actually, my name is Alicia.", "--session", session)
    [_, *rows] = memsync("diff", session, "--since", "1").out.splitlines()

    assert len(rows) == 2
    assert all("my name is Alicia”" in row for row in rows)


def test_forgetting_is_tried_asked_for_and_done(memsync, session):
    [name] = memsync("memories", *SCOPE, "--key", "name", "--json").json["data"]
    tried = memsync("forget", name["id"], "--dry-run")
    refused = memsync("forget", name["id"], input="n\n")
    assert "Alice" in tried.out
    assert (tried.code, refused.code) == (0, 1)
    assert memsync("memories", *SCOPE, "--key", "name", "--json").json["data"]

    assert memsync("forget", name["id"], "--yes").code == 0
    assert memsync("memories", *SCOPE, "--key", "name", "--json").json["data"] == []


def test_a_program_that_forgets_gets_one_document(memsync, session):
    [name] = memsync("memories", *SCOPE, "--key", "name", "--json").json["data"]
    for asked in (["--dry-run"], [], ["--dry-run", "--yes"]):
        tried = memsync("forget", name["id"], "--json", *asked, input="y\n")
        assert tried.json["dry_run"] is True
        assert tried.code == (0 if asked else 1)
    assert json.loads(tried.err or "{}") == {}
    unconfirmed = memsync("forget", name["id"], "--json", input="y\n")
    assert "--yes" in json.loads(unconfirmed.err)["error"]["detail"]
    assert memsync("memories", *SCOPE, "--key", "name", "--json").json["data"]

    assert memsync("forget", name["id"], "--json", "--yes").json["dry_run"] is False
    assert memsync("memories", *SCOPE, "--key", "name", "--json").json["data"] == []


def test_all_of_a_person_is_counted_asked_for_and_erased(memsync, session, house, monkeypatch):
    assert "403" in memsync("erase", "user=u_alice", "--yes").err
    monkeypatch.setenv("MEMSYNC_API_KEY", house.key)
    counted = memsync("erase", "user=u_alice", "--dry-run")
    refused = memsync("erase", "user=u_alice", input="n\n")
    unasked = memsync("erase", "user=u_alice", "--json", input="y\n")
    assert "turns" in counted.out
    assert (counted.code, refused.code, unasked.code) == (0, 1, 1)
    assert unasked.json["dry_run"] is True
    assert memsync("sessions", "show", session, "--json").code == 0

    done = memsync("erase", "user=u_alice", "--json", "--yes")
    assert (done.code, done.json["dry_run"], done.json["left_over"]) == (0, False, 0)
    assert done.json["counts"]["sessions"] == 1
    assert memsync("sessions", "show", session).code == 4
    assert memsync("memories", *SCOPE, "--json").json["data"] == []


def test_a_program_that_deletes_says_so_beforehand(memsync, session):
    refused = memsync("sessions", "delete", session, "--json", input="y\n")
    assert (refused.code, refused.out) == (1, "")
    assert "--yes" in json.loads(refused.err)["error"]["detail"]

    assert memsync("sessions", "delete", session, "--json", "--yes").json["turns"] == 1


def test_questions_to_a_person_stay_out_of_the_output(memsync, session):
    asked = memsync("sessions", "delete", session, input="n\n")

    assert (asked.code, asked.out.strip()) == (1, "")
    assert "Go on?" in asked.err


def test_forks_trees_exports_and_archives(memsync, session):
    fork = memsync("sessions", "fork", session, "--at", "1", "--title", "Other").out.strip()

    assert "Other" in memsync("sessions", "tree", session).out
    assert "user: My name is Alice" in memsync("sessions", "export", fork).out
    assert memsync("sessions", "export", fork, "-f", "openai").json[0]["role"] == "user"
    assert "archived" in memsync("sessions", "archive", fork).out
    assert fork not in memsync("sessions", "list", *SCOPE).out
    assert fork in memsync("sessions", "list", *SCOPE, "--status", "archived").out


def test_exports_go_to_files(memsync, session, tmp_path):
    file = tmp_path / "transcript.md"

    assert memsync("sessions", "export", session, "-f", "markdown", "-o", str(file)).out == ""
    assert "My name is Alice" in file.read_text()


@pytest.fixture
def manager(memsync: Command, session: str, monkeypatch: Any, house: Space) -> Command:
    """The command with the management key, beside a session of Alice."""
    monkeypatch.setenv("MEMSYNC_API_KEY", house.key)
    return memsync


def test_whole_trees_and_projects_are_exported(manager, session, tmp_path):
    file = tmp_path / "project.jsonl"
    assert manager("export", "-o", str(file)).out == ""
    tree = manager("sessions", "export", session, "-f", "jsonl")

    for text in (file.read_text(), tree.out):
        rows = [json.loads(line) for line in text.split("\n")[:-1]]
        assert session in [row.get("id") for row in rows]


def test_an_export_that_is_cut_leaves_the_file_as_it_was(anonymous, monkeypatch, tmp_path):
    file = tmp_path / "project.jsonl"
    file.write_text("whole")
    monkeypatch.setenv("MEMSYNC_API_KEY", "ms_key")
    cut = Given(HEADER, headers=NDJSON | {"Content-Length": "1000", "Connection": "close"})
    with serving(lambda asked: cut) as server:
        ran = anonymous("--url", server.url, "export", "-o", str(file))

    assert ran.code == 5, ran
    assert file.read_text() == "whole"
    assert list(tmp_path.glob("*jsonl*")) == [file]


@pytest.mark.parametrize(
    "given",
    [
        Given("<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        Given(HEADER, headers={"Content-Type": "application/json"}),
        Given({"type": "session"}, headers=NDJSON),
        Given([HEADER], headers=NDJSON),
    ],
)
def test_what_is_no_export_replaces_no_file(anonymous, monkeypatch, tmp_path, given):
    file = tmp_path / "project.jsonl"
    file.write_text("whole")
    monkeypatch.setenv("MEMSYNC_API_KEY", "ms_key")
    with serving(lambda asked: given) as server:
        ran = anonymous("--url", server.url, "export", "-o", str(file))

    assert (ran.code, file.read_text()) == (1, "whole")
    assert "MemSync" in ran.err


def test_an_export_is_a_file_that_only_its_owner_reads(anonymous, monkeypatch, tmp_path):
    file = tmp_path / "project.jsonl"
    file.write_text("before")
    file.chmod(0o644)
    monkeypatch.setenv("MEMSYNC_API_KEY", "ms_key")
    with serving(lambda asked: Given(HEADER, headers=NDJSON)) as server:
        ran = anonymous("--url", server.url, "export", "-o", str(file))

    assert (ran.code, json.loads(file.read_text())) == (0, HEADER)
    assert file.stat().st_mode & 0o777 == 0o600


def rounds(*given: Given) -> Any:
    """Answers one after the other; the last one again and again."""
    left = list(given)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def erased(sessions: int, has_more: bool, left_over: int = 0) -> Given:
    counts = {"sessions": sessions}
    rest = {"has_more": has_more, "left_over": left_over, "dry_run": False}
    return Given({"scope": ["user=u_alice"], "counts": counts, **rest})


@pytest.mark.parametrize(
    ("given", "code", "asked", "count"),
    [
        ([erased(2, True), erased(3, False)], 0, 2, 5),
        ([erased(2, True), Given({"code": "internal", "detail": "Oh."}, 500)], 5, 2, 2),
        ([erased(2, True), erased(0, True)], 1, 2, 2),
        ([erased(2, False, left_over=4)], 1, 1, 2),
    ],
)
def test_an_erasure_goes_on_while_it_gets_on_and_tells_what_went(
    anonymous, monkeypatch, given, code, asked, count
):
    monkeypatch.setenv("MEMSYNC_API_KEY", "ms_key")
    with serving(rounds(*given)) as server:
        ran = anonymous("--url", server.url, "erase", "user=u_alice", "--yes", "--json")

    assert ran.code == code, ran
    assert ran.json["counts"] == {"sessions": count}
    assert len(server.asked) == asked
    assert not [each for each in server.asked if "idempotency-key" in each.headers]


def forgotten(ids: list[str], has_more: bool) -> Given:
    gone = [{"memory_id": each, "text": f"Text {each}"} for each in ids]
    rest = {"mode": "retract", "dry_run": False, "has_more": has_more}
    return Given({"counts": {"memories": len(ids)}, "memories": gone, **rest})


def test_forgetting_goes_on_until_all_is_gone(anonymous, monkeypatch):
    monkeypatch.setenv("MEMSYNC_API_KEY", "ms_key")
    answers = rounds(forgotten(["a", "b"], True), forgotten(["c"], False))
    with serving(answers) as server:
        ran = anonymous("--url", server.url, "forget", "--key", "name", "--yes", "--json")

    assert (ran.code, ran.json["counts"], ran.json["has_more"]) == (0, {"memories": 3}, False)
    assert [each["memory_id"] for each in ran.json["memories"]] == ["a", "b", "c"]


def test_forgetting_that_gets_nowhere_ends(anonymous, monkeypatch):
    monkeypatch.setenv("MEMSYNC_API_KEY", "ms_key")
    answers = rounds(forgotten(["a"], True), forgotten([], True))
    with serving(answers) as server:
        ran = anonymous("--url", server.url, "forget", "--key", "name", "--yes", "--json")

    assert (ran.code, ran.json["counts"], len(server.asked)) == (1, {"memories": 1}, 2)


def test_traces(memsync, session):
    trace = memsync("recall", "Where?", *SCOPE, "--json").json["trace_id"]

    assert "recall" in memsync("traces", "show", trace).out
    assert trace in memsync("traces", "list", *SCOPE).out


def test_keys(memsync, monkeypatch, house):
    assert memsync("keys", "list").code == 1
    monkeypatch.setenv("MEMSYNC_API_KEY", house.key)
    made = memsync("keys", "create", "bot", "--floor", "user=u_alice", "--json").json

    assert made["key"].startswith("ms_")
    assert "bot" in memsync("keys", "list").out
    assert memsync("keys", "revoke", made["id"], "--yes").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["sessions", "show", "nope"], 4, "not_found"),
        (["sessions", "create"], 1, "403"),
        (["sessions", "create", "--scope", "no tag"], 1, "scope"),
        (["sessions", "create", "-m", "novalue"], 2, "key=value"),
        (["sessions", "list", "--colour"], 2, "No such option"),
        (["sessions", "list", "--limit", "201"], 2, "limit"),
        (["sessions", "vanish"], 2, "No such command"),
        (["recall"], 2, "Missing argument"),
        (["forget"], 2, "Say what"),
        (["--url", "nonsense", "whoami"], 2, "http"),
        (["--url", "http://127.0.0.1:9", "whoami"], 5, "No connection"),
        (["--profile", "none", "whoami"], 2, "no profile"),
        (["import", "/nonexistent"], 2, "does not exist"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_with_its_exit_code(memsync, arguments, code, says):
    ran = memsync(*arguments)

    assert ran.code == code, ran
    assert says in ran.err
    assert ran.out == ""


def test_a_wrong_key_says_how_to_sign_in(memsync, monkeypatch):
    monkeypatch.setenv("MEMSYNC_API_KEY", "ms_wrong_key")
    ran = memsync("sessions", "list")

    assert ran.code == 3
    assert "request" in ran.err
    assert "memsync login" in ran.err


def test_errors_are_json_for_programs(memsync):
    ran = memsync("sessions", "show", "nope", "--json")

    error = json.loads(ran.err)["error"]
    assert (error["status"], error["code"]) == (404, "not_found")
    assert error["request_id"]


@pytest.fixture
def alice(anonymous: Command, live_server: Any, house: Space) -> Command:
    """The command of Alice, who has signed in on this machine."""
    user = house.make_user("u_alice")
    url = ("--url", live_server.url)
    ran = anonymous(*url, "login", "--email", user.email, "--stdin", input=f"{PASSWORD}\n")
    assert ran.code == 0, ran
    return anonymous


def test_signing_in_keeps_tokens_where_only_their_owner_reads_them(alice):
    [file] = profiles.folder().glob("profiles/*.json")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert PASSWORD not in file.read_text()
    assert alice("whoami", "--json").json["kind"] == "user"


def test_a_sign_in_is_a_device_session_of_the_command_line(alice, live_server):
    access = profiles.load("default").access
    with Memsync(live_server.url, access) as client:
        [session] = client.auth.sessions().data

    assert session.session_type == "cli"
    assert session.device["label"].startswith("memsync on ")


def test_an_old_access_token_is_renewed_and_the_refresh_token_rotates(alice):
    before = profiles.load("default")
    profiles.save("default", replace(before, access_expires_at=0.0))

    assert alice("whoami").code == 0
    after = profiles.load("default")
    assert after.refresh != before.refresh
    assert after.attempt == ""


def test_a_revoked_access_token_is_renewed_once(alice):
    before = profiles.load("default")
    profiles.save("default", replace(before, access="not.a.token"))

    assert alice("whoami").code == 0
    assert profiles.load("default").refresh != before.refresh


def test_commands_at_the_same_time_refresh_once(alice, live_server):
    profiles.save("default", replace(profiles.load("default"), access_expires_at=0.0))
    command = [sys.executable, "-m", "memsync_client", "whoami"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "client" / "src")}
    running = [
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]

    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert alice("whoami").code == 0


def test_a_refresh_whose_answer_was_lost_is_repeated_under_its_key(alice, live_server):
    noted = profiles.begin_attempt("default", profiles.load("default"))
    with Memsync(live_server.url) as lost:
        refresh(lost._driver, noted)
    profiles.save("default", replace(noted, access_expires_at=0.0))

    assert alice("whoami").code == 0


def test_logging_out_ends_the_sign_in(alice, live_server):
    access = profiles.load("default").access

    assert alice("logout").code == 0
    assert profiles.names() == []
    with pytest.raises(Unauthenticated), Memsync(live_server.url, access) as client:
        client.auth.me()


def test_an_ended_sign_in_says_to_sign_in_again(alice, live_server):
    profile = profiles.load("default")
    with Memsync(live_server.url) as client:
        client.auth.logout(profile.refresh)
    ran = alice("whoami")

    assert ran.code == 3
    assert "memsync login" in ran.err


def test_profiles_are_several_servers(anonymous, live_server, house):
    at = ("--url", live_server.url, "--profile")
    for name in ("one", "two"):
        ran = anonymous(*at, name, "login", "--key", "--stdin", input=house.make_key() + "\n")
        assert ran.code == 0, ran

    assert anonymous("profiles", "use", "two").code == 0
    rows = anonymous("profiles", "list", "--json").json["data"]
    assert [(row["name"], row["current"]) for row in rows] == [("one", False), ("two", True)]
    assert anonymous("profiles", "use", "three").code == 2


def test_a_wrong_password_or_key_makes_no_profile(anonymous, live_server, house):
    user = house.make_user("u_alice")
    at = ("--url", live_server.url, "login", "--stdin")

    assert anonymous(*at, "--email", user.email, input="wrong\n").code == 3
    assert anonymous(*at, "--key", input="ms_wrong_key\n").code == 3
    assert profiles.names() == []


def test_a_broken_profile_file_is_said_to_be_broken(anonymous):
    path = profiles.folder() / "profiles" / "default.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    ran = anonymous("whoami")

    assert ran.code == 2
    assert "broken" in ran.err


def test_signing_in_replaces_a_broken_profile_file(anonymous, live_server, house):
    path = profiles.folder() / "profiles" / "default.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    ran = anonymous("--url", live_server.url, "login", "--key", "--stdin", input=house.make_key())

    assert ran.code == 0, ran.err
    assert anonymous("whoami").code == 0


def test_a_refresh_that_meets_its_own_lost_attempt_keeps_the_attempt(anonymous):
    conflict = Given({"code": "refresh_conflict", "detail": "Try again."}, 409)
    with serving(lambda asked: conflict) as server:
        profiles.save("default", Profile(server.url, email="a@b.example", refresh="r"))
        anonymous("whoami"), anonymous("whoami")

    keys = [asked.headers["idempotency-key"] for asked in server.asked]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_what_others_wrote_cannot_steer_the_terminal(memsync, session):
    said = "I live in Leeds.\x1b]52;c;cHduZWQ=\x1b\\\x1b[2J\x9b2J"
    memsync("remember", said, "--session", session, "-s", "user=u_alice")
    for command in (["recall", "Leeds", "-s", "user=u_alice"], ["sessions", "show", session]):
        ran = memsync(*command)
        assert "Leeds" in ran.out
        assert not {"\x1b", "\x9b"} & set(ran.out)
    assert "\x1b" in memsync("sessions", "export", session).out


@pytest.mark.parametrize("option", [["--category", "identity"], ["--key", "home"], ["-s", "a=b"]])
def test_a_filter_that_a_session_has_none_of_is_refused(memsync, session, option):
    assert memsync("memories", "--session", session, *option).code == 2


@pytest.mark.parametrize("arguments", [[], ["--help"], ["sessions", "--help"], ["--version"]])
def test_help_and_version(anonymous, arguments):
    ran = anonymous(*arguments)

    assert ran.out or ran.err


def test_completion(anonymous, monkeypatch):
    # Without a shell among its parents, as in some CIs, it is told which one it is for.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")

    assert "memsync" in anonymous("--show-completion", "bash").out


def test_what_a_profile_keeps_for_one_server_goes_to_no_other(anonymous, live_server, house):
    at = ("--url", live_server.url, "--profile", "one")
    assert anonymous(*at, "login", "--key", "--stdin", input=house.make_key() + "\n").code == 0
    elsewhere = anonymous("--profile", "one", "--url", "http://127.0.0.1:9", "whoami")

    assert (elsewhere.code, elsewhere.out) == (2, "")
    assert "is for" in elsewhere.err
