"""An account of one instrument: every order through its whole state machine, equity bar by bar.

Invariant: fills are at opens, at their price plus slippage, never at a mid; each closes or opens
the one position.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from bot3.backtest.funding import Settlement
from bot3.backtest.order_flow import Due
from bot3.backtest.purse import Purse, steps
from bot3.backtest.settings import LIFETIME_NS, RUN, VENUE, BacktestSettings, RoundTrip
from bot3.domain.bars import Bars, Floats
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import client_order_id
from bot3.domain.order import Order, OrderInput, OrderIntent, OrderType, TimeInForce
from bot3.domain.values import (
    Asset,
    InstrumentId,
    Price,
    Quantity,
    Side,
    Symbol,
    VenueName,
    decimal_of,
)
from bot3.portfolio.positions import PositionTracker


@final
class Account:
    """`fills` and `trips` so far; a position that is still open is none of `trips`. `name`: a
    symbol, perhaps with its venue before it.
    """

    def __init__(self, name: str, settings: BacktestSettings) -> None:
        self._name = name
        venue, _, symbol = name.rpartition(":")
        base, _, quote = symbol.partition("/")
        self._quote = Asset(quote or "QUOTE")
        # A file's name may tell no pair: it is the base, whatever it is.
        self._instrument = InstrumentId(
            VenueName(venue) if venue else VENUE, Symbol(f"{base or 'BASE'}/{self._quote}")
        )
        self._purse = Purse(settings.cash, settings.fee, settings.slippage, settings.lot_size)
        self._rows, self._number, self._last = 0, 0, 0.0
        self._tracker = PositionTracker()
        self._entry: Fill | None = None
        self._funding = 0.0  # of the position
        self.fills: list[Fill] = []
        self.trips: list[RoundTrip] = []

    def take(
        self, bars: Bars, dues: Sequence[Due], settlements: Sequence[Settlement] = ()
    ) -> tuple[Floats, Floats]:
        """The next bars, with the orders that they fill and the funding that is due: equity after
        each close, and what was invested of it.
        """
        purse, untils, cash, held = self._purse, [0], [], []
        for step in [*steps(dues, settlements), None]:
            until = len(bars) if step is None else step.row - self._rows
            untils.append(until)
            cash.append(purse.cash)
            held.append(purse.held)
            if isinstance(step, Settlement):
                self._funding += purse.fund(float(bars.open[until]), step.rate)
            elif step is not None:
                self._order(step, float(bars.open[until]), int(bars.open_ns[until]))
        lengths = np.diff(untils)
        invested = np.repeat(held, lengths) * bars.close
        equity = np.repeat(cash, lengths) + invested
        self._rows += len(bars)
        self._last = float(bars.close[-1])
        return equity, invested

    def open_trip(self) -> RoundTrip | None:
        """What is still held, at the last close."""
        entry = self._entry
        if entry is None:
            return None
        return self._trip(entry, None, self._last, float(entry.fee), "still held at the end")

    def _order(self, due: Due, opening: float, filled_ns: int) -> None:
        done = self._purse.buy(opening) if due.is_long else self._purse.sell(opening)
        if done is None:
            return
        fill = self._execute(due, done, filled_ns)
        if due.is_long:
            self._entry, self._funding = fill, 0.0
        else:
            self._end(fill)

    def _execute(self, due: Due, done: tuple[float, float, float], filled_ns: int) -> Fill:
        """The whole life of a market order that is filled at once."""
        price, amount, paid = done
        self._number += 1
        intent = self._intent(due, amount)
        fill = Fill(
            str(self._number),
            intent.client_order_id,
            str(self._number),
            self._instrument,
            intent.side,
            Price(decimal_of(price)),
            intent.amount,
            decimal_of(paid),
            self._quote,
            Liquidity.TAKER,
            filled_ns,
            filled_ns,
        )
        order = Order(intent).move(OrderInput.SEND).move(OrderInput.ACKNOWLEDGE).fill(fill)
        assert order.status.is_final
        self._tracker.apply(fill)
        self.fills.append(fill)
        return fill

    def _intent(self, due: Due, amount: float) -> OrderIntent:
        return OrderIntent(
            number=self._number,
            client_order_id=client_order_id(RUN, self._number),
            instrument=self._instrument,
            side=Side.BUY if due.is_long else Side.SELL,
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.IOC,
            amount=Quantity(decimal_of(amount)),
            price=None,
            reference_price=Price(decimal_of(due.reference)),
            strategy="backtest",
            created_ns=due.decided_ns,
            deadline_ns=due.decided_ns + LIFETIME_NS,
            is_reducing=not due.is_long,
        )

    def _end(self, fill: Fill) -> None:
        entry = self._entry
        assert entry is not None
        fees = float(entry.fee + fill.fee)
        exited = float(fill.price.amount)
        self.trips.append(self._trip(entry, fill.ts_venue_ns, exited, fees, "target"))
        self._entry = None

    def _trip(
        self, entry: Fill, exit_ns: int | None, exit_price: float, fees: float, reason: str
    ) -> RoundTrip:
        amount, entered = float(entry.amount.amount), float(entry.price.amount)
        return RoundTrip(
            symbol=self._name,
            entry_ns=entry.ts_venue_ns,
            entry_price=entered,
            exit_ns=exit_ns,
            exit_price=exit_price,
            amount=amount,
            fees=fees,
            pnl=amount * (exit_price - entered) - fees - self._funding,
            reason=reason,
            funding=self._funding,
        )
