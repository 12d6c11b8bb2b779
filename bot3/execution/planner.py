"""From "hold this much" to at most one order: target less position, passive first, then across.

Invariant: one live order per instrument; a sell is never larger than the position; what is planned
passes the venue's filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from bot3.domain.book import Quote
from bot3.domain.ids import ClientOrderId
from bot3.domain.instrument import Instrument
from bot3.domain.order import Order, OrderStatus, OrderType, TimeInForce
from bot3.domain.values import (
    ZERO,
    InstrumentId,
    Price,
    Quantity,
    Side,
    decimal_of,
    floor_to_step,
)

SECOND_NS = 1_000_000_000
BPS = Decimal(10_000)


@frozen(kw_only=True)
class PlannerSettings:
    """`rebalance_band`: a difference below this fraction of the target is left alone; an exit has
    no band. `maker_patience_s`: how long to rest at our own touch before crossing; 0 crosses at
    once. `taker_collar_bps`: how far beyond the far touch a crossing order may pay.
    `order_notional_max`: larger differences are worked in slices; 0: no slices.
    """

    rebalance_band: float = 0.1
    maker_patience_s: float = 20.0
    taker_collar_bps: float = 10.0
    order_notional_max: Decimal = ZERO


@frozen
class PlannedOrder:
    """An order before it is numbered."""

    instrument: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    amount: Quantity
    price: Price
    reference_price: Price
    is_reducing: bool


@frozen
class PlannedCancel:
    """A live order that no longer serves the target."""

    client_order_id: ClientOrderId
    reason: str


@frozen
class Holding:
    """Where we are: the position of the fills seen, and signed fills that are known to come."""

    position: Decimal
    missing: Decimal = ZERO

    @property
    def expected(self) -> Decimal:
        """The position when all of them are in."""
        return self.position + self.missing

    @property
    def sellable(self) -> Decimal:
        """What may be sold for sure: no buy that is not seen, every sell that may have been."""
        return max(self.position + min(self.missing, ZERO), ZERO)


def difference_of(target: Decimal, holding: Holding, settings: PlannerSettings) -> Decimal:
    """Signed amount to trade; zero inside the dead band."""
    difference = max(target, ZERO) - holding.expected
    if target > 0 and abs(difference) < decimal_of(settings.rebalance_band) * target:
        return ZERO
    return difference


def plan(
    target: Decimal,
    holding: Holding,
    live_orders: Sequence[Order],
    quote: Quote,
    *,
    instrument: Instrument,
    settings: PlannerSettings,
    now_ns: int,
    working_since_ns: int,
    is_urgent: bool = False,
) -> list[PlannedOrder | PlannedCancel]:
    """Cancels of orders that no longer serve, or one new order, or nothing.

    `working_since_ns` is when this difference began to be worked: past `maker_patience_s` of it a
    resting order is cancelled and the rest goes across the spread; an urgent one goes at once. A
    crossed quote plans nothing.
    """
    difference = difference_of(target, holding, settings)
    is_patient = not is_urgent and now_ns - working_since_ns < settings.maker_patience_s * SECOND_NS
    if live_orders:
        return [
            PlannedCancel(order.intent.client_order_id, reason)
            for order in live_orders
            if (reason := _unfit(order, difference, instrument, is_patient=is_patient))
        ]
    if not difference or not 0 < quote.bid < quote.ask:
        return []
    order = _order(difference, holding, quote, instrument, settings, is_patient=is_patient)
    return [] if order is None else [order]


def _unfit(
    order: Order, difference: Decimal, instrument: Instrument, *, is_patient: bool
) -> str | None:
    """Why a live order should go; None where it may stay or its fate is being asked."""
    if order.status in (OrderStatus.CANCEL_PENDING, OrderStatus.UNKNOWN):
        return None
    if difference * order.intent.side.sign <= 0:
        return "the target is reached or on the other side"
    if order.remaining.amount - abs(difference) > instrument.lot_size:
        return "the target came nearer"
    is_resting = order.intent.time_in_force is TimeInForce.GTC
    return "out of patience" if is_resting and not is_patient else None


def _order(
    difference: Decimal,
    holding: Holding,
    quote: Quote,
    instrument: Instrument,
    settings: PlannerSettings,
    *,
    is_patient: bool,
) -> PlannedOrder | None:
    side = Side.BUY if difference > 0 else Side.SELL
    near, far = (quote.bid, quote.ask) if side is Side.BUY else (quote.ask, quote.bid)
    mid = (decimal_of(quote.bid) + decimal_of(quote.ask)) / 2
    if is_patient:
        price = instrument.nearest_price(decimal_of(near))
    else:
        collar = 1 + side.sign * decimal_of(settings.taker_collar_bps) / BPS
        price = instrument.round_price(decimal_of(far) * collar, side)
    wanted = abs(difference)
    if side is Side.SELL:
        wanted = min(wanted, holding.sellable)
    amount = _slice(wanted, price, instrument, settings)
    if instrument.refusal_of(amount, price) is not None:  # dust, or not trading
        return None
    return PlannedOrder(
        instrument=instrument.id,
        side=side,
        order_type=OrderType.POST_ONLY if is_patient else OrderType.LIMIT,
        time_in_force=TimeInForce.GTC if is_patient else TimeInForce.IOC,
        amount=amount,
        price=price,
        reference_price=instrument.nearest_price(mid),
        is_reducing=side is Side.SELL,
    )


def _slice(
    wanted: Decimal, price: Price, instrument: Instrument, settings: PlannerSettings
) -> Quantity:
    """As much as one order may carry."""
    notionals = [each for each in (instrument.notional_max, settings.order_notional_max) if each]
    most = min([wanted, *(each / price.amount for each in notionals)])
    if instrument.amount_max:
        most = min(most, instrument.amount_max)
    return Quantity(floor_to_step(max(most, ZERO), instrument.lot_size))
