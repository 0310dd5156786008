"""Context ends after its lifetime; the rest does not."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from memories.expiry import end_expired
from memories.models import Memory, MemoryChange
from tests.factories import Api


def test_only_what_is_past_its_lifetime_ends_and_the_history_says_so(api: Api):
    api.post(
        "/facts",
        {"text": "I'm working on the budget. I live in Leeds.", "scope": ["user=u_alice"]},
    )
    soon = timezone.now() + timedelta(days=6)
    later = timezone.now() + timedelta(days=8)

    assert end_expired(now=soon) == 0
    assert end_expired(now=later) == 1
    assert end_expired(now=later) == 0
    [ended] = Memory.unscoped.filter(status="closed")
    assert ended.category == "context"
    assert MemoryChange.objects.filter(memory=ended).latest("serial").op == "expired"
    assert Memory.unscoped.filter(key="home", status="live").exists()


def test_what_is_past_its_lifetime_is_not_recalled_before_the_job_has_run(api: Api):
    scope = ["user=u_alice"]
    api.post("/facts", {"text": "I'm working on the budget.", "scope": scope})
    past = timezone.now() - timedelta(seconds=1)
    Memory.unscoped.filter(category="context").update(expires_at=past)
    found = api.call("POST", "/memory/query", {"query": "budget", "scope": scope})

    assert {hit["type"] for hit in found["results"]} == {"turn"}
