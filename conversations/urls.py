"""Pages of conversations; the transcript shows memories, so it is in `memories.urls`."""

from django.urls import path

from conversations import views

urlpatterns = [path("conversations/", views.conversations, name="conversations")]
