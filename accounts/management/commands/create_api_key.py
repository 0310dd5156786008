"""`manage.py create_api_key --tenant T --project P --name N [--role R] [--floor k=v …]`."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import services
from accounts.management.lookups import project_by_slug
from accounts.models import ApiKey
from accounts.scope import BadScope, parse_tags
from memsync.common.commands import JsonCommand


class Command(JsonCommand):
    """Create an API key; its text is printed once and not kept."""

    help = "Create an API key of a project; its text is printed once and not kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        super().add_arguments(parser)
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--project", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", choices=ApiKey.Role.values, default=ApiKey.Role.AGENT)
        parser.add_argument("--floor", nargs="*", default=[], metavar="k=v")

    def perform(self, **options: Any) -> dict[str, Any]:
        """One key."""
        try:
            floor = parse_tags(options["floor"])
        except BadScope as error:
            raise CommandError(str(error)) from error
        key, text = services.create_api_key(
            actor=None,
            project=project_by_slug(options["tenant"], options["project"]),
            name=options["name"],
            role=options["role"],
            floor=floor,
        )
        return {"key": text, "id": key.pk, "role": key.role}
