#!/usr/bin/env python
"""Run a management command, with the embedded database behind it where no other is named."""

import os
import sys

from environs import Env

from memsync.embedded import BASE_DIR, hold_for_command


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memsync.settings")
    Env.read_env(str(BASE_DIR / ".env"), recurse=False)  # It may name the database.
    from django.core.management import execute_from_command_line

    with hold_for_command(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
