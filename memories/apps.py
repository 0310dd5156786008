from django.apps import AppConfig


class MemoriesConfig(AppConfig):
    """Memories."""

    name = "memories"
    verbose_name = "Memories"
