"""Bars of a seed."""

from __future__ import annotations

import numpy as np

from bot3.backtest.bars import Bars

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
