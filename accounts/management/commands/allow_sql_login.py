"""`manage.py allow_sql_login ROLE --tenant T --project P [--floor k=v …] [--revoke]`."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import sql_logins
from accounts.management.lookups import project_by_slug
from accounts.scope import BadScope, parse_tags, tags
from memsync.common.commands import JsonCommand


class Command(JsonCommand):
    """Let a login of the database use the SQL interface in a project (docs/sql.md)."""

    help = "Let a login of the database use the SQL interface in a project, or no longer."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        super().add_arguments(parser)
        parser.add_argument("role_name", metavar="ROLE", help="an existing role that may log in")
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--project", required=True)
        parser.add_argument("--floor", nargs="*", default=[], metavar="k=v")
        parser.add_argument("--revoke", action="store_true", help="end it")

    def perform(self, **options: Any) -> dict[str, Any]:
        """One login."""
        project = project_by_slug(options["tenant"], options["project"])
        name = options["role_name"]
        if options["revoke"]:
            sql_logins.refuse_sql_login(project=project, role_name=name)
            return {"role": name, "revoked": True}
        try:
            floor = parse_tags(options["floor"])
        except BadScope as error:
            raise CommandError(str(error)) from error
        login = sql_logins.allow_sql_login(project=project, role_name=name, floor=floor)
        return {"role": login.role_name, "floor": tags(login.floor)}
