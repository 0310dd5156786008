"""Whether what a document shows is what came.

Stable parts must be equal. `…` stands for anything, at the end of a list for further members; ids
and times stand for any id or time; an object may have fields that the document leaves out.
"""

from __future__ import annotations

import json
import re
from typing import Any

ELLIPSIS = "…"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
RULE = re.compile("-{2,}")
MEASURED = frozenset({"score", "latency_ms"})
"""Numbers that differ from one machine to the next."""


def difference(language: str, shown: str, came: str) -> str:
    """How the output that came differs from the one shown; empty when it does not."""
    if language != "json":
        return _text_difference(shown, came)
    try:
        return _json_difference(json.loads(shown), last_json(came), "$")
    except ValueError as error:
        return f"no JSON: {error} in {came!r}"


def last_json(text: str) -> Any:
    """The last of the JSON values that an output is, or that its last line is."""
    try:
        return _values(text)[-1]
    except ValueError:
        return json.loads(text.strip().splitlines()[-1] if text.strip() else "")


def _values(text: str) -> list[Any]:
    """The JSON values of a text of nothing else. Raises ValueError."""
    values: list[Any] = []
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest or not values:
        value, end = decoder.raw_decode(rest)
        values.append(value)
        rest = rest[end:].lstrip()
    return values


def _text_difference(shown: str, came: str) -> str:
    wanted, got = _lines(shown), _lines(came)
    if _agree("\n".join(wanted), "\n".join(got)):
        return ""
    return "\n".join(["shown:", *wanted, "came:", *got])


def _lines(text: str) -> list[str]:
    """Lines with single spaces and short rules: a column's width depends on ids and times."""
    lines = [RULE.sub("---", " ".join(line.split())) for line in text.splitlines()]
    return [line for line in lines if line]


def _agree(shown: str, came: str) -> bool:
    parts = (re.escape(part) for part in _plain(shown).split(ELLIPSIS))
    return re.fullmatch(".*".join(parts), _plain(came), re.DOTALL) is not None


def _plain(text: str) -> str:
    """A text in which every id and every time is the same."""
    return TIME.sub("<time>", UUID.sub("<id>", text))


def _json_difference(shown: Any, came: Any, at: str) -> str:
    if isinstance(shown, dict) and isinstance(came, dict):
        return _object_difference(shown, came, at)
    if isinstance(shown, list) and isinstance(came, list):
        return _list_difference(shown, came, at)
    if isinstance(shown, str) and isinstance(came, str):
        is_same = _agree(shown, came)
    else:
        is_same = type(shown) is type(came) and shown == came
    return "" if is_same else f"{at}: {came!r}, not {shown!r}"


def _object_difference(shown: dict[str, Any], came: dict[str, Any], at: str) -> str:
    for name, value in shown.items():
        if name == ELLIPSIS:
            continue
        if name not in came:
            return f"{at}.{name} did not come: {came!r}"
        if name in MEASURED and isinstance(came[name], int | float):
            continue
        if found := _json_difference(value, came[name], f"{at}.{name}"):
            return found
    return ""


def _list_difference(shown: list[Any], came: list[Any], at: str) -> str:
    wanted = [value for value in shown if value != ELLIPSIS]
    if len(came) < len(wanted) or (len(wanted) == len(shown) != len(came)):
        return f"{at} has {len(came)} members, not {len(wanted)}: {came!r}"
    found = (
        _json_difference(value, came[place], f"{at}[{place}]") for place, value in enumerate(wanted)
    )
    return next((each for each in found if each), "")
