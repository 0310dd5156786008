"""`manage.py create_tenant SLUG [--project SLUG]`."""

from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from accounts import services
from memsync.common.commands import JsonCommand


class Command(JsonCommand):
    """Create a tenant, and a first project in it."""

    help = "Create a tenant, and with --project a first project in it."

    def add_arguments(self, parser: CommandParser) -> None:
        """SLUG and options."""
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("--name", default="")
        parser.add_argument("--project", default="")

    def perform(self, **options: Any) -> dict[str, Any]:
        """Both or neither."""
        slug, project = options["slug"], options["project"]
        with transaction.atomic():
            tenant = services.create_tenant(actor=None, slug=slug, name=options["name"])
            made: dict[str, Any] = {"id": tenant.pk, "slug": tenant.slug}
            if project:
                row = services.create_project(actor=None, tenant=tenant, slug=project)
                made["project"] = {"id": str(row.pk), "slug": row.slug}
        return made
