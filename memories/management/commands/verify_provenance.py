"""`manage.py verify_provenance`: is every quote still what its turn or observation says?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.db import connection

from memsync.common.commands import JsonCommand

_COUNTS = {
    "sources": "SELECT count(*) FROM memories_source WHERE kind = 'turn' AND erased_at IS NULL",
    "wrong_quotes": """
        SELECT count(*) FROM memories_source s JOIN conversations_turn t ON t.pk = s.turn_id
         WHERE s.erased_at IS NULL
           AND substr(t.content, s.span_start + 1, s.span_end - s.span_start) <> s.quote
    """,
    "wrong_observation_quotes": """
        SELECT count(*) FROM memories_source s
          JOIN memories_observation o ON o.pk = s.observation_id
         CROSS JOIN LATERAL concat_ws(
               E'\\n', nullif(o.title, ''), nullif(o.subtitle, ''), nullif(o.narrative, ''),
               (SELECT string_agg(fact, E'\\n' ORDER BY place)
                  FROM jsonb_array_elements_text(o.facts) WITH ORDINALITY AS facts(fact, place)
                 WHERE fact <> '')) AS said
         WHERE s.kind = 'observation' AND s.erased_at IS NULL
           AND substr(said, s.span_start + 1, s.span_end - s.span_start) <> s.quote
    """,
    "memories_without_source": """
        SELECT count(*) FROM memories_memory m
         WHERE NOT EXISTS (SELECT FROM memories_source s WHERE s.memory_id = m.pk)
    """,
}


class Command(JsonCommand):
    """Compare every quote with the characters it cites; exits 1 when one differs."""

    help = "Compare every quote with the characters it cites."

    def perform(self, **options: Any) -> dict[str, Any]:
        """Counts; raises CommandError when provenance is broken."""
        counts = {}
        for name, query in _COUNTS.items():
            with connection.cursor() as cursor:
                cursor.execute(query)
                counts[name] = cursor.fetchone()[0]
        if any(count for name, count in counts.items() if name != "sources"):
            raise CommandError(f"provenance is broken: {counts}")
        return counts
