"""The README's Python examples run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Space
from tests.fakes.http import Loopback

README = Path(__file__).parents[2] / "client" / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_every_example_runs(
    monkeypatch: pytest.MonkeyPatch, live_server: Any, house: Space, provider: Loopback
):
    monkeypatch.setenv("MEMSYNC_URL", live_server.url)
    monkeypatch.setenv("MEMSYNC_API_KEY", house.make_key())
    monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, str(README), "exec"), names)  # noqa: S102

    assert len(BLOCKS) == 2
    assert names["memsync"].wait()
    names["memsync"].close()
