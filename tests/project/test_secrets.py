"""The server's own secrets: made once, and never weak in production."""

from __future__ import annotations

import re
import stat
import threading
from pathlib import Path

import pytest
from environs import Env

from memsync.secrets import BadSecrets, load_secrets

GOOD = {
    "MEMSYNC_SECRET_KEY": "k3J9-aQzT7wLmN2pXs5vRb8yUc4eGhDf0ioP",
    "MEMSYNC_JWT_KEYS": "1:t8Vw2ZqKx6NcRm4JbLs9YpGd3HfTe7Uo5iAa",
    "MEMSYNC_PEPPERS": "1:Qe5rTy7Ui9oPa1Sd3Fg6Hj8Kl0ZxCv2BnM4w",
}


@pytest.fixture
def environment(monkeypatch):
    def put(**values: str) -> Env:
        for name in GOOD:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return Env()

    return put


def test_without_an_environment_they_are_made_once(environment, tmp_path: Path):
    first = load_secrets(environment(), tmp_path, production=False)
    second = load_secrets(environment(), tmp_path, production=False)
    path = tmp_path / "secrets.json"

    assert (first.django, first.jwt_keys, first.peppers) == (
        second.django,
        second.jwt_keys,
        second.peppers,
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({first.django, *first.jwt_keys.values(), *first.peppers.values()}) == 3


def test_two_processes_that_come_first_agree(environment, tmp_path: Path):
    env, found = environment(), []
    threads = [
        threading.Thread(
            target=lambda: found.append(load_secrets(env, tmp_path, production=False).django)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_production_takes_good_ones(environment, tmp_path: Path):
    found = load_secrets(environment(**GOOD), tmp_path, production=True)

    assert found.peppers == {1: GOOD["MEMSYNC_PEPPERS"][2:]}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", GOOD)
def test_production_refuses_to_start_without(environment, tmp_path: Path, missing: str):
    rest = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(BadSecrets, match=missing):
        load_secrets(environment(**rest), tmp_path, production=True)


@pytest.mark.parametrize(
    "bad",
    [
        {"MEMSYNC_SECRET_KEY": "short"},
        {"MEMSYNC_SECRET_KEY": "a" * 64},
        {"MEMSYNC_SECRET_KEY": "django-insecure-" + GOOD["MEMSYNC_SECRET_KEY"]},
        {"MEMSYNC_SECRET_KEY": GOOD["MEMSYNC_PEPPERS"][2:]},
        {"MEMSYNC_JWT_KEYS": "no-id"},
        {"MEMSYNC_JWT_KEYS": "1:short"},
        {"MEMSYNC_PEPPERS": "x:" + GOOD["MEMSYNC_PEPPERS"][2:]},
    ],
    ids=["short", "one letter", "known", "equal", "no ring", "short key", "no number"],
)
def test_production_refuses_weak_ones(environment, tmp_path: Path, bad: dict[str, str]):
    with pytest.raises(BadSecrets):
        load_secrets(environment(**GOOD | bad), tmp_path, production=True)


def test_they_are_not_shown_when_printed(environment, tmp_path: Path):
    found = load_secrets(environment(**GOOD), tmp_path, production=True)

    assert GOOD["MEMSYNC_SECRET_KEY"] not in repr(found)


def test_every_variable_is_in_the_example():
    root = Path(__file__).parents[2]
    example = (root / ".env.example").read_text()
    read = set(re.findall(r'env\.\w+\("([A-Z_]+)"', (root / "memsync/settings.py").read_text()))

    assert {name for name in read if f"{name}=" not in example} - {"MEMSYNC_PROCESS"} == set()
