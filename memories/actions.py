"""Pages on which people correct, forget and settle what is remembered of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.pages import acting_page
from accounts.principals import Principal, in_project
from memories import corrections, forgetting
from memories.cards import card_of, is_changeable, is_correctable, label_of
from memories.forms import CorrectForm, DismissForm, ForgetForm, SettleForm, attempt
from memories.models import Memory
from memories.uncertainties import options_of

CONTESTED = "It is contested. Settle the question about it instead."
ENDED = "It is no longer remembered, so there is nothing to change."


@acting_page
def correct(request: HttpRequest, *, principal: Principal, uid: UUID) -> HttpResponse:
    """Replace the value of a memory."""
    memory = find_own(request, principal, uid)
    if memory.category == "uncertainty":
        raise Http404
    if not is_correctable(memory):
        return _ended(request, memory)
    form = CorrectForm(memory, _data(request))
    who = in_project(principal, memory.project)
    if done := attempt(
        form,
        lambda: corrections.correct_memory(
            principal=who, memory=memory, value=form.cleaned_data["value"]
        ),
    ):
        messages.success(request, f"Corrected: {label_of(memory)}.")
        return redirect(page_of(done.memory))
    return _page(request, "memories/correct.html", memory, form=form)


@acting_page
def forget(request: HttpRequest, *, principal: Principal, uid: UUID) -> HttpResponse:
    """Take a memory back, or erase it with the words it came from; asks first."""
    memory = find_own(request, principal, uid)
    who = in_project(principal, memory.project)
    rows = forgetting.choose(principal=who, ids=[memory.uid])
    form = ForgetForm(_data(request), is_live=is_changeable(memory))
    if done := attempt(
        form,
        lambda: forgetting.forget(
            principal=who, memories=rows, mode=form.cleaned_data["mode"], dry_run=False
        ),
    ):
        messages.success(request, _forgotten(label_of(memory), done))
        return redirect("memories")
    plan = forgetting.forget(principal=who, memories=rows, mode=forgetting.ERASE, dry_run=True)
    others = [other for other in plan.memories if other.pk != memory.pk]
    return _page(
        request, "memories/forget.html", memory, form=form, plan=plan.counts, others=others
    )


@acting_page
def settle(request: HttpRequest, *, principal: Principal, uid: UUID) -> HttpResponse:
    """Decide an uncertainty: one of its values, another one, or that it does not matter."""
    memory = find_own(request, principal, uid)
    if memory.category != "uncertainty":
        raise Http404
    if not is_changeable(memory):
        return _ended(request, memory)
    rows = Memory.objects.reachable(principal)
    options = options_of([memory], rows).get(memory.pk, [])
    form = SettleForm(options, _data(request)) if options else DismissForm(_data(request))
    who = in_project(principal, memory.project)
    if done := attempt(
        form,
        lambda: corrections.resolve_uncertainty(principal=who, memory=memory, value=form.value),
    ):
        messages.success(request, "The question is settled.")
        return redirect(page_of(done.memory) if options else reverse("memories"))
    return _page(request, "memories/settle.html", memory, form=form, options=options)


def find_own(request: HttpRequest, principal: Principal, uid: UUID) -> Memory:
    """A memory to act on: in reach, not erased, and the person's own.

    Raises Http404 for one out of reach, PermissionDenied for one that is everybody's.
    """
    memory = find(principal, uid, request.GET.get("project", ""))
    if memory.user_id != principal.user_id:
        raise PermissionDenied
    return memory


def find(principal: Principal, uid: UUID, project: str) -> Memory:
    """The memory in reach, in this project or else the newest of that id. Raises Http404."""
    rows = Memory.objects.reachable(principal).filter(uid=uid).exclude(status="erased")
    if project:
        rows = rows.filter(project__slug=project) if project.isprintable() else rows.none()
    found: Memory | None = rows.for_pages().order_by("-serial").first()
    if found is None:
        raise Http404
    return found


def page_of(memory: Memory) -> str:
    """The address of the page of one memory."""
    return f"{reverse('memories')}?memory={memory.uid}"


def _data(request: HttpRequest) -> Any:
    """What was sent, also when nothing but the button was."""
    return request.POST if request.method == "POST" else None


def _ended(request: HttpRequest, memory: Memory) -> HttpResponse:
    messages.info(request, CONTESTED if is_changeable(memory) else ENDED)
    return redirect(page_of(memory))


def _forgotten(label: str, done: forgetting.Forgotten) -> str:
    if done.mode == forgetting.RETRACT:
        return f"Taken back: {label}. Its history stays."
    erased = [f"{_number(done.counts['memories'], 'memory', 'memories')}"]
    if turns := done.counts.get("turns"):
        erased.append(f"the words of {_number(turns, 'turn', 'turns')}")
    return f"Erased: {' and '.join(erased)}."


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _page(request: HttpRequest, template: str, memory: Memory, **context: Any) -> HttpResponse:
    """A page that asks; 400 when what was sent could not be done."""
    sources: list[Any] = memory.newest_sources  # type: ignore[attr-defined]  # by for_pages
    context |= {"memory": memory, "card": card_of(memory), "sources": sources}
    form = context["form"]
    return render(request, template, context, status=400 if form.errors else 200)
