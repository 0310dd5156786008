"""`manage.py export_project FILE --tenant T --project P`: a project as JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.management.lookups import project_by_slug
from accounts.principals import of_command
from memories.portability.writing import one_snapshot, write_lines
from memsync.common.commands import JsonCommand
from memsync.common.tenancy import tenant_scope


class Command(JsonCommand):
    """Write everything of a project to a file, as `GET …/export` does."""

    help = "Export a project to a file of JSON Lines."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file and the project."""
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--project", required=True)

    def perform(self, **options: Any) -> dict[str, Any]:
        """How many lines were written."""
        project = project_by_slug(options["tenant"], options["project"])
        principal, count = of_command(project, "export_project"), 0
        with one_snapshot(), tenant_scope(project.tenant_id), options["file"].open("wb") as file:
            for line in write_lines(principal):
                file.write(line)
                count += 1
        return {"lines": count}
