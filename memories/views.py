"""Pages: a transcript with its memories, and my memories."""

from __future__ import annotations

from uuid import UUID

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import render

from accounts import audit
from accounts.pages import reading_page, signed_in_user
from accounts.principals import Principal
from conversations.models import Conversation
from conversations.transcripts import FORMS, transcript_response
from conversations.windows import window_of
from memories import actions
from memories.cards import MEANING, Card, card_of
from memories.downloads import memory_lines
from memories.history import moments_of
from memories.models import Category, Memory, MemoryChange, Source
from memories.querysets import SHOWN_SOURCES, MemoryQuerySet
from memories.transcripts import add_branches, read_turns
from memsync.common.ids import parse_uuid
from memsync.common.keyset import Page, newest

PAGE = 50
TRANSCRIPTS = {"text": "Text", "markdown": "Markdown", "json": "JSON", "openai": "Messages"}
PER_SECTION = 10


@reading_page
def transcript(request: HttpRequest, *, principal: Principal, uid: UUID) -> HttpResponse:
    """One of my conversations: a page of its turns, and beside them what was learnt from them."""
    conversation = _find(principal, uid, request.GET.get("project", ""))
    window = window_of(request.GET, head=conversation.turn_count)
    gone = [Memory.Status.RETRACTED, Memory.Status.ERASED]
    memories = Memory.objects.reachable(principal).exclude(status__in=gone)
    me = "You" if conversation.user_id == principal.user_id else "User"
    turns = read_turns(conversation, window, memories, user=me)
    add_branches(conversation, window, turns)
    context = {
        "conversation": conversation,
        "window": window,
        "turns": turns,
        "project_query": f"&project={conversation.project.slug}",
        "formats": TRANSCRIPTS,
    }
    return render(request, "memories/transcript.html", context)


@reading_page
def transcript_file(
    request: HttpRequest, *, principal: Principal, uid: UUID, name: str
) -> HttpResponseBase:
    """One of my conversations as a file in one of the transcript formats."""
    conversation = _find(principal, uid, request.GET.get("project", ""))
    if name not in FORMS:
        raise Http404
    return transcript_response(conversation, FORMS[name], as_attachment=True)


def _find(principal: Principal, uid: UUID, project: str) -> Conversation:
    """The conversation, in this project or else the newest of that id. Raises Http404."""
    rows = Conversation.objects.reachable(principal).filter(uid=uid)
    if project:
        rows = rows.filter(project__slug=project) if project.isprintable() else rows.none()
    found: Conversation | None = (
        rows.select_related("forked_from").for_pages().order_by("-serial").first()
    )
    if found is None:
        raise Http404
    return found


@reading_page
def memories(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """What is remembered of me: each category's newest, one category in full, or one memory."""
    rows = Memory.objects.reachable(principal).for_pages()
    category = request.GET.get("category", "")
    if one := parse_uuid(request.GET.get("memory")):
        sections = _one(rows, one)
    elif category in Category.values:
        cursor = request.GET.get("before", "")
        sections = [_section(rows, Category(category), cursor, PAGE)]
    else:
        sections = [_section(rows, category, "", PER_SECTION) for category in MEANING]
    context = {
        "sections": [s for s in sections if s["shown"]],
        "one": one,
        "category": category,
        "me": principal.user_id,
    }
    return render(request, "memories/list.html", context)


def _one(rows: MemoryQuerySet, uid: UUID) -> list[dict[str, object]]:
    """One memory, also when it has ended; an erased one has nothing to show. Raises Http404."""
    found = list(rows.filter(uid=uid).exclude(status="erased").order_by("-serial")[:1])
    if not found:
        raise Http404
    return [_section_of(Category(found[0].category), Page(found))]


@reading_page
def history(request: HttpRequest, *, principal: Principal, uid: UUID) -> HttpResponse:
    """Everything that happened to one memory, newest first."""
    memory = actions.find(principal, uid, request.GET.get("project", ""))
    changes = MemoryChange.objects.filter(memory=memory)
    changes = changes.select_related("trace", "turn__conversation")
    changes = changes.defer("turn__content", "turn__search", "trace__returned", "trace__detail")
    page = newest(changes, by=["serial"], cursor=request.GET.get("before", ""), size=PAGE)
    reachable = Memory.objects.reachable(principal).exclude(status="erased")
    context = {
        "memory": memory,
        "card": card_of(memory),
        "moments": moments_of(page.rows, principal.user_id),
        "older": page.older,
        "successor": reachable.filter(pk=memory.superseded_by_id).first(),
        "predecessors": reachable.filter(superseded_by=memory).order_by("-serial")[:PER_SECTION],
    }
    return render(request, "memories/history.html", context)


@reading_page
def export(request: HttpRequest, *, principal: Principal) -> StreamingHttpResponse:
    """What is remembered of me, to keep: JSON Lines."""
    audit.record(signed_in_user(request), "memories.exported")
    answer = StreamingHttpResponse(memory_lines(principal), content_type="application/x-ndjson")
    answer["Content-Disposition"] = 'attachment; filename="memories.jsonl"'
    return answer


def _section(rows: MemoryQuerySet, category: Category, cursor: str, size: int) -> dict[str, object]:
    """A category's newest current memories."""
    current = rows.current().filter(category=category)
    return _section_of(category, newest(current, by=["serial"], cursor=cursor, size=size))


def _section_of(category: Category, page: Page) -> dict[str, object]:
    shown = [_with_sources(memory) for memory in page.rows]
    return {
        "category": category,
        "meaning": MEANING[category],
        "shown": shown,
        "older": page.older,
    }


def _with_sources(memory: Memory) -> tuple[Memory, Card, list[Source], bool]:
    """A memory, its card, its newest sources, and whether there are more of them."""
    sources = memory.newest_sources  # type: ignore[attr-defined]  # prefetched by for_pages
    return memory, card_of(memory), sources[: SHOWN_SOURCES - 1], len(sources) >= SHOWN_SOURCES
