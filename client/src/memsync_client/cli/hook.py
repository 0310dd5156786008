"""`memsync hook`: events of a coding agent on standard input, in Claude Code's form.

It is silent and quick when the server is away: whatever happens, it ends within its time with exit
code 0, and prints nothing but the context it has to give.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from memsync_client.cli.access import Access
from memsync_client.cli.options import Scope, access
from memsync_client.client import Memsync
from memsync_client.llm.memory import in_thread, result_within
from memsync_client.llm.recalling import as_block
from memsync_client.models import AgentSession

DEFAULT_PLATFORM = "claude"
MAX_TEXT = 2000
"""Characters kept of what went into a tool or came out of it."""
MAX_TAIL = 262_144
"""Bytes of the transcript's end in which the agent's last words are looked for."""
SHOWN = 10
"""Observations and memories given to the agent."""

_CHANGES = {"Edit": "Edited", "MultiEdit": "Edited", "NotebookEdit": "Edited", "Write": "Wrote"}
_SKIPPED = {"Glob", "Grep", "LS", "TodoWrite", "TodoRead"}
"""Tools whose use is not worth remembering."""


@dataclass(frozen=True)
class Run:
    """One event of a run."""

    client: Memsync
    event: Mapping[str, Any]
    scope: list[str]
    platform: str

    @property
    def id(self) -> str:
        """The agent's own id of its session."""
        return str(self.event["session_id"])

    def text(self, name: str) -> str:
        """A text of the event; empty when there is none."""
        value = self.event.get(name)
        return value if isinstance(value, str) else ""

    def open(self, prompt: str | None = None) -> AgentSession:
        """The run, made if need be."""
        return self.client.agent_sessions.create(
            self.id,
            platform=self.platform,
            prompt=prompt,
            title=Path(self.text("cwd")).name or None,
            scope=self.scope,
            metadata={"cwd": self.text("cwd")},
        )

    def captured(self) -> AgentSession:
        """The run with a memory session id, made up if need be."""
        run = self.open()
        if run.memory_session_id is None:
            return self.client.agent_sessions.register(self.id, platform=self.platform)
        return run


def hook(
    ctx: typer.Context,
    scope: Scope = None,
    platform: Annotated[str, typer.Option(help="The coding agent's name.")] = DEFAULT_PLATFORM,
    seconds: Annotated[float, typer.Option(min=0.1, help="When to give up.")] = 2.0,
    verbose: Annotated[bool, typer.Option(help="Say on standard error what went wrong.")] = False,
) -> None:
    """Take one event of a coding agent from standard input: remember it, print what helps.

    Without --scope (or MEMSYNC_SCOPE) what is stored has the scope repo=<name of the folder>.
    """
    given = access(ctx)
    quick = Access(given.profile, given.url, given.context, timeout=seconds, retries=0)
    done = in_thread(lambda: _answer(quick, scope, platform, verbose))
    context = result_within(done, seconds)
    if context:
        print(json.dumps(context))
    sys.stdout.flush()
    os._exit(0)  # a thread that still waits for the server is not waited for


def _answer(
    asked: Access, scope: list[str] | None, platform: str, verbose: bool
) -> dict[str, Any] | None:
    """What is printed for an event; None for nothing."""
    try:
        event = json.loads(sys.stdin.read())
        name = event["hook_event_name"]
        handle = _HANDLERS.get(name)
        if handle is None:
            return None
        tags = scope or os.environ.get("MEMSYNC_SCOPE", "").split() or _scope_of(event)
        context = asked.run(lambda client: handle(Run(client, event, tags, platform)))
    except Exception as error:  # the agent goes on, whatever it is
        if verbose:
            print(f"memsync hook: {error}", file=sys.stderr)
        return None
    if not context:
        return None
    return {"hookSpecificOutput": {"hookEventName": name, "additionalContext": context}}


def _scope_of(event: Mapping[str, Any]) -> list[str]:
    """The folder that the agent works in, as a scope."""
    name = Path(str(event.get("cwd") or "")).name
    return [f"repo={name[:128]}"] if name and name.isprintable() else ["repo=unknown"]


