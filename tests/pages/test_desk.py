"""Staff settle uncertainties, and correct and retract memories."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from accounts.principals import of_staff
from memories.models import Memory, MemoryChange, Trace
from tests.factories import Space
from tests.pages.conftest import HOSTILE, Told, tell
from tests.pages.support import assert_queries_do_not_grow, queries_of
from tests.pages.test_corrections import contested, id_of, live, memory_of
from tests.pages.test_inline import inline_in

DESK = "/admin/memories/uncertainty/"
MEMORIES = "/admin/memories/memory/"


@pytest.fixture
def home(told: Told) -> Memory:
    """Whether home is York, as is curated, or Porto."""
    return contested(told, "home", "I live in York.", "I live in Porto.")


@pytest.fixture
def viewer(told: Told, page_client: Callable[[User], Client]) -> Client:
    """Staff who may look at memories, and no more."""
    user = told.space.make_user("s_view", is_staff=True)
    user.groups.clear()
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return page_client(user)


def send(client: Client, url: str, action: str, *rows: Memory, **fields: str) -> Any:
    """Do an action of a list, and follow to its answer."""
    body = {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    return client.post(url, body, follow=True)


def decided(row: Memory, choice: str, other: str = "") -> dict[str, str]:
    name = f"doubt-{row.pk}"
    choice = id_of(choice) if choice.istitle() else choice
    return {"confirmed": "yes", f"{name}-choice": choice, f"{name}-other": other}


# --- the desk --------------------------------------------------------------------------------


def test_the_desk_lists_what_is_not_settled(told: Told, staff: Client, home: Memory):
    tell(told.api, messages=[{"role": "user", "content": "I might move to Lisbon."}])
    page = staff.get(DESK).content.decode()
    assert "home: York or Porto" in page
    assert "two values disagree" in page
    assert "said to be unsure" in page
    assert "Acme Corp" not in page
    assert "home: York" not in staff.get(f"{DESK}?kind=said").content.decode()


def test_resolving_asks_which_value_holds(told: Told, staff: Client, home: Memory):
    page = send(staff, DESK, "resolve", home).content.decode()
    assert "York (holds now, curated)" in page
    assert "Porto (said, not accepted yet)" in page
    assert live("about") == [home.value]


@pytest.mark.parametrize(
    ("choice", "other", "holds"),
    [
        ("York", "", "York"),
        ("Porto", "", "Porto"),
        ("other", "Hull", "Hull"),
        ("dismiss", "", "York"),
    ],
)
def test_the_chosen_value_holds(
    told: Told, staff: Client, home: Memory, choice: str, other: str, holds: str
):
    page = send(staff, DESK, "resolve", home, **decided(home, choice, other))
    assert "Resolved: 1." in page.content.decode()
    assert (live("home"), live("about")) == ([holds], [])
    assert not Memory.unscoped.filter(status="contested").exists()


@pytest.mark.parametrize(("choice", "other"), [("", ""), ("9", ""), ("other", "")])
def test_a_choice_that_is_none_is_asked_for_again(
    told: Told, staff: Client, home: Memory, choice: str, other: str
):
    page = send(staff, DESK, "resolve", home, **decided(home, choice, other)).content.decode()
    assert "errorlist" in page
    assert live("about") == [home.value]


def test_several_are_resolved_each_in_its_way(told: Told, staff: Client, home: Memory):
    job = contested(told, "employer", "I work at Initech.", "I work at Globex.")
    fields = decided(home, "Porto") | decided(job, "Initech")
    assert "Resolved: 2." in send(staff, DESK, "resolve", home, job, **fields).content.decode()
    assert (live("home"), live("employer")) == (["Porto"], ["Initech"])


def test_rejected_what_stood_stands(told: Told, staff: Client, home: Memory):
    page = send(staff, DESK, "reject", home).content.decode()
    assert "These questions are dismissed" in page
    assert live("about") == [home.value]
    send(staff, DESK, "reject", home, confirmed="yes")
    assert (live("home"), live("about")) == (["York"], [])


def test_who_settled_it_is_on_record(told: Told, staff: Client, home: Memory):
    send(staff, DESK, "resolve", home, **decided(home, "Porto"))
    nora = User.objects.get(external_id="s_nora")
    trace = Trace.unscoped.latest("serial")
    assert (trace.principal_kind, trace.principal_id) == ("staff", nora.pk)
    assert trace.principal_label == nora.email
    event = AuditEvent.objects.filter(action="memory.changed").latest("pk")
    assert (event.actor_kind, event.actor_id) == ("staff", nora.pk)
    new = memory_of(told, "home", status="live")
    page = staff.get(f"{MEMORIES}{new.pk}/change/").content.decode()
    assert f"/admin/memories/trace/{trace.pk}/change/" in page
    assert f"by {nora.email} (staff)" in page


def test_what_was_settled_meanwhile_is_left_alone(told: Told, staff: Client, home: Memory):
    send(staff, DESK, "reject", home, confirmed="yes")
    before = MemoryChange.objects.count()
    for action in ["resolve", "reject"]:
        send(staff, DESK, action, home, confirmed="yes")
    assert MemoryChange.objects.count() == before


def test_no_more_than_a_page_is_resolved_at_once(
    told: Told, staff: Client, home: Memory, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("memories.admin.uncertainties.SHOWN", 0)
    monkeypatch.setattr("memories.admin.acting.AT_ONCE", 0)
    assert "Choose at most 0" in send(staff, DESK, "resolve", home).content.decode()
    page = send(staff, DESK, "reject", home, confirmed="yes").content.decode()
    assert "Choose at most 0" in page
    assert live("about") == [home.value]


# --- memories --------------------------------------------------------------------------------


def test_staff_correct_a_memory(told: Told, staff: Client):
    memory = memory_of(told, "employer")
    url = f"{MEMORIES}{memory.pk}/correct/"
    assert f'href="{url}"' in staff.get(f"{MEMORIES}{memory.pk}/change/").content.decode()
    assert "Acme Corp</textarea>" in staff.get(url).content.decode()
    assert "Write what is right." in staff.post(url, {"value": ""}).content.decode()
    page = staff.post(url, {"value": "Globex"}, follow=True).content.decode()
    assert "Corrected: Employer." in page
    assert live() == ["Globex"]


def test_staff_correct_what_is_curated(told: Told, staff: Client, home: Memory):
    curated = memory_of(told, "home", status="live")
    staff.post(f"{MEMORIES}{curated.pk}/correct/", {"value": "Hull"})
    assert live("home") == ["Hull"]
    assert memory_of(told, "home", value="Hull").authority == "authoritative"


def test_staff_retract_a_memory_after_a_question(told: Told, staff: Client):
    memory = memory_of(told, "employer")
    page = send(staff, MEMORIES, "retract", memory).content.decode()
    assert "Are you sure?" in page
    assert "works at Acme Corp" in page
    assert live() == ["Acme Corp"]
    page = send(staff, MEMORIES, "retract", memory, confirmed="yes").content.decode()
    assert "Retracted: 1." in page
    assert live() == []
    again = send(staff, MEMORIES, "retract", memory, confirmed="yes").content.decode()
    assert "no longer remembered" in again
    assert "Retracted" not in again.split("messagelist")[1].split("</ul>")[0]


def test_what_has_ended_offers_no_buttons(told: Told, staff: Client):
    memory = memory_of(told, "employer")
    send(staff, MEMORIES, "retract", memory, confirmed="yes")
    assert "Retract…" not in staff.get(f"{MEMORIES}{memory.pk}/change/").content.decode()
    staff.post(f"{MEMORIES}{memory.pk}/correct/", {"value": "x"})
    assert live() == []


def test_what_is_contested_is_resolved_not_corrected(told: Told, staff: Client, home: Memory):
    porto = memory_of(told, "home", status="contested")
    page = staff.get(f"{MEMORIES}{porto.pk}/change/").content.decode()
    assert "Retract…" in page
    assert "Correct…" not in page
    staff.post(f"{MEMORIES}{porto.pk}/correct/", {"value": "Hull"})
    assert live("home") == ["York"]


def test_an_uncertainty_is_settled_from_its_page(told: Told, staff: Client, home: Memory):
    for path in (MEMORIES, DESK):
        page = staff.get(f"{path}{home.pk}/change/").content.decode()
        assert 'value="resolve">Resolve…' in page
        assert 'value="reject">Reject…' in page
    assert staff.get(f"{MEMORIES}{home.pk}/correct/").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("query", "shown"),
    [("sure=90-101", True), ("sure=0-50", False), ("sure=x", True), ("extractor=rules", None)],
)
def test_memories_are_filtered(told: Told, staff: Client, query: str, shown: bool | None):
    Memory.unscoped.filter(key="employer").update(confidence=0.9)
    page = staff.get(f"{MEMORIES}?{query}&category__exact=identity", follow=True).content.decode()
    assert shown is None or ("Acme Corp" in page) == shown


# --- who may ---------------------------------------------------------------------------------


def test_staff_without_a_tenant_settle_and_correct_too(told: Told, root: Client, home: Memory):
    send(root, DESK, "resolve", home, **decided(home, "Porto"))
    assert live("home") == ["Porto"]
    memory = memory_of(told, "employer")
    root.post(f"{MEMORIES}{memory.pk}/correct/", {"value": "Globex"})
    assert live() == ["Globex"]
    event = AuditEvent.objects.filter(action="memory.changed").latest("pk")
    assert (event.actor_label, event.tenant) == ("root@example.org", told.space.tenant)


def test_staff_of_another_tenant_reach_nothing(
    told: Told, home: Memory, other_space: Space, page_client: Callable[[User], Client]
):
    stranger = page_client(other_space.make_user("s_other", is_staff=True))
    memory = memory_of(told, "employer")
    assert "York" not in stranger.get(DESK).content.decode()
    assert stranger.post(f"{MEMORIES}{memory.pk}/correct/", {"value": "x"}).status_code == 404
    send(stranger, MEMORIES, "retract", memory, confirmed="yes")
    send(stranger, DESK, "reject", home, confirmed="yes")
    assert (live(), live("about")) == (["Acme Corp"], [home.value])


def test_who_may_only_look_changes_nothing(told: Told, viewer: Client, home: Memory):
    memory = memory_of(told, "employer")
    page = viewer.get(f"{MEMORIES}{memory.pk}/change/").content.decode()
    assert "Acme Corp" in page
    assert "Correct…" not in page
    assert "Retract…" not in page
    for method in (viewer.get, viewer.post):
        assert method(f"{MEMORIES}{memory.pk}/correct/").status_code == HTTPStatus.FORBIDDEN
    send(viewer, MEMORIES, "retract", memory, confirmed="yes")
    send(viewer, DESK, "reject", home, confirmed="yes")
    send(viewer, DESK, "resolve", home, **decided(home, "Porto"))
    assert (live(), live("about")) == (["Acme Corp"], [home.value])


def test_people_who_are_not_staff_have_no_desk(told: Told, home: Memory):
    assert told.browser.get(DESK).status_code == HTTPStatus.FOUND


def test_the_desk_acts_on_nothing_without_the_token(told: Told, staff: Client, home: Memory):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = staff.cookies
    memory = memory_of(told, "employer")
    body = {"action": "reject", "_selected_action": [home.pk], "confirmed": "yes"}
    assert browser.post(DESK, body).status_code == HTTPStatus.FORBIDDEN
    url = f"{MEMORIES}{memory.pk}/correct/"
    assert browser.post(url, {"value": "x"}).status_code == HTTPStatus.FORBIDDEN
    assert (live(), live("about")) == (["Acme Corp"], [home.value])


def test_a_staff_principal_is_of_its_tenant_or_of_none(told: Told, other_space: Space):
    nora = told.space.make_user("s_n", is_staff=True)
    assert of_staff(nora, told.space.project).is_management
    for user, space in [(nora, other_space), (told.alice, told.space)]:
        with pytest.raises(ValueError, match="no staff"):
            of_staff(user, space.project)


# --- words and costs -------------------------------------------------------------------------


def test_hostile_values_are_text_on_the_desk(told: Told, staff: Client, home: Memory):
    Memory.unscoped.filter(key="home").update(value=HOSTILE)
    Memory.unscoped.filter(pk=home.pk).update(value=f"home: {HOSTILE}")
    pages = [staff.get(DESK), send(staff, DESK, "resolve", home), send(staff, DESK, "reject", home)]
    for page in (answer.content.decode() for answer in pages):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert re.search(r"&lt;script&gt;.*holds now", pages[1].content.decode())


def test_the_desk_takes_as_many_statements_for_more_rows(told: Told, staff: Client, root: Client):
    def unsure(number: int) -> object:
        text = f"I might move to Town{number}."
        return tell(told.api, messages=[{"role": "user", "content": text}])

    assert_queries_do_not_grow(staff, lambda: DESK, unsure)
    assert_queries_do_not_grow(root, lambda: DESK, lambda n: unsure(n + 20))


def test_the_question_takes_as_many_statements_for_more_rows(
    told: Told, staff: Client, home: Memory
):
    job = contested(told, "employer", "I work at Initech.", "I work at Globex.")
    queries_of(staff, DESK)
    counts = []
    for rows in ([home], [home, job]):
        with CaptureQueriesContext(connection) as captured:
            send(staff, DESK, "resolve", *rows)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_nothing_is_inline(told: Told, staff: Client, home: Memory):
    memory = memory_of(told, "employer")
    answers = [
        staff.get(f"{DESK}{home.pk}/change/"),
        staff.get(f"{MEMORIES}{memory.pk}/correct/"),
        send(staff, DESK, "resolve", home),
        send(staff, DESK, "reject", home),
        told.browser.get(f"/memories/{home.uid}/settle/"),
    ]
    paths = ["correct", "forget", "history"]
    answers += [told.browser.get(f"/memories/{memory.uid}/{path}/") for path in paths]
    for answer in answers:
        assert answer.status_code == HTTPStatus.OK
        assert inline_in(answer.content.decode()) == []
