"""JSON values of clients, as they come back from `jsonb`."""

from __future__ import annotations

import json
from typing import Any

from memsync.common.parsing import MAX_INTEGER


class JsonValues(json.JSONDecoder):
    """Reads what clients sent. `jsonb` writes 1e300 out in digits; it was sent as a float."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parse_int=_number, **options)


def _number(text: str) -> int | float:
    return int(text) if len(text) < 17 or abs(int(text)) <= MAX_INTEGER else float(text)
