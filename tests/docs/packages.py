"""What a document tells its reader to install with npm, installed once for all runs.

The versions are those of the document; the folder that holds them is known by them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.docs.blocks import Block

INSTALL = "npm install "


def wanted_by(blocks: list[Block]) -> list[str]:
    """The packages that a document installs with npm, each with its version."""
    lines = [line for block in blocks if block.language == "sh" for line in block.text.splitlines()]
    found = [line.removeprefix(INSTALL).split() for line in lines if line.startswith(INSTALL)]
    return sorted(package for packages in found for package in packages)


def skip_without(program: str) -> None:
    """Skip a test that needs a program which is not there, but never in CI."""
    if shutil.which(program):
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs {program} for the examples of the documents.")
    pytest.skip(f"{program} is not installed")


def installed(packages: list[str], cache: Path) -> Path:
    """The folder `node_modules` with these packages."""
    folder = cache / hashlib.sha256("\n".join(packages).encode()).hexdigest()[:16]
    if not folder.exists():
        made = cache / f"new-{uuid.uuid4().hex}"
        made.mkdir(parents=True)
        _install(packages, made)
        made.rename(folder)
    return folder / "node_modules"


def _install(packages: list[str], folder: Path) -> None:
    """Ask the registry; once more when it was not to be had."""
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    command = ["npm", "install", "--prefix", str(folder), *options, *packages]
    for _ in range(2):
        ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if ran.returncode == 0:
            return
    pytest.fail(f"npm could not install {packages}: {ran.stderr}")
