"""Recorded bars from files, checked before anything is traded on them.

Invariant: each symbol comes once; what was mended is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from adapters.simulated.raw_bars import read_raw_bars
from bot3.backtest.bars import Bars, Flaw, checked, interval_of
from bot3.domain.errors import ConfigError, DataError


def read_all(
    paths: Sequence[Path], timerange: str | None, *, is_repaired: bool
) -> tuple[list[Bars], list[str]]:
    """The bars of every file, and what was found wrong with them, a line each."""
    found: list[Bars] = []
    warnings: list[str] = []
    start_ns, end_ns = span_of(timerange)
    for path in paths:
        raw = read_raw_bars(path)
        bars = Bars(
            raw.symbol, raw.open_ns, raw.open, raw.high, raw.low, raw.close, raw.volume,
            0 if raw.is_trades else interval_of(raw.open_ns), raw.is_trades,
        )  # fmt: skip
        bars, flaws = checked(bars, is_repaired=is_repaired)
        warnings += [f"{path.name}: {_told(flaw)}" for flaw in flaws]
        bars = bars.between(start_ns, end_ns)
        if len(bars) < 2:
            raise DataError(f"{path}: {len(bars)} bars in {timerange}; at least 2 are needed")
        if any(bars.symbol == other.symbol for other in found):
            raise DataError(f"{path}: {bars.symbol} comes twice; give each instrument one file")
        found.append(bars)
    return found, warnings


def _told(flaw: Flaw) -> str:
    return f"{flaw.words}; mended" if flaw.is_fatal else flaw.words


def span_of(timerange: str | None) -> tuple[int, int]:
    """Of `20230101-20230301`, ISO dates, or either side empty; raises `ConfigError`."""
    if not timerange:
        return 0, 2**63 - 1
    start, dash, end = timerange.partition("..") if ".." in timerange else timerange.partition("-")
    if not dash:
        raise ConfigError(f"--timerange {timerange!r}: want 20230101-20230301, or one side of it")
    start_ns, end_ns = (_ns(timerange, text) if text else None for text in (start, end))
    return start_ns or 0, end_ns or 2**63 - 1


def _ns(timerange: str, text: str) -> int:
    try:
        return int(pd.Timestamp(text, tz="UTC").as_unit("ns").value)
    except ValueError:
        raise ConfigError(
            f"--timerange {timerange!r}: {text!r} is no date; want 20230101-20230301, or"
            " 2023-01-01..2023-03-01"
        ) from None
