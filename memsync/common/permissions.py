"""Permissions."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class DenyUnlessDeclared(BasePermission):
    """The default: a view that declares no permission is closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Never."""
        return False
