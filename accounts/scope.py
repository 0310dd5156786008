"""Scope: the set of `key=value` tags that says for whom a record is. Pure functions, no models.

In the server a scope is a dict; on the wire it is the sorted list of `key=value` strings. A record
is visible iff its scope is a subset of the asked scope, so the database matches the record's
`scope_key` against the keys of all subsets of what is asked (at most 2⁸).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from itertools import combinations

Scope = dict[str, str]

MAX_TAGS = 8
MAX_VALUE = 128
_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
_SEPARATOR = "\n"  # not printable, so no value can hold it
_MAX_KEY_BYTES = 400  # an index row has 2,704 bytes at most; longer keys are hashed


class BadScope(ValueError):
    """A tag is malformed, repeated with another value, or there are too many."""


class ScopeContradiction(Exception):
    """A tag contradicts the floor."""


def parse_tags(tags: Iterable[object]) -> Scope:
    """`["org=acme", …]` → scope. Raises BadScope."""
    scope: Scope = {}
    for tag in tags:
        if not isinstance(tag, str):
            raise BadScope("a tag is a string key=value")
        key, equals, value = tag.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise BadScope(f"{tag[:64]!r} is not key=value with a key of [a-z][a-z0-9_]*")
        if not 1 <= len(value) <= MAX_VALUE or not value.isprintable():
            raise BadScope(f"the value of {key!r} needs 1 to {MAX_VALUE} printable characters")
        if scope.setdefault(key, value) != value:
            raise BadScope(f"{key!r} is given two values")
    if len(scope) > MAX_TAGS:
        raise BadScope(f"at most {MAX_TAGS} tags")
    return dict(sorted(scope.items()))


def tags(scope: Mapping[str, str]) -> list[str]:
    """Scope → sorted list of tags, as on the wire."""
    return [f"{key}={value}" for key, value in sorted(scope.items())]


def scope_key(scope: Mapping[str, str]) -> str:
    """The canonical key of a scope; equal scopes have equal keys."""
    return _key_of(tags(scope))


def subset_keys(scope: Mapping[str, str]) -> list[str]:
    """The keys of all subsets of `scope`, the empty one first."""
    items = tags(scope)
    return [_key_of(c) for size in range(len(items) + 1) for c in combinations(items, size)]


def _key_of(sorted_tags: Iterable[str]) -> str:
    key = _SEPARATOR.join(sorted_tags)
    data = key.encode()
    return key if len(data) <= _MAX_KEY_BYTES else f"#{hashlib.sha256(data).hexdigest()}"


def contradicts(scope: Mapping[str, str], floor: Mapping[str, str]) -> bool:
    """Whether some key has another value in `scope` than in `floor`."""
    return any(scope.get(key, value) != value for key, value in floor.items())


def add_tags(floor: Mapping[str, str], extra: Mapping[str, str]) -> Scope:
    """`floor` ∪ `extra`. Raises ScopeContradiction, or BadScope beyond 8 tags."""
    if contradicts(extra, floor):
        raise ScopeContradiction
    merged = {**floor, **extra}
    if len(merged) > MAX_TAGS:
        raise BadScope(f"at most {MAX_TAGS} tags with the floor")
    return dict(sorted(merged.items()))


def covers(scope: Mapping[str, str], floor: Mapping[str, str]) -> bool:
    """Whether every tag of `floor` is in `scope`: the condition for writing."""
    return floor.items() <= scope.items()
