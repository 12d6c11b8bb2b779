"""Bought and held: what a strategy has to be better than.

Invariant: it pays the costs, the latency and the funding of the run beside it. How the bars are cut
into parts changes nothing.
"""

from __future__ import annotations

from typing import final

import numpy as np

from bot3.backtest.funding import Funding, FundingFlow
from bot3.backtest.order_flow import OrderFlow
from bot3.backtest.purse import Lane
from bot3.backtest.settings import BacktestSettings
from bot3.domain.bars import Bars


@final
class Holding:
    """One instrument, all cash in it from the first open that an order reaches."""

    def __init__(self, settings: BacktestSettings, funding: Funding | None = None) -> None:
        self._lane, self._flow = Lane(settings, 1.0, 0), OrderFlow(settings.latency_ns)
        self._funding = FundingFlow(funding or Funding())

    def take(self, bars: Bars) -> None:
        """The next bars."""
        dues = self._flow.take(bars, np.ones(len(bars)))
        self._lane.take(bars, dues, self._funding.take(bars))

    @property
    def equity(self) -> float:
        """At the last close."""
        return self._lane.equity
