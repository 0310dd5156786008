"""Routes below `/api/v1/{ctx}/` that concern conversations alone."""

from django.urls import path

from conversations.api.checkpoints import CheckpointView
from conversations.api.views import ForkView, SessionView, TranscriptView

urlpatterns = [
    path("sessions", SessionView.as_view({"get": "list", "post": "create"})),
    path("sessions/<str:session_id>/fork", ForkView.as_view({"post": "create"})),
    path("sessions/<str:session_id>/tree", ForkView.as_view({"get": "tree"})),
    path("sessions/<str:session_id>/relations", ForkView.as_view({"get": "relations"})),
    path("sessions/<str:session_id>/transcript", TranscriptView.as_view({"get": "retrieve"})),
    path(
        "checkpoints",
        CheckpointView.as_view({"get": "list", "post": "create", "delete": "destroy"}),
    ),
    path("checkpoints/state", CheckpointView.as_view({"get": "state"})),
    path("checkpoints/writes", CheckpointView.as_view({"post": "put_writes"})),
    path("checkpoints/copy", CheckpointView.as_view({"post": "copy"})),
    path("checkpoints/prune", CheckpointView.as_view({"post": "prune"})),
]
