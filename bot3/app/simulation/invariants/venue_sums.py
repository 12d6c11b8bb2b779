"""What the exchange's own reports add up to: totals per asset, positions per instrument, trades.

An asset's position on a venue is that of its instrument against the accounting currency, its home,
whichever symbol it was traded in.

Invariant: plain sums of deposits and fills, exact; each trade counts once, when it is reported.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, final

from adapters.simulated.orders import AccountTrade, Execution
from bot3.app.simulation.invariants.events import VenueFunded, VenueReported, WorldEvent
from bot3.domain.values import ZERO, Asset, InstrumentId, Side, Symbol, VenueName

SUMMED_EVENTS = (VenueFunded, VenueReported)


class TradeKey(NamedTuple):
    """Trade ids are unique per instrument."""

    instrument: InstrumentId
    trade_id: str


def assets_of(instrument: InstrumentId) -> tuple[Asset, Asset]:
    """Base and quote of a symbol that reads `BTC/USDT`."""
    base, _, quote = instrument.symbol.partition("/")
    return Asset(base), Asset(quote)


def home_of(venue: VenueName, asset: Asset, currency: Asset) -> InstrumentId:
    """Where the position of an asset is."""
    return InstrumentId(venue, Symbol(f"{asset}/{currency}"))


def raised_and_lowered(
    instrument: InstrumentId, side: Side, currency: Asset
) -> tuple[InstrumentId | None, InstrumentId | None]:
    """The positions that an order adds to and takes from; None for the currency itself."""
    base, quote = (
        None if asset == currency else home_of(instrument.venue, asset, currency)
        for asset in assets_of(instrument)
    )
    return (base, quote) if side is Side.BUY else (quote, base)


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

    def __init__(self, currency: Asset) -> None:
        self._currency = currency
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
        """What came in of its base less what went out, fees charged in it included."""
        return self.positions.get(instrument, ZERO)

    def _count(self, instrument: InstrumentId, trade: AccountTrade) -> None:
        (base, quote), sign = assets_of(instrument), trade.side.sign
        for asset, change in ((base, sign * trade.amount), (quote, -sign * trade.quote)):
            if asset == self._currency:
                continue
            key = home_of(instrument.venue, asset, self._currency)
            fee = trade.commission if trade.commission_asset == asset else ZERO
            self.positions[key] = self.position(key) + change - fee
        self._add(instrument.venue, base, sign * trade.amount)
        self._add(instrument.venue, quote, -sign * trade.quote)
        self._add(instrument.venue, trade.commission_asset, -trade.commission)

    def _add(self, venue: VenueName, asset: Asset, amount: Decimal) -> None:
        self.totals[venue, asset] = self.totals.get((venue, asset), ZERO) + amount
