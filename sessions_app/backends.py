"""Django's side of signing in, for pages and admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User
from sessions_app import services


class EmailBackend(ModelBackend):
    """E-mail and password, through the same throttle as the API."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **fields: Any,
    ) -> User | None:
        """The person, or None. Raises SignInThrottled."""
        email = username or fields.get("email")
        if not email or password is None:
            return None
        try:
            return services.check_credentials(email=email, password=password)
        except services.BadCredentials:
            return None

    def get_user(self, user_id: Any) -> User | None:
        """The person of a page's session."""
        user = services.find_by_id(user_id)
        return user if user and self.user_can_authenticate(user) else None
