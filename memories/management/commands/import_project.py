"""`manage.py import_project FILE --tenant T --project P`: an export becomes rows again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.management.lookups import project_by_slug
from accounts.principals import of_command
from memories.portability.reading import read_lines
from memsync.common.commands import JsonCommand
from memsync.common.parsing import loads
from memsync.common.privacy import without_private


class Command(JsonCommand):
    """Store the lines of an export, as `POST …/import` does, without its limit of size."""

    help = "Import a file that export_project or GET …/export wrote."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file and the project."""
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--project", required=True)

    def perform(self, **options: Any) -> dict[str, Any]:
        """How many lines of each type were stored."""
        project = project_by_slug(options["tenant"], options["project"])
        with options["file"].open("rb") as file:
            lines = [without_private(loads(line)) for line in file if line.strip()]
        return dict(read_lines(principal=of_command(project, "import_project"), lines=lines))
