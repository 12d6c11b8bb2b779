"""Fills: none without a known order, each venue trade counted once, positions their sum.

The journal may hold a trade id several times (what was missed is fetched again), always with the
same content; at rest it holds every trade of the venue, and every position that the bot believes in
is the sum of the venue's trades less fees charged in its base, of trades of cross symbols as of its
own. That this sum is the balance less what
was paid in is `ledger`'s business.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, final

from bot3.app.simulation.invariants.events import (
    RecordWritten,
    Settled,
    VenueReported,
    WorldEvent,
)
from bot3.app.simulation.invariants.journal_tail import JOURNAL_EVENTS, KnownIntents, Tail
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings
from bot3.app.simulation.invariants.venue_sums import (
    SUMMED_EVENTS,
    TradeKey,
    VenueSums,
    trade_of,
)
from bot3.domain.fill import Fill
from bot3.domain.values import ZERO, Asset, InstrumentId, Side
from bot3.messages.orders import OrderFilled

SHOWN = 5


class _Content(NamedTuple):
    """What both sides must say of a trade."""

    client_order_id: str
    side: Side
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: Asset


@final
class FillsAndPositions:
    """Memory grows with the trades: a trade id may come again at any time."""

    name = "fills"
    hears: tuple[type[WorldEvent], ...] = (*JOURNAL_EVENTS, *SUMMED_EVENTS, Settled)

    def __init__(self, settings: InvariantSettings) -> None:
        self._intents = KnownIntents()
        self._sums = VenueSums(settings.currency)
        self._traded: dict[TradeKey, _Content] = {}
        self._missing: dict[TradeKey, None] = {}  # traded, not in the journal
        self._tail: Tail[TradeKey] = Tail()

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        if isinstance(event, VenueReported):
            texts = self._trade(event)
        elif isinstance(event, Settled):
            texts = [*self._unheard(event), *self._unjournaled(), *self._positions(event)]
        elif isinstance(event, RecordWritten) and isinstance(event.record, OrderFilled):
            texts = self._fill(event.record.fill, event.sequence)
        self._sums.hear(event)
        self._intents.hear(event)
        for lost in self._tail.hear(event):
            self._missing[lost] = None
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _trade(self, event: VenueReported) -> list[str]:
        found = trade_of(event)
        if found is None:
            return []
        key, trade = found
        is_known = key in self._traded
        self._traded[key] = _Content(
            event.report.order.request.client_order_id,
            trade.side,
            trade.price,
            trade.amount,
            trade.commission,
            trade.commission_asset,
        )
        self._missing[key] = None
        return [f"{_named(key)}: the venue reports it twice"] if is_known else []

    def _fill(self, fill: Fill, sequence: int) -> list[str]:
        key = TradeKey(fill.instrument, fill.trade_id)
        texts = []
        if fill.client_order_id not in self._intents:
            texts.append(f"{_named(key)}: of {fill.client_order_id}, which no intent made")
        said = _Content(
            fill.client_order_id,
            fill.side,
            fill.price.amount,
            fill.amount.amount,
            fill.fee,
            fill.fee_asset,
        )
        traded = self._traded.get(key)
        if traded is None:
            texts.append(f"{_named(key)}: record {sequence} tells of a trade that never was")
        elif traded != said:
            texts.append(f"{_named(key)}: record {sequence} says {said}, the venue {traded}")
        if key in self._missing:
            del self._missing[key]
            self._tail.add(key, sequence)
        return texts

    def _unheard(self, settled: Settled) -> list[str]:
        """The exchange's own list of trades: whether the checkers were told everything."""
        return [
            f"{_named(key)}: in the venue's list, but was never reported"
            for rest in settled.venues
            for trade in rest.trades
            if (key := TradeKey(InstrumentId(rest.venue, trade.symbol), str(trade.trade_id)))
            not in self._traded
        ][:SHOWN]

    def _unjournaled(self) -> list[str]:
        if not self._missing:
            return []
        shown = ", ".join(_named(key) for key in [*self._missing][:SHOWN])
        return [f"{len(self._missing)} trades of the venue are not in the journal: {shown}"]

    def _positions(self, settled: Settled) -> list[str]:
        return [
            f"{instrument}: {holder} believes in {believed.get(instrument, ZERO)},"
            f" the venue's trades sum to {self._sums.position(instrument)}"
            for holder, believed in settled.bot.positions.items()
            for instrument in sorted({*believed, *self._sums.positions})
            if believed.get(instrument, ZERO) != self._sums.position(instrument)
        ]


def _named(key: TradeKey) -> str:
    return f"{key.instrument} trade {key.trade_id}"
