"""Limits of what is held: per instrument and in all, as if every open order that adds to a position
filled; what orders take from positions is covered.

Judged when an order is at the venue; one of a cross symbol adds to one position and takes from
another. The gate valued what we hold at a mid that the exchange showed
at most `decision_ns` before (a gain of the price since then is no breach: a holding may outgrow its
limit), so it is valued here at the lowest of those; open buys at their own price where higher.
Equity is the exchange's, at the last mids, with `equity_tolerance` on top. Amounts need no
tolerance: what the gate had not heard of was counted by it as open. Hence sells have none.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    assets_of,
    home_of,
    instrument_of,
    raised_and_lowered,
)
from bot3.domain.values import ZERO, Asset, InstrumentId, Side, VenueName


@final
class ExposureLimits:
    """Remembers sums, open orders and recent mids."""

    name = "exposure_limits"
    hears: tuple[type[WorldEvent], ...] = (BookPublished, *SUMMED_EVENTS)

    def __init__(self, settings: InvariantSettings, mids: Mids | None = None) -> None:
        limits, slack = settings.limits, 1 + settings.equity_tolerance
        self._currency = settings.currency
        self._position_max = Decimal(repr(limits.position_fraction_max)) * slack
        self._exposure_max = Decimal(repr(limits.exposure_fraction_max)) * slack
        self._sums = VenueSums(settings.currency)
        self._mids = Mids(settings.decision_ns) if mids is None else mids
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
                side = event.report.order.request.side
                raised, lowered = raised_and_lowered(key, side, self._currency)
                texts += [] if raised is None else self._too_much(raised, event)
                texts += [] if lowered is None else self._uncovered(lowered, event)
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _follow(self, key: InstrumentId, order: OrderRecord) -> None:
        orders = self._open.setdefault(key, {})
        if order.status.is_open:
            orders[order.order_id] = order
        else:
            orders.pop(order.order_id, None)

    def _too_much(self, key: InstrumentId, event: VenueReported) -> list[str]:
        equity = self._equity()
        homes = {key, *self._sums.positions, *(home for home, _, _ in self._raising())}
        values = {each: self._value(each, event.ts_ns) for each in homes}
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
        selling, held = self._given(key), self._sums.position(key)
        if selling <= held:
            return []
        client_id = event.report.order.request.client_order_id
        return [f"{client_id}: {selling} {key} for sale, {held} held"]

    def _given(self, home: InstrumentId) -> Decimal:
        """What open orders may still take of a position."""
        given = ZERO
        for key, orders in self._open.items():
            for order in orders.values():
                side = order.request.side
                if raised_and_lowered(key, side, self._currency)[1] == home:
                    price = order.request.price if side is Side.BUY else Decimal(1)
                    given += order.remaining * price
        return given

    def _raising(self) -> Iterator[tuple[InstrumentId, InstrumentId, OrderRecord]]:
        """Open orders with the position that each adds to, and their own instrument."""
        for key, orders in self._open.items():
            for order in orders.values():
                raised, _ = raised_and_lowered(key, order.request.side, self._currency)
                if raised is not None:
                    yield raised, key, order

    def _value(self, home: InstrumentId, now_ns: int) -> Decimal:
        value = self._sums.position(home) * self._lowest(home, now_ns)
        for raised, key, order in self._raising():
            if raised == home:
                quote = assets_of(key)[1]
                lowest = max(self._lowest(key, now_ns), order.request.price)
                value += order.remaining * lowest * self._worth(key.venue, quote, now_ns)
        return value

    def _lowest(self, key: InstrumentId, now_ns: int) -> Decimal:
        mids = self._mids.range(key, now_ns)
        return ZERO if mids is None else mids[0]

    def _worth(self, venue: VenueName, asset: Asset, now_ns: int) -> Decimal:
        if asset == self._currency:
            return Decimal(1)
        return self._lowest(home_of(venue, asset, self._currency), now_ns)

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
        return self._mids.last(home_of(venue, asset, self._currency)) or ZERO
