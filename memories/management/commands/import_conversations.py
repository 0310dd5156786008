"""`manage.py import_conversations FILE --tenant T --project P [--scope k=v …]`."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.lookups import project_by_slug
from accounts.models import Project
from accounts.principals import of_command
from accounts.scope import BadScope, Scope, parse_tags
from conversations.api.serializers import MessageSerializer
from memories import services
from memories.importing import BadFile, Imported, read_conversations
from memsync.common.commands import JsonCommand
from memsync.common.errors import Problem
from memsync.common.ids import parse_uuid
from memsync.common.parsing import loads

CHUNK = 200
"""Messages per transaction."""


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
        try:
            found = read_conversations(loads(options["file"].read_bytes()))
            scope = None if options["scope"] is None else parse_tags(options["scope"])
        except (OSError, BadFile, BadScope, Problem) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        wanted = [one for one in found if options["only"] in {"", one.key, one.title}]
        done = [self._load(project, one, scope) for one in wanted]
        return {
            "conversations": len(done),
            "turns": sum(turns for turns, _ in done),
            "memories": sum(memories for _, memories in done),
        }

    def _load(self, project: Project, one: Imported, scope: Scope | None) -> tuple[int, int]:
        """Record one conversation in chunks; returns new turns and statements learnt."""
        messages = [_checked(message, one.key, i) for i, message in enumerate(one.messages)]
        uid = parse_uuid(one.id) or uuid.uuid5(project.pk, one.key)
        turns = learnt = 0
        for start in range(0, len(messages), CHUNK):
            done = services.record_batch(
                principal=of_command(project, "import_conversations"),
                session_id=uid,
                messages=messages[start : start + CHUNK],
                scope=scope if scope is not None else parse_tags(one.scope or []),
                title=one.title,
                kind=one.kind,
                metadata=one.metadata,
                members=one.members,
            )
            turns += done.new_count
            learnt += sum(len(items) for items in done.diff.values() if isinstance(items, list))
        self.stderr.write(f"{one.title or one.key}: {turns} new turns, {learnt} statements")
        return turns, learnt


def _checked(message: Any, key: str, index: int) -> dict[str, Any]:
    """A message that the API would accept; one without a client id gets its place as one."""
    if isinstance(message, dict) and not message.get("client_id"):
        message = {**message, "client_id": f"import-{index}"}
    reading = MessageSerializer(data=message)
    if not reading.is_valid():
        raise CommandError(f"{key}, turn {index}: {reading.errors}")
    checked: dict[str, Any] = reading.validated_data
    return checked