def _on_start(run: Run) -> str:
    """A session starts: open the run, and tell what was observed before."""
    run.captured()
    seen = run.client.observations.list(scope=run.scope, limit=SHOWN)
    lines = [f"{row.title} ({row.created_at[:10]})" for row in seen.data]
    rules = run.client.memories.list(scope=run.scope, category="instruction", limit=SHOWN)
    asked = [rule.text for rule in rules.data]
    return as_block([_listed("Instructions", asked), _listed("Seen before", lines)])


def _on_prompt(run: Run) -> str:
    """A person asks: recall what is known about it, then keep the prompt and count it."""
    prompt = run.text("prompt")
    known: list[str] = []
    if prompt.strip():
        found = run.client.query(
            prompt[:10_000], scope=run.scope, session_id=run.id[:128], top_k=SHOWN
        )
        known = [_short(hit.text) for hit in found.results]
    opened = run.open(prompt)
    if opened.memory_session_id is None:
        run.client.agent_sessions.register(run.id, platform=run.platform)
    return as_block([_listed("What is known", known)])


def _listed(heading: str, lines: list[str]) -> str:
    return "\n".join([f"# {heading}", *(f"- {line}" for line in lines)]) if lines else ""


def _on_tool(run: Run) -> str:
    """A tool was used: record an observation."""
    tool = run.text("tool_name")
    if not tool or tool in _SKIPPED:
        return ""
    given = run.event.get("tool_input")
    fields = given if isinstance(given, dict) else {}
    opened = run.captured()
    run.client.observations.create(
        memory_session_id=opened.memory_session_id or "",
        prompt_number=opened.last_prompt_number or None,
        **_observed(tool, fields, run.event.get("tool_response")),
    )
    return ""


def _observed(tool: str, given: Mapping[str, Any], response: object) -> dict[str, Any]:
    """The fields of an observation."""
    path = str(given.get("file_path") or given.get("notebook_path") or "")
    if tool in _CHANGES:
        title = f"{_CHANGES[tool]} {path}"
        return {"type": "change", "title": title[:1000], "files_modified": [path] if path else []}
    if tool == "Read":
        return {"type": "discovery", "title": f"Read {path}"[:1000], "files_read": [path]}
    what = given.get("description") or given.get("command") or given.get("url") or ""
    return {
        "type": "discovery",
        "title": f"{tool}: {what}"[:1000].rstrip(": "),
        "narrative": _narrative(given, response),
    }


def _narrative(given: Mapping[str, Any], response: object) -> str:
    shown = [_short(given.get("command") or given or ""), _short(response or "")]
    return "\n\n".join(text for text in shown if text)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _on_stop(run: Run) -> str:
    """The agent has answered: keep its last words, and end the run until the next prompt."""
    opened = run.open()
    said = last_words(run.text("transcript_path"))
    if said:
        message = {"role": "assistant", "content": said["text"], "client_id": said["id"]}
        run.client.sessions.append(opened.session_id, [message])
    if opened.memory_session_id is not None:
        run.client.agent_sessions.complete(run.id, platform=run.platform)
    return ""


def last_words(transcript: str) -> dict[str, str] | None:
    """The agent's last message with text in its transcript (JSON Lines), and the message's id."""
    path = Path(transcript)
    if not transcript or not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MAX_TAIL))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return next((said for text in reversed(lines) if (said := _words_in(text))), None)


def _words_in(text: str) -> dict[str, str] | None:
    try:
        entry = json.loads(text)
        blocks = entry["message"]["content"] if entry.get("type") == "assistant" else []
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    texts = [block["text"] for block in blocks if isinstance(block, dict) and block.get("text")]
    return {"id": str(entry.get("uuid") or "")[:200], "text": "\n".join(texts)} if texts else None


_HANDLERS: dict[str, Callable[[Run], str]] = {
    "SessionStart": _on_start,
    "UserPromptSubmit": _on_prompt,
    "PostToolUse": _on_tool,
    "Stop": _on_stop,
    "SessionEnd": _on_stop,
}
