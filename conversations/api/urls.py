"""Routes below `/api/v1/{ctx}/` that concern conversations alone."""

from django.urls import path

from conversations.api.views import ForkView, SessionView, TranscriptView

urlpatterns = [
    path("sessions", SessionView.as_view({"get": "list", "post": "create"})),
    path("sessions/<str:session_id>/fork", ForkView.as_view({"post": "create"})),
    path("sessions/<str:session_id>/tree", ForkView.as_view({"get": "tree"})),
    path("sessions/<str:session_id>/relations", ForkView.as_view({"get": "relations"})),
    path("sessions/<str:session_id>/transcript", TranscriptView.as_view({"get": "retrieve"})),
]
