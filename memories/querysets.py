"""Reads of memories."""

from __future__ import annotations

from django.db.models import Prefetch

from accounts.querysets import ScopedQuerySet


class MemoryQuerySet(ScopedQuerySet):
    """Reads of memories."""

    def live(self) -> MemoryQuerySet:
        """Rows that are state now."""
        return self.filter(status="live")

    def with_sources(self) -> MemoryQuerySet:
        """With their sources and the turns and conversations these cite: three queries in all."""
        from memories.models import Source

        cited = Source.objects.filter(erased_at__isnull=True).select_related("turn__conversation")
        return self.prefetch_related(Prefetch("sources", queryset=cited.order_by("serial")))
