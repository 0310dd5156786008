"""Identifiers."""

import uuid

import uuid_utils


def uuid7() -> uuid.UUID:
    """A fresh UUIDv7: sortable by time of creation (RFC 9562 §5.7)."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def parse_uuid(text: object) -> uuid.UUID | None:
    """The UUID a client wrote in canonical form, of any version; None when it is none."""
    if not isinstance(text, str) or len(text) != 36:
        return None
    try:
        return uuid.UUID(text) if text.isascii() else None
    except ValueError:
        return None
