"""`manage.py create_user --email E --password P [--tenant T] …`."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_email

from accounts import services
from accounts.management.lookups import tenant_by_slug
from accounts.models import User
from memsync.common.commands import JsonCommand


class Command(JsonCommand):
    """Create a person who can sign in."""

    help = "Create a person who can sign in; claims the shadow user named by --external-id."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        super().add_arguments(parser)
        parser.add_argument("--tenant", default="")
        parser.add_argument("--email", required=True)
        parser.add_argument("--password", required=True)
        parser.add_argument("--external-id", default="")
        parser.add_argument("--role", choices=User.Role.values, default=User.Role.USER)
        parser.add_argument("--staff", action="store_true", help="may use the admin")
        parser.add_argument("--superuser", action="store_true", help="may do all in the admin")

    def perform(self, **options: Any) -> dict[str, Any]:
        """One person."""
        try:
            validate_email(options["email"])
            validate_password(options["password"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user = services.create_user(
            actor=None,
            tenant=tenant_by_slug(options["tenant"]) if options["tenant"] else None,
            email=options["email"],
            password=options["password"],
            external_id=options["external_id"],
            role=options["role"],
            is_staff=options["staff"],
            is_superuser=options["superuser"],
        )
        return {"id": user.pk, "email": user.email, "external_id": user.external_id}
