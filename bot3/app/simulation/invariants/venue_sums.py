"""What the exchange's own reports add up to: totals per asset, positions per instrument, trades.

Invariant: plain sums of deposits and fills, exact; each trade counts once, when it is reported.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, final

from adapters.simulated.orders import AccountTrade, Execution
from bot3.app.simulation.invariants.events import VenueFunded, VenueReported, WorldEvent
from bot3.domain.values import ZERO, Asset, InstrumentId, VenueName

SUMMED_EVENTS = (VenueFunded, VenueReported)


class TradeKey(NamedTuple):
    """Trade ids are unique per instrument."""

    instrument: InstrumentId
    trade_id: str


def assets_of(instrument: InstrumentId) -> tuple[Asset, Asset]:
    """Base and quote of a symbol that reads `BTC/USDT`."""
    base, _, quote = instrument.symbol.partition("/")
    return Asset(base), Asset(quote)


def instrument_of(event: VenueReported) -> InstrumentId:
    """The instrument that a report is about."""
    return InstrumentId(event.venue, event.report.order.symbol)


def trade_of(event: WorldEvent) -> tuple[TradeKey, AccountTrade] | None:
    """The fill that a report tells of; None for any other event."""
    if not isinstance(event, VenueReported) or event.report.execution is not Execution.TRADE:
        return None
    trade = event.report.trade
    assert trade is not None  # the exchange's own promise for this kind of report
    return TradeKey(instrument_of(event), str(trade.trade_id)), trade


@final
class VenueSums:
    """Of the bot's account, on every venue."""

    def __init__(self) -> None:
        self.totals: dict[tuple[VenueName, Asset], Decimal] = {}
        self.positions: dict[InstrumentId, Decimal] = {}

    def hear(self, event: WorldEvent) -> None:
        """Deposits and fills."""
        if isinstance(event, VenueFunded):
            for asset, amount in event.amounts.items():
                self._add(event.venue, asset, amount)
        elif (found := trade_of(event)) is not None:
            self._count(found[0].instrument, found[1])

    def position(self, instrument: InstrumentId) -> Decimal:
        """Bought less sold less fees charged in base."""
        return self.positions.get(instrument, ZERO)

    def _count(self, instrument: InstrumentId, trade: AccountTrade) -> None:
        (base, quote), sign = assets_of(instrument), trade.side.sign
        fee_in_base = trade.commission if trade.commission_asset == base else ZERO
        self.positions[instrument] = self.position(instrument) + sign * trade.amount - fee_in_base
        self._add(instrument.venue, base, sign * trade.amount)
        self._add(instrument.venue, quote, -sign * trade.quote)
        self._add(instrument.venue, trade.commission_asset, -trade.commission)

    def _add(self, venue: VenueName, asset: Asset, amount: Decimal) -> None:
        self.totals[venue, asset] = self.totals.get((venue, asset), ZERO) + amount
