"""A person corrects, forgets, settles, follows and saves what is remembered of them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from conversations.models import Turn
from memories.models import Memory, MemoryChange, Source
from tests.factories import Space
from tests.pages.conftest import HOSTILE, Told, tell
from tests.pages.support import assert_queries_do_not_grow

ACTIONS = ["correct", "forget", "settle"]


@pytest.fixture
def employer(told: Told) -> Memory:
    """Alice works at Acme Corp."""
    return memory_of(told, "employer")


@pytest.fixture
def doubt(told: Told) -> Memory:
    """Home is York by a curated document, or Porto as Alice said."""
    return contested(told, "home", "I live in York.", "I live in Porto.")


def memory_of(told: Told, key: str, **fields: Any) -> Memory:
    found: Memory = Memory.unscoped.get(key=key, tenant=told.space.tenant, **fields)
    return found


def contested(told: Told, key: str, curated: str, said: str) -> Memory:
    """An uncertainty between a curated value and what chat says."""
    Memory.unscoped.filter(key=key, status="live").update(status="superseded")
    scope = {"scope": ["user=u_alice"]}
    told.api.post("/facts", {"text": curated, "authority": "authoritative", **scope})
    told.api.post("/facts", {"text": said, **scope})
    return memory_of(told, "about", kind="conflict", value__startswith=key, status="live")


def url_of(memory: Memory, action: str) -> str:
    return f"/memories/{memory.uid}/{action}/"


def words_of(told: Told, url: str) -> str:
    """The text of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", told.page(url)))


def id_of(value: str) -> str:
    """The id of the open memory with a value, as a form names it."""
    return str(Memory.unscoped.get(value=value, status__in=["live", "contested"]).uid)


def live(key: str = "employer") -> list[str]:
    return list(Memory.unscoped.live().filter(key=key).values_list("value", flat=True))


# --- correcting ------------------------------------------------------------------------------


def test_each_memory_offers_what_can_be_done_with_it(told: Told, employer: Memory, doubt: Memory):
    page = told.page("/memories/")
    for action in ["correct", "forget", "history"]:
        assert f'href="{url_of(employer, action)}?project=app"' in page
    assert f'href="{url_of(doubt, "settle")}?project=app"' in page
    assert url_of(doubt, "correct") not in page


def test_a_correction_replaces_the_value_and_says_so(told: Told, employer: Memory):
    url = url_of(employer, "correct")
    assert "Acme Corp</textarea>" in told.page(url)
    response = told.browser.post(url, {"value": "Globex"}, follow=True)

    page = response.content.decode()
    assert response.redirect_chain[0][1] == HTTPStatus.FOUND
    assert "Corrected: Employer." in page
    assert f"Written by hand by {told.alice.email}" in page
    assert live() == ["Globex"]
    [change] = MemoryChange.objects.filter(memory=employer, op="superseded")
    assert (change.trace.principal_kind, change.trace.principal_id) == ("user", told.alice.pk)
    assert AuditEvent.objects.filter(action="memory.changed", actor_id=told.alice.pk).count() == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "Write what is right."),
        ("   ", "Write what is right."),
        ("Acme Corp", "That is what is remembered already."),
        ("<private>Globex</private>", "Nothing is left of it"),
        ("x" * 10_001, "at most 10000 characters"),
        ("a\x00b", "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_a_value_is_said_in_words(
    told: Told, employer: Memory, value: str, said: str
):
    response = told.browser.post(url_of(employer, "correct"), {"value": value})
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert said in response.content.decode()
    assert live() == ["Acme Corp"]


def test_a_curated_memory_is_not_offered_and_not_corrected(told: Told, doubt: Memory):
    home = memory_of(told, "home", status="live")
    assert url_of(home, "correct") not in told.page("/memories/")
    response = told.browser.post(url_of(home, "correct"), {"value": "Hull"})
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "It comes from a curated document." in response.content.decode()
    assert live("home") == ["York"]


def test_what_has_ended_is_not_changed(told: Told, employer: Memory):
    told.browser.post(url_of(employer, "correct"), {"value": "Globex"})
    page = told.browser.post(url_of(employer, "correct"), {"value": "Hooli"}, follow=True)
    assert "no longer remembered" in page.content.decode()
    assert live() == ["Globex"]


