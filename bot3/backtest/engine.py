"""BacktestingEngine: a strategy over recorded bars, every order through its whole state machine.

Between decisions nothing is called: compiled loops find the bars at which something is ordered, and
mark the equity. Each order is an `OrderIntent`, submitted, acknowledged and filled by the table of
`bot3.domain.order`; each fill goes through the position tracker. A kernel computes the same run by
itself; the two agree trade by trade, and a test says so.

Invariant: an order is decided from bars up to a close and filled at a later bar's open, at its
price plus slippage, never at a mid; cash is never negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, final

import numpy as np
from attrs import field, frozen, validators

from bot3.backtest.bars import Bars, Floats, Ints
from bot3.backtest.strategies import BarStrategy
from bot3.domain.errors import DataError
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import RunId, client_order_id
from bot3.domain.order import (
    Order,
    OrderInput,
    OrderIntent,
    OrderType,
    TimeInForce,
)
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

VENUE: Final = VenueName("backtest")
_RUN: Final = RunId("backtest")
LIFETIME_NS: Final = 86_400 * 1_000_000_000


@frozen(kw_only=True)
class BacktestSettings:
    """`fee` and `slippage` as shares of the price; `latency_s` from a close to the venue: an order
    that misses an open is filled at the next; of trades at the first one after it arrived.
    `lot_size` 0: amounts are not rounded.
    """

    cash: float = field(default=10_000.0, validator=validators.gt(0))
    fee: float = field(default=0.001, validator=[validators.ge(0), validators.lt(1)])
    slippage: float = field(default=0.0, validator=[validators.ge(0), validators.lt(1)])
    latency_s: float = field(default=0.0, validator=validators.ge(0))
    lot_size: float = field(default=0.0, validator=validators.ge(0))

    def filled_at(self, bars: Bars) -> Ints:
        """The row at whose open an order decided at each row's close is filled: the first that
        opens when it has arrived, never the row itself; beyond the last where none does.
        """
        arrived = bars.close_ns + round(self.latency_s * 1e9)
        found = np.searchsorted(bars.open_ns, arrived, side="left")
        return np.maximum(found, np.arange(1, len(bars) + 1)).astype(np.int64)


@frozen
class RoundTrip:
    """One position, from its entry to its exit; times are opens. `reason`: why it ended."""

    symbol: str
    entry_ns: int
    entry_price: float
    exit_ns: int | None
    exit_price: float
    amount: float
    fees: float
    pnl: float
    reason: str


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


@final
class BacktestingEngine:
    """Runs one strategy on one instrument at a time; a portfolio is the sum of its runs."""

    def __init__(self, settings: BacktestSettings) -> None:
        self._settings = settings

    def run(self, strategy: BarStrategy, bars: Bars) -> Run:
        """Raises `DataError` where the strategy's targets are none."""
        from bot3.backtest.kernels import decision_points

        targets = np.asarray(strategy.targets(bars), dtype=np.float64)
        if targets.shape != (len(bars),):
            raise DataError(f"{strategy.name}: {targets.shape} targets for {len(bars)} bars")
        if np.isinf(targets).any() or (np.abs(targets) > 1.0).any():
            raise DataError(f"{strategy.name}: a target outside [-1, 1]")
        filled_at = self._settings.filled_at(bars)
        book = _Book(bars, self._settings)
        for at in decision_points(targets).tolist():
            if filled_at[at] < len(bars):
                book.order(at, int(filled_at[at]), is_long=targets[at] > 0.0)
        return book.closed()


