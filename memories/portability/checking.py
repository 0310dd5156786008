"""Whether the lines of an export fit together. No database.

Its constraints hold much of this too, but they do not know lines: here a refusal names the one that
is wrong. What one may refer to is what the services let a row refer to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.scope import contradicts, scope_key
from conversations.agent_sessions import KIND
from memories.models import Memory, Observation, Source
from memories.portability.parsing import BadLine, Line
from memories.portability.records import RECORDS

UNIQUE: dict[str, tuple[tuple[str, ...], ...]] = {
    "turn": (("conversation", "seq"), ("conversation", "client_id")),
    "agent_session": (("platform", "content_session_id"), ("conversation",)),
    "memory_session_id": (("memory_session_id",),),
    "observation": (("agent_session", "content_hash"),),
    "entity": (("scope", "kind", "normalized_name"),),
    "entity_alias": (("entity", "normalized_name"),),
    "trace": (("place",),),
    "trace_turn": (("trace", "turn"),),
    "source": (("memory", "turn", "span_start", "span_end"),),
    "change": (("trace", "position"),),
}
"""What no two lines of a type have in common, unless a part of it is null."""


@dataclass(frozen=True, slots=True)
class File:
    """The lines of a file by type, in order, and by type and id."""

    lines: Mapping[str, list[Line]]
    known: Mapping[str, dict[UUID, Line]]

    def of(self, kind: str) -> list[Line]:
        """The lines of a type."""
        return self.lines.get(kind, [])

    def named(self, kind: str, uid: UUID | None) -> Line | None:
        """The line that another one refers to; None for no reference."""
        return self.known[kind][uid] if uid is not None else None

    def by(self, kind: str, name: str) -> dict[UUID, list[Line]]:
        """The lines of a type by what they refer to."""
        found: dict[UUID, list[Line]] = defaultdict(list)
        for line in self.of(kind):
            found[line[name]].append(line)
        return found


def check_lines(lines: Mapping[str, list[Line]]) -> None:
    """Refuse lines that no export would hold beside each other. Raises BadLine."""
    known = {kind: {line["id"]: line for line in some} for kind, some in lines.items()}
    file = File(lines, known)
    _check_references(file)
    _check_unique(file)
    _check_sessions(file)
    _check_parents(file)
    _check_runs(file)
    _check_entities(file)
    _check_traces(file)
    _check_memories(file)
    _check_sources(file)
    _check_history(file)


def _check_references(file: File) -> None:
    """What is referred to is in the file."""
    for record in RECORDS:
        for name, target in record.references:
            known = file.known.get(target, {})
            for line in file.of(record.name):
                if line[name] is not None and line[name] not in known:
                    raise BadLine(name, f"refers to a {target} that is not in the file", line)


def _check_unique(file: File) -> None:
    for kind, keys in UNIQUE.items():
        for key in keys:
            seen: set[tuple[Any, ...]] = set()
            for line in file.of(kind):
                values = tuple(_comparable(line[name]) for name in key)
                if None not in values and values in seen:
                    raise BadLine(key[-1], "is that of an earlier line", line)
                seen.add(values)


def _comparable(value: Any) -> Any:
    return scope_key(value) if isinstance(value, dict) else value


def _same_scope(line: Line, other: Line | None) -> bool:
    return other is None or line["scope"] == other["scope"]


def _fits_scope(line: Line, session: Line) -> bool:
    """Whether the scope is one that a write into the session may have had."""
    scope, around = line["scope"], session["scope"]
    return scope.get("user") == around.get("user") and not contradicts(scope, around)


def _check_sessions(file: File) -> None:
    """A fork comes after its parent and parts inside its history; no position is left out."""
    heads: dict[UUID, int] = {}
    own = file.by("turn", "conversation")
    for line in file.of("session"):
        _check_fork(file, line, heads)
        head = line["fork_seq"] or 0
        for turn in sorted(own.get(line["id"], ()), key=lambda turn: turn["seq"]):
            head += 1
            if turn["seq"] != head:
                raise BadLine("seq", f"should be {head}, the next of its session", turn)
        heads[line["id"]] = head


def _check_fork(file: File, line: Line, heads: Mapping[UUID, int]) -> None:
    parent = file.named("session", line["forked_from"])
    if (parent is None) != (line["fork_seq"] is None):
        raise BadLine("forked_from", "goes with a fork_seq, and without none", line)
    if parent is None:
        return
    if parent["id"] not in heads:
        raise BadLine("forked_from", "is not a session before it", line)
    if not _same_scope(line, parent):
        raise BadLine("scope", "is not that of the session it forks", line)
    if not 0 <= line["fork_seq"] <= heads[parent["id"]]:
        raise BadLine("fork_seq", "is not in the history of the session it forks", line)


def _check_parents(file: File) -> None:
    """A turn answers one that its session shows before it."""
    for line in file.of("turn"):
        parent = file.named("turn", line["parent"])
        if parent and parent["seq"] > _shown(file, line, parent["conversation"]):
            raise BadLine("parent", "is not an earlier turn of its session", line)


def _shown(file: File, turn: Line, conversation: UUID) -> int:
    """Up to which position the history before a turn shows turns of a session; -1: of none."""
    session, upto = file.known["session"][turn["conversation"]], turn["seq"] - 1
    while session["id"] != conversation:
        if session["fork_seq"] is None:
            return -1
        upto = min(upto, session["fork_seq"])
        session = file.known["session"][session["forked_from"]]
    return int(upto)


def _check_runs(file: File) -> None:
    """A run has a session of its own and the last of its ids; what it observed is in its scope."""
    ids = file.by("memory_session_id", "agent_session")
    for line in file.of("agent_session"):
        session = file.known["session"][line["conversation"]]
        if session["kind"] != KIND or not _same_scope(line, session):
            raise BadLine("conversation", "is no session of this run", line)
        history = ids.get(line["id"], ())
        current = [one["memory_session_id"] for one in history if one["superseded_at"] is None]
        wanted = line["memory_session_id"]
        if current != ([] if wanted is None else [wanted]) or (history and wanted is None):
            raise BadLine("memory_session_id", "is not the one id that it has now", line)
        if wanted == line["content_session_id"]:
            raise BadLine("memory_session_id", "is its content_session_id", line)
    for line in file.of("observation"):
        _check_observation(file, line, ids)


def _check_observation(file: File, line: Line, ids: Mapping[UUID, list[Line]]) -> None:
    run = file.known["agent_session"][line["agent_session"]]
    if not _same_scope(line, run):
        raise BadLine("scope", "is not that of its agent_session", line)
    history = ids.get(run["id"], ())
    if line["memory_session_id"] not in {one["memory_session_id"] for one in history}:
        raise BadLine("memory_session_id", "is none that its agent_session had", line)


def _check_entities(file: File) -> None:
    """One that was merged points to one of its scope that was not."""
    for line in file.of("entity"):
        into = file.named("entity", line["merged_into"])
        if into and (into["merged_into"] is not None or not _same_scope(line, into)):
            raise BadLine("merged_into", "is not an entity of its scope that stands", line)


def _check_traces(file: File) -> None:
    """Places are 1, 2, 3…; a trace reads turns of its own session, in a scope that fits it."""
    places = sum(line["place"] is not None for line in file.of("trace"))
    for line in file.of("trace"):
        session = file.named("session", line["conversation"])
        if session and not _fits_scope(line, session):
            raise BadLine("conversation", "is a session that its scope does not fit", line)
        if line["place"] is not None and not 1 <= line["place"] <= places:
            raise BadLine("place", "leaves a gap: places are 1, 2, 3…", line)
    for line in file.of("turn"):
        if line["appended_at"] > places:
            raise BadLine("appended_at", "is beyond all places", line)
    for line in file.of("trace_turn"):
        trace = file.known["trace"][line["trace"]]
        if file.known["turn"][line["turn"]]["conversation"] != trace["conversation"]:
            raise BadLine("turn", "is not of the session of its trace", line)


def _check_memories(file: File) -> None:
    """One live value of a single-valued key; what replaced a memory holds its key, in a line."""
    live: set[tuple[str, ...]] = set()
    for line in file.of("memory"):
        if not _same_scope(line, file.named("entity", line["object"])):
            raise BadLine("object", "is an entity of another scope", line)
        successor = file.named("memory", line["superseded_by"])
        if successor and (_place(successor) != _place(line) or line["status"] != "superseded"):
            raise BadLine("superseded_by", "is no memory that replaced it", line)
        if line["is_single"] and line["status"] == Memory.Status.LIVE:
            if _place(line) in live:
                raise BadLine("key", "has a live value in an earlier line", line)
            live.add(_place(line))
    _check_circles(file)


def _place(memory: Line) -> tuple[str, ...]:
    return scope_key(memory["scope"]), memory["subject"], memory["key"]


def _check_circles(file: File) -> None:
    """Memories that replace each other end in one that nothing replaced."""
    ending: set[UUID] = set()
    for line in file.of("memory"):
        way: dict[UUID, None] = {}
        at: Line | None = line
        while at and at["id"] not in ending:
            if at["id"] in way:
                raise BadLine("superseded_by", "leads back to itself", line)
            way[at["id"]] = None
            at = file.named("memory", at["superseded_by"])
        ending.update(way)


def _check_sources(file: File) -> None:
    """Each memory has one; its quote stands at its span of words that its scope may hold."""
    sourced = file.by("source", "memory")
    for line in file.of("memory"):
        if line["id"] not in sourced:
            raise BadLine("id", "is that of a memory without a source", line)
    for line in file.of("source"):
        memory = file.known["memory"][line["memory"]]
        if not _same_scope(memory, file.named("trace", line["trace"])):
            raise BadLine("trace", "is of another scope than its memory", line)
        _check_cited(file, line, memory)


def _check_cited(file: File, line: Line, memory: Line) -> None:
    """That a source cites what its kind says; what a person wrote by hand cites itself."""
    turn, seen = file.named("turn", line["turn"]), file.named("observation", line["observation"])
    by_kind = {Source.Kind.TURN: turn, Source.Kind.OBSERVATION: seen}
    cited = [by_kind[line["kind"]]] if line["kind"] in by_kind else []
    if [each for each in (turn, seen) if each] != cited:
        raise BadLine("kind", "is not what it cites", line)
    if turn and not _fits_scope(memory, file.known["session"][turn["conversation"]]):
        raise BadLine("turn", "is of a session that the scope of its memory does not fit", line)
    if not _same_scope(memory, seen):
        raise BadLine("observation", "is of another scope than its memory", line)
    quote, start, end = line["quote"], line["span_start"], line["span_end"]
    text = turn["content"] if turn else _text_of(seen) if seen else quote
    if not quote or not 0 <= start <= end <= len(text) or text[start:end] != quote:
        raise BadLine("quote", "does not stand at its span", line)


def _text_of(observation: Line) -> str:
    """The text that spans count in."""
    names = ("title", "subtitle", "narrative", "facts")
    return Observation(**{name: observation[name] for name in names}).text


def _check_history(file: File) -> None:
    """The changes of a memory, folded in their order, end in its row."""
    changes = file.by("change", "memory")
    for line in file.of("change"):
        trace = file.known["trace"][line["trace"]]
        if trace["place"] is None or not _same_scope(file.known["memory"][line["memory"]], trace):
            raise BadLine("trace", "is no trace that changed this memory", line)
    for memory in file.of("memory"):
        if memory["id"] not in changes:
            raise BadLine("id", "is that of a memory without a history", memory)
        _fold(file, memory, sorted(changes[memory["id"]], key=lambda line: _moment(file, line)))


def _moment(file: File, change: Line) -> tuple[int, int]:
    return file.known["trace"][change["trace"]]["place"], change["position"]


def _fold(file: File, memory: Line, history: list[Line]) -> None:
    """Each change begins where the one before it ended, and replaces what names it as that."""
    stood: Line = {}
    for line in history:
        old = file.known["memory"].get(line["replaced"])
        if line["was"] != stood or (old and old["superseded_by"] != memory["id"]):
            raise BadLine("before", "does not follow from what the other lines say", line)
        stood = line["is"]
    if any(memory[name] != value for name, value in stood.items()):
        raise BadLine("after", "is not how its memory stands", history[-1])
