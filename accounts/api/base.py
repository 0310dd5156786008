"""The base of every route of a project: who asks, which project, and one transaction for it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, cast

from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts.idempotency import answer_once
from accounts.models import Project
from accounts.principals import Principal
from accounts.scope import BadScope, Scope, ScopeContradiction, contradicts, parse_tags
from memsync.common.api import ApiView
from memsync.common.errors import BadRequest, Forbidden, InvalidField, NotFound, Unauthenticated
from memsync.common.ids import parse_uuid
from memsync.common.privacy import without_private
from memsync.common.tenancy import tenant_scope

SCOPE_PARAMETER = OpenApiParameter(
    "scope", str, many=True, description="One tag key=value each; repeat for more."
)


class ContextRequired(BadRequest):
    """A person of a tenant with several projects must say which."""

    code = "context_required"
    detail = "Name the project in context_id."


class PrincipalView(ApiView):
    """A view for a known principal; its handler runs in one transaction of the tenant.

    Reads and writes alike: what a handler returns is committed before the answer leaves.
    """

    permission_classes = [AllowAny]  # authentication itself is required in `initial`
    principal: Principal

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Transport, then 401."""
        super().initial(request, *args, **kwargs)
        if request.auth is None:
            raise Unauthenticated
        self.principal = cast(Principal, request.auth)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """As DRF's, with the handler inside the tenant's transaction."""
        self.args, self.kwargs = args, kwargs
        self.request = request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(request, *args, **kwargs)
            name = request.method.lower() if request.method else ""
            handler = getattr(self, name, self.http_method_not_allowed)
            response = self.respond(handler, request, *args, **kwargs)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(request, response, *args, **kwargs)
        return self.response

    def respond(
        self, handler: Callable[..., Response], request: Request, **kwargs: Any
    ) -> Response:
        """Run the handler in one transaction."""
        with tenant_scope(self.principal.tenant_id):
            return self.answer(handler, request, **kwargs)

    def answer(self, handler: Callable[..., Response], request: Request, **kwargs: Any) -> Response:
        """Run the handler; subclasses resolve the project first."""
        return handler(request, **kwargs)


class ProjectView(PrincipalView):
    """A view below a project. `{ctx}` is its slug or UUID, or `-` for the key's own."""

    roles: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Who alone may do an action, whatever is asked for; the others get 403 before all but 404.

    Where it depends on a row, the handler decides.
    """

    def answer(self, handler: Callable[..., Response], request: Request, **kwargs: Any) -> Response:
        """Resolve the project (404), then run the handler, once per Idempotency-Key."""
        if any("\x00" in str(value) for value in kwargs.values()):
            raise NotFound
        self.principal = self.in_project(kwargs.pop("ctx", None))
        if self.principal.role not in self.roles.get(self.action or "", {self.principal.role}):
            raise Forbidden
        try:
            return self._once(handler, request, **kwargs)
        except ScopeContradiction as error:
            raise ScopeForbidden from error
        except BadScope as error:
            raise InvalidField("scope", str(error)) from error

    def _once(self, handler: Callable[..., Response], request: Request, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST" or not getattr(self, "is_idempotent", True):
            return handler(request, **kwargs)
        return answer_once(
            principal=self.principal,
            key=key,
            route=self.asked_route(),
            body=self.body(),  # of private words not even a digest is kept
            work=lambda: handler(request, **kwargs),
        )

    def asked_route(self) -> str:
        """What, with the body, a repeated Idempotency-Key must repeat."""
        return f"{self.request.method} {self.request.path}"

    def body(self) -> Any:
        """The body without `<private>` blocks: what is cut out here reaches nothing."""
        return without_private(super().body())

    def sent(self) -> Mapping[str, Any]:
        """The fields of the body as they came: nothing in them has been checked."""
        data = self.request.data
        return data if isinstance(data, dict) else {}

    def read(self, serializer: type[Serializer], *parameters: str) -> dict[str, Any]:
        """As every view's, after 403 for a scope that contradicts the floor."""
        self._refuse_foreign_scope()
        return super().read(serializer, *parameters)

    def _refuse_foreign_scope(self) -> None:
        tags = self.sent().get("scope")
        try:
            scope = parse_tags(without_private(tags)) if isinstance(tags, list) else {}
        except BadScope:
            return  # what is wrong with it is said with the other fields
        if contradicts(scope, self.principal.floor):
            raise ScopeForbidden

    def in_project(self, ctx: str | None) -> Principal:
        """The principal in the project that `ctx` names. Raises NotFound, ContextRequired."""
        me = self.principal
        if me.project_id is not None:
            own = ctx in {None, "-", me.project_slug} or parse_uuid(ctx) == me.project_id
            if not own:
                raise NotFound
            return me
        rows = Project.objects.filter(tenant_id=me.tenant_id)
        if ctx is None or ctx == "-":
            found = list(rows[:2])
            if len(found) != 1:
                raise ContextRequired
        else:
            uid = parse_uuid(ctx)
            found = list(rows.filter(pk=uid) if uid else rows.filter(slug=ctx))
            if not found:
                raise NotFound
        return replace(me, project_id=found[0].pk, project_slug=found[0].slug)

    def require_writer(self) -> None:
        """403 for principals who only read."""
        if not self.principal.may_write:
            raise Forbidden

    def scope_of(self, tags: list[Any] | None) -> Scope | None:
        """The scope of a body; None when none was sent."""
        return None if tags is None else read_scope(tags)

    def query_scope(self) -> Scope | None:
        """The scope of repeated `scope=` parameters; None without any."""
        sent = self.request.query_params.getlist("scope")
        return read_scope(sent) if sent else None


def read_scope(tags: list[Any]) -> Scope:
    """Parse the tags of a request. Raises InvalidField."""
    try:
        return parse_tags(without_private(tags))
    except BadScope as error:
        raise InvalidField("scope", str(error)) from error


class ScopeForbidden(Forbidden):
    """The scope contradicts the floor of the credentials."""

    code = "scope_forbidden"
    detail = "The scope contradicts the floor of these credentials."
