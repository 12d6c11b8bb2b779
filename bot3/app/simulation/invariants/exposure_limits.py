"""Limits of what is held: per instrument and in all, as if every open buy filled; sells covered.

Judged when a buy is at the venue. The gate valued what we hold at a mid that the exchange showed
at most `decision_ns` before (a gain of the price since then is no breach: a holding may outgrow its
limit), so it is valued here at the lowest of those; open buys at their own price where higher.
Equity is the exchange's, at the last mids, with `equity_tolerance` on top. Amounts need no
tolerance: what the gate had not heard of was counted by it as open. Hence sells have none.
"""

from __future__ import annotations

from decimal import Decimal
from typing import final

from adapters.simulated.orders import Execution, OrderRecord
from bot3.app.simulation.invariants.events import (
    BookPublished,
    VenueReported,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.mids import Mids
from bot3.app.simulation.invariants.settings import InvariantSettings
from bot3.app.simulation.invariants.venue_sums import (
    SUMMED_EVENTS,
    VenueSums,
    instrument_of,
)
from bot3.domain.values import ZERO, Asset, InstrumentId, Side, Symbol, VenueName


@final
class ExposureLimits:
    """Remembers sums, open orders and recent mids."""

    name = "exposure_limits"
    hears: tuple[type[WorldEvent], ...] = (BookPublished, *SUMMED_EVENTS)

    def __init__(self, settings: InvariantSettings) -> None:
        limits, slack = settings.limits, 1 + settings.equity_tolerance
        self._currency = settings.currency
        self._position_max = Decimal(repr(limits.position_fraction_max)) * slack
        self._exposure_max = Decimal(repr(limits.exposure_fraction_max)) * slack
        self._sums = VenueSums()
        self._mids = Mids(settings.decision_ns)
        self._open: dict[InstrumentId, dict[int, OrderRecord]] = {}

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        if isinstance(event, BookPublished):
            self._mids.hear(event)
            return []
        self._sums.hear(event)
        if isinstance(event, VenueReported):
            key = instrument_of(event)
            self._follow(key, event.report.order)
            if event.report.execution is Execution.NEW:
                is_buy = event.report.order.request.side is Side.BUY
                texts = self._too_much(key, event) if is_buy else self._uncovered(key, event)
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _follow(self, key: InstrumentId, order: OrderRecord) -> None:
        orders = self._open.setdefault(key, {})
        if order.status.is_open:
            orders[order.order_id] = order
        else:
            orders.pop(order.order_id, None)

    def _too_much(self, key: InstrumentId, event: VenueReported) -> list[str]:
        equity = self._equity()
        values = {each: self._value(each, event.ts_ns) for each in self._open}
        client_id = event.report.order.request.client_order_id
        texts = []
        if values[key] > equity * self._position_max:
            most = equity * self._position_max
            texts.append(
                f"{client_id}: makes {key} {values[key]:.2f}, {most:.2f} of {equity:.2f} is allowed"
            )
        if (total := sum(values.values(), ZERO)) > equity * self._exposure_max:
            most = equity * self._exposure_max
            texts.append(
                f"{client_id}: makes all {total:.2f}, {most:.2f} of {equity:.2f} is allowed"
            )
        return texts

    def _uncovered(self, key: InstrumentId, event: VenueReported) -> list[str]:
        selling, held = self._left(key, Side.SELL), self._sums.position(key)
        if selling <= held:
            return []
        client_id = event.report.order.request.client_order_id
        return [f"{client_id}: {selling} {key} for sale, {held} held"]

    def _left(self, key: InstrumentId, side: Side) -> Decimal:
        orders = self._open.get(key, {}).values()
        return sum((order.remaining for order in orders if order.request.side is side), ZERO)

    def _value(self, key: InstrumentId, now_ns: int) -> Decimal:
        mids = self._mids.range(key, now_ns)
        price = ZERO if mids is None else mids[0]
        value = self._sums.position(key) * price
        for order in self._open[key].values():
            if order.request.side is Side.BUY:
                value += order.remaining * max(price, order.request.price)
        return value

    def _equity(self) -> Decimal:
        return sum(
            (
                amount if asset == self._currency else amount * self._price(venue, asset)
                for (venue, asset), amount in self._sums.totals.items()
            ),
            ZERO,
        )

    def _price(self, venue: VenueName, asset: Asset) -> Decimal:
        """Zero for what has no market against the currency: it is no equity."""
        return self._mids.last(InstrumentId(venue, Symbol(f"{asset}/{self._currency}"))) or ZERO
