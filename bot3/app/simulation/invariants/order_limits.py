"""Limits of a single order: its worth, its distance from the market, how many in a time.

Tolerances, and why. Worth: none, it is price times amount. Collar: the gate measured against a mid
that the exchange showed at most `decision_ns` before the order arrived, so the price must be within
the collar of one of those mids. Rate: an intent is approved at most `order_lifetime_s` after it was
made, so no more than the limit are made within the window less that time; restarts excuse nothing,
for the venue does not know of them. Orders that reduce are free of the first limit alone; from the
first time on that everything, or their symbol, is being sold, sells have the wider collar of exits.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import final

from adapters.simulated.orders import Execution
from bot3.app.simulation.invariants.events import (
    BookPublished,
    RecordWritten,
    VenueReported,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.mids import Mids
from bot3.app.simulation.invariants.settings import InvariantSettings, ns
from bot3.app.simulation.invariants.venue_sums import (
    assets_of,
    home_of,
    instrument_of,
    raised_and_lowered,
)
from bot3.domain.order import OrderIntent
from bot3.domain.values import Side, VenueName
from bot3.messages.control import StopHit, TradingHalted
from bot3.messages.orders import IntentRecorded

_BPS = Decimal(10_000)


@final
class OrderLimits:
    """Worth and collar when an order is at the venue, rate when its intent is in the journal."""

    name = "order_limits"
    hears: tuple[type[WorldEvent], ...] = (BookPublished, VenueReported, RecordWritten)

    def __init__(self, settings: InvariantSettings, mids: Mids | None = None) -> None:
        self._limits, self._currency = settings.limits, settings.currency
        self._is_selling = False
        self._stopped: set[str] = set()
        window_s = self._limits.order_rate_window_s - settings.order_lifetime_s
        self._rate_window_ns = max(0, ns(window_s))
        self._made_ns: dict[VenueName, deque[int]] = {}
        self._mids = Mids(settings.decision_ns) if mids is None else mids

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        match event:
            case BookPublished():
                self._mids.hear(event)
                return []
            case VenueReported() if event.report.execution is Execution.NEW:
                texts = [*self._worth(event), *self._distance(event)]
            case RecordWritten(record=IntentRecorded(intent=intent)):
                texts = self._rate(intent)
            case RecordWritten(record=TradingHalted(is_flattening=True)):
                self._is_selling = True
            case RecordWritten(record=StopHit(symbol=symbol)):
                self._stopped.add(symbol)
            case _:
                pass
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _worth(self, event: VenueReported) -> list[str]:
        request, most = event.report.order.request, self._limits.order_notional_max
        raised, _ = raised_and_lowered(instrument_of(event), request.side, self._currency)
        if not most or raised is None:
            return []
        mids = self._mids.range(instrument_of(event), event.ts_ns)
        price = request.price or (mids[0] if mids else request.price)
        worth = price * event.report.order.amount * self._value_of_quote(event)
        if worth <= most:
            return []
        return [f"{request.client_order_id}: worth {worth}, at most {most} is allowed"]

    def _value_of_quote(self, event: VenueReported) -> Decimal:
        """The lowest that it was; 1 where it is the currency."""
        quote = assets_of(instrument_of(event))[1]
        if quote == self._currency:
            return Decimal(1)
        mids = self._mids.range(home_of(event.venue, quote, self._currency), event.ts_ns)
        return Decimal(0) if mids is None else mids[0]

    def _distance(self, event: VenueReported) -> list[str]:
        request = event.report.order.request
        mids = self._mids.range(instrument_of(event), event.ts_ns)
        if mids is None or not request.price:
            return []
        bps = self._collar_bps(request.side, instrument_of(event).symbol)
        collar = Decimal(repr(bps)) / _BPS
        lowest, highest = mids[0] * (1 - collar), mids[1] * (1 + collar)
        if lowest <= request.price <= highest:
            return []
        what = f"{request.client_order_id}: {request.side.value} at {request.price}"
        allowed = f"{bps} bps are allowed"
        return [f"{what}, the mids were {mids[0]} to {mids[1]}, {allowed}"]

    def _collar_bps(self, side: Side, symbol: str) -> float:
        is_exit = side is Side.SELL and (self._is_selling or symbol in self._stopped)
        return self._limits.exit_collar_bps if is_exit else self._limits.price_collar_bps

    def _rate(self, intent: OrderIntent) -> list[str]:
        made_ns = self._made_ns.setdefault(intent.instrument.venue, deque())
        if made_ns and intent.created_ns < made_ns[-1]:
            made_ns.clear()  # the bot's clock was set back: its times say nothing together
        made_ns.append(intent.created_ns)
        while made_ns[0] <= intent.created_ns - self._rate_window_ns:
            made_ns.popleft()
        count, most = len(made_ns), self._limits.order_rate_max
        if count <= most:
            return []
        within_s = self._rate_window_ns / 1e9
        return [f"{intent.client_order_id}: order {count} within {within_s} s, {most} are allowed"]
