"""`/metrics`: what a scraper reads, who may, and that nobody's words or ids are in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import Space, make_space
from tests.sessions_app.auth import login, refresh

TOKEN = "a long token that only the scraper has, 123"
Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def ask(**options: Any) -> Any:
    return Client(raise_request_exception=False).get("/metrics", **options)


def numbers() -> Numbers:
    """All samples by name and labels."""
    families = text_string_to_metric_families(ask().content.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def rise(before: Numbers, name: str, **labels: str) -> float:
    key = (name, tuple(sorted(labels.items())))
    return numbers().get(key, 0) - before.get(key, 0)


def value(name: str, **labels: str) -> float | None:
    return numbers().get((name, tuple(sorted(labels.items()))))


# Who may read


def test_this_machine_reads_without_a_token(db: None) -> None:
    answer = ask()

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    "stranger",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
    ],
)
def test_for_others_the_route_does_not_exist(db: None, stranger: dict[str, Any]) -> None:
    answer = ask(**stranger)

    assert answer.status_code == 404
    assert b"memsync_" not in answer.content


def test_in_production_nobody_reads_without_a_token(db: None, settings: Any) -> None:
    settings.PRODUCTION = True

    assert ask().status_code == 404


@pytest.mark.parametrize("sent", ["", f"Basic {TOKEN}", "Bearer", "Bearer wrong", TOKEN])
def test_with_a_token_set_it_must_be_sent(db: None, settings: Any, sent: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = ask(headers={"Authorization": sent} if sent else {})

    assert answer.status_code == 401
    assert b"memsync_" not in answer.content


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_who_sends_the_token_reads_from_anywhere(db: None, settings: Any, scheme: str) -> None:
    settings.METRICS_TOKEN, settings.PRODUCTION = TOKEN, True
    headers = {"Authorization": f"{scheme} {TOKEN}"}

    assert ask(headers=headers, REMOTE_ADDR="192.0.2.7").status_code == 200


def test_a_credential_of_a_tenant_is_no_token(space: Space, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert ask(headers={"Authorization": f"Bearer {space.key}"}).status_code == 401


@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_sound_token_or_none_passes_the_checks(settings: Any, token: str) -> None:
    settings.METRICS_TOKEN = token

    assert not [found for found in run_checks() if found.id == "memsync.E004"]


def test_a_short_token_is_refused_by_the_checks(settings: Any) -> None:
    settings.METRICS_TOKEN = "short"

    assert [found for found in run_checks() if found.id == "memsync.E004"]


# What it says


def test_a_request_is_counted_by_route_method_and_status(space: Space) -> None:
    api, before = space.api(), numbers()
    api.session()
    api.get("/sessions/00000000-0000-7000-8000-000000000000")
    made, shown = "/api/v1/{ctx}/sessions", "/api/v1/{ctx}/sessions/{session_id}"

    count = "memsync_http_requests_total"
    assert rise(before, count, route=made, method="POST", status="201") == 1
    assert rise(before, count, route=shown, method="GET", status="404") == 1
    assert rise(before, "memsync_http_request_seconds_count", route=made, method="POST") == 1


def test_made_up_paths_and_methods_share_one_label(db: None) -> None:
    before, client = numbers(), Client(raise_request_exception=False)
    for path in ("/nowhere/1", "/nowhere/2"):
        client.generic("BREW", path)
    count = "memsync_http_requests_total"

    assert rise(before, count, route="none", method="other", status="404") == 2


def test_no_tenant_id_or_word_is_shown(space: Space) -> None:
    api = space.api()
    session = api.session("user=u_alice", title="canary")
    api.say(session["id"], "I work at Canary Works.")
    api.post("/query", {"query": "canary"})
    text = ask().content.decode()

    assert "canary" not in text.lower()
    assert space.tenant.slug not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text)


def test_learning_and_recall_are_timed(transactional_db: None) -> None:
    api = make_space().api()
    session, before = api.session(), numbers()
    api.say(session["id"], "I work at Acme Corp.")
    api.post("/query", {"query": "where do I work?"})

    assert rise(before, "memsync_ingest_seconds_count", status="done") == 1
    assert rise(before, "memsync_recall_seconds_count") == 1


def test_the_alarm_of_a_used_token_is_counted_once_it_is_stored(transactional_db: None) -> None:
    pair, before = login(make_space().make_user()), numbers()
    refresh(refresh(pair["refresh"]).body["refresh"])
    assert rise(before, "memsync_security_events_total", kind="refresh_reuse") == 0

    assert refresh(pair["refresh"]).status == 401
    assert rise(before, "memsync_security_events_total", kind="refresh_reuse") == 1


def test_what_waits_is_told(space: Space) -> None:
    before = value("memsync_embedding_backlog") or 0
    api = space.api()
    api.say(api.session()["id"], "one", "two", extract=False)

    assert value("memsync_embedding_backlog") == before + 2
    assert value("memsync_database_up") == 1
    assert value("memsync_worker_lag_seconds") is not None
    assert (value("memsync_database_connections") or 0) > 0


def test_queued_jobs_are_told_by_state(db: None) -> None:
    with connection.cursor() as cursor:
        for state in ("todo", "failed", "failed"):
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status) "
                "VALUES ('default', 'learn', %s::procrastinate_job_status)",
                [state],
            )

    assert (value("memsync_jobs", state="todo") or 0) >= 1
    assert value("memsync_jobs", state="failed") == 2
    assert value("memsync_jobs", state="aborted") == 0


@pytest.fixture
def no_database(transactional_db: None) -> Iterator[None]:
    """Nobody listens where the database should be."""
    real = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = "1"
    yield
    connection.settings_dict["PORT"] = real
    connection.close()


def test_without_a_database_what_was_counted_is_told(no_database: None) -> None:
    found = {name for name, _ in numbers()}

    assert value("memsync_database_up") == 0
    assert "memsync_http_requests_total" in found
    assert not found & {"memsync_jobs", "memsync_embedding_backlog", "memsync_worker_lag_seconds"}
