"""How categories live: how much they weigh and when they end by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

IMPORTANCE = {
    "identity": 1.0,
    "instruction": 0.9,
    "knowledge": 0.8,
    "context": 0.5,
    "uncertainty": 0.3,
}
TRUST = {"user": 0.9, "system": 0.8, "tool": 0.7, "observation": 0.6, "assistant": 0.5}
"""Of the source's role: how much its word counts, apart from how sure the extractor is."""
TRUST_BY_HAND = 1.0


def expires_at(category: str, said_at: datetime) -> datetime | None:
    """When a memory ends by itself: context after its lifetime, the others never."""
    if category != "context":
        return None
    return min(said_at, timezone.now()) + timedelta(days=settings.CONTEXT_LIFETIME_DAYS)