def test_a_hostile_correction_is_text_everywhere(told: Told, employer: Memory, staff: Client):
    told.browser.post(url_of(employer, "correct"), {"value": HOSTILE})
    memory = memory_of(told, "employer", status="live")
    pages = [told.page("/memories/"), told.page(f"/memories/?memory={memory.uid}")]
    pages += [told.page(url_of(memory, name)) for name in ["correct", "forget", "history"]]
    for path in ["change", "correct"]:
        answer = staff.get(f"/admin/memories/memory/{memory.pk}/{path}/")
        pages.append(answer.content.decode())
    for page in pages:
        assert "&lt;script&gt;alert(" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "{{ 7|add:7 }}" in page


# --- forgetting ------------------------------------------------------------------------------


def test_forgetting_says_what_will_go(told: Told, employer: Memory):
    page = words_of(told, url_of(employer, "forget"))
    assert "Take it back" in page
    assert "all that was said in 1 turn of your conversations" in page
    assert live() == ["Acme Corp"]


def test_forgetting_names_what_else_will_go(told: Told):
    told.api.post("/facts", {"text": "My cat is Rex and I like ramen.", "scope": ["user=u_alice"]})
    page = words_of(told, url_of(memory_of(told, "likes"), "forget"))
    assert "learnt from the same words alone" in page
    assert "Rex" in page.split("learnt from the same words alone")[1]
    assert live("likes") == ["ramen"]


def test_taken_back_it_keeps_its_history(told: Told, employer: Memory):
    page = told.browser.post(url_of(employer, "forget"), {"mode": "retract"}, follow=True)
    assert "Taken back: Employer." in page.content.decode()
    assert "Acme Corp" not in told.page("/memories/")
    assert "Taken back" in told.page(url_of(employer, "history"))
    assert Turn.unscoped.filter(content__contains="Acme Corp").exists()


def test_erased_it_takes_its_words_along(told: Told, employer: Memory):
    page = told.browser.post(url_of(employer, "forget"), {"mode": "erase"}, follow=True)
    assert "and the words of 1 turn." in page.content.decode()
    assert not Turn.unscoped.filter(content__contains="Acme Corp").exists()
    assert not Source.objects.filter(quote__contains="Acme").exists()
    for name in ["history", "forget", "correct"]:
        assert told.browser.get(url_of(employer, name)).status_code == HTTPStatus.NOT_FOUND


def test_what_was_taken_back_can_still_be_erased(told: Told, employer: Memory):
    url = url_of(employer, "forget")
    told.browser.post(url, {"mode": "retract"})
    assert "Take it back" not in told.page(url)
    assert told.browser.post(url, {"mode": "retract"}).status_code == HTTPStatus.BAD_REQUEST
    told.browser.post(url, {"mode": "erase"})
    assert Memory.unscoped.get(pk=employer.pk).status == "erased"


@pytest.mark.parametrize("body", [{}, {"mode": "everything"}])
def test_how_much_goes_has_to_be_chosen(told: Told, employer: Memory, body: dict[str, str]):
    response = told.browser.post(url_of(employer, "forget"), body)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "errorlist" in response.content.decode()
    assert live() == ["Acme Corp"]


# --- settling --------------------------------------------------------------------------------


def test_a_conflict_shows_its_values(told: Told, doubt: Memory):
    page = words_of(told, url_of(doubt, "settle"))
    assert "York (holds now, curated)" in page
    assert "Porto (said, not accepted yet)" in page


def test_the_value_chosen_holds(told: Told, doubt: Memory):
    Memory.unscoped.filter(value="York").update(authority="experiential")
    response = told.browser.post(url_of(doubt, "settle"), {"choice": id_of("Porto")}, follow=True)
    assert "The question is settled." in response.content.decode()
    assert live("home") == ["Porto"]
    assert live("about") == []


def test_another_value_may_be_written(told: Told, doubt: Memory):
    Memory.unscoped.filter(value="York").update(authority="experiential")
    url = url_of(doubt, "settle")
    empty = told.browser.post(url, {"choice": "other", "other": " "})
    assert "Write what is right." in empty.content.decode()
    told.browser.post(url, {"choice": "other", "other": "Hull"})
    assert live("home") == ["Hull"]


