"""`manage.py revoke_api_key PREFIX`."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import services
from accounts.keys import split_key
from accounts.models import ApiKey
from memsync.common.commands import JsonCommand


class Command(JsonCommand):
    """Revoke an API key; it stops working at once."""

    help = "Revoke an API key, named by its prefix (the part between ms_ and the next _)."

    def add_arguments(self, parser: CommandParser) -> None:
        """The prefix."""
        super().add_arguments(parser)
        parser.add_argument("prefix", help="the prefix, with or without ms_; or the whole key")

    def perform(self, **options: Any) -> dict[str, Any]:
        """One key."""
        whole = split_key(options["prefix"])
        wanted = whole[0] if whole else options["prefix"].removeprefix("ms_")
        key = ApiKey.objects.filter(prefix=wanted).first()
        if key is None:
            raise CommandError("there is no key with this prefix")
        revoked = services.revoke_api_key(actor=None, key=key)
        return {"id": revoked.pk, "name": revoked.name, "revoked_at": revoked.revoked_at}
