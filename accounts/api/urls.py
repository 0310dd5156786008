"""Routes below `/api/v1/{ctx}/` that concern who may ask."""

from django.urls import path

from accounts.api.views import KeyView

urlpatterns = [
    path("keys", KeyView.as_view({"get": "list", "post": "create"})),
    path("keys/<str:key_id>", KeyView.as_view({"delete": "destroy"})),
]
