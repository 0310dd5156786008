"""Reading tokens strictly: whatever is odd is a 401, never a 500."""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from sessions_app.models import SecurityEvent, SessionFamily
from sessions_app.tokens import BadToken, read_access, read_refresh
from tests.sessions_app.auth import bearer, family_of, get, is_alive, login, post, refresh

pytestmark = pytest.mark.django_db

NOW = int(time.time())
GONE = "nothing of this name"
ODD = [
    {"exp": value}
    for value in (
        *(GONE, None, True, "soon", str(NOW + 60), [], {}, -1, NOW - 1, 1e30, 1e308),
        *(10**400, NOW + 60.5, 2**63),
    )
]
ODD += [{"iat": value} for value in (GONE, None, "now", 1e30, -5, [NOW])]
ODD += [
    {name: value}
    for name in ("sub", "sid")
    for value in (GONE, None, True, 1, "", "x", "\x00" * 36, [], {}, "a" * 40, str(uuid.uuid4()))
]
ODD += [{"jti": value} for value in (GONE, None, 7, ["x"], {})]
ODD += [{"token_type": value} for value in (GONE, None, "other", ["access"], {"a": 1}, 5)]
ODD += [{"iss": value} for value in (GONE, "somebody", None, ["memsync"])]
ODD += [{"aud": value} for value in (GONE, "others", None, ["memsync"], 5)]
ODD += [{"nbf": NOW + 600}, {"admin": True}, {"nested": json.loads("[" * 200 + "]" * 200)}]


def signed(claims: dict[str, Any], key: str = "", **header: Any) -> str:
    """Signed by hand, for a library that signs would refuse some of this."""
    kid = next(reversed(settings.JWT_KEYS))
    header = {"alg": "HS256", "typ": "JWT", "kid": kid} | header
    header = {name: value for name, value in header.items() if value != GONE}
    text = f"{encoded(header)}.{encoded(claims)}"
    digest = hmac.digest((key or settings.JWT_KEYS[kid]).encode(), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def changed(token: str, change: dict[str, Any]) -> str:
    claims = claims_of(token) | change
    return signed({name: value for name, value in claims.items() if value != GONE})


@pytest.mark.parametrize("change", ODD, ids=[f"{next(iter(odd))}-{n}" for n, odd in enumerate(ODD)])
def test_a_correctly_signed_token_with_odd_claims_is_refused_and_changes_nothing(
    alice: User, change: dict[str, Any]
) -> None:
    pair = login(alice)
    assert get("me", changed(pair["access"], change)).status == 401
    answer = refresh(changed(pair["refresh"], change))
    assert (answer.status, answer["code"]) == (401, "refresh_token_invalid")
    assert not family_of(pair).revoked_at
    assert is_alive(pair)


@pytest.mark.parametrize(
    "header",
    [{"kid": GONE}, {"kid": "99"}, {"kid": 5}, {"jku": "https://x"}, {"jwk": {}}, {"x5u": "u"},
     {"crit": ["exp"]}, {"typ": GONE}],
    ids=str,
)  # fmt: skip
def test_a_token_with_an_odd_header_is_refused(alice: User, header: dict[str, Any]) -> None:
    pair = login(alice)
    assert get("me", signed(claims_of(pair["access"]), **header)).status == 401
    assert refresh(signed(claims_of(pair["refresh"]), **header)).status == 401


def test_tokens_of_one_kind_do_not_pass_as_the_other(alice: User) -> None:
    pair = login(alice)
    assert get("me", pair["refresh"]).status == 401
    assert refresh(pair["access"]).status == 401
    assert is_alive(pair)


def test_another_algorithm_or_key_is_refused(alice: User) -> None:
    access = login(alice)["access"]
    claims, kid = claims_of(access), next(reversed(settings.JWT_KEYS))
    key = settings.JWT_KEYS[kid]
    forged = [
        jwt.encode(claims, "", "none", headers={"kid": kid}),
        jwt.encode(claims, key, "HS512", headers={"kid": kid}),
        jwt.encode(claims, settings.SECRET_KEY, "HS256", headers={"kid": kid}),
        access[:-2],
        access + "A",
    ]
    assert [get("me", token).status for token in forged] == [401] * len(forged)


def deep(depth: int) -> str:
    return base64.urlsafe_b64encode(b"[" * depth + b"]" * depth).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b.c", "ü", "\ud7ff", f"{deep(700)}.e30.AAAA", "x" * 2049, "ms_", "e30.e30."],
    ids=lambda text: f"{text[:6]!r}x{len(text)}",
)
def test_garbage_is_refused(text: str) -> None:
    for read in (read_access, read_refresh):
        with pytest.raises(BadToken):
            read(text)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_case_insensitive(alice: User, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {login(alice)['access']}"}
    assert Client().get("/auth/me", headers=headers).status_code == 200


def test_a_forged_token_never_raises_the_alarm(alice: User) -> None:
    pair = login(alice)
    refresh(pair["refresh"] + "A")
    refresh(signed(claims_of(pair["refresh"]), key="k" * 40))
    assert not SecurityEvent.objects.exclude(kind="login_ok").exists()
    assert refresh(pair["refresh"]).status == 200


def test_a_genuine_looking_token_of_an_unknown_family_is_refused(alice: User) -> None:
    pair = login(alice)
    family_of(pair).delete()
    assert refresh(pair["refresh"]).status == 401
    assert not SessionFamily.objects.exists()


def test_keys_rotate_and_old_ones_verify_until_they_are_taken_away(
    alice: User, settings: Any
) -> None:
    pair = login(alice)
    settings.JWT_KEYS = {**settings.JWT_KEYS, "next": "n" * 48}
    new = refresh(pair["refresh"]).body
    assert jwt.get_unverified_header(new["access"])["kid"] == "next"
    assert is_alive(pair)
    settings.JWT_KEYS = {"next": "n" * 48}
    assert not is_alive(pair)
    assert is_alive(new)


def test_peppers_rotate_and_new_rows_use_the_newest(alice: User, settings: Any) -> None:
    pair = login(alice)
    newest = max(settings.TOKEN_PEPPERS) + 1
    settings.TOKEN_PEPPERS = {**settings.TOKEN_PEPPERS, newest: "p" * 48}
    answer = refresh(pair["refresh"])
    assert answer.status == 200
    ids = family_of(pair).sessions.order_by("generation").values_list("hash_key_id", flat=True)
    assert list(ids) == [newest - 1, newest]
    assert refresh(pair["refresh"]).status == 401  # still known under the old pepper: the alarm
    assert family_of(pair).revoke_reason == "reuse"


def test_an_access_token_says_nothing_that_a_refresh_token_must_keep(alice: User) -> None:
    pair = login(alice)
    access, fresh = claims_of(pair["access"]), claims_of(pair["refresh"])
    assert set(access) == {"token_type", "exp", "iat", "jti", "sub", "sid", "iss", "aud"}
    assert access["jti"] != fresh["jti"]
    assert access["exp"] - access["iat"] == 300
    assert post("refresh", {"refresh": pair["refresh"]}, **bearer("expired")).status == 200
