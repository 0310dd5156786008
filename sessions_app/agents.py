"""A browser's User-Agent in words for people. A guess: it is what the client says of itself."""

from __future__ import annotations

_SOFTWARE = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("memsync", "MemSync client"),
    ("python-", "Python"),
    ("Python", "Python"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def describe_agent(user_agent: str) -> str:
    """Such as "Firefox on Linux"; empty where nothing is recognized."""
    software = _first(_SOFTWARE, user_agent)
    system = _first(_SYSTEMS, user_agent)
    return " on ".join(word for word in (software, system) if word)


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in names if mark in user_agent), "")
