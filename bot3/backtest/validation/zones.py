"""Recorded time in three parts: to search in, to select in, and one to look at once.

Invariant: zones do not overlap, and lie apart by the embargo: what a position or a feature spans at
the end of one is over before the next begins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from attrs import frozen

from bot3.domain.bars import Bars
from bot3.domain.errors import DataError

SEARCH_SHARE: Final = 0.4
SELECTION_SHARE: Final = 0.3
BARS_MIN: Final = 600
_DAY_NS: Final = 86_400 * 1_000_000_000

Span = tuple[int, int]


@frozen
class Zones:
    """Times (ns): bars that close in [start, end) belong to a zone."""

    search: Span
    selection: Span
    holdout: Span


def zones_of(every: Sequence[Bars], warm_bars: int, embargo_bars: int) -> Zones:
    """By time, of all instruments together. Raises `DataError` for too few bars."""
    short = min(every, key=len)
    if len(short) - warm_bars < BARS_MIN:
        raise DataError(
            f"{short.symbol}: {len(short)} bars; a search, a selection and a hold-out need"
            f" {BARS_MIN + warm_bars}"
        )
    interval_ns = max(bars.interval_ns for bars in every)
    first = max(int(bars.close_ns[warm_bars]) for bars in every)
    last = min(int(bars.close_ns[-1]) for bars in every)
    if last - first < BARS_MIN * interval_ns:
        raise DataError("the instruments have too little time in common")
    gap_ns, length_ns = embargo_bars * interval_ns, last - first
    one = first + round(length_ns * SEARCH_SHARE)
    two = first + round(length_ns * (SEARCH_SHARE + SELECTION_SHARE))
    return Zones((first, one - gap_ns), (one, two - gap_ns), (two, last))


def rows_of(bars: Bars, span: Span) -> tuple[int, int]:
    """First and last (excluded) row of those that close in it."""
    first, last = np.searchsorted(bars.open_ns, np.array(span) - bars.interval_ns)
    return int(first), int(last)


def parts(span: tuple[int, int], count: int, embargo: int) -> list[tuple[int, int]]:
    """Rows in `count` equal parts, `embargo` rows apart."""
    edges = np.linspace(span[0], span[1], count + 1).astype(int).tolist()
    return [(edges[at], edges[at + 1] - (embargo if at + 1 < count else 0)) for at in range(count)]


def digests(bars: Bars, span: Span) -> list[str]:
    """Of each UTC day's bars in it: data that was looked at is known again by its content."""
    first, last = rows_of(bars, span)
    days = bars.open_ns[first:last] // _DAY_NS
    begun = (first + np.flatnonzero(np.diff(days, prepend=-1))).tolist()
    found = []
    for begin, end in pairwise([*begun, last]):
        body = bars.open_ns[begin:end].tobytes() + bars.close[begin:end].tobytes()
        found.append(hashlib.blake2b(body, digest_size=8).hexdigest())
    return found
