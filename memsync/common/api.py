"""What all API views share before anybody is known: the order in which a request is refused."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from memsync.common.errors import BadRequest, Problem, TooLarge
from memsync.common.pagination import refuse_unknown_parameters
from memsync.common.parsing import refuse_unstorable


class TwoCredentials(BadRequest):
    """An API key and a token in one request: which one is meant?"""

    code = "two_credentials"
    detail = "Send either API-KEY or Authorization, not both."


class LengthRequired(Problem):
    """411: a body without a length would be read as empty."""

    status = HTTPStatus.LENGTH_REQUIRED
    code = "length_required"
    detail = "Send a Content-Length."


def is_of_another_origin(request: HttpRequest | Request) -> bool:
    """Whether a page of another site sent this; programs send no Origin."""
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.get_host()}"
    return origin is not None and origin != own and origin not in settings.CSRF_TRUSTED_ORIGINS


class ApiView(ViewSet):
    """Refuses in the order of DESIGN §4: transport, then 401, 404, 403, 400."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the body strictly, then authenticate."""
        self._refuse_odd_transport(request)
        super().initial(request, *args, **kwargs)

    def body(self) -> Any:
        """The parsed body; an absent one is an empty object."""
        return self.request.data

    def read(self, serializer: type[Serializer], *parameters: str) -> dict[str, Any]:
        """The validated body of a request that has no other query parameters than these."""
        refuse_unknown_parameters(self.request, frozenset(parameters))
        reading = serializer(data=self.body())
        reading.is_valid(raise_exception=True)
        validated: dict[str, Any] = reading.validated_data
        return validated

    def _refuse_odd_transport(self, request: Request) -> None:
        if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_BODY_BYTES:
            raise TooLarge
        _ = request.data  # parses: 413, 415, malformed JSON
        if "API-KEY" in request.headers and "Authorization" in request.headers:
            raise TwoCredentials
        for name, values in request.query_params.lists():
            for text in (name, *values):
                refuse_unstorable(text)
