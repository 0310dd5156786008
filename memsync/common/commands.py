"""Management commands that speak to people, and with `--json` to programs."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from memsync.common.errors import Problem


class JsonCommand(BaseCommand):
    """A command that prints lines for people, or one JSON line last with `--json`."""

    def add_arguments(self, parser: CommandParser) -> None:
        """The flag all of them share."""
        parser.add_argument("--json", action="store_true", help="print one JSON line last")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run `perform` and print what it returns; a problem becomes a one-line error."""
        try:
            result = self.perform(**options)
        except Problem as problem:
            fields = "; ".join(f"{field}: {detail}" for field, _, detail in problem.errors)
            raise CommandError(fields or problem.detail) from problem
        if options["json"]:
            self.stdout.write(json.dumps(result, default=str))
        else:
            for name, value in result.items():
                self.stdout.write(f"{name}: {value}")

    def perform(self, **options: Any) -> dict[str, Any]:
        """Do the work; the result is printed."""
        raise NotImplementedError
