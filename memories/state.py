"""What was known at a point: `MemoryChange` rows folded in commit order.

A point lies in the project's order of traces: before trace N, and within N up to the changes that
turns ≤ `seq` caused. Nothing but the changes is read, so the past cannot differ from its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.principals import Principal
from accounts.scope import Scope, tags
from conversations.models import Conversation, Turn
from memories.models import Memory, MemoryChange, Source, TraceTurn
from memories.render import source_json

LIST_OF_CATEGORY = {
    "identity": "identity",
    "knowledge": "knowledge",
    "context": "context",
    "instruction": "instructions",
    "uncertainty": "uncertainties",
}
_ITEM = ("category", "subject", "key", "value", "text", "confidence", "status")


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the order of changes; `number` None is now."""

    number: int | None
    seq: int | None
    """Within trace `number`, the last turn whose changes count; None: all of them."""
    moment: datetime
    """Of what is said there: by it lifetimes are judged."""

    def reached(self, prefix: str = "") -> Q:
        """Changes up to this point."""
        if self.number is None:
            return Q()
        trace, turn = f"{prefix}trace__number", f"{prefix}turn"
        within = Q(**{trace: self.number})
        if self.seq is not None:
            within &= Q(**{f"{turn}__isnull": True}) | Q(**{f"{turn}__seq__lte": self.seq})
        return Q(**{f"{trace}__lt": self.number}) | within


@dataclass(frozen=True, slots=True)
class Held:
    """A memory as it stood at a point."""

    memory: Memory
    after: dict[str, Any]
    op: str

    @property
    def status(self) -> str:
        """Its status then."""
        return str(self.after["status"])


def now() -> Point:
    """The present."""
    return Point(None, None, timezone.now())


def point_of_turn(turn: Turn) -> Point:
    """Where a turn stands: in the trace that read it, else after the traces before its append."""
    moment = turn.occurred_at or turn.created_at
    read = TraceTurn.objects.filter(turn=turn).select_related("trace").order_by("trace__number")
    first = read.first()
    if first is None or first.trace.number is None:
        return Point(turn.appended_at_trace, None, moment)
    return Point(first.trace.number, turn.seq, moment)


def point_before(turn: Turn) -> Point:
    """Just before a turn: what it caused does not count yet."""
    point = point_of_turn(turn)
    return point if point.seq is None else replace(point, seq=turn.seq - 1)


def point_of_time(principal: Principal, moment: datetime) -> Point:
    """Where a time stands in the project: after the last trace that was finished by then."""
    done = MemoryChange.objects.filter(
        project_id=principal.project, at__lte=moment, trace__number__isnull=False
    )
    last = done.order_by("-trace__number").values_list("trace__number", flat=True).first()
    return Point(last or 0, None, moment)


def held_at(rows: Any, point: Point) -> dict[int, Held]:
    """The memories of `rows` (a queryset) as they stood at a point, by key."""
    changes = (
        MemoryChange.objects.filter(point.reached(), memory__in=rows, trace__number__isnull=False)
        .select_related("memory")
        .order_by("memory_id", "-trace__number", "-position")
        .distinct("memory_id")
    )
    return {row.memory_id: Held(row.memory, row.after or {}, row.op) for row in changes}


def is_live(held: Held, point: Point) -> bool:
    """Whether it was state: live, and not past its lifetime."""
    expires = parse_datetime(held.after.get("expires_at") or "")
    return held.status == Memory.Status.LIVE and (expires is None or expires > point.moment)


def state_json(*, principal: Principal, scope: Scope, rows: Any, point: Point) -> dict[str, Any]:
    """The live memories of `rows` at a point, by category, and the corrections up to it."""
    held = held_at(rows, point)
    live = [one for one in held.values() if is_live(one, point)]
    sources = _sources(live, point)
    answer: dict[str, Any] = {"scope": tags({**principal.floor, **scope})}
    answer |= {name: [] for name in LIST_OF_CATEGORY.values()}
    for one in live:
        item = item_json(one) | {"sources": sources.get(one.memory.pk, [])}
        answer[LIST_OF_CATEGORY[one.after["category"]]].append(item)
    answer["corrections"] = _corrections(rows, point)
    return answer


