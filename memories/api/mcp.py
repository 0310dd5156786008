"""`POST /mcp`: the Model Context Protocol over streamable HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ProjectView
from memsync.common.api import is_of_another_origin
from memsync.common.errors import Forbidden
from memsync.common.pagination import refuse_unknown_parameters
from memsync.common.parsing import StrictJSONParser
from memsync.common.tenancy import tenant_scope


class ForeignOrigin(Forbidden):
    """A page of another site sent this, perhaps by a name that it bound to our address."""

    code = "foreign_origin"
    detail = "The Origin is not that of this server."


class UnreadJSONParser(StrictJSONParser):
    """The bytes as they came: what is no JSON is answered by the protocol's own error."""

    def read(self, body: bytes) -> Any:
        """The bytes."""
        return body


class McpView(ProjectView):
    """Tools for models, scoped by the credentials as every route.

    `?context_id=` names the project, as in `/memory/query`; `?scope=` is that of calls without one.
    """

    parser_classes = [UnreadJSONParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whose page it is (DNS rebinding), then as every route."""
        if is_of_another_origin(request):
            raise ForeignOrigin
        super().initial(request, *args, **kwargs)

    def respond(
        self, handler: Callable[..., Response], request: Request, **kwargs: Any
    ) -> Response:
        """Without a transaction around it all: each tool opens its own."""
        return handler(request, **kwargs)

    @extend_schema(exclude=True)
    def create(self, request: Request) -> HttpResponse:
        """Answer one JSON-RPC message, or a batch."""
        from memories.mcp.caller import Caller
        from memories.mcp.http import answer  # here, as the package is slow to import

        refuse_unknown_parameters(request, frozenset({"context_id", "scope"}))
        with tenant_scope(self.principal.tenant_id):
            me = self.in_project(request.query_params.get("context_id"))
        return answer(request, Caller(me, self.query_scope()))
