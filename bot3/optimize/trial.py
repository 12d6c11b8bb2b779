"""One set of parameters on the zone to search in.

Invariant: a trial's answer depends on the data, the strategy and the parameters alone, wherever it
is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, unique
from typing import Final

import numpy as np
from attrs import frozen

from bot3.backtest.strategies import BarStrategy
from bot3.backtest.validation.gates import sharpe, timing
from bot3.domain.bars import Bars, Floats
from bot3.domain.errors import ConfigError

PROBES: Final = 256
Make = Callable[[str, Mapping[str, float]], BarStrategy]


@unique
class Objective(Enum):
    """What is maximized, over windows of the zone to search in, less its standard error there."""

    SHARPE = "sharpe"  # of a bar's net log return
    GROWTH = "growth"  # net, log, a bar
    TIMING = "timing"  # Sharpe ratio of what the timing earned beside the usual holding


@frozen(eq=False)
class ParameterMarket:
    """One instrument, its whole time; `returns` as a `Market` has them."""

    bars: Bars
    returns: Floats
    windows: list[tuple[int, int]]


@frozen(eq=False)
class ParameterData:
    """What a worker needs; `make(strategy, parameters)` raises `ConfigError` for what cannot be."""

    markets: tuple[ParameterMarket, ...]
    strategy: str
    make: Make
    objective: Objective
    costs: tuple[float, float]


@frozen(eq=False)
class Answer:
    """`value` None: the parameters cannot be, or trade nothing. `timing_sharpe` a bar; `probes`:
    where it was.
    """

    value: float | None
    timing_sharpe: float
    probes: str


def held_by(strategy: BarStrategy, bars: Bars) -> Floats:
    """1.0 where it wants to be in after each bar's close; NaN is as before, and flat at first."""
    targets = np.asarray(strategy.targets(bars), dtype=np.float64)
    known = np.flatnonzero(~np.isnan(targets))
    newest = np.searchsorted(known, np.arange(len(targets)), side="right") - 1
    wanted = targets[known[np.maximum(newest, 0)]] if len(known) else np.zeros(len(targets))
    return np.where((newest >= 0) & (wanted > 0.0), 1.0, 0.0)


def measure(data: ParameterData, asked: Sequence[Mapping[str, float]]) -> list[Answer]:
    """In their order."""
    return [_answer(data, values) for values in asked]


def _answer(data: ParameterData, values: Mapping[str, float]) -> Answer:
    try:
        strategy = data.make(data.strategy, values)
    except ConfigError:
        return Answer(None, 0.0, "")
    figures, timings, probes, everywhere = [], [], [], []
    for market in data.markets:
        held = held_by(strategy, market.bars)
        for first, last in market.windows:
            position, returns = held[first:last], market.returns[first:last]
            everywhere.append(position)
            timings.append(timing(position, returns, *data.costs))
            figures.append(_figure(data, position, returns, timings[-1]))
            places = np.linspace(first, last - 1, PROBES // len(market.windows)).astype(int)
            probes.append(held[places].astype(np.uint8))
    found = np.array(figures)
    unsure = found.std(ddof=1) / math.sqrt(len(found)) if len(found) > 1 else 0.0
    if not any(held.any() for held in everywhere):
        return Answer(None, 0.0, "")
    bits = "".join(map(str, np.concatenate(probes).tolist()))
    return Answer(float(found.mean() - unsure), sharpe(np.concatenate(timings)), bits)


def _figure(data: ParameterData, position: Floats, returns: Floats, timed: Floats) -> float:
    if data.objective is Objective.TIMING:
        return sharpe(timed)
    changed = np.diff(position, prepend=0.0)
    cost_in, cost_out = data.costs
    earned = position * returns
    earned = earned - np.where(changed > 0, cost_in, 0.0) - np.where(changed < 0, cost_out, 0.0)
    return float(earned.mean()) if data.objective is Objective.GROWTH else sharpe(earned)
