"""The access and refresh JWTs: minted with one algorithm and a ring of keys, read strictly.

simplejwt encodes and checks them; ours are the ring (`kid`), the claim schema, and that a refresh
token is a row of ours (its HMAC) rather than an entry of simplejwt's blacklist, which would store
plaintext and rotate with a race.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from memsync.common.ids import parse_uuid

ISSUER = AUDIENCE = "memsync"
ACCESS_LIFETIME = timedelta(minutes=5)
FAMILY_LIFETIME = timedelta(days=14)


class BadToken(Exception):
    """Not a token of ours: signature, algorithm, key, type, claims or expiry are wrong."""


class KeyRingBackend(TokenBackend):
    """Signs with the newest key and names it in `kid`; verifies with the key that `kid` names."""

    def encode(self, payload: dict[str, Any]) -> str:
        """The signed token."""
        kid, key = list(settings.JWT_KEYS.items())[-1]
        claims = {**payload, "iss": ISSUER, "aud": AUDIENCE}
        return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})

    def get_verifying_key(self, token: Any) -> str:
        """The key of the token's `kid`. Raises TokenBackendError for an unknown one."""
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError as error:
            raise TokenBackendError("malformed") from error
        if not isinstance(kid, str) or kid not in settings.JWT_KEYS:
            raise TokenBackendError("unknown key")
        key: str = settings.JWT_KEYS[kid]
        return key


_BACKEND = KeyRingBackend("HS256", "", "", AUDIENCE, ISSUER)


class Access(AccessToken):
    """A short-lived access token of a family."""

    lifetime = ACCESS_LIFETIME
    _token_backend = _BACKEND


class Refresh(RefreshToken):
    """A refresh token: one generation of a family."""

    lifetime = FAMILY_LIFETIME
    _token_backend = _BACKEND


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token of ours says."""

    user_id: uuid.UUID
    family_id: uuid.UUID
    jti: str


def mint_access(
    *, user_id: uuid.UUID, family_id: uuid.UUID, expires_at: datetime, now: datetime
) -> tuple[str, int]:
    """An access token and its seconds to live; it does not outlive its family."""
    seconds = int(min(ACCESS_LIFETIME, expires_at - now).total_seconds())
    return _mint(Access(), user_id, family_id, now + timedelta(seconds=seconds)), seconds


def mint_refresh(
    *, user_id: uuid.UUID, family_id: uuid.UUID, expires_at: datetime, jti: str
) -> str:
    """The refresh token with this `jti` (the secret: at least 122 random bits)."""
    token = Refresh()
    token["jti"] = jti
    return _mint(token, user_id, family_id, expires_at)


def _mint(token: Token, user_id: uuid.UUID, family_id: uuid.UUID, expires_at: datetime) -> str:
    token["sub"], token["sid"] = str(user_id), str(family_id)
    token["exp"] = int(expires_at.timestamp())
    return str(token)


def read_access(text: str) -> Claims:
    """The claims of a live access token. Raises BadToken."""
    return _read(Access, text)


def read_refresh(text: str) -> Claims:
    """The claims of a refresh token that has not expired. Raises BadToken."""
    return _read(Refresh, text)


def _read(kind: type[Token], text: str) -> Claims:
    """Verify, and check the form of every claim before anything is looked up with it."""
    try:
        token = kind(text)  # type: ignore[arg-type]  # simplejwt takes the text
    except (TokenError, TokenBackendError, ValueError, TypeError, OverflowError) as error:
        raise BadToken from error
    user_id, family_id = parse_uuid(token.get("sub")), parse_uuid(token.get("sid"))
    jti, expires = token.get("jti"), token.get("exp")
    if user_id is None or family_id is None or not isinstance(jti, str):
        raise BadToken
    if not isinstance(expires, int) or isinstance(expires, bool):
        raise BadToken
    return Claims(user_id, family_id, jti)
