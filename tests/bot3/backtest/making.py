"""Bars of a seed."""

from __future__ import annotations

import numpy as np

from bot3.backtest.bars import Flaw
from bot3.backtest.source import Asked, Source, source_of
from bot3.domain.bars import Bars

MINUTE_NS = 60_000_000_000
START_NS = 1_700_000_000_000_000_000 // MINUTE_NS * MINUTE_NS


def wandering(rows: int, seed: int, step: float = 0.003) -> Bars:
    """Closes that wander; opens a little off the close before; highs and lows around both."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, step, rows)))
    opened = np.concatenate(([100.0], close[:-1])) * np.exp(rng.normal(0.0, step / 5, rows))
    high = np.maximum(opened, close) * np.exp(np.abs(rng.normal(0.0, step / 3, rows)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0.0, step / 3, rows)))
    open_ns = START_NS + np.arange(rows, dtype=np.int64) * MINUTE_NS
    return Bars("BTC/USDT", open_ns, opened, high, low, close, rng.random(rows), MINUTE_NS)


def trades(rows: int, seed: int) -> Bars:
    """Prices at times of which several are equal."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, 40 * rows, rows)).astype(np.int64) * 1_000_000
    price = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, rows)))
    return Bars("BTC/USDT", times, price, price, price, price, rng.random(rows), 0, is_trades=True)


def checked(bars: Bars, *, is_repaired: bool) -> tuple[Bars, list[Flaw]]:
    """As they can be traded through, and what was found."""
    source = source_of(lambda: [bars], Asked(is_repaired))
    return source.whole(), list(source.flaws)


def cut(bars: Bars, rows: int, asked: Asked | None = None) -> Source:
    """The same, read in parts of so many rows, and nothing kept."""
    parts = [bars.rows(slice(at, at + rows)) for at in range(0, len(bars), rows)]
    return source_of(lambda: parts, asked or Asked(held_rows=0))
