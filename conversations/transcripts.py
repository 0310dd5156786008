"""Transcripts as files: the visible history of a conversation in four formats, page by page.

The rows are those of MemoriesDB's formatted conversation: speaker, message, fork_info, and times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from conversations.folding import Fold, folds
from conversations.history import read_history
from conversations.items import is_whole, kept_in, shown
from conversations.lineage import Segment, line_of
from conversations.messages import as_message
from conversations.models import Conversation
from memsync.common.rendering import dumps
from memsync.common.tenancy import tenant_scope

PAGE = 500


@dataclass(frozen=True, slots=True)
class Form:
    """How one format is written: what comes before, between and after its rows."""

    content_type: str
    suffix: str
    head: Callable[[Conversation], str]
    row: Callable[[dict[str, Any]], str]
    between: str
    tail: str
    turn: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda turn: turn
    """What it shows of a turn; None for nothing."""


def transcript_response(
    conversation: Conversation, form: Form, *, as_attachment: bool = False
) -> HttpResponseBase:
    """A transcript as an answer; a long one is streamed."""
    written = write_transcript(conversation, form)
    answer: HttpResponseBase = (
        StreamingHttpResponse(written, content_type=form.content_type)
        if conversation.turn_count > PAGE
        else HttpResponse("".join(written), content_type=form.content_type)
    )
    kind = "attachment" if as_attachment else "inline"
    name = f"transcript-{conversation.uid}.{form.suffix}"
    answer["Content-Disposition"] = f'{kind}; filename="{name}"'
    return answer


def write_transcript(conversation: Conversation, form: Form) -> Iterator[str]:
    """The transcript up to the head as it was at the start, one page of turns at a time.

    Each page is read in a transaction of its own, so that a slow reader holds none open.
    """
    infos = _fork_infos(line_of(conversation))
    head = conversation.turn_count
    yield form.head(conversation)
    is_begun = False
    for first in range(1, head + 1, PAGE):
        rows = _read(conversation, first, min(head, first + PAGE - 1))
        turns = [turn for row in rows if (turn := form.turn(row))]
        texts = [form.row(_as_row(turn, infos)) for turn in turns]
        yield (form.between if texts and is_begun else "") + form.between.join(texts)
        is_begun = is_begun or bool(texts)
    yield form.tail


def _read(conversation: Conversation, first: int, last: int) -> list[dict[str, Any]]:
    with tenant_scope(conversation.tenant_id):
        return read_history(conversation, first, last)


def _fork_infos(line: list[Segment]) -> dict[int, str]:
    """What is said of the turns of each ancestor: the way from it to the fork."""
    names = [segment.name for segment in line]
    infos = {
        segment.conversation: f"(from: {' → '.join(names[place:])})"
        for place, segment in enumerate(line[:-1])
    }
    return infos | {line[-1].conversation: ""}


def _as_row(turn: dict[str, Any], infos: dict[int, str]) -> dict[str, Any]:
    return {
        "seq": turn["seq"],
        "turn_id": turn["uid"],
        "session_id": turn["conversation__uid"],
        "role": turn["role"],
        "speaker": turn["sender"] or turn["role"],
        "message": turn["content"],
        "parts": turn["parts"],
        "fork_info": infos[turn["conversation_id"]],
        "occurred_at": turn["occurred_at"],
        "created_at": turn["created_at"],
        "redacted_at": turn["redacted_at"],
        "hidden_at": turn["hidden_at"],
    }


def _said(row: dict[str, Any]) -> str:
    """The words of a turn; a redacted one says so."""
    return "[redacted]" if row["redacted_at"] else str(row["message"])


def _for_models(turn: dict[str, Any]) -> dict[str, Any] | None:
    """The turn as a chat model may be given it: without what is hidden, or is no chat message."""
    return None if turn["hidden_at"] or is_whole(kept_in(turn["parts"])) else shown(turn)


def _notes(row: dict[str, Any]) -> list[str]:
    """What is to be said of a turn beside its words."""
    return [note for note in (row["fork_info"], "(hidden)" if row["hidden_at"] else "") if note]


def _folds(row: dict[str, Any]) -> list[Fold]:
    """Tool calls and the like; a name is the speaker already."""
    return [fold for fold in folds(row["parts"]) if fold.title != "Name"]


def _text_row(row: dict[str, Any]) -> str:
    tools = [f"[{fold.title}] {fold.text}".rstrip() for fold in _folds(row)]
    said = "\n".join(text for text in (_said(row), *tools) if text)
    notes = "".join(f" {note}" for note in _notes(row))
    return f"{row['speaker']}: {said}{notes}\n"


def _markdown_row(row: dict[str, Any]) -> str:
    at = row["occurred_at"] or row["created_at"]
    notes = "".join(f" · {note}" for note in _notes(row))
    blocks = [f"### {row['speaker']} · {at:%Y-%m-%d %H:%M} UTC{notes}"]
    if said := _said(row):
        blocks.append(said)
    for fold in _folds(row):
        fence = _fence(fold.text)
        blocks.append(f"{fold.title}:\n\n{fence}\n{fold.text}\n{fence}")
    return "\n\n".join(blocks) + "\n"


def _fence(text: str) -> str:
    """A fence that the text cannot close."""
    fence = "```"
    while fence in text:
        fence += "`"
    return fence


def _openai_row(row: dict[str, Any]) -> str:
    return dumps(as_message(row["role"], row["message"], row["parts"])).decode()


def _json_head(conversation: Conversation) -> str:
    named = {"session_id": conversation.uid, "title": conversation.title}
    return dumps(named).decode()[:-1] + ',"data":['


def _nothing(conversation: Conversation) -> str:
    return ""


_JSON = "application/json"
FORMS: dict[str, Form] = {
    "json": Form(_JSON, "json", _json_head, lambda row: dumps(row).decode(), ",", "]}"),
    "text": Form("text/plain; charset=utf-8", "txt", _nothing, _text_row, "", ""),
    "markdown": Form(
        "text/markdown; charset=utf-8", "md", lambda c: f"# {c}\n\n", _markdown_row, "\n", ""
    ),
    "openai": Form(_JSON, "json", lambda c: "[", _openai_row, ",", "]", _for_models),
}
