"""The package is one of its own."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import memsync_client

SOURCE = Path(memsync_client.__file__).parent
ALLOWED = {"httpx", "typer", "rich", "memsync_client"}
EXTRAS = {
    "stdio.py": {"mcp", "mcp_types", "httpx2", "anyio"},
    "langgraph.py": {"langchain_core", "langgraph"},
    "langchain.py": {"langchain_core", "pydantic"},
    "openai_agents.py": {"agents"},
}
"""What single modules need beside, of an extra of the package."""


def imported(file: Path) -> set[str]:
    """The top-level names that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda file: file.name)
def test_it_imports_nothing_of_the_server_and_few_packages(file):
    assert imported(file) <= ALLOWED | EXTRAS.get(file.name, set()) | set(sys.stdlib_module_names)


def test_the_sdk_does_not_need_what_only_the_command_line_does():
    sdk = [file for file in SOURCE.rglob("*.py") if "cli" not in file.parts]

    assert not any({"typer", "rich"} & imported(file) for file in sdk)


def test_it_is_typed():
    assert (SOURCE / "py.typed").exists()
