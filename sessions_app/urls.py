"""Pages around signing in."""

from django.urls import path

from sessions_app import views

urlpatterns = [
    path("login/", views.SignInView.as_view(), name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("password/", views.password, name="password"),
    path("devices/", views.devices, name="devices"),
    path("devices/revoke-others/", views.revoke_others, name="revoke-others"),
    path("devices/<uuid:family_id>/revoke/", views.revoke_family, name="revoke-family"),
    path("security/", views.security, name="security"),
]
