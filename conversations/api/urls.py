"""Routes below `/api/v1/{ctx}/` that concern conversations alone."""

from django.urls import path

from conversations.api.views import SessionView

urlpatterns = [
    path("sessions", SessionView.as_view({"get": "list", "post": "create"})),
    path("sessions/<str:session_id>", SessionView.as_view({"get": "retrieve"})),
]
