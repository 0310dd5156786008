"""Routes of a session whose effect reaches memories: deleting it."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.views import SessionView
from conversations.services import refuse_unless_key_may_write
from memories import erasure
from memsync.common.errors import InvalidField
from memsync.common.pagination import refuse_unknown_parameters

CASCADE = OpenApiParameter("cascade", bool, description="its forks too")


def read_cascade(request: Request) -> bool:
    """Whether living forks are to be deleted too. Raises InvalidField."""
    cascade = request.query_params.get("cascade", "false")
    if cascade not in {"true", "false"}:
        raise InvalidField("cascade", "true or false")
    return cascade == "true"


class ErasedSerializer(serializers.Serializer):
    """What an erasure reached, in rows."""

    sessions = serializers.IntegerField()
    turns = serializers.IntegerField()
    sources = serializers.IntegerField()
    memories = serializers.IntegerField(help_text="that rested on the erased words alone")
    memories_kept = serializers.IntegerField(help_text="that other sources still support")
    entities = serializers.IntegerField()
    vectors = serializers.IntegerField()
    receipts = serializers.IntegerField(help_text="of recalls that had returned them")
    idempotency_keys = serializers.IntegerField(help_text="whose stored answer showed them")
    agent_sessions = serializers.IntegerField(help_text="the run whose prompts it held")
    observations = serializers.IntegerField(help_text="of that run")
    checkpoints = serializers.IntegerField(help_text="of apps, that held the words")
    checkpoint_writes = serializers.IntegerField()


class WholeSessionView(SessionView):
    """One session: shown, changed, deleted."""

    @extend_schema(
        operation_id="sessions_delete",
        parameters=[CASCADE],
        responses={200: ErasedSerializer},
    )
    def destroy(self, request: Request, session_id: str) -> Response:
        """Delete a session: its words go everywhere; what rested on it alone is erased."""
        conversation = self.find_session(session_id)
        refuse_unless_key_may_write(self.principal, conversation)
        refuse_unknown_parameters(request, frozenset({"cascade"}))
        counts = erasure.delete_conversation(
            principal=self.principal, conversation=conversation, cascade=read_cascade(request)
        )
        return Response(asdict(counts))
