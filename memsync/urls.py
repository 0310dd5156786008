"""All routes."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from memories.api.mcp import McpView
from memories.api.recall import QueryView
from memsync import health, metrics, pages

project_routes = [
    path("", include("accounts.api.urls")),
    path("", include("conversations.api.urls")),
    path("", include("memories.api.urls")),
    path("", include("memories.api.agent_urls")),
]

urlpatterns = [
    path("", pages.home, name="home"),
    path("", include("conversations.urls")),
    path("", include("memories.urls")),
    path("", include("sessions_app.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.MetricsView.as_view({"get": "list"})),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/v1/<str:ctx>/", include(project_routes)),
    path("auth/", include("sessions_app.api.urls")),
    path("memory/query", QueryView.as_view({"post": "create"})),
    path("v1/", include("memories.api.openai.urls")),
    path("mcp", McpView.as_view({"post": "create"})),
]

handler400 = "memsync.common.errors.handler400"
handler403 = "memsync.common.errors.handler403"
handler404 = "memsync.common.errors.handler404"
handler500 = "memsync.common.errors.handler500"
