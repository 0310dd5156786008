"""Scoped reads: what a principal may see, said once for every scoped table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from django.db import models
from django.db.models import Q

from accounts.scope import Scope, add_tags, subset_keys

if TYPE_CHECKING:
    from accounts.principals import Principal


class UnscopedRead(RuntimeError):
    """`Model.objects` was read without saying for whom; use a scoped method or `unscoped`."""


class ScopedQuerySet(models.QuerySet):
    """Rows with tenant, project, user and scope columns."""

    def of(self, principal: Principal) -> ScopedQuerySet:
        """The principal's project; for a person without one, all projects of the tenant."""
        rows = self.filter(tenant_id=principal.tenant_id)
        return rows.filter(project_id=principal.project_id) if principal.project_id else rows

    def reachable(self, principal: Principal) -> ScopedQuerySet:
        """By id: rows that contradict no tag of the floor; a person's own, and user-less ones."""
        return self.of(principal).filter(within_reach(principal))

    def asked(self, principal: Principal, scope: Mapping[str, str]) -> ScopedQuerySet:
        """Rows whose scope is a subset of floor ∪ `scope`."""
        return self.of(principal).filter(visible_in(principal, scope))

    def listed(self, principal: Principal, scope: Scope | None) -> ScopedQuerySet:
        """A list: as `asked` with a scope; without one the floor (agent) or all in reach."""
        if scope is None and principal.is_agent:
            scope = {}
        return self.reachable(principal) if scope is None else self.asked(principal, scope)


class ScopedManager(models.Manager):
    """The manager of scoped tables: it has no unscoped read."""

    def get_queryset(self) -> NoReturn:
        """Refuse: an unscoped read must be spelt out."""
        raise UnscopedRead(f"{self.model.__name__}.objects: say for whom, or use .unscoped")

    def _rows(self) -> Any:  # the queryset class differs by model
        return self.model._default_manager.all()

    def of(self, principal: Principal) -> Any:
        """See ScopedQuerySet.of."""
        return self._rows().of(principal)

    def reachable(self, principal: Principal) -> Any:
        """See ScopedQuerySet.reachable."""
        return self._rows().reachable(principal)

    def asked(self, principal: Principal, scope: Mapping[str, str]) -> Any:
        """See ScopedQuerySet.asked."""
        return self._rows().asked(principal, scope)

    def listed(self, principal: Principal, scope: Scope | None) -> Any:
        """See ScopedQuerySet.listed."""
        return self._rows().listed(principal, scope)


def within_reach(principal: Principal) -> Q:
    """Rows a principal may find by id."""
    if principal.is_user:
        return _own_or_shared(principal)
    reach = Q()
    for key, value in principal.floor.items():
        reach &= Q(scope__contains={key: value}) | ~Q(scope__has_key=key)
    return reach


def visible_in(principal: Principal, scope: Mapping[str, str]) -> Q:
    """Rows a question with `scope` sees. Raises ScopeContradiction, BadScope."""
    asked = add_tags(principal.floor, scope)
    if not principal.is_user:
        return Q(scope_key__in=subset_keys(asked))
    visible = _own_or_shared(principal)
    return visible & Q(scope_key__in=subset_keys(asked)) if scope else visible


def _own_or_shared(principal: Principal) -> Q:
    """A person's own rows whatever their other tags; user-less ones only within their tags."""
    shared = Q(user_id__isnull=True, scope_key__in=subset_keys(principal.tags))
    return Q(user_id=principal.user_id) | shared
