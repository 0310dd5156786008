"""The server's own secrets: from the environment, or generated once in the data folder."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from environs import Env

MIN_LENGTH = 32
KNOWN = frozenset({"changeme", "secret", "insecure", "django-insecure", "example", "password"})


class BadSecrets(RuntimeError):
    """A secret is missing, short, repeated or published; the server must not start."""


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Django's key, JWT keys by `kid` and token peppers by `hash_key_id` (newest last)."""

    django: str
    jwt_keys: dict[str, str]
    peppers: dict[int, str]


def load_secrets(env: Env, data_dir: Path, *, production: bool) -> Secrets:
    """The secrets of this installation. Raises `BadSecrets` in production when they are weak."""
    values = {
        "MEMSYNC_SECRET_KEY": env.str("MEMSYNC_SECRET_KEY", ""),
        "MEMSYNC_JWT_KEYS": env.str("MEMSYNC_JWT_KEYS", ""),
        "MEMSYNC_PEPPERS": env.str("MEMSYNC_PEPPERS", ""),
    }
    if not production and not all(values.values()):
        stored = _generated(data_dir / "secrets.json")
        values = {name: value or stored[name] for name, value in values.items()}
    missing = sorted(name for name, value in values.items() if not value)
    if missing:
        raise BadSecrets(f"production needs {', '.join(missing)}")
    jwt_keys = _ring(values["MEMSYNC_JWT_KEYS"])
    peppers = _numbered(_ring(values["MEMSYNC_PEPPERS"]))
    if production:
        _refuse_weak([values["MEMSYNC_SECRET_KEY"], *jwt_keys.values(), *peppers.values()])
    return Secrets(values["MEMSYNC_SECRET_KEY"], jwt_keys, peppers)


def _ring(text: str) -> dict[str, str]:
    """`id:key,id:key` → {id: key}, in the order written."""
    try:
        return dict(item.strip().split(":", 1) for item in text.split(","))
    except ValueError as error:
        raise BadSecrets("a key ring is written id:key,id:key") from error


def _numbered(ring: dict[str, str]) -> dict[int, str]:
    """A ring whose ids are numbers, the newest last."""
    try:
        return dict(sorted((int(number), value) for number, value in ring.items()))
    except ValueError as error:
        raise BadSecrets("the ids of peppers are numbers") from error


def _refuse_weak(values: list[str]) -> None:
    if len(set(values)) != len(values):
        raise BadSecrets("two secrets are equal")
    for value in values:
        known = any(word in value.lower() for word in KNOWN)
        if len(value) < MIN_LENGTH or len(set(value)) < 10 or known:
            raise BadSecrets(f"a secret is shorter than {MIN_LENGTH} characters or well known")


def _generated(path: Path) -> dict[str, str]:
    """The secrets in `path`, made on first use; safe when two processes come first at once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = {
            "MEMSYNC_SECRET_KEY": secrets.token_urlsafe(48),
            "MEMSYNC_JWT_KEYS": f"1:{secrets.token_urlsafe(48)}",
            "MEMSYNC_PEPPERS": f"1:{secrets.token_urlsafe(48)}",
        }
        draft = path.with_name(f".secrets-{os.getpid()}-{secrets.token_hex(4)}")
        with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            json.dump(fresh, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # atomic, and refuses to replace what another process made
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    stored: dict[str, str] = json.loads(path.read_text())
    return stored
