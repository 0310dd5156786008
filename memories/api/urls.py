"""Routes below `/api/v1/{ctx}/` whose effect reaches memories."""

from django.urls import path

from memories.api.context import ContextView
from memories.api.entities import EntityView
from memories.api.forgetting import EraseView, ForgetView
from memories.api.memories import MemoryView
from memories.api.portability import ExportView, ImportView
from memories.api.recall import ProjectQueryView, TraceView
from memories.api.sessions import WholeSessionView
from memories.api.state import SessionMemoryView, StateView
from memories.api.views import BatchView, FactView, TurnView

urlpatterns = [
    path("export", ExportView.as_view({"get": "retrieve"})),
    path("import", ImportView.as_view({"post": "create"})),
    path(
        "sessions/<str:session_id>",
        WholeSessionView.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
    ),
    path("sessions/<str:session_id>/turns", TurnView.as_view({"get": "list", "post": "create"})),
    path(
        "sessions/<str:session_id>/turns/<str:turn_id>",
        TurnView.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
    path("facts/batch", BatchView.as_view({"post": "create"})),
    path("query", ProjectQueryView.as_view({"post": "create"})),
    path("entities", EntityView.as_view({"get": "list"})),
    path("entities/<str:entity_id>", EntityView.as_view({"get": "retrieve"})),
    path("entities/<str:entity_id>/merge", EntityView.as_view({"post": "merge"})),
    path("entities/<str:entity_id>/aliases", EntityView.as_view({"post": "add_alias"})),
    path("facts", FactView.as_view({"post": "create"})),
    path("forget", ForgetView.as_view({"post": "forget"})),
    path("erase", EraseView.as_view({"post": "erase"})),
    path("memories", MemoryView.as_view({"get": "list", "post": "create"})),
    path(
        "memories/<str:memory_id>",
        MemoryView.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("memories/<str:memory_id>/history", MemoryView.as_view({"get": "history"})),
    path("memories/<str:memory_id>/resolve", MemoryView.as_view({"post": "resolve"})),
    path("state", StateView.as_view({"post": "ask"})),
    path(
        "sessions/<str:session_id>/context",
        ContextView.as_view({"get": "retrieve", "post": "create"}),
    ),
    path("sessions/<str:session_id>/diff", SessionMemoryView.as_view({"get": "diff"})),
    path("sessions/<str:session_id>/memories", SessionMemoryView.as_view({"get": "memories"})),
    path("recalls/<str:trace_id>/feedback", TraceView.as_view({"post": "feedback"})),
    path("traces", TraceView.as_view({"get": "list"})),
    path("traces/<str:trace_id>", TraceView.as_view({"get": "retrieve"})),
]
