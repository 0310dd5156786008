"""Logs without words: an exception's text can hold what somebody said (a row that a constraint
refused, a value that did not parse), so tracebacks show places and types only.
"""

from __future__ import annotations

import logging
import traceback
from types import TracebackType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

_SPEAKING = (OSError, ImproperlyConfigured, OperationalError, InterfaceError)
"""Exceptions about the machine, not about rows: these are shown with their text."""


class WordlessFormatter(logging.Formatter):
    """Tracebacks with files, lines and types."""

    def format(self, record: logging.LogRecord) -> str:
        """As ever, but never with a traceback that another handler's formatter left behind."""
        cached, record.exc_text = record.exc_text, None
        try:
            return super().format(record)
        finally:
            record.exc_text = cached

    def formatException(self, ei: Any) -> str:
        """The chain of exceptions, the cause first, without their texts."""
        _, error, trace = ei
        lines: list[str] = []
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            lines.insert(0, _one(error, trace))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            trace = error.__traceback__ if error else None
        return "\n".join(lines)


def _one(error: BaseException, trace: TracebackType | None) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    text = f": {error}" if isinstance(error, _SPEAKING) else ""
    return "".join(traceback.format_tb(trace)) + kind + text
