"""Cash and one holding: all or nothing, with fees and slippage.

Invariant: cash is never negative, but for funding, which is owed until something is sold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

from attrs import define

from bot3.backtest.funding import Settlement
from bot3.backtest.order_flow import Due
from bot3.backtest.settings import BacktestSettings
from bot3.domain.bars import Bars


@define
class Purse:
    """`fee` and `slippage` as shares of the price; amounts are multiples of `lot_size`, if any."""

    cash: float
    fee: float
    slippage: float
    lot_size: float
    held: float = 0.0

    def buy(self, opening: float) -> tuple[float, float, float] | None:
        """With all cash: price, amount, fee; None where nothing can be bought."""
        price = opening * (1.0 + self.slippage)
        amount = self._whole(self.cash / (price * (1.0 + self.fee)))
        if self.held or not amount > 0.0:
            return None
        spent = amount * price * (1.0 + self.fee)
        # All of it, where nothing is rounded: no dust of arithmetic stays behind.
        self.cash = 0.0 if not self.lot_size else max(self.cash - spent, 0.0)
        self.held = amount
        return price, amount, amount * price * self.fee

    def sell(self, opening: float) -> tuple[float, float, float] | None:
        """All that is held: price, amount, fee; None where nothing is."""
        price, amount = opening * (1.0 - self.slippage), self.held
        if not amount > 0.0:
            return None
        self.cash += amount * price * (1.0 - self.fee)
        self.held = 0.0
        return price, amount, amount * price * self.fee

    def fund(self, price: float, rate: float) -> float:
        """What is held pays its funding: how much, received below zero."""
        paid = self.held * price * rate
        self.cash -= paid
        return paid

    def _whole(self, amount: float) -> float:
        lot = self.lot_size
        return math.floor(amount / lot + 1e-9) * lot if lot else amount


def steps(dues: Sequence[Due], settlements: Sequence[Settlement]) -> list[Due | Settlement]:
    """In the order of their rows; at one row funding comes first."""
    if not settlements:
        return list(dues)
    return sorted([*settlements, *dues], key=lambda step: step.row)


@final
class Lane:
    """What the same orders come to at `times` the costs, filled so many bars `later`: equity alone,
    without orders and fills.
    """

    def __init__(self, settings: BacktestSettings, times: float, later: int) -> None:
        self._purse = Purse(
            settings.cash, settings.fee * times, settings.slippage * times, settings.lot_size
        )
        self._later = later
        self._rows = 0
        self._waiting: list[Due] = []
        self.equity = settings.cash

    def take(self, bars: Bars, dues: Sequence[Due], settlements: Sequence[Settlement] = ()) -> None:
        """The next bars, with the orders that they fill and the funding that is due."""
        waiting = [*self._waiting, *(due._replace(row=due.row + self._later) for due in dues)]
        opens, end = bars.open, self._rows + len(bars)
        for step in steps([due for due in waiting if due.row < end], settlements):
            opening = float(opens[step.row - self._rows])
            if isinstance(step, Settlement):
                self._purse.fund(opening, step.rate)
            else:
                (self._purse.buy if step.is_long else self._purse.sell)(opening)
        self._waiting = [due for due in waiting if due.row >= end]
        self._rows = end
        self.equity = self._purse.cash + self._purse.held * float(bars.close[-1])
