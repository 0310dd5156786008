"""`manage.py import_conversations FILE --tenant T --project P [--scope k=v …]`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.lookups import project_by_slug
from accounts.principals import of_command
from accounts.scope import BadScope, parse_tags
from conversations.api.serializers import CreateSessionSerializer, MessageSerializer
from memories.importing import BadFile, Imported, read_conversations
from memories.importing.loading import Loaded, load
from memsync.common.commands import JsonCommand
from memsync.common.errors import Problem
from memsync.common.parsing import loads
from memsync.common.privacy import without_private


class Command(JsonCommand):
    """Load conversations from a file through the ingest service."""

    help = "Load conversations from a JSON file; docs/importing.md describes the formats."

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE and where to."""
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--project", required=True)
        parser.add_argument("--scope", nargs="*", default=None, metavar="k=v", help="for all")
        parser.add_argument(
            "--only", default="", help="only the conversation with this id or title"
        )

    def perform(self, **options: Any) -> dict[str, Any]:
        """Import each; a second run continues where the first stopped."""
        project = project_by_slug(options["tenant"], options["project"])
        principal = of_command(project, "import_conversations")
        try:
            found = read_conversations(without_private(loads(options["file"].read_bytes())))
            given = None if options["scope"] is None else parse_tags(options["scope"])
            wanted = [one for one in found if options["only"] in ("", one.key, one.title)]
            scopes = [parse_tags(one.scope or []) if given is None else given for one in wanted]
        except (OSError, BadFile, BadScope, Problem) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        checked, done = [_checked(one) for one in wanted], []
        for one, scope in zip(checked, scopes, strict=True):
            done.append(load(principal=principal, one=one, scope=scope))
            self._tell(one, done[-1])
        return {
            "conversations": len(done),
            "turns": sum(loaded.turns for loaded in done),
            "memories": sum(loaded.memories for loaded in done),
            "forks": sum(loaded.forks for loaded in done),
        }

    def _tell(self, one: Imported, loaded: Loaded) -> None:
        name = one.title or one.key
        self.stderr.write(
            f"{name}: {loaded.turns} new turns, {loaded.memories} memories,"
            f" {loaded.forks} new forks"
        )


def _checked(one: Imported) -> Imported:
    """The conversation with fields and messages as the API would accept them."""
    messages = [_message(message, one.key, place) for place, message in enumerate(one.messages)]
    branches = [
        replace(
            branch,
            messages=[_message(m, one.key, place) for place, m in enumerate(branch.messages)],
        )
        for branch in one.branches
    ]
    fields = {name: getattr(one, name) for name in ("title", "kind", "metadata", "members")}
    reading = CreateSessionSerializer(data=fields)
    if not reading.is_valid():
        raise CommandError(f"{one.key}: {reading.errors}")
    return replace(one, messages=messages, branches=branches, **reading.validated_data)


def _message(message: Any, key: str, place: int) -> dict[str, Any]:
    """A message that the API would accept; one without a client id gets its place as one."""
    if isinstance(message, dict) and not message.get("client_id"):
        message = {**message, "client_id": f"import-{place}"}
    reading = MessageSerializer(data=message)
    if not reading.is_valid():
        raise CommandError(f"{key}, turn {place}: {reading.errors}")
    checked: dict[str, Any] = reading.validated_data
    return checked