def test_dismissed_what_stood_stands(told: Told, doubt: Memory):
    told.browser.post(url_of(doubt, "settle"), {"choice": "dismiss"})
    assert (live("home"), live("about")) == (["York"], [])


def test_a_curated_value_is_not_overruled(told: Told, doubt: Memory):
    response = told.browser.post(url_of(doubt, "settle"), {"choice": id_of("Porto")})
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "It comes from a curated document." in response.content.decode()
    assert live("about") == [doubt.value]


@pytest.mark.parametrize("body", [{}, {"choice": "7"}, {"choice": "x"}])
def test_a_choice_that_is_none_settles_nothing(told: Told, doubt: Memory, body: dict[str, str]):
    response = told.browser.post(url_of(doubt, "settle"), body)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert live("about") == [doubt.value]


def test_a_value_that_is_no_longer_in_question_is_not_mistaken_for_another(
    told: Told, doubt: Memory
):
    gone = id_of("Porto")
    told.api.post("/facts", {"text": "I live in Hull.", "scope": ["user=u_alice"]})
    Memory.unscoped.filter(uid=gone).update(status="retracted")
    response = told.browser.post(url_of(doubt, "settle"), {"choice": gone})

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "no longer in question" in response.content.decode()
    assert live("home") == ["York"]


def test_what_one_was_unsure_of_is_dismissed(told: Told):
    tell(told.api, messages=[{"role": "user", "content": "I might move to Lisbon."}])
    unsure = memory_of(told, "about", kind="said")
    assert "Dismiss it" in told.page(url_of(unsure, "settle"))
    told.browser.post(url_of(unsure, "settle"))
    assert Memory.unscoped.get(pk=unsure.pk).status == "closed"


def test_only_an_uncertainty_is_settled(told: Told, employer: Memory, doubt: Memory):
    assert told.browser.get(url_of(employer, "settle")).status_code == HTTPStatus.NOT_FOUND
    assert told.browser.get(url_of(doubt, "correct")).status_code == HTTPStatus.NOT_FOUND


# --- history and export ----------------------------------------------------------------------


def test_the_history_reads_from_the_newest_to_the_first(told: Told, employer: Memory):
    told.browser.post(url_of(employer, "correct"), {"value": "Globex"})
    page = words_of(told, url_of(employer, "history"))
    assert page.index("Replaced by a newer value") < page.index("Learnt")
    assert "by you" in page
    assert "by the application “management” because of turn 1" in page
    assert "It was replaced by Globex ." in page
    newer = memory_of(told, "employer", status="live")
    assert "It replaced Acme Corp ." in words_of(told, url_of(newer, "history"))


def test_a_long_history_comes_a_page_at_a_time(told: Told, employer: Memory):
    for _ in range(55):
        tell(told.api, messages=[{"role": "user", "content": "I work at Acme Corp."}])
    page = told.page(url_of(employer, "history"))
    assert page.count("Said again") == 50
    older = re.search(r'href="(\?[^"]*before=[^"]+)"', page)
    assert older
    assert "Learnt" in told.page(url_of(employer, "history") + older[1].replace("&amp;", "&"))


def test_the_history_takes_as_many_statements_for_more_changes(told: Told, employer: Memory):
    def again(number: int) -> object:
        return tell(told.api, messages=[{"role": "user", "content": "I work at Acme Corp."}])

    assert_queries_do_not_grow(told.browser, lambda: url_of(employer, "history"), again)


def exported(told: Told) -> list[dict[str, Any]]:
    response = told.browser.get("/memories/export")
    assert response.headers["Content-Disposition"] == 'attachment; filename="memories.jsonl"'
    return [json.loads(line) for line in response.getvalue().splitlines()]


