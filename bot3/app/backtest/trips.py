"""Round trips of many fills: a position that grows and shrinks, as one row.

Invariant: the profits of all trips are what the fills earned, with what is still held at its last
price; fees in base are worth their price then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import define

from bot3.backtest.settings import RoundTrip
from bot3.domain.fill import Fill
from bot3.domain.values import InstrumentId, Side

_LEFT = 0.05  # of the most it was: less is dust, and its trip over


@define
class _Open:
    began_ns: int
    bought: float = 0.0
    cost: float = 0.0
    sold: float = 0.0
    proceeds: float = 0.0
    fees: float = 0.0
    held: float = 0.0
    most: float = 0.0


def trips_of(fills: Iterable[Fill], last: Mapping[InstrumentId, float]) -> Iterator[RoundTrip]:
    """In the order of their ends; those that are open at the end come last, at `last` prices."""
    pending: dict[InstrumentId, _Open] = {}
    for fill in fills:
        trip = pending.setdefault(fill.instrument, _Open(fill.ts_venue_ns))
        _take(trip, fill)
        if fill.side is Side.SELL and trip.held <= trip.most * _LEFT:
            left_price = float(fill.price.amount)
            yield _row(fill.instrument, trip, fill.ts_venue_ns, left_price, "target")
            del pending[fill.instrument]
    for instrument, trip in pending.items():
        yield _row(instrument, trip, None, last[instrument], "still held at the end")


def _take(trip: _Open, fill: Fill) -> None:
    price, amount, fee = (float(x) for x in (fill.price.amount, fill.amount.amount, fill.fee))
    is_in_base = fill.fee_asset == fill.instrument.symbol.partition("/")[0]
    trip.fees += fee * price if is_in_base else fee
    if fill.side is Side.BUY:
        trip.bought, trip.cost = trip.bought + amount, trip.cost + amount * price
    else:
        trip.sold, trip.proceeds = trip.sold + amount, trip.proceeds + amount * price
    trip.held = trip.bought - trip.sold
    trip.most = max(trip.most, trip.held)


def _row(
    instrument: InstrumentId, trip: _Open, exit_ns: int | None, price: float, reason: str
) -> RoundTrip:
    """Dust that is left is worth `price`."""
    entered = trip.cost / trip.bought if trip.bought else price
    exited = trip.proceeds / trip.sold if trip.sold else price
    return RoundTrip(
        symbol=instrument.symbol,
        entry_ns=trip.began_ns,
        entry_price=entered,
        exit_ns=exit_ns,
        exit_price=exited,
        amount=trip.most,
        fees=trip.fees,
        pnl=trip.proceeds + trip.held * price - trip.cost - trip.fees,
        reason=reason,
    )
