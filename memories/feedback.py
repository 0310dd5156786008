"""What callers say of the items of a recall."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from accounts.principals import Principal
from memories.models import RecallFeedback, Trace
from memsync.common.errors import InvalidField
from memsync.common.tenancy import tenant_scope


def give_feedback(
    *, principal: Principal, trace: Trace, item: UUID, verdict: str
) -> tuple[RecallFeedback, bool]:
    """Store a verdict on an item, in place of an earlier one of this principal; True if it is new.

    Raises InvalidField for an item that the recall did not return.
    """
    if str(item) not in {hit.get("id") for hit in trace.returned}:
        raise InvalidField("id", "not an item of this recall")
    with tenant_scope(principal.tenant_id):
        return RecallFeedback.objects.update_or_create(
            trace=trace,
            item_id=item,
            principal_kind=principal.kind,
            principal_id=principal.id,
            defaults={"verdict": verdict, "created_at": timezone.now()},
            create_defaults={
                "tenant_id": trace.tenant_id,
                "project_id": trace.project_id,
                "verdict": verdict,
            },
        )
