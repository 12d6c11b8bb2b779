"""Markets whose answer is known: without an edge, and with one of a declared size.

Invariant: a world is its seed; in a null world no rule earns anything before costs.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bot3.domain.bars import Bars, Floats

HOUR_NS: Final = 3_600 * 1_000_000_000
START_NS: Final = 1_640_995_200 * 1_000_000_000  # 2022-01-01
DEVIATION: Final = 0.01  # of an hour's log return
PLANTS: Final = ("hour of the day", "momentum", "reversal")
_BRIEF: Final = "the last hour"


def null_world(bars: int, seed: int) -> Bars:
    """Hourly bars of returns with fat tails (t, 4 degrees of freedom) and clustered volatility."""
    return _bars(bars, seed, _plant(seed), edge=0.0)


def planted_world(bars: int, seed: int, edge: float) -> Bars:
    """The same, where each hour's return has a mean of `edge` deviations, up or down by a rule
    that the seed chooses of `PLANTS`.
    """
    return _bars(bars, seed, _plant(seed), edge=edge)


def brief_world(bars: int, seed: int, edge: float) -> Bars:
    """The same, where an hour goes on as the last one went: who comes an hour late has nothing."""
    return _bars(bars, seed, _BRIEF, edge=edge)


def _plant(seed: int) -> str:
    return PLANTS[int(np.random.default_rng(seed).integers(len(PLANTS)))]


def _bars(bars: int, seed: int, plant: str, edge: float) -> Bars:
    dice = np.random.default_rng(seed)
    dice.integers(len(PLANTS))  # that of the plant
    noise = dice.standard_t(4, bars) / np.sqrt(2.0)
    scale = _clustered(dice.normal(size=bars))
    moves = np.empty(bars)
    open_ns = START_NS + np.arange(bars, dtype=np.int64) * HOUR_NS
    for at in range(bars):
        moves[at] = DEVIATION * scale[at] * (edge * _side(plant, at, moves) + noise[at])
    close = 20_000.0 * np.exp(np.cumsum(moves))
    opened = np.concatenate(([20_000.0], close[:-1]))
    wick = DEVIATION * scale / 3.0
    high = np.maximum(opened, close) * np.exp(wick * np.abs(dice.normal(size=bars)))
    low = np.minimum(opened, close) * np.exp(-wick * np.abs(dice.normal(size=bars)))
    volume = 50.0 * scale * dice.lognormal(0.0, 0.5, bars)
    return Bars("BTC/USDT", open_ns, opened, high, low, close, volume, HOUR_NS)


def _clustered(shocks: Floats) -> Floats:
    """Volatility that wanders about one: log-AR(1)."""
    log_scale = np.empty(len(shocks))
    level = 0.0
    for at, shock in enumerate(shocks.tolist()):
        level = 0.97 * level + 0.08 * shock
        log_scale[at] = level
    return np.exp(log_scale)


def _side(plant: str, at: int, moves: Floats) -> float:
    """Known one bar before the return it moves: its fill is at the open between them."""
    if plant == PLANTS[0]:
        return 1.0 if (at % 24) < 12 else -1.0
    if plant == _BRIEF:
        return float(np.sign(moves[at - 1])) if at else 0.0
    if at < 62:
        return 0.0
    before = moves[at - 61 : at - 1].sum() if plant == PLANTS[1] else -moves[at - 21 : at - 1].sum()
    return 1.0 if before > 0.0 else -1.0
