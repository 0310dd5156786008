"""The pages of a signed-in person."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from conversations.models import Conversation
from memories.models import Memory
from memsync.common.errors import handler500
from tests.factories import Api, Space
from tests.pages.conftest import Told, tell


def test_signed_out_the_start_page_says_what_this_is(db: None):
    page = Client().get("/").content.decode()
    assert "Memory you can check" in page
    assert 'href="/login/"' in page


def test_signed_in_the_start_page_leads_to_the_conversations(told: Told):
    assert told.browser.get("/").headers["Location"] == "/conversations/"


@pytest.mark.parametrize(
    "path",
    ["/conversations/", "/memories/", "/conversations/3b1f0f62-6a53-4f5e-9d39-6f4a7c0f1a09/"],
)
def test_a_page_of_ones_own_asks_to_sign_in(db: None, path: str):
    response = Client().get(path)
    assert response.status_code == HTTPStatus.FOUND
    assert response.headers["Location"].startswith("/login/?next=")


def test_staff_without_a_tenant_are_led_to_the_admin(root: Client):
    response = root.get("/conversations/", follow=True)
    assert response.redirect_chain[-1][0] == "/admin/"
    assert "You belong to no organization" in response.content.decode()


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt", "/static/memsync/site.css"])
def test_what_every_browser_asks_for_is_there(path: str):
    assert Client().get(path).status_code == HTTPStatus.OK


def test_pages_want_no_robots_and_are_not_cached(told: Told):
    response = told.browser.get("/conversations/")
    assert 'name="robots" content="noindex, nofollow"' in response.content.decode()
    assert response.headers["Cache-Control"] == "private, no-store"


class _Away:
    """A person whom the database cannot give."""

    def __getattr__(self, name: str) -> object:
        raise OperationalError("the database is away")


def test_an_error_page_needs_neither_database_nor_person(rf: RequestFactory):
    request = rf.get("/conversations/")
    request.user = SimpleLazyObject(_Away)
    request.session = _Away()
    try:
        raise OperationalError("the database is away") from OSError()
    except OperationalError:
        response = handler500(request)
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.headers["Retry-After"] == "1"
    assert "Service Unavailable" in response.content.decode()


# --- the list --------------------------------------------------------------------------------


def test_the_list_shows_title_turns_and_project(told: Told):
    page = told.page("/conversations/")
    assert "A parcel that went to Leeds" in page
    assert "5 turns" in page
    assert "chat in app" in page


def test_a_conversation_without_a_title_shows_its_first_words(told: Told):
    tell(told.api)
    assert "“Hi! My name is Alice" in told.page("/conversations/")


def test_the_list_shows_only_ones_own(told: Told):
    tell(told.api, "Of Bob", user="u_bob")
    assert "Of Bob" not in told.page("/conversations/")


def test_a_conversation_of_nobody_is_seen_within_ones_tags(told: Told):
    told.api.session("org=acme", title="Of Acme")
    assert "Of Acme" not in told.page("/conversations/")
    User.objects.filter(pk=told.alice.pk).update(tags={"org": "acme"})
    assert "Of Acme" in told.page("/conversations/")


def test_the_list_covers_all_projects_of_the_tenant(told: Told):
    other = other_project(told.space)
    tell(other, "In the other project")
    page = told.page("/conversations/")
    assert "In the other project" in page
    assert "A parcel" in page


def test_the_title_filter_ignores_case(told: Told):
    assert "A parcel" in told.page("/conversations/?q=PARCEL")
    assert "No conversation fits" in told.page("/conversations/?q=zebra")


def test_archived_conversations_show_on_request(told: Told):
    Conversation.unscoped.filter(uid=told.conversation).update(status="archived")
    assert "A parcel" not in told.page("/conversations/")
    assert "A parcel" in told.page("/conversations/?status=archived")


@pytest.mark.parametrize("query", ["q=%00", "status=nonsense", "q=" + "x" * 300])
def test_a_filter_that_cannot_be_selects_nothing(told: Told, query: str):
    assert "A parcel" not in told.page(f"/conversations/?{query}")


def test_older_conversations_follow_by_a_link(told: Told):
    for number in range(30):
        told.api.session("user=u_alice", title=f"Number {number:02}")
    first = told.page("/conversations/")
    older = told.page("/conversations/" + link_of(first, "Older conversations"))
    titles = re.findall(r"Number \d\d", first) + re.findall(r"Number \d\d", older)
    assert titles == [f"Number {number:02}" for number in range(29, -1, -1)]
    assert "A parcel" in older


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0:x:y", "%00"])
@pytest.mark.parametrize("path", ["/conversations/?", "/memories/?category=identity&"])
def test_a_forged_cursor_is_a_bad_request(told: Told, path: str, cursor: str):
    assert told.browser.get(f"{path}before={cursor}").status_code == HTTPStatus.BAD_REQUEST


# --- the transcript --------------------------------------------------------------------------


def test_a_transcript_shows_who_said_what(told: Told):
    page = told.page(told.url)
    assert '<h2 class="speaker" id="speaker-1">You</h2>' in page
    assert '<article class="turn from-assistant" id="turn-2"' in page
    assert "Noted." in page


def test_cited_words_are_marked_and_lead_to_the_memory_beside(told: Told):
    page = told.page(told.url)
    marked = re.findall(r'<a class="cited" href="#([\w-]+)"><mark>([^<]+)</mark></a>', page)
    assert any("Acme Corp" in words for _, words in marked)
    for anchor, _ in marked:
        assert page.count(f'id="{anchor}"') == 1


def test_memories_stand_beside_their_turn(told: Told):
    page = told.page(told.url)
    turn_1 = page[page.index('id="turn-1"') : page.index('id="turn-2"')]
    assert "Employer" in turn_1
    assert "Learnt from turn 1" in turn_1


def test_a_forgotten_memory_is_neither_beside_nor_marked(told: Told):
    Memory.unscoped.filter(key="employer").update(status="retracted")
    page = told.page(told.url)
    assert "Employer" not in page
    assert "I work at Acme Corp" in page


def test_tool_calls_are_folded(told: Told):
    page = told.page(told.url)
    assert page.count("<details") == 2
    assert "Answers a tool call" in page


def test_what_is_stored_is_shown_as_text(told: Told):
    for url in ["/conversations/", told.url, "/memories/"]:
        page = told.page(url)
        assert "<script>" not in page
        assert page.count("<script") == page.count('<script src="/static/')
        assert "<img src=x" not in page
    page = told.page(told.url)
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in page
    assert "{{ 7|add:7 }}" in page


def test_a_redacted_turn_keeps_its_place(told: Told):
    turns = told.api.get(f"/sessions/{told.conversation}/turns")["data"]
    told.api.delete(f"/sessions/{told.conversation}/turns/{turns[4]['id']}")
    assert "The words of this turn were redacted." in told.page(told.url)


def test_the_newest_hundred_turns_come_first_and_the_earlier_by_a_link(told: Told):
    long = long_conversation(told.api, 230)
    page = told.page(f"/conversations/{long}/")
    assert seqs(page) == list(range(131, 231))
    link = link_of(page, "Earlier turns")
    assert link.endswith("#turn-130")
    earlier = told.page(f"/conversations/{long}/{link}")
    assert seqs(earlier) == list(range(31, 131))
    assert link_of(earlier, "Later turns").endswith("#turn-131")


def test_a_turn_longer_than_a_page_can_bear_is_shown_whole_on_its_own(told: Told):
    made = told.api.session("user=u_alice")
    told.api.say(made["id"], "x" * 30_000 + "the end", "another turn", extract=False)
    url = f"/conversations/{made['id']}/"
    page = told.page(url)
    assert "10007 more characters" in page
    assert "the end" not in page
    assert "the end" in told.page(url + link_of(page, "Show the whole turn"))


def test_somebody_elses_conversation_is_as_absent_as_none(told: Told):
    of_bob = tell(told.api, user="u_bob")["session_id"]
    foreign = told.browser.get(f"/conversations/{of_bob}/")
    absent = told.browser.get(f"/conversations/{uuid.uuid4()}/")
    assert foreign.status_code == absent.status_code == HTTPStatus.NOT_FOUND
    assert foreign.content == absent.content


def test_another_tenants_conversation_is_absent(told: Told, other_space: Space):
    theirs = tell(other_space.api())["session_id"]
    assert told.browser.get(f"/conversations/{theirs}/").status_code == HTTPStatus.NOT_FOUND


def test_an_id_in_two_projects_shows_the_newest_unless_the_project_is_named(told: Told):
    other = other_project(told.space)
    other.session("user=u_alice", id=told.conversation, title="The newer one")
    assert "The newer one" in told.page(told.url)
    assert "A parcel" in told.page(f"{told.url}?project=app")
    assert told.browser.get(f"{told.url}?project=%00").status_code == HTTPStatus.NOT_FOUND


# --- memories --------------------------------------------------------------------------------


def test_memories_are_grouped_and_say_why(told: Told):
    page = told.page("/memories/")
    assert page.index(">Identity<") < page.index("Acme Corp")
    assert f'/conversations/{told.conversation}/?turn=1&amp;project=app#turn-1"' in page


def test_memories_of_others_are_not_shown(told: Told):
    tell(told.api, user="u_bob", messages=[{"role": "user", "content": "I work at Globex."}])
    assert "Globex" not in told.page("/memories/")


def test_the_reason_leads_to_the_cited_words(told: Told):
    href = re.search(r'href="(/conversations/[^"]+#turn-1)"', told.page("/memories/"))
    assert href
    assert "Acme Corp</mark>" in told.page(href[1].replace("&amp;", "&"))


def test_ended_memories_are_not_listed_but_can_be_asked_about(told: Told):
    memory = Memory.unscoped.get(key="employer", tenant=told.space.tenant)
    Memory.unscoped.filter(pk=memory.pk).update(status="superseded")
    assert "Acme Corp" not in told.page("/memories/")
    page = told.page(f"/memories/?memory={memory.uid}")
    assert "replaced by a newer value" in page


def test_a_memory_of_somebody_else_is_absent(told: Told):
    tell(told.api, user="u_bob", messages=[{"role": "user", "content": "I work at Globex."}])
    theirs = Memory.unscoped.get(value="Globex", tenant=told.space.tenant)
    response = told.browser.get(f"/memories/?memory={theirs.uid}")
    assert response.status_code == HTTPStatus.NOT_FOUND


def test_a_category_is_paged_by_a_link(told: Told):
    likes = [{"role": "user", "content": f"I like sport {number:02}."} for number in range(65)]
    tell(told.api, messages=likes)
    pages = [told.page("/memories/")]
    for _ in range(2):
        pages.append(told.page("/memories/" + link_of(pages[-1], "Older: Knowledge")))
    shown = [re.findall(r'class="value">(sport \d\d)<', page) for page in pages]
    assert [len(values) for values in shown] == [10, 50, 5]
    assert [value for values in shown for value in values] == [
        f"sport {number:02}" for number in range(64, -1, -1)
    ]


def test_nothing_remembered_is_said_kindly(space: Space, page_client: Callable[[User], Client]):
    page = page_client(space.make_user("u_new")).get("/memories/").content.decode()
    assert "Nothing is remembered of you" in page


# --- helpers ---------------------------------------------------------------------------------


def other_project(space: Space) -> Api:
    """Another project of the same tenant."""
    from accounts import services

    project = services.create_project(actor=None, tenant=space.tenant, slug="other")
    _, key = services.create_api_key(actor=None, project=project, name="k", role="management")
    return Api({"API-KEY": key}, "other")


def long_conversation(api: Api, turns: int) -> str:
    """A conversation with so many turns."""
    made = api.session("user=u_alice", title="Long")
    for start in range(0, turns, 100):
        texts = [f"turn {number}" for number in range(start, min(turns, start + 100))]
        api.say(made["id"], *texts, extract=False)
    return str(made["id"])


def seqs(page: str) -> list[int]:
    """The positions of the turns on a page."""
    return [int(seq) for seq in re.findall(r'<article class="turn[^>]* id="turn-(\d+)"', page)]


def link_of(page: str, text: str) -> str:
    """Where the link with this text leads."""
    found = re.search(rf'<a[^>]* href="([^"]*)"[^>]*>{re.escape(text)}</a>', page)
    assert found, f"no link {text}"
    return found[1].replace("&amp;", "&")
