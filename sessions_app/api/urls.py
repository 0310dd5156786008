"""Routes of `/auth/*`."""

from django.urls import path

from sessions_app.api import views

urlpatterns = [
    path("login", views.LoginView.as_view({"post": "login"})),
    path("refresh", views.RefreshView.as_view({"post": "refresh"})),
    path("logout", views.LogoutView.as_view({"post": "logout"})),
    path("logout-all", views.LogoutAllView.as_view({"post": "logout"})),
    path("me", views.MeView.as_view({"get": "retrieve"})),
    path("sessions", views.SessionsView.as_view({"get": "list"})),
    path("sessions/<str:family_id>/revoke", views.SessionsView.as_view({"post": "revoke"})),
    path("security-events", views.SecurityEventsView.as_view({"get": "list"})),
    path("password", views.PasswordView.as_view({"post": "change"})),
]
