"""The data of a search, and what it says about it: a digest of it, and of each of its days.

Invariant: bars of the same content have the same digest, whatever file they came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from bot3.app.backtest.read import read_sources
from bot3.app.search.columns import ColumnFiles
from bot3.app.search.options import DataOptions
from bot3.backtest.validation.zones import Zones, digests
from bot3.domain.bars import Bars


def read_columns(options: DataOptions, files: ColumnFiles) -> tuple[list[Bars], list[str]]:
    """The bars of every file in mapped columns, and what was found wrong with them, a line each."""
    sources, warnings = read_sources(
        options.data, options.timerange, is_repaired=options.is_repaired, held_rows=0
    )
    return [files.bars(source) for source in sources], warnings


def bars_digest(bars: Bars) -> str:
    """Of everything a feature or a fill reads."""
    hashed = hashlib.blake2b(bars.symbol.encode(), digest_size=16)
    for column in (bars.open_ns, bars.open, bars.high, bars.low, bars.close, bars.volume):
        hashed.update(np.ascontiguousarray(column).data)
    return hashed.hexdigest()


def days_of(every: Sequence[Bars], zones: Zones) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Digests of the days to search and select on, and of those of the hold-out."""
    days, holdout = [], []
    for bars in every:
        days += digests(bars, (zones.search[0], zones.selection[1]))
        holdout += digests(bars, zones.holdout)
    return tuple(days), tuple(holdout)
