"""Routes of `/auth/*`."""

from django.urls import path

from sessions_app.api.views import LoginView, LogoutView, MeView

urlpatterns = [
    path("login", LoginView.as_view({"post": "login"})),
    path("logout", LogoutView.as_view({"post": "logout"})),
    path("me", MeView.as_view({"get": "retrieve"})),
]
