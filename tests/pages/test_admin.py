"""The admin: what staff see, what they may change, and that looking is on record."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, IdempotencyKey, Project, Tenant, User
from conversations.models import Conversation
from memories.models import Memory, Trace
from memsync.common.admin import LimitedPaginator, ReadOnlyAdmin
from tests.factories import PASSWORD, Space
from tests.pages.conftest import Told, recalled, tell
from tests.pages.test_pages import link_of, long_conversation, seqs


def change_url(row: object) -> str:
    """The page of a row."""
    meta = type(row)._meta  # type: ignore[attr-defined]
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])  # type: ignore[attr-defined]


def conversation_of(told: Told) -> Conversation:
    return Conversation.unscoped.get(uid=told.conversation, tenant=told.space.tenant)


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == HTTPStatus.OK, (url, response.status_code)
    return response.content.decode()


# --- transcripts -----------------------------------------------------------------------------


def test_a_conversation_opens_as_a_transcript(told: Told, staff: Client):
    page = text_of(staff, change_url(conversation_of(told)))
    assert '<h2 class="speaker" id="speaker-1">User</h2>' in page
    assert re.search(r"<mark>[^<]*Acme Corp</mark>", page)
    assert "Learnt from turn 1" in page
    assert "<script>alert" not in page


def test_reading_a_transcript_is_on_record(told: Told, staff: Client):
    staff.get(change_url(conversation_of(told)))
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.object_id) == ("transcript.viewed", told.conversation)
    assert (event.actor_kind, event.tenant) == ("staff", told.space.tenant)
    assert event.actor_label.startswith("s_nora")


def test_looking_at_the_list_is_not(told: Told, staff: Client):
    before = AuditEvent.objects.count()
    staff.get("/admin/conversations/conversation/")
    assert AuditEvent.objects.count() == before


def test_a_long_transcript_comes_a_page_at_a_time(told: Told, staff: Client):
    uid = long_conversation(told.api, 130)
    url = change_url(Conversation.unscoped.get(uid=uid, tenant=told.space.tenant))
    page = text_of(staff, url)
    assert seqs(page) == list(range(31, 131))
    assert seqs(text_of(staff, url + link_of(page, "Earlier turns"))) == list(range(1, 101))


def test_staff_see_forgotten_memories_too(told: Told, staff: Client):
    Memory.unscoped.filter(key="employer").update(status="retracted")
    assert "forgotten" in text_of(staff, change_url(conversation_of(told)))


# --- memories and traces ---------------------------------------------------------------------


def test_a_memory_shows_its_quote_in_its_turn_and_its_history(told: Told, staff: Client):
    memory = Memory.unscoped.get(key="employer", tenant=told.space.tenant)
    page = text_of(staff, change_url(memory))
    assert re.search(r"Hi! My name is Alice and <mark>[^<]*Acme Corp</mark>\.", page)
    assert f"/admin/conversations/conversation/{conversation_of(told).pk}/change/?turn=1" in page
    assert "What happened to it" in page
    assert re.search(
        r"<strong>Added</strong>\s*<a href=\"/admin/memories/trace/\d+/change/\">", page
    )


def test_a_trace_of_an_ingest_shows_what_it_read_and_changed(told: Told, staff: Client):
    trace = Trace.unscoped.filter(kind="ingest", tenant=told.space.tenant).latest("serial")
    page = text_of(staff, change_url(trace))
    assert "What it changed" in page
    assert "turn 5 of A parcel that went to Leeds" in page


def test_a_trace_of_a_recall_shows_what_it_returned(told: Told, staff: Client):
    page = text_of(staff, change_url(recalled(told)))
    assert "Where does Alice work?" in page
    returned = page[page.index("What it returned") :]
    assert "Acme Corp" in returned
    assert "turn 5 of A parcel" in returned


def test_what_a_recall_returned_may_be_gone(told: Told, staff: Client):
    trace = recalled(told)
    trace.returned = [{"type": "memory", "id": "nonsense"}, "nonsense", {}]
    trace.save(update_fields=["returned"])
    assert text_of(staff, change_url(trace)).count("which is gone") == 2


# --- whose rows ------------------------------------------------------------------------------


def test_staff_of_a_tenant_see_its_rows_alone(told: Told, staff: Client, other_space: Space):
    tell(other_space.api(), "Of another tenant")
    other = Conversation.unscoped.get(tenant=other_space.tenant)
    memory = Memory.unscoped.filter(tenant=other_space.tenant).first()
    assert "Of another tenant" not in text_of(staff, "/admin/conversations/conversation/")
    for row in (other, memory, other_space.project, other_space.tenant):
        assert staff.get(change_url(row)).status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.FOUND}
    assert not AuditEvent.objects.filter(action="transcript.viewed").exists()


def test_staff_without_a_tenant_see_all(told: Told, root: Client, other_space: Space):
    tell(other_space.api(), "Of another tenant")
    page = text_of(root, "/admin/conversations/conversation/")
    assert "Of another tenant" in page
    assert "A parcel that went to Leeds" in page
    text_of(root, change_url(conversation_of(told)))
    assert AuditEvent.objects.latest("pk").tenant == told.space.tenant


def test_people_who_are_not_staff_have_no_admin(told: Told):
    response = told.browser.get("/admin/conversations/conversation/")
    assert response.status_code == HTTPStatus.FOUND


def test_what_was_stored_is_changed_by_nobody(told: Told, root: Client):
    for model, model_admin in admin.site._registry.items():
        if not isinstance(model_admin, ReadOnlyAdmin):
            continue
        row = model._base_manager.first()
        assert (
            root.get(reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_add")).status_code
            == HTTPStatus.FORBIDDEN
        )
        if row is not None:
            assert root.post(f"{change_url(row)}", {}).status_code == HTTPStatus.FORBIDDEN
            assert (
                root.post(
                    change_url(row).replace("/change/", "/delete/"), {"post": "yes"}
                ).status_code
                == HTTPStatus.FORBIDDEN
            )


def test_stored_answers_are_not_shown(told: Told, staff: Client):
    body = {"title": "a secret title", "scope": ["user=u_alice"]}
    told.api.post("/sessions", body, Idempotency_Key="k1")
    record = IdempotencyKey.objects.get(key="k1")
    assert "a secret title" in record.response_body
    assert "a secret title" not in text_of(staff, change_url(record))


@pytest.mark.parametrize(
    "query",
    [
        "user/?password__startswith=p",
        "user/?password__regex=^.",
        "user/?tenant__slug=acme",
        "apikey/?secret_hash__gte=a",
        "idempotencykey/?response_body__isnull=True",
        "idempotencykey/?state__regex=^.",
    ],
)
def test_lists_answer_no_questions_about_columns_that_no_filter_offers(told, root: Client, query):
    assert root.get(f"/admin/accounts/{query}").status_code == HTTPStatus.BAD_REQUEST


def test_a_list_counts_no_further_than_it_pages(db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("memsync.common.admin.MOST_COUNTED", 3)
    for number in range(5):
        Tenant.objects.create(slug=f"t{number}")
    assert LimitedPaginator(Tenant.objects.order_by("pk"), 2).count == 3


def test_a_list_that_counted_no_further_says_so(
    told: Told, staff: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("memsync.common.admin.MOST_COUNTED", 1)
    assert "There are 1 or more" in text_of(staff, "/admin/conversations/conversation/")


@pytest.mark.parametrize(
    "query", ["q=parcel", "status__exact=active", "kind=chat", "q=%00", "p=99", "o=1", "nope=1"]
)
def test_searching_and_filtering_a_list(told: Told, staff: Client, query: str):
    response = staff.get(f"/admin/conversations/conversation/?{query}", follow=True)
    assert response.status_code == HTTPStatus.OK


# --- people ----------------------------------------------------------------------------------


PERSON = {"name": "Carol", "role": "user", "email": "Carol@Example.org", "password": PASSWORD}


def test_staff_make_a_person_of_their_tenant(told: Told, staff: Client):
    staff.post("/admin/accounts/user/add/", {**PERSON, "tenant": told.space.tenant.pk})
    carol = User.objects.get(email="carol@example.org")
    assert carol.tenant == told.space.tenant
    assert carol.check_password(PASSWORD)
    assert carol.external_id == str(carol.pk)
    assert AuditEvent.objects.get(action="user.created", object_id=carol.pk).actor_kind == "staff"


def test_a_new_person_may_be_one_that_applications_know_already(told: Told, staff: Client):
    tell(told.api, user="u_carol")
    shadow = User.objects.get(external_id="u_carol")
    data = {**PERSON, "tenant": told.space.tenant.pk, "external_id": "u_carol"}
    assert staff.post("/admin/accounts/user/add/", data).status_code == HTTPStatus.FOUND
    shadow.refresh_from_db()
    assert shadow.email == "carol@example.org"


def test_staff_make_nobody_elsewhere(told: Told, staff: Client, other_space: Space):
    for tenant in ("", other_space.tenant.pk):
        staff.post("/admin/accounts/user/add/", {**PERSON, "tenant": tenant, "is_staff": "on"})
    assert not User.objects.filter(email="carol@example.org").exists()


@pytest.mark.parametrize("password", ["short", "password123"])
def test_a_weak_password_is_refused(told: Told, staff: Client, password: str):
    data = {**PERSON, "tenant": told.space.tenant.pk, "password": password}
    staff.post("/admin/accounts/user/add/", data)
    assert not User.objects.filter(email="carol@example.org").exists()


def test_an_email_of_another_tenant_is_taken(told: Told, staff: Client, other_space: Space):
    taken = other_space.make_user("u_x")
    data = {**PERSON, "tenant": told.space.tenant.pk, "email": (taken.email or "").upper()}
    page = staff.post("/admin/accounts/user/add/", data).content.decode()
    assert "This e-mail is taken." in page


def test_staff_edit_a_person(told: Told, staff: Client):
    data = {
        "name": "Alice M",
        "email": "a@example.org",
        "role": "admin",
        "tags": "org=acme\nteam=x",
    }
    staff.post(change_url(told.alice), {**data, "is_active": "on"})
    told.alice.refresh_from_db()
    assert (told.alice.name, told.alice.email) == ("Alice M", "a@example.org")
    assert told.alice.tags == {"org": "acme", "team": "x"}
    assert AuditEvent.objects.latest("pk").detail == {"changed": ["email", "name", "role", "tags"]}


def test_a_malformed_tag_is_refused(told: Told, staff: Client):
    data = {"email": told.alice.email, "role": "user", "tags": "nonsense", "is_active": "on"}
    assert "is not key=value" in staff.post(change_url(told.alice), data).content.decode()


def test_a_person_who_is_deactivated_is_out_at_once(told: Told, staff: Client):
    data = {"email": told.alice.email, "role": "user"}
    staff.post(change_url(told.alice), data)
    assert told.browser.get("/conversations/").status_code == HTTPStatus.FOUND


def test_another_password_signs_the_person_out(told: Told, staff: Client):
    url = reverse("admin:accounts_user_password", args=[told.alice.pk])
    assert "signed out everywhere" in text_of(staff, url)
    staff.post(url, {"password": "entirely different 7"})
    told.alice.refresh_from_db()
    assert told.alice.check_password("entirely different 7")
    assert told.browser.get("/conversations/").status_code == HTTPStatus.FOUND


def test_superusers_are_out_of_reach_of_other_staff(told: Told, staff: Client):
    boss = told.space.make_user("s_boss", is_superuser=True)
    url = reverse("admin:accounts_user_password", args=[boss.pk])
    assert staff.post(url, {"password": "entirely different 7"}).status_code == HTTPStatus.FORBIDDEN
    assert staff.post(change_url(boss), {"role": "user"}).status_code == HTTPStatus.FORBIDDEN


def test_nobody_takes_away_their_own_rights(told: Told, page_client: Callable[[User], Client]):
    nora = told.space.make_user("s_self", is_staff=True)
    page_client(nora).post(change_url(nora), {"email": nora.email, "role": "user", "name": "N"})
    nora.refresh_from_db()
    assert (nora.name, nora.is_staff, nora.is_active) == ("N", True, True)


def test_a_person_made_staff_may_use_the_admin(told: Told, staff: Client):
    data = {"email": told.alice.email, "role": "user", "is_active": "on", "is_staff": "on"}
    staff.post(change_url(told.alice), data)
    text_of(told.browser, "/admin/conversations/conversation/")
    staff.post(change_url(told.alice), data | {"is_staff": ""})
    assert told.browser.get("/admin/").status_code == HTTPStatus.FOUND


# --- tenants and projects --------------------------------------------------------------------


def test_staff_make_and_rename_a_project(told: Told, staff: Client):
    data = {"tenant": told.space.tenant.pk, "slug": "second", "name": "Second"}
    staff.post("/admin/accounts/project/add/", data)
    project = Project.objects.get(slug="second")
    assert project.counter.traces == 0
    staff.post(change_url(project), {"name": "Renamed", "slug": "moved"})
    project.refresh_from_db()
    assert (project.name, project.slug) == ("Renamed", "second")


def test_what_a_service_refuses_is_said(told: Told, staff: Client):
    data = {"tenant": told.space.tenant.pk, "slug": "-", "name": "x"}
    page = staff.post("/admin/accounts/project/add/", data, follow=True).content.decode()
    assert "A slug is" in page
    assert not Project.objects.filter(slug="-").exists()


def test_only_staff_without_a_tenant_make_tenants(staff: Client, root: Client):
    data = {"slug": "fresh", "name": "Fresh"}
    assert staff.post("/admin/accounts/tenant/add/", data).status_code == HTTPStatus.FORBIDDEN
    root.post("/admin/accounts/tenant/add/", data)
    assert Tenant.objects.get(slug="fresh").name == "Fresh"


def test_nothing_of_these_is_deleted(told: Told, root: Client):
    for row in (told.alice, told.space.project, told.space.tenant):
        url = change_url(row).replace("/change/", "/delete/")
        assert root.post(url, {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN
