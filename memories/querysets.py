"""Reads of memories."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db.models import BigIntegerField, BooleanField, Prefetch, Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.querysets import ScopedQuerySet
from memsync.common.sql import fetch

if TYPE_CHECKING:
    from accounts.principals import Principal

SHOWN_SOURCES = 6
"""Newest sources that a page loads of one memory; it may have been said a thousand times."""


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

    def current(self) -> MemoryQuerySet:
        """Live rows whose lifetime has not ended.  # Uses index: memory_by_user"""
        unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
        return self.live().filter(unexpired)

    def for_pages(self) -> MemoryQuerySet:
        """With the project, and as `newest_sources` what they cite: two queries."""
        from memories.models import Source

        cited = Source.objects.filter(erased_at__isnull=True).order_by("-serial")
        newest = cited.select_related("turn__conversation")[:SHOWN_SOURCES]
        sources = Prefetch("sources", queryset=newest, to_attr="newest_sources")
        return self.select_related("project").prefetch_related(sources)


class ObservationQuerySet(ScopedQuerySet):
    """Reads of observations."""

    def of(self, principal: Principal) -> ObservationQuerySet:
        """As of every scoped table; what was erased is nobody's."""
        rows = super().of(principal).filter(erased_at__isnull=True)
        return cast(ObservationQuerySet, rows)

    def for_wire(self) -> ObservationQuerySet:
        """With what the wire shape shows, in one query."""
        return self.select_related("agent_session__conversation")

    def about(self, query: str, project_id: UUID) -> ObservationQuerySet:
        """Those with any word of `query`, with `place`: their rank and, among equals, their age.

        One sortable number, unique per row, so that a list can be paged by it.
        """
        words = fetch(_WORDS, {"project": project_id, "query": query})[0][0]
        place = RawSQL(_PLACE, [words], output_field=BigIntegerField())  # noqa: S611 - bound
        is_hit = RawSQL(_IS_HIT, [words], output_field=BooleanField())  # noqa: S611 - bound
        rows = self.annotate(is_hit=is_hit).filter(is_hit=True).annotate(place=place)
        return cast(ObservationQuerySet, rows)


_WORDS = """
SELECT replace(plainto_tsquery(search_config::regconfig, %(query)s::text)::text, ' & ', ' | ')
  FROM accounts_project WHERE id = %(project)s::uuid
"""
_IS_HIT = "memories_observation.search @@ %s::tsquery"
_PLACE = (
    "(ts_rank(memories_observation.search, %s::tsquery, 32) * 1000000)::bigint * 1000000000000"
    " + memories_observation.pk"
)
