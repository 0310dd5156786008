"""The ids of security events: UUIDs that tell nothing of other tenants."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from importlib import import_module

from django.db import connection
from django.utils import timezone

from accounts.models import User
from sessions_app.models import SecurityEvent
from tests.sessions_app.auth import get, login, post


def test_an_event_is_known_by_a_uuid_that_stays(alice: User):
    pair = login(alice)
    post("logout-all", {"keep_current": True}, Authorization=f"Bearer {pair['access']}")
    listed = get("security-events", pair["access"]).body["data"]
    ids = [uuid.UUID(event["id"]) for event in listed]

    assert {found.version for found in ids} == {7}
    assert len(set(ids)) == len(ids) > 0
    assert [event["id"] for event in get("security-events", pair["access"]).body["data"]] == [
        str(found) for found in ids
    ]


def test_old_events_get_ids_of_the_time_they_have(db: None):
    now = timezone.now()
    for days in (0, 1, 400):
        SecurityEvent.objects.create(kind="login_ok", at=now - timedelta(days=days))
    before = set(SecurityEvent.objects.values_list("uid", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(import_module("sessions_app.migrations.0004_event_ids").FILL)
    rows = list(SecurityEvent.objects.all())

    assert len({row.uid for row in rows} - before) == 3
    for row in rows:
        told = datetime.fromtimestamp((row.uid.int >> 80) / 1000, UTC)
        assert (row.uid.version, row.uid.variant) == (7, uuid.RFC_4122)
        assert abs(told - row.at) <= timedelta(milliseconds=1)


def test_a_server_of_the_release_before_may_still_record_events(db: None):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT memsync_record_security_events("
            """'[{"kind": "login_ok", "severity": "info", "user_agent": "", "request_id": "","""
            """ "detail": {}}]')"""
        )

    assert SecurityEvent.objects.get().uid.version == 7
