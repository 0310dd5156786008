"""What is remembered of a person, as a file of their own: JSON Lines, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accounts.principals import Principal
from memories.models import Memory
from memories.render import memory_json
from memsync.common.rendering import dumps
from memsync.common.tenancy import tenant_scope

PAGE = 500


def memory_lines(principal: Principal) -> Iterator[bytes]:
    """A person's own live memories with their sources, one line each, a page at a time.

    Each page is read in a transaction of its own, so that a slow reader holds none open.
    """
    before: int | None = None
    while rows := _page(principal, before):
        yield b"".join(dumps(_line(row)) + b"\n" for row in rows)
        before = rows[-1].pk


def _page(principal: Principal, before: int | None) -> list[Memory]:
    with tenant_scope(principal.tenant_id):
        rows = Memory.objects.reachable(principal).filter(user_id=principal.user_id).current()
        if before is not None:
            rows = rows.filter(pk__lt=before)
        return list(rows.with_sources().select_related("project").order_by("-serial")[:PAGE])


def _line(memory: Memory) -> dict[str, Any]:
    return {"project": memory.project.slug, **memory_json(memory)}
