"""API keys as text: `ms_<prefix>_<secret>`. Pure functions over the peppers of the settings."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass

from django.conf import settings

_FORM = re.compile(r"ms_([0-9a-z]{12})_([0-9A-Za-z_-]{43})")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, repr=False)
class NewKey:
    """A key just drawn: the text is shown once, the rest is stored."""

    text: str
    prefix: str
    secret_hash: str
    hash_key_id: int


def draw_key() -> NewKey:
    """A random key with 256 bits of secret."""
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    pepper_id = max(settings.TOKEN_PEPPERS)
    return NewKey(f"ms_{prefix}_{secret}", prefix, keyed_hash(secret, pepper_id), pepper_id)


def split_key(text: str) -> tuple[str, str] | None:
    """(prefix, secret) of a key; None when the text has not a key's form."""
    match = _FORM.fullmatch(text)
    return (match[1], match[2]) if match else None


def keyed_hash(secret: str, pepper_id: int) -> str:
    """HMAC-SHA256 of a secret under one pepper, in hex."""
    return hmac.digest(settings.TOKEN_PEPPERS[pepper_id].encode(), secret.encode(), "sha256").hex()


def secret_matches(secret: str, stored_hash: str, pepper_id: int) -> bool:
    """Whether the secret is the stored one; False when its pepper was retired."""
    if pepper_id not in settings.TOKEN_PEPPERS:
        return False
    return hmac.compare_digest(keyed_hash(secret, pepper_id), stored_hash)
