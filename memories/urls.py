"""Pages that show memories, and change them."""

from django.urls import path

from memories import actions, views

urlpatterns = [
    path("conversations/<uuid:uid>/", views.transcript, name="conversation"),
    path(
        "conversations/<uuid:uid>/transcript/<str:name>", views.transcript_file, name="transcript"
    ),
    path("memories/", views.memories, name="memories"),
    path("memories/export", views.export, name="export-memories"),
    path("memories/<uuid:uid>/history/", views.history, name="memory-history"),
    path("memories/<uuid:uid>/correct/", actions.correct, name="correct-memory"),
    path("memories/<uuid:uid>/forget/", actions.forget, name="forget-memory"),
    path("memories/<uuid:uid>/settle/", actions.settle, name="settle-memory"),
]
