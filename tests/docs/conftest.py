"""A live server with what `make run` leaves, and somebody who reads the documents."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from accounts import services
from memories.demo import PROJECT, TENANT
from memsync.embedded import _binary
from tests.docs.blocks import ROOT, Block
from tests.docs.packages import installed, skip_without, wanted_by
from tests.docs.reader import Reader
from tests.fakes.http import serving
from tests.fakes.providers import Models

CREATED_ROLE = re.compile(r"^CREATE ROLE (\w+)", re.MULTILINE)


@pytest.fixture
def key(transactional_db: None) -> str:
    """The key that `make run` prints: a management key of the demo project."""
    tenant = services.create_tenant(actor=None, slug=TENANT)
    project = services.create_project(actor=None, tenant=tenant, slug=PROJECT)
    _, text = services.create_api_key(actor=None, project=project, name="demo", role="management")
    return text


@pytest.fixture
def environ(live_server: Any, key: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the reader has set: where the server is, and a language model on loopback."""
    _furnish(tmp_path)
    with serving(Models()) as provider:
        yield {
            **_surroundings(),
            "PATH": os.pathsep.join([*_programs(tmp_path), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT / "client" / "src"),
            "HOME": str(tmp_path),
            "CURL_HOME": str(tmp_path),
            "npm_config_update_notifier": "false",
            "DATABASE_URL": _database(),
            "MEMSYNC_URL": live_server.url,
            "MEMSYNC_API_KEY": key,
            "OPENAI_BASE_URL": f"{provider.url}/v1",
            "OPENAI_API_KEY": "none",
            "OPENAI_AGENTS_DISABLE_TRACING": "1",
            "ANTHROPIC_BASE_URL": provider.url,
            "ANTHROPIC_API_KEY": "none",
        }


@pytest.fixture
def read(
    environ: dict[str, str], tmp_path: Path, pytestconfig: pytest.Config
) -> Iterator[Callable[[list[Block]], None]]:
    """Reads the blocks of a document: `read(blocks)`."""
    reader = Reader(tmp_path / "clone", environ)

    def read(blocks: list[Block]) -> None:
        _drop_roles(blocks)  # those of a run that was killed
        stack.callback(_drop_roles, blocks)
        if packages := wanted_by(blocks):
            skip_without("npm")
            cache = pytestconfig.cache.mkdir("npm")
            (reader.folder / "node_modules").symlink_to(installed(packages, cache))
        if any(block.language == "sh" and "curl" in block.text for block in blocks):
            skip_without("curl")
        reader.read(blocks)

    with ExitStack() as stack:
        yield read
        reader.close()


def _surroundings() -> dict[str, str]:
    """The machine's environment without anything of a MemSync but where its database is."""
    kept = {"MEMSYNC_DATA_DIR"}
    ours = ("MEMSYNC_", "OPENAI_", "ANTHROPIC_")
    return {
        name: value
        for name, value in os.environ.items()
        if name in kept or not name.startswith(ours)
    }


def _furnish(home: Path) -> None:
    """A clone to work in, the `memsync` command, and a curl that fails when it is refused."""
    clone, programs = home / "clone", home / "bin"
    clone.mkdir()
    programs.mkdir()
    for name in ("manage.py", ".venv", "client", "docs"):
        (clone / name).symlink_to(ROOT / name)
    command = programs / "memsync"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m memsync_client "$@"\n')
    command.chmod(0o755)
    (home / ".curlrc").write_text("fail-with-body\nshow-error\n")


def _programs(home: Path) -> list[str]:
    return [str(home / "bin"), str(Path(sys.executable).parent), str(_binary("psql").parent)]


def _database() -> str:
    """The database of the tests, as DATABASE_URL names one."""
    settings = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    parts = {name: settings[key] for name, key in names.items() if settings[key]}
    return make_conninfo("", **parts, port=settings["PORT"] or None)


def _drop_roles(blocks: list[Block]) -> None:
    """Roles belong to the cluster: no database takes them along when it goes."""
    for name in CREATED_ROLE.findall("\n".join(b.text for b in blocks if b.language == "sql")):
        with suppress(ProgrammingError), connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)).as_string())
