"""BacktestingEngine: a strategy over recorded bars, every order through its whole state machine.

Between decisions nothing is called: compiled loops find the bars at which something is ordered, and
mark the equity. Each order is an `OrderIntent`, submitted, acknowledged and filled by the table of
`bot3.domain.order`; each fill goes through the position tracker. A kernel computes the same run by
itself; the two agree trade by trade, and a test says so.

Invariant: an order is decided from bars up to a close and filled at a later bar's open. How the
bars are cut into parts changes no figure, to the last bit; a test says so.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import final

import numpy as np
from attrs import frozen

from bot3.backtest.account import Account
from bot3.backtest.funding import Funding, FundingFlow
from bot3.backtest.order_flow import OrderFlow
from bot3.backtest.purse import Lane
from bot3.backtest.settings import BacktestSettings, RoundTrip
from bot3.backtest.strategies import BarStrategy, StreamedStrategy
from bot3.domain.bars import Bars, Floats
from bot3.domain.errors import DataError
from bot3.domain.fill import Fill


@frozen(eq=False)
class Run:
    """One instrument's: equity after each close, its fills, its round trips."""

    bars: Bars
    equity: Floats
    fills: tuple[Fill, ...]
    trips: tuple[RoundTrip, ...]
    invested: Floats

    @property
    def final_equity(self) -> float:
        """An open position marked at the last close."""
        return float(self.equity[-1])


@contextmanager
def _uncollected() -> Iterator[None]:
    """Orders and fills refer to nothing that refers to them: a collector that looks through ever
    more of them takes a third of the time of a long run and finds nothing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@final
class Running:
    """One strategy on one instrument, whose bars come in parts; a strategy without `begin` has to
    get all of them as one. `lanes` follow the same orders at other costs.
    """

    def __init__(
        self,
        strategy: BarStrategy,
        name: str,
        settings: BacktestSettings,
        lanes: Sequence[Lane] = (),
        funding: Funding | None = None,
    ) -> None:
        self._name, self._lanes = strategy.name, lanes
        self._targets: Callable[[Bars], Floats] = (
            strategy.begin() if isinstance(strategy, StreamedStrategy) else strategy.targets
        )
        self._flow, self._account = OrderFlow(settings.latency_ns), Account(name, settings)
        self._funding = FundingFlow(funding or Funding())
        self.rows, self._exposed = 0, 0.0

    def take(self, bars: Bars) -> tuple[Floats, Floats]:
        """Equity after each of the next closes, and what was invested of it. Raises `DataError`
        where the strategy's targets are none.
        """
        dues = self._flow.take(bars, self._checked(bars))
        settlements = self._funding.take(bars)
        with _uncollected():
            equity, invested = self._account.take(bars, dues, settlements)
        for lane in self._lanes:
            lane.take(bars, dues, settlements)
        self.rows += len(bars)
        # One after the other: a sum of pairs would depend on how the bars were cut.
        shares = invested / np.maximum(equity, 1e-12)
        self._exposed = float(np.cumsum(np.append(self._exposed, shares))[-1])
        return equity, invested

    @property
    def fills(self) -> tuple[Fill, ...]:
        """So far."""
        return tuple(self._account.fills)

    @property
    def trips(self) -> tuple[RoundTrip, ...]:
        """So far; an open position is a round trip without an exit."""
        still_open = self._account.open_trip()
        return (*self._account.trips, *(() if still_open is None else (still_open,)))

    @property
    def exposure(self) -> float:
        """The mean share of the equity that was invested."""
        return self._exposed / self.rows

    def _checked(self, bars: Bars) -> Floats:
        targets = np.asarray(self._targets(bars), dtype=np.float64)
        if targets.shape != (len(bars),):
            raise DataError(f"{self._name}: {targets.shape} targets for {len(bars)} bars")
        if np.isinf(targets).any() or (np.abs(targets) > 1.0).any():
            raise DataError(f"{self._name}: a target outside [-1, 1]")
        return targets


@final
class BacktestingEngine:
    """Runs one strategy on one instrument at a time; a portfolio is the sum of its runs."""

    def __init__(self, settings: BacktestSettings) -> None:
        self._settings = settings

    def run(self, strategy: BarStrategy, bars: Bars) -> Run:
        """All bars at once. Raises `DataError` where the strategy's targets are none."""
        running = Running(strategy, bars.name, self._settings)
        equity, invested = running.take(bars)
        return Run(bars, equity, running.fills, running.trips, invested)
