"""All routes."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from memories.api.views import QueryView
from memsync import health

project_routes = [
    path("", include("conversations.api.urls")),
    path("", include("memories.api.urls")),
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/v1/<str:ctx>/", include(project_routes)),
    path("auth/", include("sessions_app.api.urls")),
    path("memory/query", QueryView.as_view({"post": "query"})),
]

handler400 = "memsync.common.errors.handler400"
handler403 = "memsync.common.errors.handler403"
handler404 = "memsync.common.errors.handler404"
handler500 = "memsync.common.errors.handler500"
