"""`manage.py prune_sessions`."""

from typing import Any

from memsync.common.commands import JsonCommand
from sessions_app import services


class Command(JsonCommand):
    """Remove sign-ins past their 14 days, and old routine."""

    help = "Remove sign-ins past their 14 days, devices nobody uses, old routine events."

    def perform(self, **options: Any) -> dict[str, Any]:
        """How many of each went."""
        return services.prune_sessions()
