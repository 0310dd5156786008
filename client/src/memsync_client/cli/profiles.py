"""Profiles: which server, and as whom. One file each, readable by their owner alone."""

from __future__ import annotations

import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from memsync_client.errors import InvalidValue

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: no two commands at once
    fcntl = None  # type: ignore[assignment]

DEFAULT = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Profile:
    """A server and the credentials for it: an API key, or the tokens of a sign-in."""

    url: str
    context: str = "-"
    api_key: str = ""
    email: str = ""
    access: str = ""
    access_expires_at: float = 0.0
    """Seconds since the epoch."""
    refresh: str = ""
    attempt: str = ""
    """The Idempotency-Key of a refresh whose answer is not saved yet."""

    @property
    def kind(self) -> str:
        """How it signs in, for people."""
        return "API key" if self.api_key else f"signed in as {self.email}"


def folder() -> Path:
    """Where profiles are kept: MEMSYNC_CONFIG_DIR, else below the user's configuration."""
    named = os.environ.get("MEMSYNC_CONFIG_DIR")
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(named) if named else Path(base) / "memsync"


def names() -> list[str]:
    """The profiles there are."""
    return sorted(file.stem for file in (folder() / "profiles").glob("*.json"))


def current() -> str:
    """The profile used without `--profile`: MEMSYNC_PROFILE, else the one chosen last."""
    chosen = folder() / "current"
    named = os.environ.get("MEMSYNC_PROFILE")
    return named or (chosen.read_text().strip() if chosen.exists() else DEFAULT)


def choose(name: str) -> None:
    """Use this profile from now on."""
    _write(folder() / "current", name)


def load(name: str) -> Profile | None:
    """A profile; None when there is none of this name. Raises InvalidValue for a broken file."""
    try:
        read = json.loads(_file(name).read_text())
        known = {field.name for field in fields(Profile)}
        return Profile(**{key: value for key, value in read.items() if key in known})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidValue(f"The profile file {_file(name)} is broken: sign in again.") from error


def save(name: str, profile: Profile) -> None:
    """Keep a profile, whole or not at all."""
    _write(_file(name), json.dumps(asdict(profile), indent=1))


def remove(name: str) -> None:
    """Forget a profile."""
    _file(name).unlink(missing_ok=True)


@contextmanager
def locked(name: str) -> Iterator[Profile | None]:
    """The profile as it is now, with no other command changing it meanwhile."""
    path = _file(name).with_suffix(".lock")
    _make_folder(path.parent)
    with path.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield load(name)


def begin_attempt(name: str, profile: Profile) -> Profile:
    """Note the key of a refresh before it is sent, so that a crash does not lose the sign-in."""
    noted = replace(profile, attempt=profile.attempt or str(uuid.uuid4()))
    save(name, noted)
    return noted


def fingerprint() -> str:
    """The stable name of this device towards servers; random, it says nothing of the machine."""
    path = folder() / "device"
    if not path.exists():
        _write(path, uuid.uuid4().hex)
    return path.read_text().strip()


def _file(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise InvalidValue("A profile's name is letters, digits, dots, dashes and underscores.")
    return folder() / "profiles" / f"{name}.json"


def _make_folder(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step: a reader sees the old or the new one."""
    _make_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
