"""Export and import of a project or a tree of sessions, as JSON Lines."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api.base import ProjectView
from accounts.principals import MANAGEMENT
from conversations.api.views import SessionRoutes
from memories.portability.reading import read_lines
from memories.portability.writing import one_snapshot, write_lines
from memsync.common.errors import Forbidden
from memsync.common.pagination import refuse_unknown_parameters
from memsync.common.parsing import NdjsonParser

NDJSON = "application/x-ndjson"
IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an export that are kept in memory; a longer one waits in a temporary file."""


class ImportedSerializer(serializers.Serializer):
    """How many lines of each type were stored."""

    imported = serializers.DictField(child=serializers.IntegerField())


class ExportView(SessionRoutes):
    """Export."""

    def respond(self, handler: Callable[..., Any], request: Request, **kwargs: Any) -> Any:
        """Read everything as of one moment."""
        with one_snapshot():
            return super().respond(handler, request, **kwargs)

    @extend_schema(
        operation_id="export",
        parameters=[OpenApiParameter("session_id", OpenApiTypes.UUID, description="its tree only")],
        responses={(200, NDJSON): OpenApiTypes.STR},
    )
    def retrieve(self, request: Request) -> Any:
        """Write out everything in reach, or the whole tree of one session; people: their own."""
        session_id = request.query_params.get("session_id")
        tree = self.find_session(session_id) if session_id is not None else None
        if not (self.principal.is_management or self.principal.is_user):
            raise Forbidden
        refuse_unknown_parameters(request, frozenset({"session_id"}))
        file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the response closes it
        file.writelines(write_lines(self.principal, tree))
        file.seek(0)
        audit.record(self.principal, "project.exported", target=tree)
        return FileResponse(file, content_type=NDJSON, filename="memsync.jsonl", as_attachment=True)


class ImportView(ProjectView):
    """Import."""

    parser_classes = [NdjsonParser]
    roles = {"create": MANAGEMENT}

    @extend_schema(
        operation_id="import",
        request={NDJSON: OpenApiTypes.STR},
        responses={201: ImportedSerializer},
    )
    def create(self, request: Request) -> Response:
        """Store the lines of an export with their ids and times, all or none."""
        refuse_unknown_parameters(request)
        counts = read_lines(principal=self.principal, lines=self.body())
        return Response({"imported": counts}, status=201)
