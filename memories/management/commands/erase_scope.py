"""`manage.py erase_scope --tenant T --project P TAG… [--yes]`: all that is held of a person."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.lookups import project_by_slug
from accounts.principals import of_command
from accounts.scope import BadScope, parse_tags, tags
from memories.scope_erasure import erase_scope
from memsync.common.commands import JsonCommand


class Command(JsonCommand):
    """Erase every session, memory, name and state under a scope; without `--yes` only count."""

    help = "Erase all there is under a scope; without --yes only count it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        super().add_arguments(parser)
        parser.add_argument("tags", nargs="+", metavar="k=v", help="such as user=u_alice")
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--project", required=True)
        parser.add_argument("--yes", action="store_true", help="erase, not only count")

    def perform(self, **options: Any) -> dict[str, Any]:
        """Rows by kind; a part at a time, so that others are not kept waiting."""
        try:
            scope = parse_tags(options["tags"])
        except BadScope as error:
            raise CommandError(str(error)) from error
        project = project_by_slug(options["tenant"], options["project"])
        principal = of_command(project, "erase_scope")
        counts: Counter[str] = Counter()
        has_more = True
        while has_more:
            done = erase_scope(principal=principal, scope=scope, dry_run=not options["yes"])
            counts.update(done.counts)
            has_more = done.has_more
        result = {"scope": tags(done.scope), "dry_run": done.dry_run, "counts": dict(counts)}
        return result | {"left_over": done.left_over}
