"""`memsync hook`: a coding agent's events, remembered; silent and quick when the server is away."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Space

ROOT = Path(__file__).parents[2]
RUN = {"session_id": "run-1", "cwd": "/home/alice/shop"}

Hook = Callable[..., Any]


def run_hook(environ: dict[str, str], text: str, *options: str) -> Any:
    """Run the hook as a process of its own; its output, which is nothing or JSON."""
    ran = subprocess.run(
        [sys.executable, "-m", "memsync_client", "hook", *options],
        input=text,
        env={**os.environ, "PYTHONPATH": str(ROOT / "client" / "src"), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stderr == ""
    return json.loads(ran.stdout) if ran.stdout else None


@pytest.fixture
def hook(live_server: Any, house: Space, tmp_path: Path) -> Hook:
    """Sends one event: `hook("Stop", …)`."""
    environ = {
        "MEMSYNC_URL": live_server.url,
        "MEMSYNC_API_KEY": house.make_key(),
        "MEMSYNC_CONFIG_DIR": str(tmp_path),
    }

    def send(name: str, **fields: Any) -> Any:
        event = {**RUN, "hook_event_name": name, **fields}
        return run_hook(environ, json.dumps(event), "--seconds", "30")

    return send


def test_a_run_is_opened_its_prompts_counted_and_its_tools_observed(hook, memsync):
    hook("SessionStart", source="startup")
    hook("UserPromptSubmit", prompt="Fix the basket.")
    edited = {"file_path": "basket.py", "old_string": "a", "new_string": "b"}
    hook("PostToolUse", tool_name="Edit", tool_input=edited, tool_response={"ok": True})
    hook("PostToolUse", tool_name="Bash", tool_input={"command": "make test"}, tool_response="ok")
    hook("PostToolUse", tool_name="TodoWrite", tool_input={})

    run = memsync.agent_sessions.show("run-1")
    assert (run.state, run.last_prompt_number, run.scope) == ("CAPTURED", 1, ["repo=shop"])
    assert run.memory_session_id != "run-1"
    seen = memsync.agent_sessions.observations("run-1", order="asc").data
    assert [each.title for each in seen] == ["Edited basket.py", "Bash: make test"]
    assert seen[0].files_modified == ["basket.py"]
    assert seen[1].narrative == "make test\n\nok"
    assert seen[0].prompt_number == 1


def test_the_next_run_is_told_what_was_seen_and_asked_for(hook, memsync):
    hook("SessionStart")
    memsync.facts.add("From now on, use tabs.", scope=["repo=shop"])
    hook("PostToolUse", tool_name="Write", tool_input={"file_path": "a.py"})

    answer = hook("SessionStart", session_id="run-2")["hookSpecificOutput"]

    assert answer["hookEventName"] == "SessionStart"
    assert "Wrote a.py" in answer["additionalContext"]
    assert "tabs" in answer["additionalContext"]


def test_a_prompt_is_answered_with_what_is_known(hook):
    hook("UserPromptSubmit", prompt="My name is Alice and I work at Acme Corp.")

    answer = hook("UserPromptSubmit", prompt="Where do I work?")

    assert "Acme Corp" in answer["hookSpecificOutput"]["additionalContext"]


def test_stopping_keeps_the_last_words_and_completes_the_run(hook, memsync, tmp_path):
    transcript = tmp_path / "transcript.jsonl"
    blocks = [{"type": "text", "text": "The basket is fixed."}]
    entry = {
        "type": "assistant",
        "uuid": "u-1",
        "message": {"role": "assistant", "content": blocks},
    }
    transcript.write_text(json.dumps({"type": "user"}) + "\n" + json.dumps(entry) + "\nnot json\n")
    hook("SessionStart")
    hook("UserPromptSubmit", prompt="Fix the basket.")
    hook("Stop", transcript_path=str(transcript))
    hook("Stop", transcript_path=str(transcript))

    run = memsync.agent_sessions.show("run-1")
    assert run.status == "completed"
    turns = memsync.sessions.turns(run.session_id).data
    assert [turn.content for turn in turns] == ["Fix the basket.", "The basket is fixed."]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"hook_event_name": "Stop"}', '{"hook_event_name": "Other"}']
)
def test_events_that_are_none_are_passed_over(text, tmp_path):
    assert run_hook({"MEMSYNC_CONFIG_DIR": str(tmp_path)}, text) is None


def test_an_event_that_never_ends_is_not_waited_for(tmp_path):
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "client" / "src")}
    command = [sys.executable, "-m", "memsync_client", "hook", "--seconds", "0.5"]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE) as running:
        assert running.wait(60) == 0


def test_bytes_that_are_no_text_are_passed_over(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "memsync_client", "hook"],
        input=b'{"hook_event_name": "Stop", "session_id": "\xff"}',
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "client" / "src"),
            "PYTHONIOENCODING": "utf-8:strict",
            "MEMSYNC_URL": "http://127.0.0.1:9",
            "MEMSYNC_CONFIG_DIR": str(tmp_path),
        },
        capture_output=True,
        timeout=60,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense"])
def test_without_a_server_it_is_silent_and_quick(url, tmp_path):
    event = json.dumps({**RUN, "hook_event_name": "UserPromptSubmit", "prompt": "Hi."})
    environ = {"MEMSYNC_URL": url, "MEMSYNC_CONFIG_DIR": str(tmp_path)}
    before = time.monotonic()

    assert run_hook(environ, event) is None
    assert time.monotonic() - before < 30


def test_a_server_that_hangs_is_not_waited_for(tmp_path):
    event = json.dumps({**RUN, "hook_event_name": "SessionStart"})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environ = {"MEMSYNC_URL": url, "MEMSYNC_CONFIG_DIR": str(tmp_path)}
        before = time.monotonic()
        assert run_hook(environ, event, "--seconds", "0.5") is None

    assert time.monotonic() - before < 30
