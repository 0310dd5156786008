"""What narrows a recall beside its scope; every condition is part of the ranking statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conversations.lineage import Segment

_TURN_CONDITIONS = {
    "kinds": """EXISTS (
        SELECT FROM conversations_conversation c
         WHERE c.pk = t.conversation_id AND c.kind = ANY(%(kinds)s::text[]))""",
    "roles": "t.role = ANY(%(roles)s::text[])",
    "senders": "lower(t.sender) = ANY(%(senders)s::text[])",
    "since": "coalesce(t.occurred_at, t.created_at) >= %(since)s::timestamptz",
    "until": "coalesce(t.occurred_at, t.created_at) < %(until)s::timestamptz",
    "segments": """EXISTS (
        SELECT FROM unnest(%(held_by)s::bigint[], %(held_from)s::int[], %(held_to)s::int[])
            AS held(pk, first, last)
         WHERE held.pk = t.conversation_id AND t.seq BETWEEN held.first AND held.last)""",
}


@dataclass(frozen=True, slots=True)
class AsOf:
    """A moment in the past: what was `valid` then, of what was `known` then."""

    valid: datetime | None = None
    known: datetime | None = None


NOW = AsOf()


@dataclass(frozen=True, slots=True)
class Filters:
    """Of turns, and of memories that cite such turns. None narrows nothing."""

    kinds: list[str] | None = None
    """Of the conversation."""
    roles: list[str] | None = None
    senders: list[str] | None = None
    """In lower case."""
    since: datetime | None = None
    until: datetime | None = None
    """When it was said, [since, until)."""
    segments: list[Segment] | None = None
    """The visible histories that were asked for."""
    categories: list[str] | None = None
    """Of memories; turns have none."""
    as_of: AsOf = NOW

    @property
    def of_turns(self) -> str:
        """The SQL condition on `conversations_turn t`, with its leading AND; maybe empty."""
        conditions = [sql for name, sql in _TURN_CONDITIONS.items() if self._asks(name)]
        return "".join(f" AND {condition}" for condition in [*conditions, *self._past_turns()])

    @property
    def of_memories(self) -> str:
        """The SQL condition on `memories_memory m`, with its leading AND."""
        conditions = [*self._past_memories()]
        if self.categories is not None:
            conditions.append("m.category = ANY(%(categories)s::text[])")
        if any(self._asks(name) for name in _TURN_CONDITIONS):
            conditions.append(
                "EXISTS (SELECT FROM memories_source s"
                " JOIN conversations_turn t ON t.pk = s.turn_id"
                f" WHERE s.memory_id = m.pk AND s.erased_at IS NULL{self.of_turns})"
            )
        return "".join(f" AND {condition}" for condition in conditions)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the conditions refer to."""
        held = self.segments or []
        return {
            "kinds": self.kinds,
            "roles": self.roles,
            "senders": self.senders,
            "since": self.since,
            "until": self.until,
            "held_by": [segment.conversation for segment in held],
            "held_from": [segment.first for segment in held],
            "held_to": [segment.last for segment in held],
            "categories": self.categories,
            "valid": self.as_of.valid,
            "known": self.as_of.known,
        }

    def _asks(self, name: str) -> bool:
        return getattr(self, name) is not None

    def _past_turns(self) -> list[str]:
        conditions = []
        if self.as_of.valid:
            conditions.append("coalesce(t.occurred_at, t.created_at) <= %(valid)s::timestamptz")
        if self.as_of.known:
            conditions.append("t.created_at <= %(known)s::timestamptz")
        return conditions

    def _past_memories(self) -> list[str]:
        """Which memories count: live ones now, or those that held at the moment."""
        at = "coalesce(%(valid)s::timestamptz, %(known)s::timestamptz, now())"
        conditions = [f"(m.expires_at IS NULL OR m.expires_at > {at})"]
        if self.as_of == NOW:
            return [*conditions, "m.status = 'live'"]
        conditions.append("m.status IN ('live', 'superseded', 'closed')")
        if self.as_of.known:
            conditions.append("m.created_at <= %(known)s::timestamptz")
        if self.as_of.valid:
            conditions.append("(m.valid_from IS NULL OR m.valid_from <= %(valid)s::timestamptz)")
        return [*conditions, self._not_ended]

    @property
    def _not_ended(self) -> str:
        """That it had not ended then, as far as its end was known then."""
        lasts = "(m.valid_until IS NULL OR m.valid_until > %(valid)s::timestamptz)"
        is_open = "(m.closed_at IS NULL OR m.closed_at > %(known)s::timestamptz)"
        if self.as_of.valid and self.as_of.known:
            return f"({is_open} OR {lasts})"
        return lasts if self.as_of.valid else is_open


EVERYTHING = Filters()
