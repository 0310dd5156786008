"""What was known at a point: `MemoryChange` rows folded in commit order.

A point lies in the project's order of traces: before trace N, and within N up to the changes that
turns ≤ `seq` caused. Nothing but the changes is read, so the past cannot differ from its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.principals import Principal
from accounts.scope import Scope, tags
from conversations.models import Conversation, Turn
from memories.causes import last_causes
from memories.models import Memory, MemoryChange, Source, TraceTurn
from memories.render import moment_of, source_json

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
    """A memory as it stood at a point: as its last change until then left it."""

    change: MemoryChange

    @property
    def memory(self) -> Memory:
        """As it stands now."""
        return self.change.memory

    @property
    def after(self) -> dict[str, Any]:
        """As it stood then."""
        return self.change.after or {}

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
    return {row.memory_id: Held(row) for row in changes}


def is_live(held: Held, point: Point) -> bool:
    """Whether it was state: live, and not past its lifetime."""
    expires = moment_of(held.after.get("expires_at"))
    return held.status == Memory.Status.LIVE and (expires is None or expires > point.moment)


def state_json(*, principal: Principal, scope: Scope, rows: Any, point: Point) -> dict[str, Any]:
    """The live memories of `rows` at a point, by category, and the corrections up to it."""
    held = held_at(rows, point)
    live = [one for one in held.values() if is_live(one, point)]
    sources = _cited(live, point)
    answer: dict[str, Any] = {"scope": tags({**principal.floor, **scope})}
    answer |= {name: [] for name in LIST_OF_CATEGORY.values()}
    for one in live:
        cited = sources.get(one.memory.pk, [])
        item = item_json(one) | {"sources": [source_json(each, each.turn) for each in cited]}
        answer[LIST_OF_CATEGORY[one.after["category"]]].append(item)
    answer["corrections"] = _corrections(rows, point)
    return answer


def item_json(held: Held) -> dict[str, Any]:
    """A memory item as it stood."""
    item = {"memory_id": held.memory.uid} | {name: held.after.get(name) for name in _ITEM}
    item["confidence"] = round(float(held.after.get("confidence", 0)), 4)
    item |= {name: moment_of(held.after.get(name)) for name in ("valid_from", "valid_until")}
    if held.after.get("category") == "uncertainty":
        item["kind"] = held.after.get("kind")
    return item


def _cited(held: Iterable[Held], point: Point) -> dict[int, list[Source]]:
    """The sources that the memories rested on then, oldest first."""
    found: dict[int, list[Source]] = {}
    cited = Source.objects.filter(
        point.reached(), memory__in=[one.memory.pk for one in held], erased_at__isnull=True
    ).select_related("turn__conversation")
    for source in cited.order_by("serial"):
        found.setdefault(source.memory_id, []).append(source)
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
    """State at `until` minus state at `since`, each item with the words that made the change."""
    was, is_now = held_at(rows, since), held_at(rows, until)
    found = list(_differences(was, is_now, since, until))
    sources = _words_of(found, since, until)
    previous = _previous_values(rows, was, since, until)
    answer: dict[str, Any] = {
        name: [] for name in ("added", "updated", "superseded", "closed", "reinforced", "contested")
    }
    for name, one in found:
        source = sources.get(one.memory.pk)
        item = item_json(one) | {"source": source_json(source, source.turn) if source else None}
        if name == "added" and one.memory.uid in previous:
            name, item = "updated", item | {"previous_value": previous[one.memory.uid]}
        answer[name].append(item)
    return answer


def _words_of(
    found: Sequence[tuple[str, Held]], since: Point, until: Point
) -> dict[int, Source | None]:
    """By memory, the source of the statement that made a difference; four queries.

    What nobody stated, such as what was taken back, has its newest source, if one is left.
    """
    held = [one for _, one in found]
    before, cited = _cited(held, since), _cited(held, until)
    causes = last_causes(one.change for name, one in found if name in {"superseded", "closed"})
    words: dict[int, Source | None] = {}
    for name, one in found:
        sources, old = (each.get(one.memory.pk, []) for each in (cited, before))
        newest = sources[-1:]
        new = [source for source in sources if source not in old] or newest
        cause = causes.get(one.change.pk)
        stated = [cause] if cause and cause.erased_at is None else newest
        made = {"superseded": stated, "closed": stated, "reinforced": newest}.get(name, new)
        words[one.memory.pk] = made[0] if made else None
    return words


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
) -> Iterator[tuple[str, Held]]:
    for serial, one in is_now.items():
        before = was.get(serial)
        lived = before is not None and is_live(before, since)
        lives = is_live(one, until)
        if lives and not lived:
            yield "added", one
        elif lived and not lives:
            is_superseded = one.status == Memory.Status.SUPERSEDED
            yield ("superseded" if is_superseded else "closed"), one
        elif lives and before and one.after["confidence"] > before.after["confidence"]:
            yield "reinforced", one
        elif one.status == Memory.Status.CONTESTED and (before is None or before != one):
            yield "contested", one


def resting_on(rows: Any, conversation: Conversation) -> Any:
    """Of `rows`, those that rest on the visible history of a conversation (`branch: true`)."""
    history = Turn.unscoped.for_history(conversation).values("pk")
    return rows.filter(
        pk__in=Source.objects.filter(turn__in=history, erased_at__isnull=True).values("memory")
    )