@final
class _Book:
    """Cash and one holding, bar by bar."""

    def __init__(self, bars: Bars, settings: BacktestSettings) -> None:
        self._bars, self._settings = bars, settings
        base, _, quote = bars.symbol.partition("/")
        self._quote = Asset(quote or "QUOTE")
        # A file's name may tell no pair: it is the base, whatever it is.
        self._instrument = InstrumentId(VENUE, Symbol(f"{base or 'BASE'}/{self._quote}"))
        self._cash, self._held = settings.cash, 0.0
        self._equity = np.full(len(bars), settings.cash)
        self._invested = np.zeros(len(bars))
        self._marked = 0
        self._number = 0
        self._tracker = PositionTracker()
        self._fills: list[Fill] = []
        self._trips: list[RoundTrip] = []
        self._entry: Fill | None = None

    def order(self, decided: int, filled: int, *, is_long: bool) -> None:
        """An order decided at one bar's close and filled at another one's open."""
        self._mark(filled)
        opening = float(self._bars.open[filled])
        fee, slip = self._settings.fee, self._settings.slippage
        side = Side.BUY if is_long else Side.SELL
        price = opening * (1.0 + side.sign * slip)
        amount = self._whole(self._cash / (price * (1.0 + fee))) if is_long else self._held
        if not amount > 0.0:
            return
        paid = amount * price * fee
        fill = self._execute(side, price, amount, paid, decided, filled)
        if is_long:
            spent = amount * price * (1.0 + fee)
            # All of it, where nothing is rounded: no dust of arithmetic stays behind.
            self._cash = 0.0 if not self._settings.lot_size else max(self._cash - spent, 0.0)
            self._held, self._entry = amount, fill
        else:
            self._cash += amount * price * (1.0 - fee)
            self._held = 0.0
            self._end(fill)

    def closed(self) -> Run:
        """Marks what is left; an open position is a round trip without an exit."""
        self._mark(len(self._bars))
        if self._entry is not None:
            last = float(self._bars.close[-1])
            entry = self._entry
            self._trips.append(
                self._trip(entry, None, last, float(entry.fee), "still held at the end")
            )
        return Run(self._bars, self._equity, tuple(self._fills), tuple(self._trips), self._invested)

    def _mark(self, until: int) -> None:
        """Equity after each close before bar `until`."""
        rows = slice(self._marked, until)
        worth = self._held * self._bars.close[rows]
        self._equity[rows], self._invested[rows] = self._cash + worth, worth
        self._marked = until

    def _whole(self, amount: float) -> float:
        lot = self._settings.lot_size
        return math.floor(amount / lot + 1e-9) * lot if lot else amount

    def _execute(
        self, side: Side, price: float, amount: float, paid: float, decided: int, filled: int
    ) -> Fill:
        """The whole life of a market order that is filled at once."""
        self._number += 1
        intent = self._intent(side, amount, decided)
        filled_ns = int(self._bars.open_ns[filled])
        fill = Fill(
            str(self._number),
            intent.client_order_id,
            str(self._number),
            self._instrument,
            side,
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
        self._fills.append(fill)
        return fill

    def _intent(self, side: Side, amount: float, decided: int) -> OrderIntent:
        decided_ns = int(self._bars.open_ns[decided]) + self._bars.interval_ns
        return OrderIntent(
            number=self._number,
            client_order_id=client_order_id(_RUN, self._number),
            instrument=self._instrument,
            side=side,
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.IOC,
            amount=Quantity(decimal_of(amount)),
            price=None,
            reference_price=Price(decimal_of(float(self._bars.close[decided]))),
            strategy="backtest",
            created_ns=decided_ns,
            deadline_ns=decided_ns + LIFETIME_NS,
            is_reducing=side is Side.SELL,
        )

    def _end(self, fill: Fill) -> None:
        entry = self._entry
        assert entry is not None
        fees = float(entry.fee + fill.fee)
        exited = float(fill.price.amount)
        self._trips.append(self._trip(entry, fill.ts_venue_ns, exited, fees, "target"))
        self._entry = None

    def _trip(
        self, entry: Fill, exit_ns: int | None, exit_price: float, fees: float, reason: str
    ) -> RoundTrip:
        amount, entered = float(entry.amount.amount), float(entry.price.amount)
        return RoundTrip(
            symbol=self._bars.symbol,
            entry_ns=entry.ts_venue_ns,
            entry_price=entered,
            exit_ns=exit_ns,
            exit_price=exit_price,
            amount=amount,
            fees=fees,
            pnl=amount * (exit_price - entered) - fees,
            reason=reason,
        )


def portfolio_equity(runs: Sequence[Run]) -> tuple[np.ndarray, Floats]:
    """Times (ns, ends of bars) and the sum of the runs' equity; before its first bar an instrument
    is worth what it began with, after its last one what it ended with.
    """
    times = np.unique(np.concatenate([run.bars.close_ns for run in runs]))
    total = np.zeros(len(times))
    for run in runs:
        at = np.searchsorted(run.bars.close_ns, times, side="right") - 1
        total += np.where(at < 0, run.equity[0], run.equity[np.maximum(at, 0)])
    return times, total
