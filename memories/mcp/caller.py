"""Who calls a tool, and for whom when the call does not say."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.api.base import read_scope
from accounts.principals import Principal
from accounts.scope import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal in its project, and the scope of calls that name none."""

    principal: Principal
    scope: Scope | None = None

    def scope_of(self, tags: list[str] | None) -> Scope | None:
        """The scope of a call, beside the floor. Raises InvalidField."""
        return self.scope if tags is None else read_scope(tags)
