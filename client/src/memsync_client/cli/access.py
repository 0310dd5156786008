"""From a profile to a client whose credentials work."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlsplit

from memsync_client.cli import profiles
from memsync_client.cli.profiles import Profile
from memsync_client.client import DEFAULT_URL, Memsync
from memsync_client.errors import (
    Conflict,
    ConnectionFailed,
    InvalidValue,
    ServerError,
    Unauthenticated,
)
from memsync_client.models import TokenPair
from memsync_client.requests import Request, record
from memsync_client.transport import Blocking

T = TypeVar("T")
MARGIN = 30.0
"""Seconds before its end at which an access token is renewed."""


@dataclass(frozen=True)
class Access:
    """What the options before the command say."""

    profile: str | None = None
    url: str | None = None
    context: str | None = None
    timeout: float = 30.0
    retries: int = 2

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile or profiles.current()

    def run(self, work: Callable[[Memsync], T]) -> T:
        """Do something with a client; an access token that has ended is renewed once."""
        profile = self.known()
        try:
            return self._with(fresh(self.name, profile, self.timeout), work)
        except Unauthenticated:
            if not profile.refresh:
                raise
            renewed = fresh(self.name, self.known(), self.timeout, is_refused=True)
            return self._with(renewed, work)

    def known(self) -> Profile:
        """The profile to use: `--profile`, else the environment's key, else the current one.

        Raises InvalidValue when `--profile` names none, or when what a profile keeps for one server
        would be sent to another.
        """
        found = profiles.load(self.name)
        if self.profile and found is None:
            raise InvalidValue(f"There is no profile {self.profile}.")
        asked = self.server(found)
        if found and _would_leak(found, asked):
            raise InvalidValue(
                f"The profile {self.name} is for {found.url}, not for {asked.url}. "
                "Sign in there under another --profile, or set MEMSYNC_API_KEY."
            )
        return asked

    def server(self, stored: Profile | None) -> Profile:
        """A profile with what options and environment say instead."""
        key = os.environ.get("MEMSYNC_API_KEY")
        by_key = Profile(url="", api_key=key) if key and not self.profile else None
        found = by_key or stored or Profile(url="")
        env_url = None if self.profile else os.environ.get("MEMSYNC_URL")
        env_context = None if self.profile else os.environ.get("MEMSYNC_CONTEXT")
        return replace(
            found,
            url=self.url or env_url or found.url or DEFAULT_URL,
            context=self.context or env_context or found.context,
        )

    def client(self, profile: Profile) -> Memsync:
        """A client with a profile's credentials; without any it asks as nobody."""
        return Memsync(
            profile.url,
            profile.api_key or profile.access or None,
            profile.context,
            timeout=self.timeout,
            retries=self.retries,
        )

    def _with(self, profile: Profile, work: Callable[[Memsync], T]) -> T:
        with self.client(profile) as client:
            return work(client)


def _would_leak(stored: Profile, asked: Profile) -> bool:
    """Whether credentials that are stored for one server would go to another."""
    kept = (stored.api_key, stored.refresh)
    is_sent = any(kept) and kept == (asked.api_key, asked.refresh)
    return is_sent and _origin(stored.url or DEFAULT_URL) != _origin(asked.url)


def _origin(url: str) -> tuple[str, str]:
    """Scheme, host and port."""
    parts = urlsplit(url.lower())
    return parts.scheme, parts.netloc


def signed_in(profile: Profile, pair: TokenPair) -> Profile:
    """The profile with a new pair of tokens."""
    return replace(
        profile,
        access=pair.access,
        access_expires_at=time.time() + pair.expires_in,
        refresh=pair.refresh,
        attempt="",
    )


def device() -> dict[str, str]:
    """This device, towards the server."""
    return {"fingerprint": profiles.fingerprint(), "label": f"memsync on {socket.gethostname()}"}


def fresh(name: str, profile: Profile, timeout: float, *, is_refused: bool = False) -> Profile:
    """The profile with an access token that works; its refresh token rotates under a lock.

    Of commands at the same time one refreshes, and the others use what it got: a token that is sent
    twice would end the sign-in. Raises Unauthenticated when it has ended.
    """
    is_old = profile.access_expires_at - MARGIN < time.time()
    if not profile.refresh or not (is_old or is_refused):
        return profile
    with profiles.locked(name) as now:
        if now is None or not now.refresh:
            return profile
        if now.refresh != profile.refresh:  # another command was faster
            return replace(now, url=profile.url, context=profile.context)
        return replace(_rotated(name, now, timeout), url=profile.url, context=profile.context)


def _rotated(name: str, profile: Profile, timeout: float) -> Profile:
    noted = profiles.begin_attempt(name, profile)
    with Memsync(noted.url, timeout=timeout) as client:
        try:
            pair = refresh(client._driver, noted)
        except (ConnectionFailed, ServerError, Conflict):
            raise  # the outcome is unknown: the next command repeats this attempt
        except Exception:
            profiles.save(name, replace(noted, attempt=""))
            raise
    renewed = signed_in(noted, pair)
    profiles.save(name, renewed)
    return renewed


def refresh(driver: Blocking, profile: Profile) -> TokenPair:
    """A new pair, under the attempt's key: a lost answer is given again."""
    return driver.perform(
        Request(
            "POST",
            "/auth/refresh",
            record(TokenPair),
            body={"refresh": profile.refresh},
            headers={"Idempotency-Key": profile.attempt},
            is_keyed=True,
            is_global=True,
        )
    )
