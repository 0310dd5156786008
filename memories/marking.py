"""Which characters of a turn are cited, and by what. Pure functions.

Offsets count Unicode code points, as Python strings do. Spans may overlap, nest and touch.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Span(Generic[Key]):
    """The characters [start, end) and what cites them."""

    start: int
    end: int
    key: Key


@dataclass(frozen=True, slots=True)
class Segment(Generic[Key]):
    """A run of characters that the same spans cover; the shortest span comes first."""

    text: str
    keys: tuple[Key, ...] = ()


def mark(text: str, spans: Sequence[Span[Key]]) -> list[Segment[Key]]:
    """`text` cut into segments which, joined, are `text` again.

    What reaches beyond the text is cut off; spans that are empty then are left out. O(n log n) in
    the spans where few of them overlap.
    """
    inside = [_clipped(span, len(text)) for span in spans]
    inside = sorted((span for span in inside if span.start < span.end), key=_length)
    edges = sorted({0, len(text), *_edges(inside)})
    starting: dict[int, list[Span[Key]]] = {}
    for span in inside:
        starting.setdefault(span.start, []).append(span)
    segments, open_spans = [], list[Span[Key]]()
    for start, end in pairwise(edges):
        open_spans = [span for span in open_spans if span.end > start] + starting.get(start, [])
        keys = dict.fromkeys(span.key for span in sorted(open_spans, key=_length))
        segments.append(Segment(text[start:end], tuple(keys)))
    return segments


def _clipped(span: Span[Key], length: int) -> Span[Key]:
    return Span(max(span.start, 0), min(span.end, length), span.key)


def _length(span: Span[Key]) -> int:
    return span.end - span.start


def _edges(spans: Sequence[Span[Key]]) -> list[int]:
    return [edge for span in spans for edge in (span.start, span.end)]
