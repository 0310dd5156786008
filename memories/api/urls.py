"""Routes below `/api/v1/{ctx}/` whose effect reaches memories."""

from django.urls import path

from memories.api.views import BatchView, MemoryView, QueryView, TraceView, TurnView

urlpatterns = [
    path("sessions/<str:session_id>/turns", TurnView.as_view({"get": "list", "post": "create"})),
    path("sessions/<str:session_id>/turns/<str:turn_id>", TurnView.as_view({"get": "retrieve"})),
    path("facts/batch", BatchView.as_view({"post": "create"})),
    path("query", QueryView.as_view({"post": "query"})),
    path("memories", MemoryView.as_view({"get": "list"})),
    path("memories/<str:memory_id>", MemoryView.as_view({"get": "retrieve"})),
    path("traces/<str:trace_id>", TraceView.as_view({"get": "retrieve"})),
]
