"""From "hold this much" to at most one order per venue: the symbol's target less its position.

Invariant: a venue has at most one order of the symbol; sells are never larger than what is held
there; what is planned passes the venue's filters. Nothing is planned while an order is under way
that will soon have ended: a new plan then starts from what has become true, which is how partial
fills, failing venues and moving prices are planned for.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

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
from bot3.execution.actions import OUT_OF_PATIENCE
from bot3.execution.offers import Offer, OfferSettings, offer_of
from bot3.execution.places import (
    STUCK,
    Place,
    total_expected,
    total_target,
    working_of,
)
from bot3.execution.router import BPS, route


@frozen(kw_only=True)
class PlannerSettings:
    """`rebalance_band`: a difference below this fraction of the target is left alone; an exit has
    no band. `maker_patience_s`: how long to rest at our own touch before crossing; 0 crosses at
    once. `taker_collar_bps`: how far beyond the far touch a crossing order may pay, and
    `urgent_collar_bps` one that has to get out. `reprice_bps`: how far the touch may go before a
    resting order follows it. `waiting_bps_per_s`: what a signal loses in a second.
    `order_notional_max`: larger differences are worked in slices; 0: no slices. `retry_s`: how long
    a venue rests after a failure.
    """

    rebalance_band: float = 0.1
    maker_patience_s: float = 20.0
    taker_collar_bps: float = 10.0
    urgent_collar_bps: float = 100.0
    reprice_bps: float = 5.0
    waiting_bps_per_s: float = 0.0
    order_notional_max: Decimal = ZERO
    retry_s: float = 2.0


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


def difference_of(places: Sequence[Place], settings: PlannerSettings) -> Decimal:
    """Signed amount to trade in all; zero inside the dead band."""
    target = total_target(places)
    difference = target - total_expected(places)
    if not difference:
        return ZERO
    if target > 0 and abs(difference) < decimal_of(settings.rebalance_band) * target:
        return ZERO
    return difference


def plan(
    places: Sequence[Place],
    difference: Decimal,
    *,
    settings: PlannerSettings,
    patience_s: float,
    shown_notional: Decimal = ZERO,
    is_urgent: bool = False,
) -> list[PlannedOrder | PlannedCancel]:
    """Cancels of orders that no longer serve, or new orders, or nothing.

    `difference` is what is to be traded by now, of `difference_of`. `patience_s` is what is left
    of it: at zero a resting order is cancelled and the rest goes across the spread. What is urgent
    does not wait for the orders of other venues. A crossed quote plans nothing. Whether a venue is
    fit to trade on is the gate's to say: one that it denies is left out of the plans of the next
    `retry_s`.
    """
    cancels, left = _cancels(places, difference, settings, is_patient=patience_s > 0)
    if cancels:
        return [*cancels]
    is_awaited = not is_urgent and any(place.is_busy for place in places)
    if is_awaited or left * difference <= 0:
        return []
    side = Side.BUY if left > 0 else Side.SELL
    offered = OfferSettings(
        patience_s=patience_s,
        collar_bps=settings.urgent_collar_bps if is_urgent else settings.taker_collar_bps,
        waiting_bps_per_s=settings.waiting_bps_per_s,
        retry_s=settings.retry_s,
    )
    offers = [offer for place in places if (offer := offer_of(place, side, offered)) is not None]
    routed = route(side, abs(left), [offer.book for offer in offers])
    by_id = {offer.place.instrument.id: offer for offer in offers}
    most = [each for each in (settings.order_notional_max, shown_notional) if each]
    planned = [
        _order(by_id[child.instrument.id], side, child.amount, most) for child in routed.children
    ]
    return [order for order in planned if order is not None]


def _cancels(
    places: Sequence[Place], difference: Decimal, settings: PlannerSettings, *, is_patient: bool
) -> tuple[list[PlannedCancel], Decimal]:
    """What should go, and what is left to do beside all that is under way."""
    left, moving = difference, list[tuple[Place, Order]]()
    for place in places:
        left -= place.proposed
        for order in place.live:
            if order.status in STUCK:
                left -= working_of(order)
            else:
                moving.append((place, order))
    cancels: list[PlannedCancel] = []
    for place, order in moving:
        reason = _unfit(order, left, place, settings, is_patient=is_patient)
        if reason is None:
            left -= working_of(order)
        else:
            cancels.append(PlannedCancel(order.intent.client_order_id, reason))
    return cancels, left


def _unfit(
    order: Order,
    difference: Decimal,
    place: Place,
    settings: PlannerSettings,
    *,
    is_patient: bool,
) -> str | None:
    """Why a live order should go; None where it may stay."""
    if difference * order.intent.side.sign <= 0:
        return "the target is reached or on the other side"
    if order.remaining.amount - abs(difference) > place.instrument.lot_size:
        return "the target came nearer"
    if order.intent.time_in_force is not TimeInForce.GTC:
        return None
    if not is_patient:
        return OUT_OF_PATIENCE
    return "the price moved" if _is_left_behind(order, place, settings) else None


def _is_left_behind(order: Order, place: Place, settings: PlannerSettings) -> bool:
    """Whether the touch of its side went away from an order that rests."""
    price, quote, sign = order.intent.price, place.quote, order.intent.side.sign
    if price is None or quote is None or order.status is OrderStatus.SUBMITTED:
        return False
    near = decimal_of(quote.bid if sign > 0 else quote.ask)
    return sign * (near - price.amount) > decimal_of(settings.reprice_bps) / BPS * price.amount


def _order(
    offer: Offer, side: Side, amount: Decimal, notional_max: Sequence[Decimal]
) -> PlannedOrder | None:
    instrument, quote = offer.place.instrument, offer.place.quote
    assert quote is not None  # an offer without one is none
    sliced = _slice(amount, offer.price, instrument, notional_max)
    if instrument.refusal_of(sliced, offer.price) is not None:  # dust, or not trading
        return None
    mid = (decimal_of(quote.bid) + decimal_of(quote.ask)) / 2
    is_resting = offer.book.is_resting
    return PlannedOrder(
        instrument=instrument.id,
        side=side,
        order_type=OrderType.POST_ONLY if is_resting else OrderType.LIMIT,
        time_in_force=TimeInForce.GTC if is_resting else TimeInForce.IOC,
        amount=sliced,
        price=offer.price,
        reference_price=instrument.nearest_price(mid),
        is_reducing=side is Side.SELL,
    )


def _slice(
    wanted: Decimal, price: Price, instrument: Instrument, notional_max: Sequence[Decimal]
) -> Quantity:
    """As much as one order may carry by our own limits: the venue's are in the offer's room."""
    most = min([wanted, *(each / price.amount for each in notional_max)])
    return Quantity(floor_to_step(max(most, ZERO), instrument.lot_size))