def test_a_person_saves_their_own_live_memories(
    told: Told, employer: Memory, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("memories.downloads.PAGE", 1)
    tell(told.api, user="u_bob", messages=[{"role": "user", "content": "I work at Globex."}])
    told.browser.post(url_of(memory_of(told, "name"), "forget"), {"mode": "retract"})
    lines = exported(told)
    mine = Memory.unscoped.live().filter(user=told.alice).order_by("-serial")
    assert [line["id"] for line in lines] == [str(row.uid) for row in mine]
    [line] = [line for line in lines if line["key"] == "employer"]
    assert (line["project"], line["value"]) == ("app", "Acme Corp")
    assert "Acme Corp" in line["sources"][0]["quote"]
    assert AuditEvent.objects.filter(action="memories.exported", tenant=told.space.tenant).exists()


def test_who_has_no_memories_saves_an_empty_file(
    space: Space, page_client: Callable[[User], Client]
):
    browser = page_client(space.make_user("u_new"))
    assert browser.get("/memories/export").getvalue() == b""


# --- whose ----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [*ACTIONS, "history"])
def test_somebody_elses_memory_is_as_absent_as_none(told: Told, doubt: Memory, action: str):
    tell(told.api, user="u_bob", messages=[{"role": "user", "content": "I work at Globex."}])
    theirs = Memory.unscoped.get(value="Globex")
    bodies = [{}, {"value": "x", "mode": "erase", "choice": "dismiss"}]
    for row in (theirs.uid, uuid.uuid4()):
        url = f"/memories/{row}/{action}/"
        assert told.browser.get(url).status_code == HTTPStatus.NOT_FOUND
        for body in bodies if action != "history" else []:
            assert told.browser.post(url, body).status_code == HTTPStatus.NOT_FOUND
    theirs.refresh_from_db()
    assert (theirs.status, theirs.value) == ("live", "Globex")


def test_another_tenants_memory_is_absent(told: Told, other_space: Space):
    tell(other_space.api())
    theirs = Memory.unscoped.get(tenant=other_space.tenant, key="employer")
    for action in ACTIONS:
        response = told.browser.post(url_of(theirs, action), {"value": "x", "mode": "erase"})
        assert response.status_code == HTTPStatus.NOT_FOUND


def test_what_is_everybodys_is_read_but_not_changed(told: Told):
    body = {"text": "I work at Initech.", "scope": ["org=acme"]}
    told.api.post("/facts", body)
    User.objects.filter(pk=told.alice.pk).update(tags={"org": "acme"})
    shared = Memory.unscoped.get(value="Initech")
    page = told.page("/memories/")
    assert url_of(shared, "history") in page
    for action in ["correct", "forget"]:
        assert url_of(shared, action) not in page
        response = told.browser.post(url_of(shared, action), {"value": "x", "mode": "erase"})
        assert response.status_code == HTTPStatus.FORBIDDEN
    assert set(live()) == {"Acme Corp", "Initech"}


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_done_without_the_token_of_the_form(told: Told, doubt: Memory, action: str):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = told.browser.cookies
    memory = doubt if action == "settle" else memory_of(told, "employer")
    body = {"value": "x", "mode": "erase", "choice": "dismiss"}
    assert browser.post(url_of(memory, action), body).status_code == HTTPStatus.FORBIDDEN
    token = re.search(r'value="([^"]+)"', browser.get(url_of(memory, action)).content.decode())
    assert token
    sent = browser.post(url_of(memory, action), body | {"csrfmiddlewaretoken": token[1]})
    assert sent.status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("action", [*ACTIONS, "history"])
def test_signed_out_one_is_asked_to_sign_in(employer: Memory, action: str):
    response = Client().get(url_of(employer, action))
    assert response.headers["Location"].startswith("/login/?next=")


def test_looking_changes_nothing(told: Told, employer: Memory, doubt: Memory):
    before = MemoryChange.objects.count()
    for memory, action in [(employer, "correct"), (employer, "forget"), (doubt, "settle")]:
        told.page(url_of(memory, action))
    assert MemoryChange.objects.count() == before


def test_what_is_contested_is_settled_not_corrected(told: Told, doubt: Memory):
    porto = memory_of(told, "home", status="contested")
    assert url_of(porto, "correct") not in told.page(f"/memories/?memory={porto.uid}")
    page = told.browser.post(url_of(porto, "correct"), {"value": "Hull"}, follow=True)
    assert "Settle the question about it instead." in page.content.decode()
    assert live("home") == ["York"]