def item_json(held: Held) -> dict[str, Any]:
    """A memory item as it stood."""
    item = {"memory_id": held.memory.uid} | {name: held.after.get(name) for name in _ITEM}
    item["confidence"] = round(float(held.after.get("confidence", 0)), 4)
    item |= {name: held.after.get(name) for name in ("valid_from", "valid_until")}
    if held.after.get("category") == "uncertainty":
        item["kind"] = held.after.get("kind")
    return item


def _sources(held: Iterable[Held], point: Point) -> dict[int, list[dict[str, Any]]]:
    """The sources that the memories rested on then."""
    found: dict[int, list[dict[str, Any]]] = {}
    cited = Source.objects.filter(
        point.reached(), memory__in=[one.memory.pk for one in held], erased_at__isnull=True
    ).select_related("turn__conversation")
    for source in cited.order_by("serial"):
        found.setdefault(source.memory_id, []).append(source_json(source, source.turn))
    return found


def _corrections(rows: Any, point: Point) -> list[dict[str, Any]]:
    return [
        {
            "subject": new.subject,
            "key": new.key,
            "old_value": old.value,
            "new_value": new.value,
            "old_memory_id": old.uid,
            "memory_id": new.uid,
        }
        for old, new in _replacements(rows, point)
    ]


def _replacements(rows: Any, point: Point) -> list[tuple[Memory, Memory]]:
    """(old, new) of every correction up to a point, in order; a row's value never changes."""
    corrected = MemoryChange.objects.filter(
        point.reached(), memory__in=rows, op=MemoryChange.Op.CORRECTED
    ).select_related("memory")
    changes = list(corrected.order_by("trace__number", "position"))
    uids = [change.before["memory_id"] for change in changes if change.before]
    project = {change.project_id for change in changes}
    found = Memory.unscoped.filter(project_id__in=project, uid__in=uids)
    old = {str(memory.uid): memory for memory in found}
    return [
        (old[change.before["memory_id"]], change.memory)
        for change in changes
        if change.before and change.before["memory_id"] in old
    ]


def diff_json(*, rows: Any, since: Point, until: Point) -> dict[str, Any]:
    """State at `until` minus state at `since`."""
    was, is_now = held_at(rows, since), held_at(rows, until)
    answer: dict[str, Any] = {
        name: [] for name in ("added", "updated", "superseded", "closed", "reinforced", "contested")
    }
    previous = _previous_values(rows, was, since, until)
    for name, item in _differences(was, is_now, since, until):
        if name == "added" and item["memory_id"] in previous:
            name, item = "updated", item | {"previous_value": previous[item["memory_id"]]}
        answer[name].append(item)
    return answer


def _previous_values(
    rows: Any, was: dict[int, Held], since: Point, until: Point
) -> dict[UUID, str]:
    """For memories that came by corrections, the value that stood at `since`, if one did."""
    replaced = {new.uid: old for old, new in _replacements(rows, until)}
    found = {}
    for uid in replaced:
        old: Memory | None = replaced[uid]
        while old and not ((held := was.get(old.pk)) and is_live(held, since)):
            old = replaced.get(old.uid)
        if old:
            found[uid] = old.value
    return found


def _differences(
    was: dict[int, Held], is_now: dict[int, Held], since: Point, until: Point
) -> Iterator[tuple[str, dict[str, Any]]]:
    for serial, one in is_now.items():
        before = was.get(serial)
        lived = before is not None and is_live(before, since)
        lives = is_live(one, until)
        if lives and not lived:
            yield "added", item_json(one)
        elif lived and not lives:
            is_superseded = one.status == Memory.Status.SUPERSEDED
            yield ("superseded" if is_superseded else "closed"), item_json(one)
        elif lives and before and one.after["confidence"] > before.after["confidence"]:
            yield "reinforced", item_json(one)
        elif one.status == Memory.Status.CONTESTED and (before is None or before != one):
            yield "contested", item_json(one)


def resting_on(rows: Any, conversation: Conversation) -> Any:
    """Of `rows`, those that rest on the visible history of a conversation (`branch: true`)."""
    history = Turn.unscoped.for_history(conversation).values("pk")
    return rows.filter(
        pk__in=Source.objects.filter(turn__in=history, erased_at__isnull=True).values("memory")
    )
