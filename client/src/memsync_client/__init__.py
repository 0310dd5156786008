"""MemSync for Python: memory for apps that talk to language models."""

import logging

from memsync_client.client import AsyncMemsync, Memsync
from memsync_client.errors import (
    APIError,
    Conflict,
    ConnectionFailed,
    FieldError,
    Forbidden,
    InvalidValue,
    MemsyncError,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    Unauthenticated,
    ValidationError,
)
from memsync_client.scope import SessionManager
from memsync_client.version import __version__

logging.getLogger("memsync_client").addHandler(logging.NullHandler())

__all__ = [
    "APIError",
    "AsyncMemsync",
    "Conflict",
    "ConnectionFailed",
    "FieldError",
    "Forbidden",
    "InvalidValue",
    "Memsync",
    "MemsyncError",
    "NotFound",
    "RateLimited",
    "ServerError",
    "SessionManager",
    "Timeout",
    "Unauthenticated",
    "ValidationError",
    "__version__",
]
