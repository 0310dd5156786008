"""Routes below `/v1/`, where OpenAI's clients look for them."""

from django.urls import path

from memories.api.openai.views import ConversationView, ItemView

ITEMS = "conversations/<str:conversation_id>/items"

urlpatterns = [
    path("conversations", ConversationView.as_view({"post": "create"})),
    path(
        "conversations/<str:conversation_id>",
        ConversationView.as_view({"get": "retrieve", "post": "update", "delete": "destroy"}),
    ),
    path(ITEMS, ItemView.as_view({"get": "list", "post": "create"})),
    path(f"{ITEMS}/<str:item_id>", ItemView.as_view({"get": "retrieve", "delete": "destroy"})),
]
