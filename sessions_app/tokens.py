"""The access and refresh JWTs: minted with one algorithm and a ring of keys, read strictly.

simplejwt encodes and checks them; ours are the ring (`kid`), the claim schema, and that a refresh
token is a row of ours (its HMAC) rather than an entry of simplejwt's blacklist, which would store
plaintext and rotate with a race.
"""

from __future__ import annotations

import math
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
from sessions_app.models import FAMILY_LIFETIME, SessionFamily

ISSUER = AUDIENCE = "memsync"
ALGORITHM = "HS256"
ACCESS_LIFETIME = timedelta(minutes=5)
MAX_LENGTH = 2048
"""Ours have about 500 characters."""
_HEADER = {"alg", "typ", "kid"}
_CLAIMS = {"token_type", "exp", "iat", "jti", "sub", "sid", "iss", "aud"}
_LATEST = 2**33
"""The year 2242; what is beyond is no time that Python could compute with."""


class BadToken(Exception):
    """Not a token of ours: signature, algorithm, key, type, claims or expiry are wrong."""


class KeyRingBackend(TokenBackend):
    """Signs with the newest key and names it in `kid`; verifies with the key that `kid` names."""

    def encode(self, payload: dict[str, Any]) -> str:
        """The token signed with the newest key."""
        return self.sign(payload, next(reversed(settings.JWT_KEYS)))

    def sign(self, payload: dict[str, Any], kid: str) -> str:
        """The token signed with this key. Equal payloads give equal tokens."""
        claims = {**payload, "iss": ISSUER, "aud": AUDIENCE}
        return jwt.encode(claims, settings.JWT_KEYS[kid], ALGORITHM, headers={"kid": kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """The verified claims, of the form we write and no other. Raises TokenBackendError.

        `iat` is not compared with this machine's clock, which may be behind another server's.
        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.get_verifying_key(token),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": sorted(_CLAIMS), "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise TokenBackendError("invalid") from error
        if not _has_our_form(claims):
            raise TokenBackendError("odd claims")
        return claims

    def get_verifying_key(self, token: Any) -> str:
        """The key of the token's `kid`. Raises TokenBackendError for an unknown one."""
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if set(header) != _HEADER or not isinstance(kid, str) or kid not in settings.JWT_KEYS:
            raise TokenBackendError("unknown key")
        key: str = settings.JWT_KEYS[kid]
        return key


_BACKEND = KeyRingBackend(ALGORITHM, audience=AUDIENCE, issuer=ISSUER)


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


def mint_access(family: SessionFamily, *, jti: str, issued_at: datetime, kid: str = "") -> str:
    """An access token; it does not outlive its family."""
    expires = math.floor(access_expiry(family, issued_at).timestamp())
    return _mint(Access(), family, jti, issued_at, expires, kid)


def access_expiry(family: SessionFamily, issued_at: datetime) -> datetime:
    """When an access token issued then ends."""
    return min(issued_at + ACCESS_LIFETIME, family.expires_at)


def mint_refresh(family: SessionFamily, *, jti: str, issued_at: datetime, kid: str = "") -> str:
    """The refresh token with this `jti` (the secret: at least 122 random bits).

    Its `exp` is the family's end rounded up: the exact end is the database's to tell.
    """
    expires = math.ceil(family.expires_at.timestamp())
    return _mint(Refresh(), family, jti, issued_at, expires, kid)


def _mint(
    token: Token, family: SessionFamily, jti: str, issued_at: datetime, expires: int, kid: str
) -> str:
    payload = {
        "token_type": token.token_type,
        "exp": expires,
        "iat": int(issued_at.timestamp()),
        "jti": jti,
        "sub": str(family.user_id),
        "sid": str(family.pk),
    }
    return _BACKEND.sign(payload, kid or next(reversed(settings.JWT_KEYS)))


def read_access(text: str) -> Claims:
    """The claims of a live access token. Raises BadToken."""
    return _read(Access, text)


def read_refresh(text: str) -> Claims:
    """The claims of a refresh token that has not expired. Raises BadToken."""
    return _read(Refresh, text)


def _read(kind: type[Token], text: str) -> Claims:
    if len(text) > MAX_LENGTH:
        raise BadToken
    try:
        token = kind(text)  # type: ignore[arg-type]  # simplejwt takes the text
    except TokenError as error:
        raise BadToken from error
    return Claims(uuid.UUID(token["sub"]), uuid.UUID(token["sid"]))


def _has_our_form(claims: dict[str, Any]) -> bool:
    """Whether every claim has the type we write, before anything is looked up with it."""
    times = (claims["exp"], claims["iat"])
    return (
        set(claims) == _CLAIMS
        and all(type(time) is int and 0 <= time < _LATEST for time in times)
        and all(isinstance(claims[name], str) for name in ("token_type", "jti", "aud"))
        and parse_uuid(claims["sub"]) is not None
        and parse_uuid(claims["sid"]) is not None
    )
