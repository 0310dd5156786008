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


def expires_at(
    category: str, said_at: datetime, valid_until: datetime | None = None
) -> datetime | None:
    """When a memory ends by itself: where its words say so, and context after its lifetime."""
    ends = [valid_until] if valid_until else []
    if category == "context":
        lifetime = timedelta(days=settings.CONTEXT_LIFETIME_DAYS)
        ends.append(min(said_at, timezone.now()) + lifetime)
    return min(ends, default=None)
