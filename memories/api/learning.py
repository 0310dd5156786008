"""What the routes that learn from turns share: two transactions around the network, or no wait.

A handler stores the turns inside the route's transaction, as every handler does, and answers by
`learnt`. When something is left to learn, that answer is `Unfinished`, and `respond` goes on after
the transaction has been committed:

    transaction 1: key row, turns, trace, the answer so far · network · transaction 2: memories,
    trace, the whole answer

With `Prefer: respond-async` the worker does the second half, and the answer is 202.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import idempotency
from accounts.api.base import ProjectView
from accounts.idempotency import Unfinished
from memories import learning
from memories.models import Trace
from memories.services import Recorded

ASYNC = "respond-async"
PREFER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`respond-async`: 202 at once; the worker learns, the trace says when it is done.",
)


class AcceptedSerializer(serializers.Serializer):
    """Stored, and to be learnt by the worker."""

    trace_id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    turn_ids = serializers.ListField(child=serializers.UUIDField())
    status = serializers.CharField(help_text="`pending`")


class LearningView(ProjectView):
    """A route that learns from what it stores."""

    @property
    def is_async(self) -> bool:
        """Whether the caller would rather not wait (RFC 7240)."""
        wishes = self.request.headers.get("Prefer", "").split(",")
        return ASYNC in {wish.partition(";")[0].strip().lower() for wish in wishes}

    def learnt(self, done: Recorded, answer: dict[str, Any], status: int = 200) -> Response:
        """The answer of a write that is learnt, to be learnt now, or by the worker."""
        if done.status == Trace.Status.PENDING:
            return Response(done.ids | {"status": done.status}, status=202)
        kind = Unfinished if done.status == Trace.Status.RUNNING else Response
        return kind(answer, status=status)

    def respond(
        self, handler: Callable[..., Response], request: Request, **kwargs: Any
    ) -> Response:
        """As every route; what is left unfinished is finished outside of its transaction."""
        ctx = kwargs.get("ctx", "-")
        response = super().respond(handler, request, **kwargs)
        if isinstance(response, Unfinished):
            response = self._finished(response)
        if response.status_code == 202 and response.data:
            response.headers["Preference-Applied"] = ASYNC
            response.headers["Location"] = f"/api/v1/{ctx}/traces/{response.data['trace_id']}"
        return response

    def _finished(self, response: Unfinished) -> Response:
        def answer(diff: dict[str, Any]) -> Response:
            key = self.request.headers.get("Idempotency-Key")
            if key is not None:
                idempotency.finish(principal=self.principal, key=key, learnt={"diff": diff})
            return Response(response.data | {"diff": diff}, status=response.status_code)

        return learning.learn_now(
            principal=self.principal,
            trace_id=UUID(str(response.data["trace_id"])),
            is_resumed=response.is_resumed,
            answer=answer,
        )
